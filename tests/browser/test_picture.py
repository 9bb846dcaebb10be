"""How much of a picture a page asks for, and what it says when it gets less."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import WIDE, inspect
from tests.browser.tapped import (
    PAUSE_CAMERA,
    RESUME_CAMERA,
    asked,
    expect_limits,
    tapped_room,
    tell_link,
)
from tests.support.room import CAMERA, PICTURE_SECONDS, SCREEN, Room

TOO_SLOW = "Your connection is too slow for the picture; the sound goes on."
LESS_SHARP = "Your connection is slow: the picture is less sharp for now."
NOTHING_LIMITED: dict[str, int] = {}
SOUND_ONLY = {CAMERA: -1, SCREEN: -1}
AWAY_SECONDS = 25.0
"""A page that nobody looks at gives its picture up after ten."""
REPORT_SECONDS = 30.0

HIDE = """
(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
REMEMBERED = "() => localStorage.getItem('lectern.picture')"


@pytest.fixture
def teacher(classroom: ClassRoom) -> Room:
    """The teacher's page, live."""
    return classroom.live_teacher()


@pytest.fixture
def open_student(
    teacher: Room, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> Callable[..., Room]:
    """Opens the page of somebody who watches, its line tapped."""

    def open_page(person: str = "student1", **options: object) -> Room:
        context = new_person(classroom.lectern.cast[person], viewport=WIDE, **options)
        room = tapped_room(context, classroom.url).join()
        room.expect_picture()
        return room

    return open_page


@pytest.fixture
def student(open_student: Callable[..., Room]) -> Room:
    """A page that shows the teacher's picture."""
    return open_student()


def test_a_picture_is_chosen_by_keyboard_and_remembered(student: Room) -> None:
    picture = student.page.get_by_label("Picture", exact=True)
    expect(picture).to_have_value("automatic")
    assert asked(student, "media.prefer") == [], "nothing was limited, and nothing had to be said"
    picture.focus()
    picture.press("ArrowDown")
    expect_limits(student, {CAMERA: 1, SCREEN: 1})
    picture.press("ArrowDown")
    expect_limits(student, {CAMERA: 0, SCREEN: 0})
    assert student.page.evaluate(REMEMBERED) == "low"
    student.page.reload()
    student.expect_picture()
    expect_limits(student, {CAMERA: 0, SCREEN: 0})
    student.page.get_by_label("Picture", exact=True).select_option("Automatic")
    expect_limits(student, NOTHING_LIMITED)


def test_sound_only_leaves_the_sound_and_no_picture(student: Room) -> None:
    student.page.get_by_label("Picture", exact=True).select_option("Sound only")
    expect_limits(student, SOUND_ONLY)
    expect(student.page.locator("#camera-paused-text")).to_have_text("Sound only")
    expect(student.page.locator(f'video[data-slot="{CAMERA}"]')).to_be_hidden()
    student.expect_sound()
    student.page.get_by_label("Picture", exact=True).select_option("Automatic")
    expect(student.page.locator("#camera-paused-text")).to_be_hidden()
    student.expect_picture()


def test_a_choice_is_told_to_every_new_connection(student: Room, classroom: ClassRoom) -> None:
    student.page.get_by_label("Picture", exact=True).select_option("Low")
    expect_limits(student, {CAMERA: 0, SCREEN: 0})
    before = len(asked(student, "media.prefer"))
    classroom.lectern.kill_relay()
    student.wait_until(
        lambda: len(asked(student, "media.prefer")) > before, PICTURE_SECONDS, "the new relay is told nothing"
    )
    expect_limits(student, {CAMERA: 0, SCREEN: 0})
    student.expect_picture()


def test_a_small_tile_asks_for_a_small_layer(teacher: Room, student: Room) -> None:
    teacher.button("Share screen").click()
    student.expect_picture(SCREEN)
    expect_limits(student, {CAMERA: 0})
    teacher.page.locator('[data-action="screen"]').click()
    expect_limits(student, NOTHING_LIMITED)
    student.page.set_viewport_size({"width": 390, "height": 844})
    expect_limits(student, {CAMERA: 0})


def test_a_page_that_nobody_looks_at_gets_no_picture_until_somebody_does(student: Room) -> None:
    student.page.evaluate(HIDE, True)
    expect_limits(student, SOUND_ONLY, AWAY_SECONDS)
    student.expect_sound()
    student.page.evaluate(HIDE, False)
    expect_limits(student, NOTHING_LIMITED)
    student.expect_picture()
    assert student.peers() == 1


def test_a_picture_paused_by_the_link_is_explained_and_not_mended(
    teacher: Room, student: Room, open_student: Callable[..., Room]
) -> None:
    other = open_student("student2")
    tell_link(student, {CAMERA: -1}, "link")
    teacher.page.evaluate(PAUSE_CAMERA)
    expect(student.page.locator("#camera-paused-text")).to_have_text(TOO_SLOW)
    expect(student.page.locator(f'video[data-slot="{CAMERA}"]')).to_be_hidden()
    # Who was told nothing takes the stillness for a fault: then there was time for that.
    other.wait_until(lambda: other.peers() > 1, PICTURE_SECONDS, "no page would have noticed")
    assert student.peers() == 1
    assert student.state() == "connected"
    student.expect_sound()
    inspect(student.page)
    teacher.page.evaluate(RESUME_CAMERA)
    tell_link(student, {CAMERA: 0}, "link")
    expect(student.page.locator("#camera-paused-text")).to_be_hidden()
    student.expect_picture()
    assert student.peers() == 1


def test_a_picture_that_goes_on_is_shown_although_nothing_was_told(student: Room) -> None:
    tell_link(student, {CAMERA: -1}, "link")
    expect(student.page.locator("#camera-paused-text")).to_be_visible()
    expect(student.page.locator("#camera-paused-text")).to_be_hidden()
    expect(student.page.locator(f'video[data-slot="{CAMERA}"]')).to_be_visible()


def test_a_lower_layer_is_explained_to_who_points_at_the_sign(student: Room) -> None:
    sign = student.page.get_by_role("button", name=LESS_SHARP)
    words = student.page.locator("#signal-text")
    expect(sign).to_be_hidden()
    tell_link(student, {CAMERA: 0}, "link")
    expect(sign).to_be_visible()
    expect(words).to_have_css("opacity", "0")
    sign.hover()
    expect(words).to_have_css("opacity", "1")
    student.page.mouse.move(5, 5)
    expect(words).to_have_css("opacity", "0")
    sign.focus()
    expect(words).to_have_css("opacity", "1")
    inspect(student.page)
    tell_link(student, {CAMERA: 2}, "")
    expect(sign).to_be_hidden()


def test_what_is_chosen_is_not_called_a_slow_connection(student: Room) -> None:
    student.page.get_by_label("Picture", exact=True).select_option("Low")
    tell_link(student, {CAMERA: 0}, "choice")
    expect_limits(student, {CAMERA: 0, SCREEN: 0})
    expect(student.page.locator("#signal")).to_be_hidden()


def test_freezes_are_reported(teacher: Room, student: Room) -> None:
    def has_reported() -> bool:
        teacher.page.evaluate(PAUSE_CAMERA)
        # The picture stands still so long: too short for a fault, long enough to be seen.
        student.page.wait_for_timeout(800)
        teacher.page.evaluate(RESUME_CAMERA)
        student.page.wait_for_timeout(1200)
        return bool(asked(student, "media.report"))

    student.wait_until(has_reported, REPORT_SECONDS, "nothing is reported")
    report = asked(student, "media.report")[0]
    assert report["freezes"] >= 1
    assert report["frozen_ms"] >= 500
