"""Students on lines that lose, in real Chromium; measured against one on a good line, who notices nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import ClassRoom, NewPath
from tests.support.path import Conditions, UdpPath
from tests.support.quality import Picture, difference, height, picture, pictures_for
from tests.support.room import PICTURE_SECONDS, Room

FAR = Conditions(delay_ms=30)
"""One direction of a round trip of 60 ms."""
LEARNING_SECONDS = 3.0
"""Until a browser keeps pictures back for what is sent again; the benchmark gives it as long."""
WATCHED_SECONDS = 20.0
WATCHED_AT_MOST = 60.0
"""What Chromium calls a freeze lasts 0.2 s at least: a single one says little of the share of 20 s."""
FRAMES = 25 / 30
"""Of the frames that someone on a good line decodes."""
FREEZES = 0.01
RECOVERY_SECONDS = 3.0


@pytest.fixture
def chromium(quick_chromium: Browser) -> Browser:
    """What everyone here watches with."""
    return quick_chromium


def watchers(classroom: ClassRoom, path: UdpPath) -> tuple[Room, Room]:
    """A student on the path and one on a good line, who both see the same layer."""
    bad, good = classroom.watching("student1", path=path), classroom.watching("student2")
    for student in (bad, good):
        student.expect_picture()
        student.expect_sound()
    bad.wait_until(lambda: height(bad) == height(good) > 0, PICTURE_SECONDS, "not the same layer for both")
    return bad, good


def expect_unharmed(counted: Picture) -> None:
    """Asserts that a student has lost nothing."""
    assert counted.packetsLost == 0
    assert counted.framesDecoded > 0


def test_five_percent_loss_is_hardly_seen_and_by_nobody_else(classroom: ClassRoom, new_path: NewPath) -> None:
    classroom.live_teacher()
    path = new_path()
    path.change(up=FAR, down=FAR)
    bad, good = watchers(classroom, path)
    path.change(down=Conditions(loss=0.05, delay_ms=30))
    bad.page.wait_for_timeout(LEARNING_SECONDS * 1000)
    lost = path.down.lost
    before = picture(bad), picture(good)
    seconds, frozen = 0.0, float("inf")
    while frozen > FREEZES * seconds and seconds < WATCHED_AT_MOST:
        bad.page.wait_for_timeout(WATCHED_SECONDS * 1000)
        seconds += WATCHED_SECONDS
        seen, unharmed = difference(picture(bad), before[0]), difference(picture(good), before[1])
        frozen = seen.totalFreezesDuration - unharmed.totalFreezesDuration
        print(seconds, seen, unharmed, path.down)
    assert path.down.lost - lost > 20
    assert seen.nackCount > 0
    assert seen.framesDecoded >= FRAMES * unharmed.framesDecoded
    assert frozen <= FREEZES * seconds
    expect_unharmed(unharmed)


def test_a_burst_of_heavy_loss_is_over_soon_after_its_end(classroom: ClassRoom, new_path: NewPath) -> None:
    classroom.live_teacher()
    path = new_path()
    path.change(up=FAR, down=FAR)
    bad, good = watchers(classroom, path)
    path.change(up=Conditions(loss=0.3, delay_ms=30), down=Conditions(loss=0.3, delay_ms=30))
    _, unharmed = pictures_for(10, (bad, good))
    expect_unharmed(unharmed)
    path.change(up=FAR, down=FAR)

    def is_fluent() -> bool:
        seen, reference = pictures_for(0.5, (bad, good))
        return seen.framesDecoded >= FRAMES * reference.framesDecoded > 0

    bad.wait_until(is_fluent, RECOVERY_SECONDS, "the picture does not recover")
    assert "reconnecting" not in bad.states_seen()
