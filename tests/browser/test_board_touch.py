"""The board under fingers and a pen: one finger draws, two move the paper, a resting hand leaves no trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.conftest import ClassRoom
from tests.support.board import Board, expect_same

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True}
STEPS = 8
PALM_MILLISECONDS = 450
"""Longer than a second finger may take that turns drawing into moving."""

Place = tuple[float, float]


class Hand:
    """Fingers and a pen on a board, as a browser gets them; places are parts of the area."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._line: CDPSession = board.page.context.new_cdp_session(board.page)
        box = board.host.bounding_box()
        assert box is not None
        self._box = box

    def _at(self, place: Place) -> dict[str, float]:
        return {
            "x": self._box["x"] + self._box["width"] * place[0],
            "y": self._box["y"] + self._box["height"] * place[1],
        }

    def touch(self, kind: str, *fingers: Place) -> None:
        """Tells where all fingers are now; `kind` is Start, Move or End."""
        points = [{**self._at(place), "id": number} for number, place in enumerate(fingers)]
        self._line.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    def draw(self, start: Place, end: Place) -> None:
        """Draws one line with a finger."""
        self.touch("Start", start)
        for place in between(start, end):
            self.touch("Move", place)
        self.touch("End")

    def spread(self, starts: tuple[Place, Place], ends: tuple[Place, Place]) -> None:
        """Puts two fingers down, one soon after the other, and moves both."""
        self.touch("Start", starts[0])
        self.touch("Start", *starts)
        for places in zip(between(starts[0], ends[0]), between(starts[1], ends[1]), strict=True):
            self.touch("Move", *places)
        self.touch("End", ends[0])
        self.touch("End")

    def pen(self, kind: str, place: Place) -> None:
        """Tells where the pen is; `kind` is Pressed, Moved or Released."""
        body: dict[str, Any] = {"type": f"mouse{kind}", **self._at(place), "pointerType": "pen", "force": 0.7}
        held = {} if kind == "Moved" else {"clickCount": 1}
        self._line.send("Input.dispatchMouseEvent", {**body, "button": "left", "buttons": 1, **held})


def between(start: Place, end: Place) -> Iterable[Place]:
    """The places on the way, the last one the end."""
    parts = [step / STEPS for step in range(1, STEPS + 1)]
    return [(start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part) for part in parts]


def strokes(board: Board) -> list[dict[str, Any]]:
    """What the server has of the sheet, in the order in which it came."""
    sheet = board.host.get_attribute("data-sheet")
    address = board.room.url.replace("/room/", f"/sheets/{sheet}/")
    elements: list[dict[str, Any]] = board.page.request.get(address).json()["elements"]
    return sorted(elements, key=lambda element: element["z"])


def outline(stroke: dict[str, Any]) -> tuple[int, int, int, int]:
    """The least and greatest x, and the least and greatest y, in the sheet's units."""
    across, down = [], []
    for part in stroke["points"]:
        x = y = 0
        for at in range(0, len(part), 3):
            x, y = x + part[at], y + part[at + 1]
            across.append(x)
            down.append(y)
    return min(across), max(across), min(down), max(down)


@pytest.fixture
def teacher(classroom: ClassRoom) -> Board:
    """The teacher's board, on which everybody may draw."""
    board = Board(classroom.heard_teacher()).show()
    board.let_draw("Everybody")
    return board


def with_pen(classroom: ClassRoom, device: dict[str, Any]) -> tuple[Board, Hand]:
    """A student's board on a device with a touch screen, the pen chosen."""
    board = Board(classroom.watching("student1", **device))
    expect(board.root).to_have_attribute("data-may-draw", "")
    board.choose("Pen")
    return board, Hand(board)


def test_one_finger_draws_and_two_make_the_paper_larger_and_move_it(
    classroom: ClassRoom, teacher: Board
) -> None:
    phone, hand = with_pen(classroom, PHONE)
    watching = Board(classroom.watching("student2"))
    hand.draw((0.4, 0.5), (0.6, 0.5))
    expect_same([teacher, phone, watching], 1)
    hand.spread(((0.45, 0.5), (0.55, 0.5)), ((0.3, 0.5), (0.7, 0.5)))
    hand.draw((0.4, 0.5), (0.6, 0.5))
    expect_same([teacher, phone, watching], 2)
    hand.spread(((0.4, 0.4), (0.5, 0.4)), ((0.6, 0.4), (0.7, 0.4)))
    hand.draw((0.4, 0.5), (0.6, 0.5))
    # A third mark would come of a finger that was to move the paper.
    expect_same([teacher, phone, watching], 3)
    first, larger, moved = map(outline, strokes(teacher))
    width = first[1] - first[0]
    assert 3 < width / (larger[1] - larger[0]) < 5, "the paper was to be four times as large"
    assert abs(sum(first[:2]) - sum(larger[:2])) < width / 4, "the middle between the fingers stays there"
    assert larger[0] - moved[0] > (larger[1] - larger[0]) / 2, "the paper has not gone with the fingers"


def test_a_second_finger_that_comes_late_neither_bends_the_stroke_nor_prolongs_it(
    classroom: ClassRoom, teacher: Board
) -> None:
    phone, hand = with_pen(classroom, PHONE)
    hand.touch("Start", (0.3, 0.3))
    hand.touch("Move", (0.35, 0.3))
    phone.page.wait_for_timeout(PALM_MILLISECONDS)
    hand.touch("Start", (0.4, 0.3), (0.2, 0.8))
    hand.touch("Move", (0.5, 0.3), (0.3, 0.7))
    hand.touch("End")
    expect_same([teacher, phone], 1)
    _left, _right, top, bottom = outline(strokes(teacher)[0])
    assert bottom - top < 200


@pytest.mark.parametrize("rests_since", ["before", "at once", "later"])
def test_a_hand_that_rests_beside_the_pen_leaves_nothing(
    classroom: ClassRoom, teacher: Board, rests_since: str
) -> None:
    tablet, hand = with_pen(classroom, TABLET)
    palm, along = (0.6, 0.7), (0.65, 0.65)
    if rests_since == "before":
        hand.touch("Start", palm)
        hand.touch("Move", along)
    hand.pen("Pressed", (0.3, 0.3))
    for place in between((0.3, 0.3), (0.4, 0.3)):
        hand.pen("Moved", place)
    if rests_since == "later":
        tablet.page.wait_for_timeout(PALM_MILLISECONDS)
    if rests_since != "before":
        hand.touch("Start", palm)
    hand.touch("Move", along)
    for place in between((0.4, 0.3), (0.6, 0.3)):
        hand.pen("Moved", place)
    hand.touch("Move", palm)
    # The pen goes up while the hand still rests: the stroke is finished all the same.
    hand.pen("Released", (0.6, 0.3))
    expect_same([teacher, tablet], 1)
    hand.touch("End")
    # Whoever has used a pen moves the paper with a finger.
    hand.draw((0.3, 0.7), (0.5, 0.7))
    hand.pen("Pressed", (0.3, 0.5))
    for place in between((0.3, 0.5), (0.6, 0.5)):
        hand.pen("Moved", place)
    hand.pen("Released", (0.6, 0.5))
    expect_same([teacher, tablet], 2)
    first, second = strokes(teacher)
    assert (first["pen"], second["pen"]) == (True, True)
    for stroke in (first, second):
        left, right, top, bottom = outline(stroke)
        assert bottom - top < 200, "the hand has bent the stroke"
        assert right - left > 2000
    assert outline(first)[0] - outline(second)[0] > 1000, "the finger has not moved the paper"
