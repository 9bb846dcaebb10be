"""The board's sheets, and what is drawn on them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from classroom.core.board_operations import parse
from classroom.models import AuditEntry, Lesson, Sheet, SheetEffects, SheetElement
from classroom.models.lesson import BoardMode
from classroom.services import board, sheets
from classroom.services.errors import ConflictError
from classroom.services.sheets import Drawing, Outcome
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def rect(id: str, color: int = 0) -> dict[str, Any]:
    """A new rectangle."""
    element = {"id": id, "type": "rect", "color": color, "size": 60, "box": [0, 0, 9, 9]}
    return {"do": "add", "element": element}


@pytest.fixture
def sheet(cast: Cast) -> Sheet:
    """The open board's first sheet, in a live lesson in which everybody draws."""
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=Lesson.State.LIVE, board_mode=BoardMode.EVERYBODY)
    board.set_open(cast.lesson.pk, cast.teacher.pk, is_open=True)
    return Sheet.objects.get(lesson=cast.lesson)


def draw(sheet: Sheet, user: User, *operations: dict[str, Any]) -> Outcome:
    """What comes of one message of somebody."""
    drawing = Drawing(sheet.pk, user.pk, "page-0001", 1, parse(list(operations)))
    return sheets.draw(sheet.lesson_id, [drawing])[0]


def content(sheet: Sheet, since: int | None = None) -> dict[str, Any]:
    """What a page gets."""
    found = board.content(sheet.lesson_id, sheet.pk, since)
    assert found is not None
    answer: dict[str, Any] = json.loads(found[1])
    assert answer["version"] == found[0]
    return answer


def ids(sheet: Sheet) -> list[str]:
    """What can be seen."""
    return sorted(element["id"] for element in content(sheet)["elements"])


def test_an_opened_board_has_a_sheet(cast: Cast) -> None:
    assert board.section(cast.lesson.pk) == {"open": False, "sheet": None, "sheets": []}
    board.set_open(cast.lesson.pk, cast.teacher.pk, is_open=True)
    section = board.section(cast.lesson.pk)
    assert section["open"]
    assert section["sheets"] == [{"id": section["sheet"], "background": "plain"}]
    board.set_open(cast.lesson.pk, cast.teacher.pk, is_open=False)
    assert board.section(cast.lesson.pk) == section | {"open": False}


def test_the_snapshots_part_takes_two_queries(cast: Cast, sheet: Sheet) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        board.section(cast.lesson.pk)
    assert len(queries) == 2


def test_sheets_are_added_and_turned(cast: Cast, sheet: Sheet) -> None:
    second = board.add_sheet(cast.lesson.pk, cast.teacher.pk, "grid")
    section = board.section(cast.lesson.pk)
    assert [entry["id"] for entry in section["sheets"]] == [str(sheet.pk), str(second.pk)]
    assert section["sheet"] == str(second.pk)
    board.show_sheet(cast.lesson.pk, cast.teacher.pk, sheet.pk)
    board.set_background(cast.lesson.pk, cast.teacher.pk, sheet.pk, "lines")
    section = board.section(cast.lesson.pk)
    assert section["sheet"] == str(sheet.pk)
    assert section["sheets"][0]["background"] == "lines"


def test_the_board_has_only_so_many_sheets(cast: Cast, sheet: Sheet) -> None:
    Sheet.objects.bulk_create(Sheet(lesson=cast.lesson) for _ in range(board.MAX_SHEETS - 2))
    board.add_sheet(cast.lesson.pk, cast.teacher.pk, "plain")
    with pytest.raises(ConflictError):
        board.add_sheet(cast.lesson.pk, cast.teacher.pk, "plain")


def test_another_lessons_sheet_is_none_of_this_board(cast: Cast, sheet: Sheet) -> None:
    other = cast.other_lesson.pk
    for act in (
        lambda: board.show_sheet(other, cast.other_teacher.pk, sheet.pk),
        lambda: board.set_background(other, cast.other_teacher.pk, sheet.pk, "grid"),
        lambda: board.clear(other, cast.other_teacher.pk, sheet.pk),
        lambda: board.undo_clear(other, cast.other_teacher.pk, sheet.pk, 1),
    ):
        with pytest.raises(ConflictError):
            act()
    assert board.content(other, sheet.pk) is None
    Lesson.objects.filter(pk=other).update(state=Lesson.State.LIVE)
    drawing = Drawing(sheet.pk, cast.other_teacher.pk, "page-0001", 1, parse([rect("theirs")]))
    assert sheets.draw(other, [drawing]) == [sheets.MISSING]
    assert ids(sheet) == []


def test_each_page_of_a_material_has_one_sheet(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    material = uuid4()
    first = board.sheet_for(cast.lesson.pk, material, 1, height=12_000)
    assert (first.kind, first.height) == ("slide", 12_000)
    assert board.sheet_for(cast.lesson.pk, material, 1) == first
    assert board.sheet_for(cast.lesson.pk, material, 2) != first
    assert board.section(cast.lesson.pk)["sheets"] == []
    monkeypatch.setattr(board, "MAX_SLIDES", 2)
    with pytest.raises(ConflictError):
        board.sheet_for(cast.lesson.pk, material, 3)


def test_what_is_drawn_is_kept_as_it_is_now(cast: Cast, sheet: Sheet) -> None:
    ink = {"id": "ink1", "type": "ink", "color": 0, "size": 60, "pen": True, "points": [[1, 2, 3]]}
    assert draw(sheet, cast.student, {"do": "add", "element": ink}, rect("rect")) == 2
    assert draw(sheet, cast.student, {"do": "append", "id": "ink1", "at": 1, "points": [4, 5, 6]}) == 3
    assert draw(sheet, cast.teacher, {"do": "set", "changes": {"ink1": {"fit": [1, 1, 1000, 1000]}}}) == 4
    drawn = {"by": str(cast.student.pk), "z": 1, "points": [[1, 2, 3], [4, 5, 6]], "fit": [1, 1, 1000, 1000]}
    found = {element["id"]: element for element in content(sheet)["elements"]}
    assert found["ink1"] == ink | drawn
    sheet.refresh_from_db()
    assert (sheet.version, sheet.count, sheet.points) == (4, 2, 2)


def test_what_is_removed_comes_back_as_it_was(cast: Cast, sheet: Sheet) -> None:
    draw(sheet, cast.student, rect("one1"), rect("two2"))
    before = content(sheet)["elements"]
    draw(sheet, cast.student, {"do": "remove", "ids": ["one1"]})
    assert ids(sheet) == ["two2"]
    draw(sheet, cast.student, {"do": "restore", "ids": ["one1"]})
    assert sorted(content(sheet)["elements"], key=lambda one: one["id"]) == before
    sheet.refresh_from_db()
    assert sheet.count == 2


def test_a_page_that_missed_some_gets_only_what_came_since(cast: Cast, sheet: Sheet) -> None:
    draw(sheet, cast.student, rect("one1"), rect("two2"))
    draw(sheet, cast.teacher, rect("three"))
    board.clear(sheet.lesson_id, cast.teacher.pk, sheet.pk)
    missed = content(sheet, since=2)
    assert missed["from"] == 2
    assert [batch["ops"][0]["do"] for batch in missed["batches"]] == ["add", "clear"]
    assert content(sheet, since=4)["batches"] == []


def test_a_page_that_missed_too_much_gets_all(
    cast: Cast, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "TIDY_EVERY", 2)
    monkeypatch.setattr(sheets, "EFFECTS_KEPT", 2)
    for number in range(6):
        draw(sheet, cast.student, rect(f"id-{number}"))
    assert len(content(sheet, since=0)["elements"]) == 6
    assert len(content(sheet, since=5)["batches"]) == 1
    assert SheetEffects.objects.filter(sheet=sheet).count() < 6
    for strange in (1_000, 7):
        assert len(content(sheet, since=strange)["elements"]) == 6


def test_what_was_removed_long_ago_is_forgotten(
    cast: Cast, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "TIDY_EVERY", 2)
    monkeypatch.setattr(sheets, "REMOVED_KEPT", 2)
    ink = {"id": "ink1", "type": "ink", "color": 0, "size": 60, "pen": True, "points": [[1, 2, 3]]}
    draw(sheet, cast.student, {"do": "add", "element": ink})
    draw(sheet, cast.student, {"do": "remove", "ids": ["ink1"]})
    for number in range(6):
        draw(sheet, cast.student, rect(f"id-{number}"))
    assert draw(sheet, cast.student, {"do": "restore", "ids": ["ink1"]}) == 8
    assert not SheetElement.objects.filter(key="ink1").exists()
    sheet.refresh_from_db()
    assert (sheet.count, sheet.points) == (6, 0)


def test_a_cleared_sheet_comes_back_for_staff(cast: Cast, sheet: Sheet) -> None:
    draw(sheet, cast.student, rect("one1"), rect("two2"))
    draw(sheet, cast.student, {"do": "remove", "ids": ["one1"]})
    version = board.clear(sheet.lesson_id, cast.teacher.pk, sheet.pk)
    assert ids(sheet) == []
    assert draw(sheet, cast.student, {"do": "restore", "ids": ["two2"]}) == "not_yours"
    draw(sheet, cast.student, rect("three"))
    board.undo_clear(sheet.lesson_id, cast.teacher.pk, sheet.pk, version)
    assert ids(sheet) == ["three", "two2"]
    sheet.refresh_from_db()
    assert sheet.count == 2
    noted = AuditEntry.objects.filter(lesson=cast.lesson).values_list("action", flat=True)
    assert set(noted) >= {"board.clear", "board.undo_clear"}


def test_a_round_draws_what_each_may_and_refuses_the_rest(cast: Cast, sheet: Sheet) -> None:
    board.set_mode(cast.lesson.pk, cast.teacher.pk, "nobody")
    other = board.add_sheet(cast.lesson.pk, cast.teacher.pk, "plain")

    def message(user: User, on: UUID, *operations: dict[str, Any]) -> Drawing:
        return Drawing(on, user.pk, "page-0001", 1, parse(list(operations)))

    outcomes = sheets.draw(
        cast.lesson.pk,
        [
            message(cast.teacher, sheet.pk, rect("one1")),
            message(cast.student, sheet.pk, rect("two2")),
            message(cast.assistant, other.pk, rect("three")),
            message(cast.stranger, sheet.pk, rect("four")),
            message(cast.teacher, uuid4(), rect("five")),
            message(
                cast.assistant,
                sheet.pk,
                rect("six6"),
                {"do": "append", "id": "six6", "at": 1, "points": [0] * 3},
            ),
            message(cast.assistant, sheet.pk, rect("seven")),
        ],
    )
    assert outcomes == [1, "forbidden", 1, "forbidden", "missing", "broken", 2]
    assert ids(sheet) == ["one1", "seven"]
    assert ids(other) == ["three"]


def test_drawing_takes_as_many_queries_on_a_full_sheet(cast: Cast, sheet: Sheet) -> None:
    def queries(number: int) -> int:
        with CaptureQueriesContext(connection) as found:
            draw(sheet, cast.student, rect(f"id-{number}"))
        return len(found)

    first = queries(1)
    for number in range(2, 60):
        draw(sheet, cast.student, rect(f"id-{number}"))
    assert queries(60) == first <= 14


def test_students_draw_in_no_room_without_a_teacher(cast: Cast, sheet: Sheet) -> None:
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_supervised=False)
    assert draw(sheet, cast.student, rect("one1")) == "forbidden"
    assert draw(sheet, cast.teacher, rect("two2")) == 1
