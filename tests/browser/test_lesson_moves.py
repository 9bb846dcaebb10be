"""Two relays: a lesson moves off one that stops or dies, and stays where it is when it may."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from functools import partial

import psutil
import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import ClassRoom, run_lectern
from tests.browser.test_lesson_faults import in_session
from tests.support.lectern import Lectern
from tests.support.processes import free_udp_ports, patience, wait_until
from tests.support.room import BACK_SECONDS, PICTURE_SECONDS, Room, go_through

GAP_SECONDS = 2.0
"""So long sound and pictures may pause at most, on a quiet machine, when a relay is drained."""

REMOTE_PORT = """
async () => {
  const peer = window.seenByTests.peers.findLast((each) => each.connectionState === "connected");
  const stats = [...(await peer?.getStats() ?? new Map()).values()];
  const pair = stats.find((stat) => stat.type === "candidate-pair" && stat.nominated);
  return stats.find((stat) => stat.id === pair?.remoteCandidateId)?.port ?? 0;
}
"""

WATCH_GAPS = """
() => {
  const video = document.querySelector('video[data-slot="teacher-camera"]');
  window.longestGap = 0;
  let last = performance.now();
  const seen = () => {
    const now = performance.now();
    window.longestGap = Math.max(window.longestGap, now - last);
    last = now;
    video.requestVideoFrameCallback(seen);
  };
  video.requestVideoFrameCallback(seen);
}
"""


@pytest.fixture(scope="module")
def two_relays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lectern]:
    """An installation with two relays."""
    settings = {"RELAY_PROCESSES": "2", "RELAY_NAME": "relay", "MEDIA_PORT": str(free_udp_ports(2))}
    yield from run_lectern(tmp_path_factory.mktemp("two-relays"), **settings)


@pytest.fixture
def lesson(two_relays: Lectern, new_person: Callable[..., BrowserContext]) -> tuple[ClassRoom, list[Room]]:
    """A teacher, live, and two students who watch, while both relays are there."""
    wait_until(lambda: is_quiet(two_relays), BACK_SECONDS, "the relays are not there")
    return in_session(ClassRoom(two_relays, new_person), watching=2)


def is_quiet(lectern: Lectern) -> bool:
    """Whether both relays run and have registered."""
    registered = "from classroom.services import relay_choice; print(relay_choice.available().count())"
    return len(lectern.relays()) == 2 and lectern.manage("shell", "-v0", "-c", registered).strip() == "2"


def relay_of(lectern: Lectern, room: Room) -> tuple[str, psutil.Process]:
    """The relay whose port the page's media comes from."""
    number = room.page.evaluate(REMOTE_PORT) - int(lectern.environment["MEDIA_PORT"]) + 1
    assert number in (1, 2)
    return f"relay-{number}", lectern.relays()[f"relay-{number}"]


def longest_gap(room: Room) -> float:
    """The longest time between two pictures since the watch began, in seconds."""
    gap: float = room.page.evaluate("() => window.longestGap")
    return gap / 1000


def moved(lectern: Lectern, room: Room, old: str) -> bool:
    """Whether the page's media comes from the other relay."""
    port = room.page.evaluate(REMOTE_PORT)
    return port != 0 and f"relay-{port - int(lectern.environment['MEDIA_PORT']) + 1}" != old


def test_a_relay_that_is_told_to_stop_hands_its_lesson_over_without_a_click(
    lesson: tuple[ClassRoom, list[Room]],
) -> None:
    classroom, (teacher, *students) = lesson
    lectern = classroom.lectern
    name, relay = relay_of(lectern, students[0])
    for student in students:
        student.page.evaluate(WATCH_GAPS)
    relay.send_signal(signal.SIGTERM)
    for room in (teacher, *students):
        room.wait_until(partial(moved, lectern, room, name), BACK_SECONDS, "no move")
    for student in students:
        student.expect_picture()
        student.expect_sound()
    gaps = [longest_gap(student) for student in students]
    print("longest gaps", gaps)
    assert max(gaps) <= GAP_SECONDS * patience()
    wait_until(lambda: not relay.is_running(), BACK_SECONDS, "the relay goes on")
    log = (lectern.folder / "supervisor.log").read_text()
    assert f"The {name} process ended with exit code 0; it starts again" in log


def test_a_killed_relay_s_lesson_goes_on_at_another(lesson: tuple[ClassRoom, list[Room]]) -> None:
    classroom, rooms = lesson
    name, relay = relay_of(classroom.lectern, rooms[1])
    for student in rooms[1:]:
        student.page.evaluate(WATCH_GAPS)
    go_through(relay.kill, rooms)
    for student in rooms[1:]:
        student.expect_picture()
        student.expect_sound()
    print(name, "longest gaps", [longest_gap(student) for student in rooms[1:]])


def _decodes_beyond(student: Room, frames: float) -> bool:
    return student.decoded_frames() > frames


def test_a_restarted_web_tier_moves_no_lesson(lesson: tuple[ClassRoom, list[Room]]) -> None:
    classroom, rooms = lesson
    frames = [student.decoded_frames() for student in rooms[1:]]
    go_through(classroom.lectern.restart_web, rooms)
    for student, before in zip(rooms[1:], frames, strict=True):
        student.wait_until(
            partial(_decodes_beyond, student, before),
            PICTURE_SECONDS,
            "media began anew although its relay went on",
        )
        student.expect_sound()
