"""What it costs the database that a page comes into a room."""

from __future__ import annotations

import pytest

from classroom.live.database import in_database
from classroom.models import ChatMessage, Lesson
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


async def test_the_staff_come_in_with_as_few(cast: Cast) -> None:
    queries = await entering_queries(cast.teacher, cast.lesson, cast.colleague)
    assert len(queries) <= MAX_QUERIES, queries
