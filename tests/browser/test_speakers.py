"""Whoever speaks is marked, with real voices; whose microphone is off or muted is not."""

from __future__ import annotations

import array
import math
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Playwright, expect

from tests.browser.conftest import ClassRoom
from tests.support.browsers import DEVICES, GRANT, launch_chromium
from tests.support.processes import patience
from tests.support.room import MICROPHONE, PICTURE_SECONDS, Room

RATE = 48_000
SECONDS = 4
PITCH = 140.0
SYLLABLES = 4.0
"""A second: as fast as people speak."""


def make_voice(path: Path) -> None:
    """Writes something as loud, as changeable and as full of overtones as a voice that never pauses."""
    samples = array.array("h")
    for index in range(RATE * SECONDS):
        time = index / RATE
        loudness = 0.55 + 0.45 * math.sin(2 * math.pi * SYLLABLES * time)
        tone = sum(math.sin(2 * math.pi * PITCH * part * time) / part for part in range(1, 12))
        samples.append(int(9000 * loudness * tone / 2))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


@pytest.fixture(scope="module")
def speaking_chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a person before the microphone who speaks all the time."""
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    make_voice(path)
    browser = launch_chromium(
        playwright, (DEVICES, GRANT, f"--use-file-for-fake-audio-capture={path}"), whole=True
    )
    yield browser
    browser.close()


def expect_marked(place: Locator, *, is_marked: bool) -> None:
    """Waits until somebody is marked as speaking, or is not."""
    selector = "xpath=self::*[@data-speaking]"
    count = 1 if is_marked else 0
    expect(place.locator(selector)).to_have_count(count, timeout=PICTURE_SECONDS * patience() * 1000)


def in_list(room: Room, name: str) -> Locator:
    """Somebody's entry in the list of people."""
    return room.page.locator("#people-list .person", has_text=name)


def camera(room: Room) -> Locator:
    """Where the teacher's picture is."""
    return room.page.locator("[data-surface=camera]")


def tile(room: Room) -> Locator:
    """Where the picture of whoever has the floor is."""
    return room.page.locator(".floor-tile")


def test_whoever_speaks_is_marked_everywhere_until_the_microphone_is_off(
    classroom: ClassRoom, speaking_chromium: Browser
) -> None:
    teacher = classroom.room("teacher", browser=speaking_chromium).go_live()
    speaker = classroom.room("student1", browser=speaking_chromium).join()
    listener = classroom.watching("student2")
    listener.expect_sound(MICROPHONE)
    expect_marked(camera(listener), is_marked=True)
    expect_marked(in_list(listener, "Ada Teacher"), is_marked=True)
    expect(in_list(listener, "Ada Teacher").locator(".person__speaking")).to_have_text("Speaking")
    expect_marked(in_list(listener, "Student 1"), is_marked=False)
    speaker.button("Raise hand").click()
    teacher.page.get_by_label("Speaking time").select_option(label="No limit")
    teacher.button("Give the floor to Student 1").click()
    speaker.button("Turn my microphone on").click()
    for room in (listener, teacher):
        expect_marked(tile(room), is_marked=True)
        expect_marked(in_list(room, "Student 1"), is_marked=True)
    expect_marked(camera(listener), is_marked=True)
    before = [place.bounding_box() for place in (camera(listener), tile(listener))]
    teacher.page.locator('[data-action="microphone"]:visible').click()
    expect_marked(camera(listener), is_marked=False)
    expect_marked(in_list(listener, "Ada Teacher"), is_marked=False)
    expect_marked(tile(listener), is_marked=True)
    teacher.button("Mute Student 1").click()
    for room in (listener, teacher):
        expect_marked(tile(room), is_marked=False)
        expect_marked(in_list(room, "Student 1"), is_marked=False)
    assert [place.bounding_box() for place in (camera(listener), tile(listener))] == before, "something jumps"


def test_who_comes_late_sees_who_goes_on_speaking(classroom: ClassRoom, speaking_chromium: Browser) -> None:
    teacher = classroom.live_teacher()
    teacher.page.locator('[data-action="microphone"]:visible').click()
    speaker = classroom.room("student1", browser=speaking_chromium).join()
    speaker.button("Raise hand").click()
    teacher.page.get_by_label("Speaking time").select_option(label="No limit")
    teacher.button("Give the floor to Student 1").click()
    speaker.button("Turn my microphone on").click()
    expect_marked(tile(teacher), is_marked=True)
    late = classroom.watching("student2")
    for room in (late, teacher):
        expect_marked(tile(room), is_marked=True)
        expect_marked(camera(room), is_marked=False)
        expect_marked(in_list(room, "Ada Teacher"), is_marked=False)
    speaker.button("Hand back").click()
    expect_marked(in_list(late, "Student 1"), is_marked=False)
