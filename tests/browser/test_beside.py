"""A second teacher or an assistant speaks beside the stage's holder, from the page that they watch with."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.browser.test_floor import CUT_SECONDS, FACE, VOICE
from tests.support.room import CAMERA, MICROPHONE


def test_an_assistant_speaks_beside_the_teacher_and_all_hear_and_see_both(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    assistant, student = classroom.watching("assistant"), classroom.watching("student1")
    assistant.expect_picture(CAMERA)
    assistant.button("Speak").click()
    own = assistant.page.locator("#floor-own")
    expect(own).to_contain_text("Everybody hears you.")
    expect(assistant.button("Speak")).to_be_hidden()
    for room in (teacher, student):
        room.expect_sound(VOICE)
        expect(room.page.locator(".floor-tile")).to_contain_text("Asta Assistant")
        expect(room.page.locator(".floor-tile")).to_have_attribute("data-camera", "off")

    own.get_by_role("button", name="Camera").click()
    for room in (teacher, student):
        room.expect_some_picture(FACE)
    expect(own.locator("video")).to_be_visible()
    for room in (assistant, student):
        room.expect_sound(MICROPHONE)
        room.expect_some_picture(CAMERA)
    assert classroom.row()["holder"] == "teacher@demo.school"
    assert assistant.received(VOICE) is None

    assistant.page.reload()
    expect(own).to_contain_text("Everybody hears you.")
    student.expect_some_picture(FACE)
    student.expect_sound(VOICE)

    assistant.button("Stop speaking").click()
    expect(own).to_be_hidden()
    expect(assistant.button("Speak")).to_be_focused()
    for room in (teacher, student):
        expect(room.page.locator(".floor-tile")).to_have_count(0)
        room.expect_silence(VOICE, CUT_SECONDS)
    student.expect_some_picture(CAMERA)


def test_whoever_speaks_beside_the_stage_may_take_it(classroom: ClassRoom) -> None:
    teacher, assistant = classroom.live_teacher(), classroom.watching("assistant")
    assistant.button("Speak").click()
    teacher.expect_sound(VOICE)
    assert teacher.button("Speak").is_hidden()
    assistant.button("My camera").click()
    expect(teacher.page.locator(".floor-tile")).to_have_count(0)
    assistant.button("Camera").click()
    assistant.go_live()
    teacher.button("Join").click()
    teacher.expect_picture(CAMERA)
    teacher.button("Speak").click()
    assistant.expect_sound(VOICE)
