"""Files, slides and video in a room's page, as people use them."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support import files
from tests.support.processes import patience
from tests.support.room import Room

CHECK_SECONDS = 60.0
"""How long the checking of a file may take on a busy machine; a quiet one needs one or two."""
RED = """
() => {
  const canvas = document.querySelector("#slides [data-sheet-host] canvas");
  if (!canvas.checkVisibility()) return -1;
  const { width, height } = canvas;
  return canvas.getContext("2d").getImageData(width / 2, height * 0.7, 1, 1).data[0];
}
"""
"""How red the page is that is drawn, below its words: that tells it from the others."""


def open_files(room: Room) -> Page:
    """Opens the panel of files."""
    panel = room.page.locator("#panel-files")
    if not panel.is_visible():
        # One of both is to be seen: the tab where another is open, else the button that opens the panel.
        room.page.locator("[data-opener=files]:visible, #tab-files:visible").first.click()
    expect(panel).to_be_visible()
    return room.page


def add_file(room: Room, name: str, content: bytes) -> Locator:
    """Chooses a file in the panel; returns the row that it becomes."""
    open_files(room)
    payload: Any = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    room.page.locator("#files-input").set_input_files(payload)
    # The name that it gets keeps its first word.
    return row_of(room, name.split(" ")[0])


def row_of(room: Room, name: str) -> Locator:
    """The row of the file of that name."""
    return room.page.locator("#files li.file[data-id]", has_text=name)


def expect_note(row: Locator, words: str) -> None:
    """Waits until a file's row says this."""
    pattern = re.compile(re.escape(words))
    expect(row.locator(".file__note")).to_have_text(pattern, timeout=CHECK_SECONDS * patience() * 1000)


def show(room: Room, name: str) -> None:
    """Shows a file of the panel to all."""
    row_of(room, name).locator("[data-file-action=show]").click()


def expect_slide(room: Room, page: int, pages: int) -> None:
    """Waits until the person really sees that page: its picture has been loaded and drawn."""
    expect(room.page.locator("#slides-number")).to_have_text(f"{page} / {pages}")
    expect(room.page.locator("#slides")).to_have_attribute("data-address", re.compile(rf"/pages/{page}/$"))
    red = 255 * files.shade_of(page, pages)
    room.wait_until(lambda: abs(room.page.evaluate(RED) - red) < 6, 20, f"page {page} is not to be seen")


def expect_no_slides(room: Room) -> None:
    """Waits until no slides are on the stage."""
    expect(room.page.locator("[data-surface=slides]")).to_be_hidden()
