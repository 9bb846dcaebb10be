"""What pages are told of their room at first, many at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import Lesson
from classroom.services import chat, floor, presence, snapshot
from classroom.services.snapshot import Viewer
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def viewer(user: User, lesson: Lesson, role: str = "student", *, is_admitted: bool = True) -> Viewer:
    """A page of somebody's."""
    return Viewer(Seat(lesson.pk, user.pk, "page-0001"), role, is_admitted)


def without_time(state: dict[str, Any]) -> dict[str, Any]:
    """A snapshot but for when it was taken."""
    return {**state, "floor": {**state["floor"], "now": ""}} if "floor" in state else state


@pytest.fixture
def pages(cast: Cast) -> list[Viewer]:
    """All who are in the room, and one in its lobby."""
    Lesson.objects.filter(pk=cast.lesson.pk).update(state="live")
    students = [viewer(student, cast.lesson) for student in cast.students]
    for page in students:
        presence.enter(page.seat, "channel")
    floor.raise_hand(cast.lesson.pk, cast.student.pk, "")
    for number, student in enumerate(cast.students):
        chat.send(cast.lesson.pk, student.pk, chat.To("staff"), f"I am number {number}", f"nonce-{number}")
    teacher = viewer(cast.teacher, cast.lesson, "teacher")
    return [teacher, *students, viewer(cast.colleague, cast.lesson, is_admitted=False)]


def test_each_of_many_sees_the_room_as_alone(cast: Cast, pages: list[Viewer]) -> None:
    together = snapshot.for_viewers(cast.lesson.pk, pages)
    alone = [snapshot.for_viewers(cast.lesson.pk, [page])[0] for page in pages]
    assert list(map(without_time, together)) == list(map(without_time, alone))
    texts = [[message["text"] for message in state["chat"]["messages"]] for state in together[1:-1]]
    assert texts == [[f"I am number {number}"] for number in range(len(cast.students))]
    assert together[-1]["people"] == []
    assert json.loads(json.dumps(together)) == together


def test_any_number_of_pages_are_told_by_as_few_queries_as_one(cast: Cast, pages: list[Viewer]) -> None:
    students = pages[1:-1]
    with CaptureQueriesContext(connection) as one:
        snapshot.for_viewers(cast.lesson.pk, students[:1])
    with CaptureQueriesContext(connection) as all_of_them:
        snapshot.for_viewers(cast.lesson.pk, students)
    assert len(all_of_them) == len(one)


def test_a_page_whose_role_was_another_is_told_by_its_own(cast: Cast, pages: list[Viewer]) -> None:
    was, is_now = viewer(cast.student, cast.lesson), viewer(cast.student, cast.lesson, "assistant")
    together = snapshot.for_viewers(cast.lesson.pk, [was, is_now])
    assert ["lobby" in state for state in together] == [False, True]
    assert ["not_spoken" in state["floor"] for state in together] == [False, True]
    assert [len(state["chat"]["messages"]) for state in together] == [1, len(cast.students)]


def test_who_was_deleted_a_moment_ago_keeps_nobody_from_entering(cast: Cast, pages: list[Viewer]) -> None:
    User.objects.filter(pk=cast.students[0].pk).delete()
    found = snapshot.for_viewers(cast.lesson.pk, pages[1:-1])
    assert [state["me"]["name"] for state in found] == ["", "Student 2", "Student 3", "Student 4"]
