"""A lesson that goes on where the last one of its course stopped, on every screen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import ClassRoom
from tests.browser.test_slides import draw_line, expect_ink
from tests.support import files
from tests.support.board import Board, expect_same
from tests.support.materials import add_file, expect_note, expect_slide, open_files, show
from tests.support.room import Room

PAGES = ["Optics", "Refraction", "The lens"]
CONTINUE = "Continue with the last lesson's slides and board"
ASKED = "Which way does light go?"
PREPARED = "What does a lens do?"


def poll(question: str, *, opens: bool) -> dict[str, object]:
    """What a page sends to make a poll of a short text."""
    rest: dict[str, object] = {
        "options": [],
        "right": None,
        "explanation": "",
        "is_anonymous": False,
        "open": opens,
    }
    return {"kind": "text", "question": question, **rest}


def say(room: Room, kind: str, body: object) -> dict[str, object]:
    """Sends a request that must be done; returns what came back."""
    reply = room.say(kind, body)
    assert reply is not None
    assert reply["ok"], reply
    found: dict[str, object] = reply["body"]
    return found


def teach(classroom: ClassRoom) -> None:
    """Holds a lesson that ends at page 2, with ink on it, a drawing on the board, questions and words."""
    teacher, student = classroom.heard_teacher(), classroom.watching("student1")
    board = Board(teacher).show()
    board.choose("Rectangle")
    board.drag((0.4, 0.4), (0.6, 0.6))
    expect_same([board, Board(student)], 1)
    expect_note(add_file(teacher, "Optics.pdf", files.make_pdf(PAGES)), "3 pages")
    show(teacher, "Optics.pdf")
    expect_slide(teacher, 1, 3)
    teacher.page.locator("#slides").get_by_role("button", name="Next page", exact=True).click()
    expect_slide(student, 2, 3)
    expect_slide(teacher, 2, 3)
    draw_line(teacher)
    expect_ink(student, is_there=True)
    asked = say(teacher, "polls.make", poll(ASKED, opens=True))["poll"]
    say(student, "polls.answer", {"poll": asked, "answer": "Straight on", "slip": ""})
    say(teacher, "polls.close", {"poll": asked})
    say(teacher, "polls.show", {"poll": asked, "is_shown": True})
    say(teacher, "polls.make", poll(PREPARED, opens=False))
    say(student, "chat.send", {"to": "all", "text": "See you on Friday", "nonce": "nonce-of-a-test"})
    teacher.end_now()
    for room in (teacher, student):
        expect(room.page.locator("#room")).to_have_attribute("data-connection-state", "ended")
        room.page.close()


def expect_where_it_stopped(room: Room) -> None:
    """Waits until the page shows page 2 with its ink, and the board with its drawing."""
    expect_slide(room, 2, 3)
    expect_ink(room, is_there=True)
    Board(room).expect_count(1)


def open_before(room: Room, tab: str, link: str) -> Page:
    """Follows the link to the last lesson from a tab of the panel."""
    room.page.locator(f"[data-opener={tab}]:visible, #tab-{tab}:visible").first.click()
    with room.page.expect_popup() as opened:
        room.page.get_by_role("link", name=link).click()
    return opened.value


def test_a_lesson_goes_on_for_all_where_the_last_one_stopped(classroom: ClassRoom) -> None:
    teach(classroom)
    classroom.next_lesson("Optics, part two")
    teacher = classroom.heard_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    reply = students[0].say("lesson.continue")
    assert reply is not None
    assert reply["error"]["code"] == "forbidden"
    expect(teacher.page.locator("[data-surface=slides]")).to_be_hidden()
    open_files(teacher)
    expect(teacher.page.locator("#files-earlier-text")).to_contain_text("The last lesson was “Optics” on")
    teacher.button(CONTINUE).click()
    for room in (teacher, *students):
        expect_where_it_stopped(room)
    expect(teacher.button(CONTINUE)).to_be_hidden()
    # What comes now comes beside that: turned, drawn, reloaded, entered late.
    teacher.page.locator("#slides").get_by_role("button", name="Next page", exact=True).click()
    for room in (teacher, *students):
        expect_slide(room, 3, 3)
        expect_ink(room, is_there=False)
    teacher.page.locator("#slides").get_by_role("button", name="Previous page", exact=True).click()
    students[0].page.reload()
    late = classroom.watching("student3")
    for room in (teacher, *students, late):
        expect_where_it_stopped(room)


def test_what_was_asked_and_written_is_a_press_away_for_everyone_of_the_course(classroom: ClassRoom) -> None:
    teach(classroom)
    classroom.next_lesson("Optics, part two")
    teacher, student = classroom.heard_teacher(), classroom.watching("student2")
    open_files(teacher)
    teacher.button(CONTINUE).click()
    teacher.page.locator("[data-opener=questions]:visible, #tab-questions:visible").first.click()
    expect(teacher.page.locator("#polls-list")).to_contain_text(PREPARED)
    expect(teacher.page.locator("#polls-list")).not_to_contain_text(ASKED)
    for room in (teacher, student):
        asked = open_before(room, "questions", "What was asked in the last lesson")
        expect(asked.locator("#polls")).to_contain_text("Straight on")
        written = open_before(room, "chat", "What was written in the last lesson")
        expect(written.locator("#chat")).to_contain_text("See you on Friday")
    expect(student.page.locator("#polls-list")).not_to_contain_text(PREPARED)
