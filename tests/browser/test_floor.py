"""The floor in real browsers: a student raises a hand, is given the floor, is heard, and is cut off."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

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

SEND_SCREEN = """
async () => {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  setInterval(() => context.fillRect(Math.random() * 300, Math.random() * 150, 5, 5), 50);
  const [track] = canvas.captureStream(15).getTracks();
  const lines = window.seenByTests.peers.flatMap((peer) => peer.getTransceivers());
  const senders = lines.filter(({ direction }) => direction === "sendonly");
  await senders[2].sender.replaceTrack(track);
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
    installation: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    classroom = ClassRoom(installation, new_person)
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
        room.expect_some_picture(FACE)
        expect(room.page.locator(".floor-tile")).to_contain_text("Student 1")
    assert speaker.received(VOICE) is None
    listener.expect_picture(CAMERA)
    speaker.button("Hand back").click()
    for room in (teacher, listener):
        expect(room.page.locator(".floor-tile")).to_have_count(0)
    expect(speaker.page.locator("#floor-own")).to_be_hidden()


def test_a_mute_and_taking_back_cut_off_a_page_that_goes_on_sending(classroom: ClassRoom) -> None:
    teacher, speaker, listener = speaking(classroom)
    for room in (teacher, listener):
        room.expect_sound(VOICE)
    speaker.page.evaluate(KEEP_SENDING)
    queue = teacher.page.locator("#queue-turns")
    queue.get_by_role("button", name="Mute Student 1").click()
    speaker.expect_words("You were muted by your teacher.")
    expect_cut(teacher, speaker, listener)
    queue.get_by_role("button", name="Let Student 1 turn the microphone on").click()
    speaker.button("Microphone").click()
    for room in (teacher, listener):
        room.expect_sound(VOICE)
    queue.get_by_role("button", name="Take back from Student 1").click()
    speaker.expect_words("Your turn is over.")
    expect_cut(teacher, speaker, listener)
    assert listener.peers() == 1, "what others send costs a listener no connection"


def test_the_end_of_the_time_cuts_off_a_page_that_goes_on_sending(classroom: ClassRoom) -> None:
    teacher, speaker, listener = speaking(classroom)
    listener.expect_sound(VOICE)
    speaker.page.evaluate(KEEP_SENDING)
    person = teacher.page.locator("#queue-turns li").get_attribute("data-person")
    reply = teacher.say("floor.give", {"person": person, "kind": "floor", "seconds": 10})
    assert reply is not None
    assert reply["ok"]
    expect(speaker.page.locator("#floor-own-left")).to_be_visible()
    speaker.expect_words("Your turn is over.")
    expect_cut(teacher, speaker, listener)


def test_what_a_student_may_not_do_brings_nothing_to_others(classroom: ClassRoom) -> None:
    teacher, speaker, listener = speaking(classroom)
    listener.expect_sound(VOICE)
    person = teacher.page.locator("#queue-turns li").get_attribute("data-person")
    gift = {"person": person, "kind": "screen", "seconds": None}
    offer = {"sdp": "v=0\r\n", "sources": {"0": "microphone"}}
    refused = [
        (listener, "floor.give", gift, "forbidden"),
        (speaker, "floor.give", gift, "forbidden"),
        (listener, "media.publish", offer, "forbidden"),
        (listener, "floor.accept", {"kind": "floor", "sources": ["microphone"]}, "conflict"),
        (speaker, "floor.accept", {"kind": "screen", "sources": ["screen"]}, "conflict"),
        (speaker, "floor.set_sources", {"kind": "floor", "sources": ["screen"]}, "bad_request"),
        (speaker, "stage.set_sources", {"sources": ["screen"]}, "forbidden"),
    ]
    for room, kind, body, code in refused:
        reply = room.say(kind, body)
        assert reply is not None
        assert reply["error"]["code"] == code, kind
    # A page that sends a screen all the same, on the connection that it has for its microphone.
    before = sent(speaker)
    speaker.page.evaluate(SEND_SCREEN)
    speaker.wait_until(lambda: sent(speaker) > before + 200, PICTURE_SECONDS, "the screen is not sent")
    for room in (teacher, listener):
        for slot in ("floor-screen", "staff-screen", "teacher-screen"):
            assert not (room.received(slot) or {}).get("packets")


def test_the_turn_outlasts_a_reload_and_a_restart_of_the_web_tier(classroom: ClassRoom) -> None:
    teacher, speaker, listener = speaking(classroom)
    listener.expect_sound(VOICE)
    speaker.page.reload()
    expect(speaker.page.locator("#floor-own")).to_be_visible()
    listener.expect_sound(VOICE)
    listener.button("Raise hand").click()
    expect(teacher.page.locator("#queue-hands li")).to_have_count(1)
    classroom.lectern.restart_web()
    for room in (teacher, speaker, listener):
        room.expect_state("connected")
    listener.expect_sound(VOICE)
    expect(teacher.page.locator("#queue-hands li")).to_have_count(1)
    expect(speaker.page.locator("#floor-own")).to_be_visible()
    teacher.expect_sound(VOICE)


def test_in_office_hours_one_student_after_another_is_inside_alone(
    lectern: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    classroom = ClassRoom(lectern, new_person, format="office_hours")
    teacher = classroom.live_teacher()
    first = classroom.watching("student1")
    first.expect_words("You are number 1 in the queue.")
    second = classroom.watching("student2")
    second.expect_words("You are number 2 in the queue.")
    for inside, outside in ((first, second), (second, first)):
        teacher.button("Next, please").click()
        inside.button("Turn my microphone on").click()
        inside.expect_some_picture(CAMERA)
        teacher.expect_sound(VOICE)
        outside.expect_no_packets()
        expect(outside.page.locator("#floor-outside")).to_be_visible()
