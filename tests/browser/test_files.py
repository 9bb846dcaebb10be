"""The files' panel: adding, refusing, downloading, handing in, and a picture of the stage."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from classroom.core.library import PART_BYTES
from tests.browser.conftest import ClassRoom
from tests.support import files
from tests.support.materials import add_file, expect_note, expect_slide, open_files, row_of, show
from tests.support.room import Room


def download(room: Room, name: str) -> tuple[str, bytes]:
    """What the person gets who presses download: its name there and its bytes."""
    with room.page.expect_download() as waiting:
        row_of(room, name).locator(".file__download").click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_a_file_comes_in_parts_and_is_had_by_all(classroom: ClassRoom) -> None:
    teacher, student = classroom.room("teacher"), classroom.room("student1")
    open_files(student)
    content = b"words " * (PART_BYTES // 3)
    expect_note(add_file(teacher, "Notes <b>.txt", content), "8.0 MB")
    expect_note(row_of(student, "Notes"), "8.0 MB")
    name, got = download(student, "Notes")
    assert (name, got) == ("Notes _b_.txt", content)
    assert not row_of(student, "Notes").locator("[data-file-action=show]").count()
    assert row_of(student, "Notes").locator("[data-file-action=delete]").is_hidden()


def test_what_is_not_what_it_says_is_refused_in_plain_words(classroom: ClassRoom) -> None:
    teacher, student = classroom.room("teacher"), classroom.room("student1")
    open_files(student)
    expect_note(add_file(teacher, "Optics.pdf", b"MZ" + bytes(100)), "this is a program")
    expect_note(add_file(teacher, "Waves.pdf", files.make_pdf()[:300]), "damaged or not complete")
    expect_note(add_file(teacher, "Page.html", files.SCRIPT), "1 kB")
    expect_note(add_file(teacher, "Slides.pptx", files.make_presentation()), "export it as PDF")
    expect_note(row_of(student, "Page.html"), "1 kB")
    expect(row_of(student, "Optics.pdf")).to_have_count(0)
    name, got = download(student, "Page.html")
    assert (name, got) == ("Page.html", files.SCRIPT)
    # Even somebody who opens its address gets it as a file, and no page that runs.
    href = row_of(student, "Page.html").locator(".file__download").get_attribute("href")
    answer = student.page.request.get(f"{classroom.lectern.url}{href}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert student.page.title() != "run"


def test_a_student_hands_in_a_file_that_no_other_student_sees(classroom: ClassRoom) -> None:
    teacher, student, other = (classroom.room(who) for who in ("teacher", "student1", "student2"))
    for room in (teacher, student, other):
        open_files(room)
    expect_note(add_file(student, "Homework.pdf", files.make_pdf()), "kB")
    expect_note(row_of(teacher, "Homework.pdf"), "Student 1")
    assert row_of(teacher, "Homework.pdf").locator("[data-file-action=show]").is_hidden()
    other.page.reload()
    open_files(other)
    expect(other.page.locator("#files-empty")).to_be_visible()
    href = row_of(student, "Homework.pdf").locator(".file__download").get_attribute("href")
    address = f"{classroom.lectern.url}{href}"
    assert [room.page.request.get(address).status for room in (teacher, student, other)] == [200, 200, 404]
    delete = row_of(student, "Homework.pdf").locator("[data-file-action=delete]")
    delete.click()
    delete.click()
    for room in (student, teacher):
        expect(row_of(room, "Homework.pdf")).to_have_count(0)


def test_an_interrupted_upload_goes_on_where_it_stopped(classroom: ClassRoom) -> None:
    teacher = classroom.room("teacher")
    sent: list[str] = []

    def count(route: Any) -> None:
        sent.append(route.request.url)
        # The second part is lost twice, as on a line that breaks.
        if "/parts/1/" in route.request.url and sum("/parts/1/" in url for url in sent) < 3:
            route.abort()
        else:
            route.continue_()

    teacher.page.route("**/parts/*/", count)
    expect_note(add_file(teacher, "Long.txt", b"x" * (PART_BYTES + 100)), "4.0 MB")
    numbers = [url.rstrip("/").rsplit("/", 1)[1] for url in sent]
    assert numbers == ["0", "1", "1", "1"]


def test_the_teacher_keeps_a_picture_of_the_stage(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    expect_note(add_file(teacher, "Optics.pdf", files.make_pdf(["Optics"])), "1 page")
    show(teacher, "Optics.pdf")
    expect_slide(teacher, 1, 1)
    teacher.button("More").click()
    teacher.page.get_by_role("menuitem", name="Keep a picture of the stage").click()
    expect_note(row_of(teacher, "Stage "), "kB")
    _name, got = download(teacher, "Stage ")
    with Image.open(io.BytesIO(got)) as picture:
        assert picture.width >= 1000
        x, y = picture.width // 2, 7 * picture.height // 10
        red, green, blue = picture.convert("RGB").crop((x, y, x + 1, y + 1)).tobytes()
    # The ground of the page: 0.35, 0.9, 0.8 of 255.
    assert (abs(red - 89) < 12, abs(green - 229) < 12, abs(blue - 204) < 12) == (True, True, True)
