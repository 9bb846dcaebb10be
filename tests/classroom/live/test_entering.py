"""What it costs the database that a page comes into a room."""

from __future__ import annotations

import pytest

from classroom.core.seats import Seat
from classroom.live.database import in_database
from classroom.models import ChatMessage, Lesson, Material
from classroom.services import board, chat, floor, lessons, moods, polls, presence, slides, timer
from tests.support.cast import Cast
from tests.support.queries import entering_queries

pytestmark = pytest.mark.django_db(transaction=True)

MAX_QUERIES = 25


def write_much(cast: Cast, lesson: Lesson) -> None:
    """A long history of the lesson's chat."""
    ChatMessage.objects.bulk_create(
        ChatMessage(lesson=lesson, author=author, kind="all", nonce=f"n{number}", text="Yes")
        for number in range(200)
        for author in (cast.teacher, cast.student)
    )


async def test_coming_in_takes_at_most_25_queries_whatever_was_written_before(cast: Cast) -> None:
    before = await entering_queries(cast.students[0], cast.lesson, cast.colleague)
    assert len(before) <= MAX_QUERIES, before
    await in_database(write_much, cast, cast.lesson)
    after = await entering_queries(cast.students[1], cast.lesson, cast.colleague)
    assert len(after) <= MAX_QUERIES, after


def make_all_there_is(cast: Cast) -> None:
    """A live lesson in which every part of the room has something to tell."""
    lesson = cast.lesson
    material = Material.objects.create(
        course=cast.course, owner=cast.teacher, kind="document", state="ready", name="x", size=1, pages=1
    )
    presence.enter(Seat(lesson.pk, cast.colleague.pk, "page-of-another"), "channel")
    presence.enter(Seat(lesson.pk, cast.students[3].pk, "page-0001"), "channel")
    lessons.go_live(Seat(lesson.pk, cast.colleague.pk, "page-of-another"))
    board.set_open(lesson.pk, cast.teacher.pk, is_open=True)
    slides.show(lesson.pk, cast.teacher.pk, material.pk, 1)
    timer.start(lesson.pk, 60, "Group work")
    poll = polls.make(lesson.pk, polls.Draft("choice", "Which?", ("Red", "Green")), opens=True)
    for student in cast.students:
        polls.answer(lesson.pk, poll, student.pk, [0])
        moods.press(lesson.pk, student.pk, "lost")
        chat.send(lesson.pk, student.pk, chat.To("staff"), "I?", str(student.pk))
    polls.close(lesson.pk, poll)
    polls.show(lesson.pk, poll, is_shown=True)
    floor.raise_hand(lesson.pk, cast.students[3].pk, "")
    message = chat.send(lesson.pk, cast.teacher.pk, chat.To("all"), "We.", "nonce-of-teacher")
    chat.react(lesson.pk, cast.students[3].pk, message["id"], "🎉", is_on=True)


async def test_even_where_there_is_something_of_everything_all_come_in_with_as_few(cast: Cast) -> None:
    await in_database(make_all_there_is, cast)
    for user in (cast.students[0], cast.teacher, cast.assistant):
        queries = await entering_queries(user, cast.lesson, cast.colleague)
        assert len(queries) <= MAX_QUERIES, queries


async def test_the_staff_come_in_with_as_few(cast: Cast) -> None:
    queries = await entering_queries(cast.teacher, cast.lesson, cast.colleague)
    assert len(queries) <= MAX_QUERIES, queries
