"""A lesson that goes on where the last one of its course stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from classroom.core import polls as rules
from classroom.core.board_operations import parse
from classroom.models import AuditEntry, Board, Lesson, Poll, Sheet, SheetElement
from classroom.services import board, continuing, polls, sheets, slides
from classroom.services.errors import ConflictError
from classroom.services.sheets import Drawing
from tests.classroom.services.test_slides import make_material
from tests.support.cast import Cast, make_lesson

pytestmark = pytest.mark.django_db


def draw(lesson: Lesson, sheet: Sheet, user: Any, id: str) -> None:
    """Puts a rectangle on a sheet."""
    element = {"id": id, "type": "rect", "color": 1, "size": 60, "box": [0, 0, 9, 9]}
    drawing = Drawing(sheet.pk, user.pk, "page-0001", 1, parse([{"do": "add", "element": element}]))
    assert isinstance(sheets.draw(lesson.pk, [drawing])[0], int)


@pytest.fixture
def taught(cast: Cast) -> Lesson:
    """A lesson of an hour ago that stopped at page 2, with ink on it, and a board of two pages."""
    lesson = make_lesson(cast.course, "Lenses", timedelta(hours=-1, minutes=-5), state=Lesson.State.LIVE)
    material = make_material(cast, lesson=lesson)
    slides.show(lesson.pk, cast.teacher.pk, material.pk, 1)
    slides.turn(lesson.pk, 2)
    draw(lesson, Sheet.objects.get(lesson=lesson, page=2), cast.teacher, "ink-on-2")
    slides.close(lesson.pk, cast.teacher.pk)
    board.set_open(lesson.pk, cast.teacher.pk, is_open=True)
    draw(lesson, board.add_sheet(lesson.pk, cast.teacher.pk, "grid"), cast.teacher, "on-board")
    Lesson.objects.filter(pk=lesson.pk).update(state=Lesson.State.ENDED)
    return lesson


def drawn(lesson: Lesson) -> list[tuple[Any, ...]]:
    """All that can be seen on the sheets of a lesson."""
    rows = SheetElement.objects.filter(sheet__lesson=lesson, removed_at=None)
    fields = ("sheet__kind", "sheet__page", "sheet__background", "sheet__height", "key", "data")
    return sorted(rows.values_list(*fields), key=str)


def test_slides_ink_and_board_are_opened_where_they_stopped(cast: Cast, taught: Lesson) -> None:
    offered = continuing.offer(cast.lesson)
    assert offered is not None
    assert (offered["lesson"], offered["title"]) == (str(taught.pk), "Lenses")
    continuing.go_on(cast.lesson.pk, cast.teacher.pk)
    told = slides.state(cast.lesson.pk)
    assert told is not None
    assert (told["page"], sorted(told["sheets"])) == (2, ["1", "2"])
    assert drawn(cast.lesson) == drawn(taught)
    assert len(drawn(cast.lesson)) == 2
    shown = Board.objects.get(lesson=cast.lesson)
    assert (shown.is_open, shown.sheet.background if shown.sheet else "") == (True, "grid")
    assert AuditEntry.objects.filter(lesson=cast.lesson, action="lesson.continue").exists()


def test_what_is_drawn_now_leaves_the_earlier_lesson_as_it_was(cast: Cast, taught: Lesson) -> None:
    before = drawn(taught)
    continuing.go_on(cast.lesson.pk, cast.teacher.pk)
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=Lesson.State.LIVE)
    for sheet in Sheet.objects.filter(lesson=cast.lesson):
        draw(cast.lesson, sheet, cast.teacher, f"new-{sheet.pk.hex[:8]}")
    assert drawn(taught) == before
    assert len(drawn(cast.lesson)) == len(before) + Sheet.objects.filter(lesson=cast.lesson).count()


def test_a_lesson_with_something_of_its_own_is_not_written_over(cast: Cast, taught: Lesson) -> None:
    continuing.go_on(cast.lesson.pk, cast.teacher.pk)
    assert continuing.offer(cast.lesson) is None
    with pytest.raises(ConflictError):
        continuing.go_on(cast.lesson.pk, cast.teacher.pk)


def test_only_what_was_earlier_and_of_the_same_course_is_offered(cast: Cast, taught: Lesson) -> None:
    later = make_lesson(cast.course, "Later", timedelta(hours=2))
    slides.show(later.pk, cast.teacher.pk, make_material(cast).pk, 1)
    offered = continuing.offer(cast.lesson)
    assert offered is not None
    assert offered["lesson"] == str(taught.pk)
    assert continuing.offer(cast.second_lesson) is None
    assert continuing.offer(cast.other_lesson) is None


def test_an_offer_costs_one_query(cast: Cast, taught: Lesson, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert continuing.offer(cast.lesson)


def test_what_was_prepared_and_not_asked_comes_along_and_answers_stay(cast: Cast, taught: Lesson) -> None:
    asked = polls.make(taught.pk, polls.Draft(rules.SCALE, "How was it?"), opens=True)
    polls.make(taught.pk, polls.Draft(rules.TEXT, "What is a lens?"))
    continuing.go_on(cast.lesson.pk, cast.teacher.pk)
    assert [poll.question for poll in Poll.objects.filter(lesson=cast.lesson)] == ["What is a lens?"]
    assert [poll.pk for poll in Poll.objects.filter(lesson=taught)] == [asked]


def test_no_more_is_brought_than_a_lesson_can_hold(
    cast: Cast, taught: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        polls.make(taught.pk, polls.Draft(rules.TEXT, f"Question {number}"))
    polls.make(cast.lesson.pk, polls.Draft(rules.TEXT, "My own"))
    monkeypatch.setattr(rules, "MAX_POLLS", 2)
    continuing.go_on(cast.lesson.pk, cast.teacher.pk)
    assert {poll.question for poll in Poll.objects.filter(lesson=cast.lesson)} == {"My own", "Question 0"}
    assert Poll.objects.filter(lesson=taught).count() == 2
