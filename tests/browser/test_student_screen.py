"""A student's screen: shown to the teachers alone where they ask for that, or to the whole class."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.support.room import CAMERA, PICTURE_SECONDS, Room

FOR_STAFF = "staff-screen"
FOR_ALL = "floor-screen"
PICTURES_THAT_COME = """
async () => {
  const coming = [];
  for (const peer of window.seenByTests.peers) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === "inbound-rtp" && stat.kind === "video" && stat.packetsReceived) coming.push(stat.mid);
    }
  }
  return coming.length;
}
"""
"""How many pictures a page gets packets of, whether it shows them or not."""


def ask_for_the_screen(student: Room, teacher: Room, answer: str) -> None:
    """The student raises a hand for it, and the teacher answers with one of the two buttons."""
    student.button("Raise hand and say what it is about").click()
    student.page.get_by_role("menuitem", name="I want to share my screen").click()
    teacher.button(answer).click()


def share(student: Room, question: str) -> None:
    """The student reads who will see it, and agrees."""
    expect(student.page.locator("#floor-offer-title")).to_have_text(question)
    student.button("Share my screen").click()
    expect(student.page.locator("#floor-own")).to_be_visible()


def expect_shared(room: Room, slot: str) -> None:
    """Waits until the screen is really seen, large, with its owner's name."""
    room.expect_some_picture(slot)
    expect(room.page.locator("[data-surface=screen]")).to_have_attribute("data-place", "main")
    expect(room.page.locator(f'video[data-slot="{slot}"]')).to_be_visible()
    expect(room.page.locator("#guest-name")).to_have_text("Screen of Student 1")


def test_a_screen_for_the_teachers_alone_brings_no_packet_to_another_student(classroom: ClassRoom) -> None:
    teacher, assistant = classroom.live_teacher(), classroom.watching("assistant")
    student, other = classroom.watching("student1"), classroom.watching("student2")
    other.expect_picture(CAMERA)
    ask_for_the_screen(student, teacher, "Screen for me")
    share(student, "Share your screen with your teachers?")
    for room in (teacher, assistant):
        expect_shared(room, FOR_STAFF)
    expect(student.page.locator("#floor-own-text")).to_have_text("Your teachers see your screen")
    assert other.page.evaluate(PICTURES_THAT_COME) == 1, "another student gets more than the teacher's camera"
    expect(other.page.locator("[data-surface=screen]")).to_be_hidden()
    # The same student now shows it to the class: the teacher asks for that without a hand up.
    student.button("Stop sharing").click()
    for room in (teacher, assistant):
        expect(room.page.locator("[data-surface=screen]")).to_be_hidden(timeout=PICTURE_SECONDS * 1000)
    teacher.of_person("Student 1", "Ask to share a screen with all")
    share(student, "Share your screen with everybody?")
    for room in (teacher, assistant, other):
        expect_shared(room, FOR_ALL)
    teacher.button("Take back from Student 1").click()
    for room in (teacher, assistant, other):
        expect(room.page.locator("[data-surface=screen]")).to_be_hidden(timeout=PICTURE_SECONDS * 1000)
    expect(student.page.locator("#floor-own")).to_be_hidden()


def test_the_teacher_asks_for_a_screen_that_nobody_else_is_to_see(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student, other = classroom.watching("student1"), classroom.watching("student2")
    other.expect_picture(CAMERA)
    teacher.of_person("Student 1", "Ask to share a screen with the teachers")
    share(student, "Share your screen with your teachers?")
    expect_shared(teacher, FOR_STAFF)
    assert other.page.evaluate(PICTURES_THAT_COME) == 1
    teacher.button("Take back from Student 1").click()
    teacher.expect_no_picture(FOR_STAFF)
    expect(teacher.page.locator("[data-surface=screen]")).to_be_hidden()
