"""Each gets the layer that they wish for, in real Chromium, and the teacher sends no other."""

from __future__ import annotations

import pytest

from tests.browser.conftest import ClassRoom
from tests.support.quality import height, sent_frames, sent_heights
from tests.support.room import CAMERA, PICTURE_SECONDS, Room

pytestmark = pytest.mark.timeout(600)
"""On a busy machine everything here is waited for that much longer."""


def expect_layer(student: Room, teacher: Room, rid: str) -> None:
    """Waits until a student's picture is the one that the teacher's page sends as that layer."""
    student.wait_until(
        lambda: 0 < height(student) == sent_heights(teacher).get(rid),
        PICTURE_SECONDS,
        f"layer {rid} does not come",
    )


def expect_sent(teacher: Room, rid: str, *, wanted: bool = True) -> None:
    """Waits until the teacher's page sends a layer, or does so no more."""

    def is_as_wanted() -> bool:
        before = sent_frames(teacher).get(rid, 0)
        teacher.page.wait_for_timeout(1000)
        return (sent_frames(teacher).get(rid, 0) > before) == wanted

    teacher.wait_until(is_as_wanted, PICTURE_SECONDS, f"layer {rid} is sent: {not wanted}")


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
