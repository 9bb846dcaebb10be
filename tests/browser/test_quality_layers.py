"""Each gets the layer that their line carries and that they wish for, in real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ClassRoom, NewPath
from tests.browser.test_picture import TOO_SLOW
from tests.browser.test_quality import FAR, FRAMES
from tests.support.path import Conditions
from tests.support.processes import patience
from tests.support.quality import concealed_part, height, pictures_for, sent_frames, sent_heights
from tests.support.room import CAMERA, PICTURE_SECONDS, Room

pytestmark = pytest.mark.timeout(600)
"""On a busy machine everything here is waited for that much longer."""
LAYER_SECONDS = 45.0
"""A machine that is busy for a moment makes the relay step down. From the lowest layer it takes two steps of
some five seconds, and 8 and 16 seconds more where they had to be taken back."""

SOUND_KBPS = 110
"""Enough for sound and its headers, and not for the lowest layer beside it."""
PAUSE_SECONDS = 30.0
CLEAR = 0.05
"""The part of the sound that may be made up."""


@pytest.fixture
def chromium(quick_chromium: Browser) -> Browser:
    """What everyone here watches with."""
    return quick_chromium


def expect_layer(student: Room, teacher: Room, rid: str) -> None:
    """Waits until a student's picture is the one that the teacher's page sends as that layer."""
    seen: list[tuple[float, dict[str, float]]] = []

    def is_there() -> bool:
        now = height(student), sent_heights(teacher)
        if now not in seen[-1:]:
            seen.append(now)
        return 0 < now[0] == now[1].get(rid)

    try:
        student.wait_until(is_there, LAYER_SECONDS, f"layer {rid} does not come")
    except AssertionError as error:
        error.add_note(f"lines seen by the student, and sent of each layer: {seen}")
        raise


def expect_sent(teacher: Room, rid: str, *, wanted: bool = True) -> None:
    """Waits until the teacher's page sends a layer, or does so no more."""

    def is_as_wanted() -> bool:
        before = sent_frames(teacher).get(rid, 0)
        teacher.page.wait_for_timeout(1000)
        return (sent_frames(teacher).get(rid, 0) > before) == wanted

    teacher.wait_until(is_as_wanted, PICTURE_SECONDS, f"layer {rid} is sent: {not wanted}")


def test_a_narrow_line_comes_to_hold_the_low_layer_and_is_back_on_top_once_it_is_wide(
    classroom: ClassRoom, new_path: NewPath
) -> None:
    teacher = classroom.live_teacher()
    path = new_path()
    path.change(up=FAR, down=FAR)
    bad, good = classroom.watching("student1", path=path), classroom.watching("student2")
    for student in (bad, good):
        expect_layer(student, teacher, "h")
    path.change(down=Conditions(kbps=300, delay_ms=30, queue_ms=300))

    def holds() -> bool:
        lost = path.down.overflowed
        seen, reference = pictures_for(5, (bad, good))
        return path.down.overflowed == lost and seen.framesDecoded >= FRAMES * reference.framesDecoded > 0

    bad.wait_until(holds, 2 * PICTURE_SECONDS, "the line does not hold the low layer")
    assert height(bad) == sent_heights(teacher)["l"]
    bad.expect_sound()
    assert height(good) == sent_heights(teacher)["h"]
    path.change(down=FAR)
    expect_layer(bad, teacher, "h")


def test_a_line_too_thin_for_any_picture_still_brings_clear_sound_and_the_picture_comes_back(
    classroom: ClassRoom, new_path: NewPath
) -> None:
    teacher = classroom.live_teacher()
    path = new_path()
    path.change(up=FAR, down=FAR)
    student = classroom.watching("student1", path=path)
    expect_layer(student, teacher, "h")
    path.change(down=Conditions(kbps=SOUND_KBPS, delay_ms=30, queue_ms=300))
    expect(student.page.locator("#camera-paused-text")).to_have_text(
        TOO_SLOW, timeout=1000 * PAUSE_SECONDS * patience()
    )
    student.wait_until(lambda: concealed_part(student, 5) < CLEAR, PAUSE_SECONDS, "the sound is not clear")
    student.expect_sound()
    student.expect_no_picture()
    path.change(down=FAR)
    student.expect_picture(seconds=LAYER_SECONDS)
    expect_layer(student, teacher, "h")


def test_what_a_student_wants_is_kept_to_by_the_relay_and_spares_the_teacher(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    expect_layer(student, teacher, "h")

    def prefer(limits: dict[str, int]) -> None:
        reply = student.say("media.prefer", {"limits": limits})
        assert reply
        assert reply["ok"], reply

    prefer({CAMERA: 0})
    expect_layer(student, teacher, "l")
    expect_sent(teacher, "h", wanted=False)
    expect_sent(teacher, "l")
    prefer({})
    expect_sent(teacher, "h")
    expect_layer(student, teacher, "h")
    student.expect_picture()
    assert "reconnecting" not in student.states_seen()
