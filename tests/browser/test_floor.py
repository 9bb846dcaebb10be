"""The floor in real browsers: a student raises a hand, is given the floor, is heard and seen, and is cut off."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.support.lectern import Lectern
from tests.support.room import CAMERA, PICTURE_SECONDS, Room

VOICE = "floor-1-microphone"
FACE = "floor-1-camera"
CUT_SECONDS = 5.0
"""How long a cut may take to be seen on a busy machine; the relay needs a fraction of a second."""
KEEP_SENDING = """
() => {
  RTCRtpSender.prototype.replaceTrack = async () => {};
  RTCPeerConnection.prototype.close = () => {};
  MediaStreamTrack.prototype.stop = () => {};
  Object.defineProperty(MediaStreamTrack.prototype, "enabled", { set: () => {} });
}
"""
"""Makes a page a hostile one that goes on sending what it sends, whatever it is told."""
SENT = """
async () => {
  let packets = 0;
  for (const peer of window.seenByTests.peers) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === "outbound-rtp") packets += stat.packetsSent;
    }
  }
  return packets;
}
"""


def give_the_floor(teacher: Room, time: str = "No limit") -> None:
    """The teacher gives it to the first of the queue, whose name is on the button."""
    teacher.page.get_by_label("Speaking time").select_option(label=time)
    teacher.page.locator("[data-queue=give]").first.click()


def accept(student: Room, *, with_camera: bool = False) -> None:
    """The student takes the floor."""
    if with_camera:
        student.page.get_by_label("With my camera, too").check()
    student.button("Turn my microphone on").click()
    expect(student.page.locator("#floor-own")).to_be_visible()


def speaking(classroom: ClassRoom, time: str = "No limit", **options: bool) -> tuple[Room, Room, Room]:
    """A teacher, a student who has the floor and another one."""
    teacher = classroom.live_teacher()
    speaker, listener = classroom.watching("student1"), classroom.watching("student2")
    listener.expect_picture(CAMERA)
    speaker.button("Raise hand").click()
    give_the_floor(teacher, time)
    accept(speaker, **options)
    return teacher, speaker, listener


def sent(room: Room) -> int:
    """How many packets a page has sent."""
    packets: int = room.page.evaluate(SENT)
    return packets


def expect_still_sending(room: Room) -> None:
    """A page that was made hostile goes on sending."""
    before = sent(room)
    room.wait_until(lambda: sent(room) > before, PICTURE_SECONDS, "the hostile page has stopped by itself")


def expect_cut(teacher: Room, speaker: Room, listener: Room) -> None:
    """Nobody hears the speaker any more, whose page goes on sending."""
    for room in (teacher, listener):
        room.expect_silence(VOICE, CUT_SECONDS)
    expect_still_sending(speaker)


def test_a_student_is_heard_and_seen_by_all_once_they_have_accepted(
    installation: Lectern, new_person: object
) -> None:
    classroom = ClassRoom(installation, new_person)  # type: ignore[arg-type]
    teacher = classroom.live_teacher()
    speaker, listener = classroom.watching("student1"), classroom.watching("student2")
    for room in (speaker, listener):
        room.expect_picture(CAMERA)
    speaker.page.keyboard.press("Alt+h")
    expect(speaker.page.locator("#hand")).to_have_attribute("aria-pressed", "true")
    expect(teacher.page.locator("#queue-hands li")).to_contain_text("Has not spoken yet this week")
    give_the_floor(teacher)
    expect(speaker.page.locator("#floor-offer")).to_be_visible()
    assert sent(speaker) == 0
    accept(speaker, with_camera=True)
    for room in (teacher, listener):
        room.expect_sound(VOICE)
        room.expect_picture(FACE)
        expect(room.page.locator(".floor-tile")).to_contain_text("Student 1")
    assert speaker.received(VOICE) is None
    listener.expect_picture(CAMERA)
    speaker.button("Hand back").click()
    for room in (teacher, listener):
        expect(room.page.locator(".floor-tile")).to_have_count(0)
    expect(speaker.page.locator("#floor-own")).to_be_hidden()
