"""Where the teacher looks on the board, all look, until one looks around by oneself."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect
from tests.support.board import SECONDS, Board

INK = """
(host) => {
  const [canvas] = host.querySelectorAll("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at] < 60) inked += 1;
  return inked;
}
"""
"""How many pixels of black ink there are: four times as many where the sheet is seen twice as large."""


def ink(board: Board) -> int:
    """So many pixels of ink are seen."""
    return int(board.host.evaluate(INK))


def wait_for_ink(board: Board, least: float, most: float, failure: str) -> None:
    """Waits until so much ink is seen."""
    board.room.wait_until(
        lambda: least <= ink(board) <= most,
        SECONDS,
        f"{failure}: {ink(board)}, not {least:.0f} to {most:.0f}",
    )


def test_all_look_where_the_teacher_looks_until_they_look_around(classroom: ClassRoom) -> None:
    teacher = Board(classroom.heard_teacher()).show()
    follower, wanderer = (Board(classroom.watching(person)) for person in ("student1", "student2"))
    teacher.choose("Pen")
    teacher.drag((0.45, 0.5), (0.55, 0.5))
    for board in (teacher, follower, wanderer):
        wait_for_ink(board, 50, 1e6, "the line has not come")
    small = {board: ink(board) for board in (follower, wanderer)}
    for _ in range(5):
        teacher.choose("Larger")
    for board, before in small.items():
        wait_for_ink(board, 4 * before, 1e6, "the student does not look closer")
        expect(board.root.get_by_role("button", name="Look where the teacher looks")).to_be_hidden()
    large = ink(wanderer)
    late = Board(classroom.watching("student3"))
    wait_for_ink(late, large * 0.9, large * 1.1, "who comes late sees the whole")
    wanderer.choose("Whole page")
    wait_for_ink(wanderer, 1, 1.5 * small[wanderer], "the student does not look around")
    expect(wanderer.root.get_by_role("button", name="Look where the teacher looks")).to_be_visible()
    inspect(wanderer.page)
    teacher.choose("Larger")
    wait_for_ink(follower, 1.2 * large, 1e6, "the follower does not follow")
    wait_for_ink(wanderer, 1, 1.5 * small[wanderer], "the student is torn away")
    wanderer.choose("Look where the teacher looks")
    wait_for_ink(wanderer, 1.2 * large, 1e6, "the student does not come back")
    expect(wanderer.root.get_by_role("button", name="Look where the teacher looks")).to_be_hidden()
