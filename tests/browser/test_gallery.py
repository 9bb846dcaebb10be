"""Small cameras for the teachers alone, in real browsers."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.support.room import CAMERA, Room

TILE = "gallery-1-camera"
PICTURES = """
async () => {
  const found = [];
  for (const peer of window.seenByTests.peers) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === "inbound-rtp" && stat.kind === "video" && stat.packetsReceived) found.push(stat.mid);
    }
  }
  return found;
}
"""
OFFERED = """
() => window.seenByTests.peers.flatMap((peer) => peer.getTransceivers())
  .filter(({ direction }) => direction === "recvonly").length
"""


def pictures(room: Room) -> list[str]:
    """The m-lines that have brought the page any picture."""
    found: list[str] = room.page.evaluate(PICTURES)
    return found


def test_a_camera_for_the_teachers_is_small_and_reaches_no_other_student(classroom: ClassRoom) -> None:
    classroom.lectern.ask("set_course", course=classroom.course, student_cameras=True)
    teacher = classroom.live_teacher()
    shy, other = classroom.watching("student1"), classroom.watching("student2")
    other.expect_picture(CAMERA)
    shy.button("Camera for teachers").click()
    shy.expect_words("Your teachers see you")
    teacher.expect_some_picture(TILE)
    assert 0 < (teacher.received(TILE) or {})["width"] <= 320
    expect(teacher.page.locator(".gallery__tile")).to_contain_text("Student 1")
    assert other.received(TILE) is None
    assert len(pictures(other)) == 1, "only the teacher's camera has come"
    assert other.page.evaluate(OFFERED) < teacher.page.evaluate(OFFERED)
    shy.button("Camera for teachers").click()
    expect(teacher.page.locator(".gallery__tile")).to_have_count(0)
    expect(shy.page.locator("#floor-own")).to_be_hidden()
