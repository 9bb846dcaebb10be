"""The room's page: its side panel, what is large for whom, who speaks, removing, and the end for all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import focused, inspect, inspect_as_it_is
from tests.browser.tapped import tell
from tests.support.room import SCREEN, Room

MAIN = "#surfaces"
OUT_SECONDS = 2.0
"""How long a removed student may keep socket and media."""
OPEN_TAB = "() => document.querySelector('[role=tab][aria-selected=true]')?.dataset.tab ?? ''"
BOXES = """
() => [...document.querySelectorAll(".person, .surface, .control, [role=tab]")].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x, y, width, height].map(Math.round).join();
})
"""
VIDEO_MARK = "() => { for (const video of document.querySelectorAll('video')) video.seenBefore = true; }"
VIDEOS_SEEN = "() => [...document.querySelectorAll('video')].every((video) => video.seenBefore)"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def in_session(classroom: ClassRoom) -> tuple[ClassRoom, Room, Room, Room]:
    """A class whose teacher is live, with two students who watch."""
    teacher = classroom.live_teacher()
    students = [classroom.watching(f"student{number}") for number in (1, 2)]
    for student in students:
        student.expect_picture()
    return classroom, teacher, students[0], students[1]


def tab(page: Page) -> str:
    """Which tab of the side panel is chosen."""
    return str(page.evaluate(OPEN_TAB))


def test_the_panels_tabs_are_reached_by_keyboard_and_remembered(classroom: ClassRoom) -> None:
    page = classroom.room("student1").page
    expect(page.locator("#panel")).to_be_visible()
    page.locator("#tab-people").focus()
    for key, expected in (
        ("ArrowRight", "chat"),
        ("End", "files"),
        ("ArrowRight", "people"),
        ("ArrowLeft", "files"),
    ):
        page.keyboard.press(key)
        assert tab(page) == expected
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.reload()
    expect(page.locator("#panel-chat")).to_be_visible()
    page.locator("#tab-chat").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert focused(page) == "Chat"
    page.reload()
    expect(page.locator(".openers")).to_be_visible()
    expect(page.locator("#panel")).to_be_hidden()


def test_the_panel_leaves_the_stage_in_sight_on_a_phone(
    in_session: tuple[ClassRoom, Room, Room, Room],
) -> None:
    page = in_session[2].page
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.get_by_role("button", name="Close the side panel").click()
    page.locator("[data-opener=chat]").click()
    expect(page.locator("#panel-chat")).to_be_in_viewport()
    expect(page.locator("video[data-slot=teacher-camera]")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Leave")).to_be_in_viewport()
    inspect(page)


def test_the_menu_of_more_is_worked_by_keyboard(in_session: tuple[ClassRoom, Room, Room, Room]) -> None:
    page = in_session[2].page
    more = page.locator("#more-button")
    more.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#more-menu")).to_be_visible()
    assert focused(page) == "Full screen"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert focused(page) == "Full screen"
    page.keyboard.press("Escape")
    expect(page.locator("#more-menu")).to_be_hidden()
    expect(more).to_be_focused()


def test_the_teacher_shows_a_surface_to_all_or_leaves_it_to_each(
    in_session: tuple[ClassRoom, Room, Room, Room],
) -> None:
    classroom, teacher, first, second = in_session
    teacher.button("Share screen").click()
    for student in (first, second):
        expect(student.page.locator(MAIN)).to_have_attribute("data-main", "screen")
        student.page.evaluate(VIDEO_MARK)
    camera = first.page.locator("[data-surface=camera]")
    camera.get_by_role("button", name="Large for me").click()
    expect(first.page.locator(MAIN)).to_have_attribute("data-main", "camera")
    expect(second.page.locator(MAIN)).to_have_attribute("data-main", "screen")
    camera.get_by_role("button", name="Large for me").click()
    expect(first.page.locator(MAIN)).to_have_attribute("data-main", "screen")
    shows = teacher.page.locator("[data-surface=camera]").get_by_role("button", name="Large for all")
    shows.click()
    for room in (teacher, first, second):
        expect(room.page.locator(MAIN)).to_have_attribute("data-main", "camera")
    expect(shows).to_have_attribute("aria-pressed", "true")
    expect(first.page.get_by_role("button", name="Large for me")).to_have_count(0)
    inspect(teacher.page)
    inspect(first.page)
    assert first.page.evaluate(VIDEOS_SEEN), "a picture has begun anew"
    first.expect_picture(SCREEN)
    second.page.reload()
    classroom.lectern.restart_web()
    for student in (first, second):
        student.expect_state("connected")
        expect(student.page.locator(MAIN)).to_have_attribute("data-main", "camera")
    teacher.expect_state("connected")
    shows.click()
    for student in (first, second):
        expect(student.page.locator(MAIN)).to_have_attribute("data-main", "screen")


def test_who_speaks_is_marked_and_nothing_moves(in_session: tuple[ClassRoom, Room, Room, Room]) -> None:
    _, teacher, first, _ = in_session
    first.expect_people(3)
    ids = {person["name"]: person["id"] for person in (first.say("room.snapshot") or {})["body"]["people"]}
    tell(first, "room.speakers", {"ids": []})
    before = first.page.evaluate(BOXES)
    tell(first, "room.speakers", {"ids": [ids["Ada Teacher"]]})
    expect(first.page.locator("[data-surface=camera]")).to_have_attribute("data-speaking", "")
    expect(first.page.locator(".person", has_text="Ada Teacher")).to_have_attribute("data-speaking", "")
    assert first.page.evaluate(BOXES) == before
    tell(first, "room.speakers", {"ids": [ids["Student 2"]]})
    expect(first.page.locator(".person[data-speaking] .person__name")).to_have_text(["Student 2"])
    assert teacher.page.locator("[role=tab]").count() == 4


def test_a_removed_student_is_out_at_once_and_stays_out_until_let_back(
    in_session: tuple[ClassRoom, Room, Room, Room],
) -> None:
    _, teacher, removed, other = in_session
    removed.keep_media()
    teacher.button("More about Student 1").click()
    teacher.page.emulate_media(reduced_motion="reduce")
    inspect_as_it_is(teacher.page, "a person's menu")
    teacher.page.keyboard.press("Escape")
    teacher.of_person("Student 1", "Remove from the lesson")
    teacher.button("Remove").click()
    removed.wait_until(lambda: removed.socket_codes()[-1] is not None, OUT_SECONDS, "the socket stays open")
    removed.expect_no_packets(OUT_SECONDS)
    removed.expect_state("failed")
    expect(removed.page.locator("#panel")).to_be_hidden()
    teacher.expect_words("Student 1 has been removed.")
    teacher.expect_people(2)
    assert removed.say_elsewhere(("room.ping", {})) is None
    answer = removed.page.reload()
    assert answer
    assert answer.status == 404
    other.expect_picture()
    teacher.button("Let back Student 1").click()
    expect(teacher.button("Let back Student 1")).to_have_count(0)
    removed.open()
    removed.expect_picture()
    teacher.expect_people(3)


def test_staff_and_oneself_cannot_be_removed(in_session: tuple[ClassRoom, Room, Room, Room]) -> None:
    classroom, teacher, first, _ = in_session
    classroom.room("colleague").expect_state("connected")
    teacher.button("More about Carl Colleague").click()
    expect(teacher.page.get_by_role("menuitem", name="Remove from the lesson")).to_have_count(0)
    expect(first.page.get_by_role("button", name="More about")).to_have_count(0)
    people = (first.say("room.snapshot") or {})["body"]["people"]
    for person in people:
        reply = first.say("room.remove", {"person": person["id"]})
        assert reply
        assert reply["error"]["code"] == "forbidden"
    ids = {person["name"]: person["id"] for person in people}
    reply = teacher.say("room.remove", {"person": ids["Ada Teacher"]})
    assert reply
    assert reply["error"]["code"] == "conflict"


def test_the_end_for_all_counts_down_and_can_be_stopped(
    in_session: tuple[ClassRoom, Room, Room, Room],
) -> None:
    _, teacher, first, second = in_session
    teacher.button("End broadcast").click()
    teacher.button("Go on teaching").click()
    expect(teacher.page.locator("#ask")).to_be_hidden()
    teacher.button("End broadcast").click()
    teacher.button("End in 1 minute").click()
    for room in (teacher, first, second):
        room.expect_words("The lesson ends in 0:")
    inspect(first.page)
    inspect(teacher.page)
    second.page.reload()
    second.expect_words("The lesson ends in 0:")
    expect(first.page.get_by_role("button", name="Keep open")).to_have_count(0)
    teacher.button("Keep open").click()
    for room in (teacher, first, second):
        expect(room.page.locator("#ending[data-shown]")).to_have_count(0)
    assert (teacher.say("room.end_for_all", {"seconds": 5}) or {})["ok"]
    for room in (teacher, first, second):
        room.expect_state("ended")


def newest_event(room: Room, pause: float = 0) -> int:
    """The number of the room's newest event; lets so many milliseconds pass afterwards."""
    reply = room.say("room.snapshot")
    assert reply
    room.page.wait_for_timeout(pause)
    return int(reply["body"]["seq"])


def test_a_long_list_of_people_is_searched(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    field = teacher.page.locator("#people-search")
    expect(field).to_be_hidden()
    joined = [{"id": f"person-{number}", "name": f"José {number}", "role": "student"} for number in range(20)]
    teacher.wait_until(lambda: newest_event(teacher, 1_000) == newest_event(teacher), 20, "events go on")
    tell(teacher, "roster.changed", {"joined": joined, "left": []}, newest_event(teacher) + 1)
    expect(field).to_be_visible()
    field.fill("jose 1")
    expect(teacher.page.locator(".person:visible .person__name").first).to_have_text("José 1")
    expect(teacher.page.locator(".person:visible")).to_have_count(11)
    inspect(teacher.page)
