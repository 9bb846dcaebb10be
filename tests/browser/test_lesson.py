"""A lesson in real browsers: the teacher broadcasts, students watch and hear."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import ClassRoom
from tests.support.lectern import Lectern
from tests.support.room import CAMERA, MICROPHONE, SCREEN, Room, enter_from_timetable

MEMBERS = ("student1", "student2", "student3")
PHONE = {"width": 390, "height": 844}
WIDTH_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def addresses(*names: str) -> list[str]:
    """E-mail addresses of the cast, in the order of a sorted roster."""
    return sorted(f"{name}@demo.school" for name in names)


def test_a_teacher_goes_live_and_three_students_see_and_hear(
    installation: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    classroom = ClassRoom(installation, new_person)
    page = new_person().new_page()
    teacher = enter_from_timetable(page, installation.url, "teacher@demo.school", classroom.url)
    teacher.go_live()
    teacher.expect_state("connected")
    assert "reconnecting" not in teacher.states_seen()
    students = [classroom.watching(name) for name in MEMBERS]
    for student in students:
        student.expect_picture(CAMERA)
        student.expect_sound(MICROPHONE)
        student.expect_state("connected")
    for room in (teacher, *students):
        room.expect_people(4)
    assert classroom.present() == addresses("teacher", *MEMBERS)
    assert classroom.row()["state"] == "live"


def test_a_screen_is_shown_beside_the_camera(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture(CAMERA)
    teacher.button("Share screen").click()
    student.expect_picture(SCREEN)
    student.expect_picture(CAMERA)
    expect(student.page.locator(f'video[data-slot="{SCREEN}"]')).to_be_visible()
    expect(student.page.locator(f'video[data-slot="{CAMERA}"]')).to_be_visible()
    teacher.page.locator('[data-action="screen"]').click()
    student.expect_no_picture(SCREEN)
    expect(student.page.locator(f'video[data-slot="{SCREEN}"]')).to_be_hidden()
    student.expect_picture(CAMERA)


def test_muting_stops_the_sound_and_the_camera_switch_stops_the_picture(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture()
    student.expect_sound()
    microphone, camera = teacher.button("Microphone"), teacher.button("Camera")
    expect(microphone).to_have_attribute("aria-pressed", "true")
    microphone.click()
    expect(microphone).to_have_attribute("aria-pressed", "false")
    student.expect_silence()
    camera.click()
    expect(camera).to_have_attribute("aria-pressed", "false")
    student.expect_no_picture()
    student.expect_state("connected")
    microphone.click()
    camera.click()
    student.expect_sound()
    student.expect_picture()


def test_a_late_student_gets_picture_and_sound(classroom: ClassRoom) -> None:
    classroom.live_teacher()
    first = classroom.watching("student1")
    first.expect_picture()
    late = classroom.watching("student2")
    late.expect_picture()
    late.expect_sound()


def test_the_waiting_page_turns_into_the_lesson_by_itself(classroom: ClassRoom) -> None:
    student = classroom.watching()
    expect(student.page.locator("#room")).to_have_attribute("data-view", "waiting")
    student.expect_state("connected")
    classroom.live_teacher()
    student.expect_picture()
    student.expect_sound()


def test_a_reloaded_student_watches_again_and_leaves_no_ghost(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture()
    student.page.reload()
    student.expect_picture()
    assert classroom.present() == addresses("student1", "teacher")
    teacher.expect_people(2)


def test_a_reloaded_teacher_is_on_stage_again_and_leaves_no_ghost(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture()
    teacher.page.reload()
    expect(teacher.button("End broadcast")).to_be_visible()
    student.expect_picture()
    student.expect_sound()
    student.expect_state("connected")
    assert classroom.present() == addresses("student1", "teacher")


def test_a_second_tab_of_a_student_is_the_same_person(classroom: ClassRoom) -> None:
    classroom.live_teacher()
    first = classroom.watching()
    second = Room(first.page.context.new_page(), classroom.url).open().join()
    second.expect_picture()
    first.expect_picture()
    first.expect_people(2)
    second.page.close()
    first.expect_picture()


def test_ending_the_broadcast_ends_the_lesson_for_all(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    students = [classroom.watching(name) for name in MEMBERS[:2]]
    for student in students:
        student.expect_picture()
        student.keep_media()
    teacher.end_now()
    for room in (teacher, *students):
        room.expect_state("ended")
    for student in students:
        student.expect_no_packets()
    assert classroom.row()["state"] == "ended"


def test_leaving_ends_the_presence_at_once(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture()
    student.button("Leave").click()
    student.page.wait_for_url(lambda address: "/room/" not in address)
    teacher.wait_until(lambda: classroom.present() == addresses("teacher"), 5, "the student is still present")
    teacher.expect_people(1)


def test_the_stage_moves_to_a_second_teacher_and_the_slots_go_on(classroom: ClassRoom) -> None:
    first = classroom.live_teacher("teacher")
    student = classroom.watching()
    student.expect_picture()
    peers_before = student.peers()
    second = classroom.live_teacher("colleague")
    expect(first.button("End broadcast")).to_be_hidden()
    student.expect_picture()
    student.expect_sound()
    assert student.peers() == peers_before
    assert classroom.row()["holder"] == "colleague@demo.school"
    expect(second.page.locator("#room")).to_have_attribute("data-view", "onstage")


def test_an_assistant_may_broadcast(classroom: ClassRoom) -> None:
    classroom.live_teacher("assistant")
    classroom.watching().expect_picture()


def test_a_lesson_is_watched_on_a_phone(classroom: ClassRoom) -> None:
    classroom.live_teacher()
    student = classroom.watching(viewport=PHONE, has_touch=True, is_mobile=True)
    student.expect_picture()
    student.expect_sound()
    assert student.page.evaluate(WIDTH_OVERFLOW) <= 0
    expect(student.button("Leave")).to_be_in_viewport()
