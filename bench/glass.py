"""Glass to glass: how old a picture is when a browser shows it, through Lectern and without any relay.

The publisher's camera is a canvas that draws the time as blocks; the others read the blocks of each picture.
A browser keeps pictures back until their sound is due (lip sync), and sound until its jitter buffer lets it
go: so the camera is measured alone, which shows the way of the pictures, and with sound, as students see it.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.lesson import WINDOW, Lesson, UnfitRunError, add_scripts, wait_for
from tests.support.browsers import new_context
from tests.support.room import CAMERA

WARM_UP_SECONDS = 12.0
"""A browser's jitter buffer needs that long to settle."""
MEASURED_SECONDS = 10.0
MIN_PICTURES_PER_SECOND = 10
WATCHING = ("student1", "student2", "student3")
SLOT_SELECTOR = f"video[data-slot={CAMERA}]"


@dataclass(frozen=True, slots=True)
class Glass:
    """What was seen."""

    ages: list[float]
    """Milliseconds, of every picture."""
    sound_buffer: float
    """Milliseconds for which sound has waited in the browser: pictures wait for it, to be in step."""
    lines: int
    """Of the smallest picture at the end: the layer that was watched."""


def measure_lesson(lesson: Lesson) -> Glass:
    """Returns what three students see; a teacher must be live."""
    contexts = [lesson.person(name, "clock_reader.js", viewport=WINDOW) for name in WATCHING]
    pages = [lesson.room(context).join().page for context in contexts]
    glass = _watch(pages, SLOT_SELECTOR)
    for context in contexts:
        context.close()
    return glass


def measure_direct(browser: Browser, url: str, *, sound: bool) -> Glass:
    """Returns the same for two directly connected pages; `url` is any page of a secure origin."""
    context = new_context(browser)
    add_scripts(context, "drawn_camera.js", "clock_camera.js", "clock_reader.js", "direct_peer.js")
    publisher, viewer = context.new_page(), context.new_page()
    for page in (publisher, viewer):
        page.goto(url)
    offer = publisher.evaluate("sound => directPeer.offer(sound)", sound)
    publisher.evaluate(
        "sdp => directPeer.accept(sdp)", viewer.evaluate("sdp => directPeer.answer(sdp)", offer)
    )
    glass = _watch([viewer], "video")
    context.close()
    return glass


def _watch(pages: Sequence[Page], selector: str) -> Glass:
    for page in pages:
        wait_for(page, f"document.querySelector('{selector}')?.videoWidth > 0")
    pages[0].wait_for_timeout(WARM_UP_SECONDS * 1000)
    before = [page.evaluate("soundBuffered()") for page in pages]
    for page in pages:
        page.evaluate("selector => readClock(selector)", selector)
    pages[0].wait_for_timeout(MEASURED_SECONDS * 1000)
    after = [page.evaluate("soundBuffered()") for page in pages]
    waits = [
        1000 * (seconds - earlier) / max(1, samples - fewer)
        for (seconds, samples), (earlier, fewer) in zip(after, before, strict=True)
    ]
    lines = min(page.evaluate("clockReadings.height") for page in pages)
    return Glass([age for page in pages for age in _ages(page)], statistics.mean(waits), lines)


def _ages(page: Page) -> list[float]:
    readings = page.evaluate("window.clockReadings")
    ages: list[float] = readings["ages"]
    if readings["misread"] or len(ages) < MIN_PICTURES_PER_SECOND * MEASURED_SECONDS:
        raise UnfitRunError(f"{len(ages)} pictures were read, {readings['misread']} could not be")
    return ages
