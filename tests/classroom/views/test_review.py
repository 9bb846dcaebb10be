"""What was taught: who sees the page of a lesson after it, and what is on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from classroom.models import ChatMessage, Lesson, Participation
from tests.support.cast import Cast, make_lesson

pytestmark = pytest.mark.django_db


def see(user: User | None, lesson: Lesson, query: str = "") -> Any:
    """The answer that somebody gets for a lesson's page."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(reverse("classroom:review", args=[lesson.pk]) + query)


def write(lesson: Lesson, author: User, text: str, kind: str = "all", partner: User | None = None) -> None:
    """Leaves something in the lesson's chat."""
    nonce = f"nonce-{ChatMessage.objects.count():06}"
    fields = {"lesson": lesson, "author": author, "kind": kind, "partner": partner, "nonce": nonce}
    ChatMessage.objects.create(text=text, **fields)


def test_students_see_it_when_the_lesson_is_over_and_staff_always(cast: Cast) -> None:
    for user in (cast.teacher, cast.assistant, cast.student):
        assert see(user, cast.ended_lesson).status_code == 200
    for lesson in (cast.lesson, cast.later_lesson):
        assert see(cast.teacher, lesson).status_code == 200
        assert see(cast.student, lesson).status_code == 404


@pytest.mark.parametrize("name", ["outsider", "admin", "other_teacher", "stranger", "staff", ""])
def test_all_others_get_one_and_the_same_answer(cast: Cast, name: str) -> None:
    user = getattr(cast, name) if name else None
    answers = [see(user, lesson) for lesson in (cast.ended_lesson, Lesson(pk=cast.course.pk))]
    assert [answer.status_code for answer in answers] == [404, 404]
    first, second = (
        answer.content.decode().replace(str(lesson), "")
        for answer, lesson in zip(answers, (cast.ended_lesson.pk, cast.course.pk), strict=True)
    )
    assert first == second


def test_who_was_removed_sees_nothing(cast: Cast) -> None:
    Participation.objects.create(lesson=cast.ended_lesson, user=cast.student, removed_at=timezone.now())
    assert see(cast.student, cast.ended_lesson).status_code == 404


def test_each_reads_the_public_chat_and_their_own_private_one(cast: Cast) -> None:
    lesson, (one, other, third, _fourth) = cast.ended_lesson, cast.students
    write(lesson, one, "said-to-all")
    write(lesson, one, "asked-the-teachers", "staff", one)
    write(lesson, one, "between-two", "person", other)
    texts = {user: see(user, lesson).content.decode() for user in (one, other, third, cast.teacher)}
    for user, expected in {
        one: {"said-to-all", "asked-the-teachers", "between-two"},
        other: {"said-to-all", "between-two"},
        third: {"said-to-all"},
        cast.teacher: {"said-to-all", "asked-the-teachers"},
    }.items():
        assert {
            word for word in ("said-to-all", "asked-the-teachers", "between-two") if word in texts[user]
        } == (expected)


def test_what_was_deleted_is_not_there_and_markup_is_only_text(cast: Cast) -> None:
    write(cast.ended_lesson, cast.student, "<script>alert(1)</script>")
    write(cast.ended_lesson, cast.student, "taken-back")
    ChatMessage.objects.filter(text="taken-back").update(deleted_at=timezone.now())
    text = see(cast.student, cast.ended_lesson).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "taken-back" not in text


def test_a_long_chat_comes_in_parts(cast: Cast) -> None:
    ChatMessage.objects.bulk_create(
        ChatMessage(
            lesson=cast.ended_lesson,
            author=cast.teacher,
            kind="all",
            nonce=f"many-{n:06}",
            text=f"number-{n}-",
        )
        for n in range(310)
    )
    newest = see(cast.student, cast.ended_lesson).content.decode()
    assert "number-309-" in newest
    assert "number-9-" not in newest
    first = ChatMessage.objects.get(text="number-10-").pk
    assert f"?chat_before={first}#chat" in newest
    older = see(cast.student, cast.ended_lesson, f"?chat_before={first}").content.decode()
    assert "number-9-" in older
    assert "number-10-" not in older
    for hostile in ("x", "-1", "9" * 40, "%00", "1%27"):
        assert see(cast.student, cast.ended_lesson, f"?chat_before={hostile}").status_code == 200


def test_the_page_takes_as_many_queries_whatever_the_history(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    client = Client()
    client.force_login(cast.student)
    path = reverse("classroom:review", args=[cast.ended_lesson.pk])
    for _ in range(20):
        write(cast.ended_lesson, cast.student, "again")
    with django_assert_max_num_queries(25):
        client.get(path)


def test_the_lessons_before_and_after_are_a_press_away(cast: Cast) -> None:
    before = make_lesson(cast.course, "Statics", timedelta(days=-7), state=Lesson.State.ENDED)
    make_lesson(cast.course, "Trip", timedelta(days=-3), state=Lesson.State.CANCELLED)
    other = make_lesson(cast.other_course, "Bases", timedelta(days=-4), state=Lesson.State.ENDED)
    text = see(cast.student, cast.ended_lesson).content.decode()
    assert reverse("classroom:review", args=[before.pk]) in text
    assert "Trip" not in text
    assert str(other.pk) not in text
    assert str(cast.ended_lesson.pk) in see(cast.student, before).content.decode()


def test_the_timetable_leads_to_what_was_taught(cast: Cast) -> None:
    yesterday = make_lesson(cast.course, "Statics", timedelta(days=-1), state=Lesson.State.ENDED)
    gone = make_lesson(cast.course, "Trip", timedelta(days=-1), state=Lesson.State.CANCELLED)
    long_ago = make_lesson(cast.course, "Levers", timedelta(days=-20), state=Lesson.State.ENDED)
    removed = make_lesson(cast.course, "Pulleys", timedelta(days=-2), state=Lesson.State.ENDED)
    foreign = make_lesson(cast.other_course, "Bases", timedelta(days=-1), state=Lesson.State.ENDED)
    Participation.objects.create(lesson=removed, user=cast.student, removed_at=timezone.now())
    client = Client()
    client.force_login(cast.student)
    text = client.get(reverse("classroom:timetable")).content.decode()
    shown = {
        lesson.title: f'href="{reverse("classroom:review", args=[lesson.pk])}"' in text
        for lesson in (yesterday, gone, long_ago, removed, foreign, cast.lesson)
    }
    assert shown == {
        "Statics": True,
        "Trip": False,
        "Levers": False,
        "Pulleys": False,
        "Bases": False,
        "Optics": False,
    }


def test_the_room_leads_to_what_was_written_in_the_last_lesson(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.student)
    room = client.get(reverse("classroom:room", args=[cast.lesson.pk])).content.decode()
    assert f'href="{reverse("classroom:review", args=[cast.ended_lesson.pk])}#chat"' in room
