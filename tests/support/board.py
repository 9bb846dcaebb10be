"""The board as one person's page shows it: its tools, and a word for what is to be seen."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.support.room import Room

SECONDS = 30.0
STROKES = 12

SCRIBBLE = """
(host, [strokes, seed]) => {
  const { left, top, width, height } = host.getBoundingClientRect();
  const tell = (type, x, y) => host.dispatchEvent(new PointerEvent(type, {
    bubbles: true, cancelable: true, pointerId: 7, pointerType: "pen", pressure: 0.3 + (x % 50) / 100,
    button: 0, clientX: left + x, clientY: top + y,
  }));
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.scribbled = (async () => {
    for (let stroke = 0; stroke < strokes; stroke++) {
      const x = width * (0.2 + ((stroke * 7 + seed * 3) % 20) / 40);
      const y = height * (0.2 + ((stroke * 5 + seed * 11) % 20) / 40);
      tell("pointerdown", x, y);
      for (let step = 1; step <= 20; step++) {
        await pause(12);
        tell("pointermove", x + step * 4, y + 20 * Math.sin(step / 3 + seed));
      }
      tell("pointerup", x + 80, y);
      await pause(20);
    }
  })();
}
"""
"""Draws strokes with a pen over some time; everybody's page does so at the same time."""


class Board:
    """The board as one person's page shows it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.page = room.page
        self.root = room.page.locator('[data-sheet-view="board"]')
        self.host: Locator = self.root.locator("[data-sheet-host]")

    def show(self) -> Board:
        """Puts the board on the stage, as a teacher does."""
        self.page.locator("#more-button").click()
        self.page.get_by_role("menuitemcheckbox", name="Board", exact=True).click()
        expect(self.host).to_be_visible()
        return self

    def let_draw(self, who: str) -> None:
        """Chooses who draws beside the teachers."""
        self.room.button("More of the board").click()
        self.page.locator("#board-menu").get_by_role("button", name=who, exact=True).click()
        self.page.keyboard.press("Escape")

    def choose(self, tool: str) -> None:
        """Presses a tool's button."""
        self.root.get_by_role("button", name=tool, exact=True).click()

    def drag(self, *points: tuple[float, float]) -> None:
        """Presses at the first of these places (parts of the area), moves through the others, lets go."""
        box = self.host.bounding_box()
        assert box is not None
        places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=5)
        self.page.mouse.up()

    def scribble(self, seed: int, strokes: int = STROKES) -> None:
        """Begins to draw strokes, and does not wait for them."""
        self.host.evaluate(SCRIBBLE, [strokes, seed])

    def finish(self) -> None:
        """Waits until the strokes are drawn."""
        self.page.evaluate("() => window.scribbled")

    def seen(self) -> tuple[str | None, int]:
        """A word for what is to be seen, the same for the same elements, and how many they are."""
        word = self.host.get_attribute("data-digest")
        return word, int(self.host.get_attribute("data-count") or -1)

    def expect_count(self, count: int) -> None:
        """Waits until so many elements are there, all of them confirmed."""
        self.room.wait_until(
            lambda: self.seen()[0] is not None and self.seen()[1] == count,
            SECONDS,
            f"the board holds {self.seen()}, not {count}",
        )


def expect_same(boards: list[Board], count: int) -> None:
    """Waits until all these screens show the same elements, so many of them."""
    for board in boards:
        board.expect_count(count)
    # The rest of a stroke may still be on its way.
    boards[0].room.wait_until(
        lambda: len({board.seen() for board in boards}) == 1 and boards[0].seen()[1] == count,
        SECONDS,
        f"they differ: {[board.seen() for board in boards]}",
    )
