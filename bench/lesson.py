"""A running Lectern and Chromium for the benchmarks, with one lesson and the people in it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.support.browsers import launch_chromium, new_context, sign_in
from tests.support.lectern import Lectern
from tests.support.room import Room

PAGES = Path(__file__).parent / "pages"
PICTURE_SECONDS = 20.0
WINDOW: ViewportSize = {"width": 1600, "height": 900}
"""Large enough for the camera's best layer to be asked for."""
POLL_MILLISECONDS = 50


class UnfitRunError(Exception):
    """What was shown was not what should be measured; the message says how."""


class Lesson:
    """The lesson, which is on now, and a browser for everyone."""

    def __init__(self, browser: Browser, lectern: Lectern) -> None:
        self.browser = browser
        self._lectern = lectern
        self.sign_in_url = f"{lectern.url}/accounts/login/"
        self.media_port = lectern.media_port
        self._url = lectern.room_url(lectern.cast["lesson"])

    def person(self, name: str, *scripts: str, **options: Any) -> BrowserContext:
        """A signed-in browser profile of one of the cast; `scripts` of `bench/pages` run in its pages."""
        context = new_context(self.browser, **options)
        add_scripts(context, *scripts)
        sign_in(context, self._lectern, self._lectern.cast[name])
        return context

    def room(self, context: BrowserContext) -> Room:
        """The lesson's room in a new page."""
        return Room(context.new_page(), self._url).open()


def wait_for(page: Page, expression: str, seconds: float = PICTURE_SECONDS) -> None:
    """Waits until a JavaScript expression is true; Playwright's own wait needs `unsafe-eval`."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise UnfitRunError(f"not true within {seconds:g} s on {page.url}: {expression}")
        page.wait_for_timeout(POLL_MILLISECONDS)


def add_scripts(context: BrowserContext, *scripts: str) -> None:
    """Lets scripts of `bench/pages` run first in all pages of the profile."""
    for name in scripts:
        context.add_init_script(path=PAGES / name)


@contextmanager
def running_lesson() -> Iterator[Lesson]:
    """Starts Lectern and Chromium, ends both."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lectern-bench-"))
        lectern = Lectern(Path(folder))
        stack.callback(lectern.stop)
        browser = launch_chromium(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        yield Lesson(browser, lectern)
