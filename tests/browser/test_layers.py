"""The camera's layers: all are sent, and those that nobody watches are not."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext

from tests.browser.conftest import ClassRoom
from tests.browser.tapped import BREAK_LINE, CAMERA_LAYERS, tapped_room, tell
from tests.support.room import CAMERA, PICTURE_SECONDS, Room

ALL = ["l", "m", "h"]
LOW_WIDTH = 320
UP_SECONDS = 60.0
"""How long the highest layer may take on a busy machine: publisher and relay both feel their way up."""


SMALL_CAMERA = """
(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const pen = canvas.getContext("2d");
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  let count = 0;
  devices.getUserMedia = async ({ audio, video }) => {
    const stream = new MediaStream(audio ? (await real({ audio })).getAudioTracks() : []);
    if (!video) return stream;
    setInterval(() => {
      pen.fillStyle = `hsl(${(count += 7) % 360} 80% 50%)`;
      pen.fillRect(0, 0, 640, 360);
    }, 50);
    stream.addTrack(canvas.captureStream(20).getVideoTracks()[0]);
    return stream;
  };
})();
"""


def expect_layers(teacher: Room, rids: list[str]) -> None:
    """Waits until the teacher's page sends these layers of the camera."""
    teacher.wait_until(
        lambda: teacher.page.evaluate(CAMERA_LAYERS) == rids, PICTURE_SECONDS, f"not {rids} are sent"
    )


def test_a_page_sends_the_layers_that_it_is_told_and_all_after_a_break(
    classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    teacher = tapped_room(new_person(classroom.lectern.cast["teacher"]), classroom.url).go_live()
    expect_layers(teacher, ALL)
    tell(teacher, "media.layers", {"source": "camera", "rids": ["l", "m"]})
    expect_layers(teacher, ["l", "m"])
    tell(teacher, "media.layers", {"source": "camera", "rids": []})
    expect_layers(teacher, [])
    teacher.page.evaluate(BREAK_LINE)
    expect_layers(teacher, ALL)


def test_a_layer_that_nobody_watches_is_sent_again_when_somebody_does(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture()
    student.page.locator("#picture").select_option("Low")
    expect_layers(teacher, ["l"])
    student.wait_until(
        lambda: (student.received(CAMERA) or {}).get("width") == LOW_WIDTH,
        PICTURE_SECONDS,
        "not the low layer",
    )
    student.page.locator("#picture").select_option("Automatic")
    student.wait_until(
        lambda: (student.received(CAMERA) or {}).get("width", 0) > LOW_WIDTH,
        UP_SECONDS,
        "the low layer stays",
    )
    student.expect_picture()
    assert student.peers() == 1


def test_a_small_camera_is_seen_in_its_full_size(
    classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    person = new_person(classroom.lectern.cast["teacher"])
    person.add_init_script(SMALL_CAMERA)
    teacher = tapped_room(person, classroom.url).go_live()
    student = classroom.watching()
    student.wait_until(
        lambda: (student.received(CAMERA) or {}).get("width") == 640,
        UP_SECONDS,
        "not the whole picture",
    )
    expect_layers(teacher, ["l", "m"])
