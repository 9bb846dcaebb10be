"""The room on a phone held upright: nothing lies over what one needs, and a thumb can meet everything."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.conftest import ClassRoom
from tests.browser.test_floor import accept, give_the_floor
from tests.browser.test_polls import ask_tab, card, option, press
from tests.support.board import Board

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TARGET = 44
"""What a thumb needs, in CSS pixels."""


def box(found: Locator) -> FloatRect:
    """Where something lies; it must be seen."""
    expect(found).to_be_visible()
    place = found.bounding_box()
    assert place
    return place


def overlap(first: Locator, second: Locator) -> bool:
    """Whether one lies over the other."""
    a, b = box(first), box(second)
    beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    return not beside and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]


def test_a_question_lies_over_neither_one_s_own_place_nor_an_offer(classroom: ClassRoom) -> None:
    teacher, student = classroom.live_teacher(), classroom.watching("student1", **PHONE)
    ask_tab(teacher)
    press(teacher, "Yes / No")
    expect(card(student)).to_be_visible()
    student.button("Raise hand").click()
    teacher.page.locator("#tab-people").click()
    give_the_floor(teacher)
    expect(student.page.locator("#floor-offer")).to_be_visible()
    expect(card(student)).to_be_hidden()
    accept(student)
    own = student.page.locator("#floor-own")
    assert not overlap(card(student), own)
    expect(student.page.locator("[data-opener=questions] .badge")).to_be_visible()
    option(student, "Yes").tap()
    expect(card(student)).to_contain_text("Sent: Yes")
    expect(student.page.locator("[data-opener=questions] .badge")).to_be_hidden()
    expect(option(student, "Yes")).to_be_hidden()
    assert not overlap(card(student), own)


def test_a_question_leaves_the_field_to_write_in_in_sight(classroom: ClassRoom) -> None:
    teacher, student = classroom.live_teacher(), classroom.watching("student1", **PHONE)
    ask_tab(teacher)
    press(teacher, "Yes / No")
    expect(card(student)).to_be_visible()
    student.page.locator("[data-opener=chat]:visible").tap()
    controls = box(student.page.locator(".controls"))
    for is_answered in (False, True):
        if is_answered:
            option(student, "Yes").tap()
            expect(card(student)).to_contain_text("Sent: Yes")
        field = box(student.page.locator("#chat-form textarea"))
        assert field["y"] + field["height"] <= controls["y"], f"it is cut off, answered: {is_answered}"


def test_all_controls_stand_in_one_row_that_a_thumb_can_meet(classroom: ClassRoom) -> None:
    classroom.lectern.ask("set_course", course=classroom.course, student_cameras=True)
    classroom.live_teacher()
    student = classroom.watching("student1", **PHONE)
    expect(student.page.locator("#gallery-control")).to_be_visible()
    buttons = [found for found in student.page.locator(".controls .control").all() if found.is_visible()]
    places = [box(found) for found in buttons]
    assert all(place["width"] >= TARGET and place["height"] >= TARGET for place in places)
    assert len({place["y"] for place in places}) == 1
    assert places[-1]["x"] + places[-1]["width"] <= PHONE["viewport"]["width"]
    hand, words = box(student.button("Raise hand")), box(student.page.locator("#hand-words-button"))
    assert words["width"] == TARGET < hand["width"]
    assert words["x"] == hand["x"] + hand["width"]
    expect(student.button("Camera for teachers")).to_be_visible()


def test_what_a_teacher_can_do_with_a_small_picture_covers_no_name(classroom: ClassRoom) -> None:
    teacher = classroom.room("teacher", **PHONE).go_live()
    teacher.button("Share screen").click()
    small = teacher.page.locator("[data-surface=camera][data-place=strip]")
    spotlight = small.get_by_role("button", name="Large for all")
    assert not overlap(spotlight, small.locator(".tile__name"))
    assert box(spotlight)["width"] == TARGET


def test_what_a_teacher_can_do_with_the_board_covers_none_of_its_tools(classroom: ClassRoom) -> None:
    teacher = classroom.room("teacher", **PHONE).go_live()
    Board(teacher).show()
    board = teacher.page.locator("[data-surface=board]")
    spotlight = board.get_by_role("button", name="Large for all")
    for tools in (".board__bar", ".sheet-tools", ".sheet__zoom"):
        assert not overlap(spotlight, board.locator(tools)), tools
