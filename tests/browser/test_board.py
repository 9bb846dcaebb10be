"""The board between three people: identical on every screen, whoever draws when, and whatever breaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect_as_it_is
from tests.support.board import SECONDS, STROKES, Board, expect_same
from tests.support.lectern import Lectern

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
LONG = 300
"""Seconds: more than any test takes."""


@pytest.fixture
def boards(classroom: ClassRoom) -> list[Board]:
    """Those of a class in the shared installation."""
    return boards_of(classroom)


def boards_of(classroom: ClassRoom) -> list[Board]:
    """The teacher's, with the board on the stage, and those of two students."""
    teacher = Board(classroom.heard_teacher()).show()
    students = [Board(classroom.watching(person)) for person in ("student1", "student2")]
    for student in students:
        expect(student.host).to_be_visible(timeout=SECONDS * 1000)
    return [teacher, *students]


def test_all_screens_are_the_same_whoever_draws_and_whatever_breaks(
    installation: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    classroom = ClassRoom(installation, new_person)
    # Strokes of students who are back before the teacher count on a machine that takes its time, too.
    classroom.lectern.ask("set_course", course=classroom.course, supervision_grace=LONG)
    boards = boards_of(classroom)
    boards[0].let_draw("Everybody")
    for board in boards:
        expect(board.root).to_have_attribute("data-may-draw", "")
        board.choose("Pen")
    for seed, board in enumerate(boards):
        board.scribble(seed)
    for board in boards:
        board.finish()
    expect_same(boards, 3 * STROKES)
    late = Board(classroom.watching("student3"))
    expect_same([*boards, late], 3 * STROKES)
    boards[1].page.reload()
    expect_same(boards[:2], 3 * STROKES)
    # In the middle of drawing the web tier goes and comes back.
    boards[1].choose("Pen")
    for seed, board in enumerate(boards):
        board.scribble(seed + 3)
    classroom.lectern.restart_web()
    for board in boards:
        board.finish()
    expect_same([*boards, late], 6 * STROKES)


def test_who_may_not_draw_changes_nothing(boards: list[Board]) -> None:
    teacher, student, other = boards
    teacher.drag((0.4, 0.4), (0.6, 0.6))
    expect_same(boards, 1)
    expect(student.root.get_by_role("button", name="Pen", exact=True)).to_be_hidden()
    # What would draw moves the sheet instead; the whole of it is a press away.
    student.drag((0.3, 0.3), (0.5, 0.5))
    student.choose("Whole page")
    element = {"id": "hostile", "type": "rect", "color": 0, "size": 60, "box": [0, 0, 9, 9]}
    shown = teacher.host.get_attribute("data-sheet") or ""
    reply = student.room.say(
        "board.draw", {"sheet": shown, "n": 1, "ops": [{"do": "add", "element": element}]}
    )
    assert reply is not None
    assert reply["error"]["code"] == "forbidden"
    teacher.let_draw("Everybody")
    expect(student.root).to_have_attribute("data-may-draw", "")
    student.drag((0.2, 0.7), (0.4, 0.7))
    expect_same(boards, 2)
    # A student's eraser meets what the teacher drew, and leaves it.
    student.choose("Eraser")
    student.drag((0.4, 0.4), (0.6, 0.6))
    other.choose("Eraser")
    other.drag((0.2, 0.65), (0.3, 0.75))
    expect_same(boards, 2)
    teacher.choose("Eraser")
    teacher.drag((0.3, 0.65), (0.3, 0.75))
    expect_same(boards, 1)


def test_each_takes_back_their_own_and_the_pointer_is_seen(boards: list[Board]) -> None:
    teacher, student, _other = boards
    teacher.let_draw("Everybody")
    expect(student.root).to_have_attribute("data-may-draw", "")
    teacher.choose("Rectangle")
    teacher.drag((0.4, 0.2), (0.6, 0.4))
    expect_same(boards, 1)
    student.choose("Ellipse")
    student.drag((0.4, 0.5), (0.6, 0.8))
    expect_same(boards, 2)
    first = student.seen()
    teacher.host.press("Control+z")
    expect_same(boards, 1)
    teacher.host.press("Control+z")
    student.host.press("Control+z")
    expect_same(boards, 0)
    student.host.press("Control+Shift+Z")
    teacher.host.press("Control+y")
    expect_same(boards, 2)
    assert student.seen() == first
    # What is cleared comes back, too.
    teacher.room.button("More of the board").click()
    teacher.room.button("Clear this page").click()
    expect_same(boards, 0)
    teacher.host.press("Control+z")
    expect_same(boards, 2)
    assert student.seen() == first
    teacher.choose("Pointer")
    box = teacher.host.bounding_box()
    assert box is not None
    teacher.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    teacher.page.mouse.down()
    expect(student.host).to_have_attribute("data-pointing", "1")
    teacher.page.mouse.up()
    expect_same(boards, 2)


def test_pages_notes_by_key_and_files(boards: list[Board], classroom: ClassRoom, tmp_path: Path) -> None:
    teacher, student, _other = boards
    teacher.host.focus()
    teacher.page.keyboard.press("9")
    teacher.page.keyboard.press("Enter")
    teacher.page.keyboard.type("Homework <b>page 12</b>")
    teacher.page.keyboard.press("Escape")
    expect_same(boards, 1)
    expect(student.root.get_by_role("listitem")).to_have_text("Note: Homework <b>page 12</b>")
    expect(student.root.locator("[data-sheet-summary]")).to_contain_text("Notes: 1")
    teacher.room.button("New page").click()
    expect(student.page.locator("#board-page")).to_have_text("2 of 2")
    expect_same(boards, 0)
    student.room.button("Previous page").click()
    student.expect_count(1)
    teacher.choose("Line")
    teacher.drag((0.4, 0.4), (0.6, 0.6))
    teacher.expect_count(1)
    student.room.button("Follow the teacher").click()
    expect(student.page.locator("#board-page")).to_have_text("2 of 2")
    expect_same(boards, 1)
    for name, beginning in (("All pages as PDF", b"%PDF-1.4"), ("This page as a picture (PNG)", b"\x89PNG")):
        student.room.button("More of the board").click()
        with student.page.expect_download() as started:
            student.room.button(name).click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        assert path.read_bytes().startswith(beginning)
    phone = Board(classroom.watching("student3", **PHONE))
    phone.expect_count(1)
    for page in (teacher.page, student.page, phone.page):
        page.emulate_media(reduced_motion="reduce")
        inspect_as_it_is(page, "the board")
