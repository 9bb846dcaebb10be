"""Firefox beside Chromium: it publishes, and it watches.

Firefox never sends media to a loopback address, so that the relay listens on another of this machine's here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import ClassRoom, run_lectern
from tests.support.firefox import Firefox, firefox
from tests.support.lectern import Lectern
from tests.support.processes import own_address
from tests.support.room import CAMERA, MICROPHONE, PICTURE_SECONDS

WATCHED_PICTURES = 30
LOW_WIDTH = 320
LAYER_SECONDS = 60.0
"""How long the layers may take to follow: one that nobody watches goes on for ten seconds."""


@pytest.fixture(scope="module")
def lectern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lectern]:
    """An installation whose relay is not on loopback."""
    yield from run_lectern(tmp_path_factory.mktemp("lectern-off-loopback"), MEDIA_HOST=own_address())


@pytest.fixture
def fox() -> Iterator[Firefox]:
    """A Firefox of the test's own."""
    with firefox() as running:
        yield running


def test_firefox_publishes_and_chromium_watches(fox: Firefox, lectern: Lectern, classroom: ClassRoom) -> None:
    fox.sign_in(lectern.url, lectern.cast["teacher"])
    fox.open(classroom.url)
    fox.press("Go live")
    fox.wait_until(lambda: fox.has_button("End broadcast"), "the lesson did not begin")
    student = classroom.watching()
    student.expect_picture()
    student.expect_sound()


def test_firefox_sends_the_layers_that_are_watched(
    fox: Firefox, lectern: Lectern, classroom: ClassRoom
) -> None:
    fox.sign_in(lectern.url, lectern.cast["teacher"])
    fox.open(classroom.url)
    fox.press("Go live")
    student = classroom.watching()
    fox.wait_until(lambda: len(fox.sent_widths()) > 1, "not several layers", PICTURE_SECONDS)
    student.page.locator("#picture").select_option("Low")
    fox.wait_until(lambda: fox.sent_widths() == {LOW_WIDTH}, "layers that nobody watches", LAYER_SECONDS)
    student.page.locator("#picture").select_option("Automatic")
    student.wait_until(
        lambda: (student.received(CAMERA) or {}).get("width", 0) > LOW_WIDTH,
        LAYER_SECONDS,
        "the low layer stays",
    )
    student.expect_picture()


def test_firefox_watches_what_chromium_publishes(
    fox: Firefox, lectern: Lectern, classroom: ClassRoom
) -> None:
    classroom.live_teacher()
    fox.sign_in(lectern.url, lectern.cast["student1"])
    fox.open(classroom.url)
    fox.press("Join")
    fox.wait_until(lambda: fox.state() == "connected", "no connection", PICTURE_SECONDS)
    fox.wait_until(lambda: fox.pictures(CAMERA) > WATCHED_PICTURES, "no picture", PICTURE_SECONDS)
    fox.wait_until(lambda: fox.plays(MICROPHONE), "the sound is not played", PICTURE_SECONDS)
    before = fox.audio_energy()
    fox.wait_until(lambda: fox.audio_energy() > before, "no sound", PICTURE_SECONDS)
