"""Slides: uploaded, shown to all, turned by the teacher alone; a student looks back and returns."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.support import files
from tests.support.materials import (
    add_file,
    expect_no_slides,
    expect_note,
    expect_slide,
    open_files,
    row_of,
    show,
)
from tests.support.room import Room, go_through

WORDS = ["Optics", "Refraction", "The lens", "The eye"]
NAME = "Optics lesson 4.pdf"


def button(room: Room, name: str) -> Any:
    """One of the buttons of the slides."""
    return room.page.locator("#slides").get_by_role("button", name=name, exact=True)


INK = """
() => {
  const [canvas] = document.querySelectorAll("#slides [data-sheet-host] canvas");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(width / 3, height * 0.74, width / 3, height * 0.12);
  let dark = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 1] < 80) dark += 1;
  return dark;
}
"""
"""How many dark pixels there are on the paper, below its words; around it the ground is dark, too."""

TWO_PRESSES = """
async (button) => {
  button.click();
  await new Promise((done) => setTimeout(done));
  button.click();
}
"""
"""Quicker than an answer comes."""


def draw_line(room: Room) -> None:
    """Draws a line over the page by hand, below its words."""
    box = room.page.locator("#slides [data-sheet-host]").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8
    room.page.mouse.move(x - 60, y)
    room.page.mouse.down()
    for step in range(1, 13):
        room.page.mouse.move(x - 60 + 10 * step, y)
    room.page.mouse.up()


def expect_ink(room: Room, *, is_there: bool) -> None:
    """Waits until the page that the person sees has been drawn on, or has not."""
    room.wait_until(
        lambda: (room.page.evaluate(INK) > 20) == is_there, 20, "there is ink" if not is_there else "no ink"
    )


@pytest.fixture
def lesson(classroom: ClassRoom) -> list[Room]:
    """A teacher who shows slides of four pages, and two students who see the first."""
    teacher = classroom.heard_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    row = add_file(teacher, NAME, files.make_pdf(WORDS))
    expect_note(row, "4 pages")
    show(teacher, NAME)
    for room in (teacher, *students):
        expect_slide(room, 1, 4)
    return [teacher, *students]


def test_all_see_the_page_that_the_teacher_turns_to(lesson: list[Room]) -> None:
    teacher, *students = lesson
    button(teacher, "Next page").click()
    for room in lesson:
        expect_slide(room, 2, 4)
        expect(room.page.locator("#slides-words")).to_have_text("Refraction")
    teacher.page.keyboard.press("PageDown")
    teacher.page.keyboard.press("ArrowRight")
    for room in lesson:
        expect_slide(room, 4, 4)
    teacher.page.keyboard.press("ArrowLeft")
    for room in lesson:
        expect_slide(room, 3, 4)
    button(teacher, "All pages").click()
    teacher.page.get_by_role("button", name="Show page 1", exact=True).click()
    for room in lesson:
        expect_slide(room, 1, 4)
    button(teacher, "Close the slides").click()
    for room in lesson:
        expect_no_slides(room)
    assert [room.page.locator("[data-surface=camera]").get_attribute("data-place") for room in students] == [
        "main",
        "main",
    ]


def test_a_student_looks_back_and_returns_while_the_lesson_goes_on(lesson: list[Room]) -> None:
    teacher, student, other = lesson
    button(teacher, "Next page").evaluate(TWO_PRESSES)
    for room in lesson:
        expect_slide(room, 3, 4)
    button(student, "Previous page").click()
    expect_slide(student, 2, 4)
    student.expect_words("You look at page 2; the class is at page 3.")
    expect(button(student, "Next page")).to_have_attribute("aria-disabled", "false")
    for room in (teacher, other):
        expect_slide(room, 3, 4)
    button(teacher, "Next page").click()
    expect_slide(other, 4, 4)
    student.expect_words("You look at page 2; the class is at page 4.")
    expect_slide(student, 2, 4)
    button(student, "Back to the teacher's page").click()
    expect_slide(student, 4, 4)
    expect(student.page.locator("#slides-astray")).to_be_hidden()
    # What is yet to come is not for those who look about.
    button(teacher, "Previous page").click()
    expect_slide(student, 3, 4)
    button(student, "Previous page").focus()
    student.page.keyboard.press("PageDown")
    expect_slide(student, 3, 4)


def test_the_page_stays_through_reload_a_broken_line_and_a_restart_of_the_web_tier(
    classroom: ClassRoom, lesson: list[Room]
) -> None:
    teacher, student, other = lesson
    button(teacher, "Next page").click()
    for room in lesson:
        expect_slide(room, 2, 4)
    student.page.reload()
    expect_slide(student, 2, 4)
    go_through(classroom.lectern.restart_web, lesson)
    button(teacher, "Next page").click()
    for room in lesson:
        expect_slide(room, 3, 4)
    # Whoever comes late is where all are.
    expect_slide(classroom.watching("student3"), 3, 4)
    other.page.context.set_offline(True)
    other.page.evaluate("() => window.seenByTests.sockets.at(-1).socket.close()")
    button(teacher, "Next page").click()
    expect_slide(teacher, 4, 4)
    other.page.context.set_offline(False)
    expect_slide(other, 4, 4)


def test_a_student_turns_no_page_and_reaches_no_other_course_s(
    classroom: ClassRoom, lesson: list[Room], new_person: Any
) -> None:
    teacher, student, _other = lesson
    src = str(teacher.page.locator("#slides").get_attribute("data-address"))
    material = src.split("/files/")[1].split("/")[0]
    for kind, body in (
        ("slides.turn", {"page": 2}),
        ("slides.show", {"material": material, "page": 2}),
        ("slides.close", {}),
    ):
        reply = student.say(kind, body)
        assert reply is not None
        assert reply["error"]["code"] == "forbidden"
    for room in lesson:
        expect_slide(room, 1, 4)
    site = classroom.lectern.url
    assert student.page.request.get(site + src).status == 200
    elsewhere = src.replace(classroom.lesson, classroom.lectern.cast["second_lesson"])
    assert student.page.request.get(site + elsewhere).status == 404
    for person in ("outsider", "other_teacher", "stranger"):
        context = new_person(classroom.lectern.cast[person])
        for path in (src, elsewhere, src.replace("pages/1", "download").replace("/1/", "/")):
            assert context.request.get(site + path).status == 404
    assert new_person().request.get(site + src).status == 404


def test_ink_belongs_to_the_page_it_was_drawn_on(classroom: ClassRoom, lesson: list[Room]) -> None:
    teacher, student, _other = lesson
    draw_line(teacher)
    for room in lesson:
        expect_ink(room, is_there=True)
    button(teacher, "Next page").click()
    for room in lesson:
        expect_slide(room, 2, 4)
        expect_ink(room, is_there=False)
    button(student, "Previous page").click()
    expect_slide(student, 1, 4)
    expect_ink(student, is_there=True)
    button(teacher, "Previous page").click()
    late = classroom.watching("student3")
    for room in (*lesson, late):
        expect_slide(room, 1, 4)
        expect_ink(room, is_there=True)


def test_deleting_what_is_shown_takes_it_off_the_stage(lesson: list[Room]) -> None:
    teacher, *_students = lesson
    delete = row_of(teacher, NAME).locator("[data-file-action=delete]")
    open_files(teacher)
    delete.click()
    delete.click()
    for room in lesson:
        expect_no_slides(room)


@pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="LibreOffice is not installed here (Debian: libreoffice-impress): nothing can be converted",
)
def test_a_presentation_is_shown_to_all_like_any_slides(classroom: ClassRoom) -> None:
    teacher = classroom.heard_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    expect_note(add_file(teacher, "Optics.pptx", files.make_slides(["Optics", "The lens"])), "2 pages")
    show(teacher, "Optics.pptx")
    for room in (teacher, *students):
        expect(room.page.locator("#slides-words")).to_have_text("Optics")
    button(teacher, "Next page").click()
    for room in (teacher, *students):
        expect(room.page.locator("#slides-number")).to_have_text("2 / 2")
        expect(room.page.locator("#slides-words")).to_have_text("The lens")
