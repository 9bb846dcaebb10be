"""A sharing teacher whose page vanishes, as when a computer dies: no empty screen stays behind."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.support.room import CAMERA, SCREEN

GRACE = 10
"""Seconds of the course, unless it says otherwise."""
FREE_SECONDS = 10.0
"""Five more to come back into one's place, some for the look that is taken now and then."""


def test_screen_and_camera_of_a_page_that_vanished_go_and_all_read_why(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    teacher.button("Share screen").click()
    for student in students:
        student.expect_some_picture(SCREEN)
        student.expect_some_picture(CAMERA)
    stage = [student.page.locator("#stage").bounding_box() for student in students]
    teacher.page.context.close()
    for student in students:
        student.expect_words("The teacher is reconnecting.", GRACE + 5)
        for slot in (SCREEN, CAMERA):
            expect(student.page.locator(f'video[data-slot="{slot}"]')).to_be_hidden()
        expect(student.page.locator("[data-surface=screen]")).to_be_hidden()
        expect(student.page.locator("#camera-off-text")).to_be_visible()
        expect(student.page.locator("[data-surface=camera]")).to_have_attribute("data-place", "main")
    # The page has had its time to come back: the stage is nobody's.
    students[0].wait_until(lambda: classroom.row()["holder"] is None, FREE_SECONDS, "the stage isn't free")
    for student in students:
        expect(student.page.locator("#camera-name")).to_have_text("")
    assert [student.page.locator("#stage").bounding_box() for student in students] == stage, "it jumps"
    for student in students:
        student.expect_words("The teacher is reconnecting.")
    # Another page of the teacher's takes the stage again, and all is as before.
    back = classroom.live_teacher()
    for student in students:
        student.expect_picture(CAMERA)
        expect(student.page.locator("#supervision-text")).to_have_text("")
    back.button("Share screen").click()
    for student in students:
        student.expect_some_picture(SCREEN)
