"""The lobby: who waits sees when it starts and nothing of the room; the staff let them in or keep them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect
from tests.support.lectern import Lectern
from tests.support.room import Room

BY_HAND = {"admission": "by_hand"}
IN_THE_LOBBY = "You are in the lobby"
INSIDE = ("chat.send", "chat.history", "floor.raise", "moods.press", "media.subscribe")
BODIES = {
    "chat.send": {"to": "all", "text": "Hello", "nonce": "nonce-of-lobby"},
    "chat.history": {"before": 10, "limit": 10},
    "floor.raise": {"word": ""},
    "moods.press": {"mood": "lost"},
}


@pytest.fixture
def by_hand(classroom: ClassRoom) -> ClassRoom:
    """A class whose teachers admit by hand."""
    classroom.lectern.ask("set_course", course=classroom.course, **BY_HAND)
    return classroom


def snapshot(room: Room) -> dict[str, Any]:
    """What the web tier tells the page of the room."""
    reply = room.say("room.snapshot")
    assert reply
    body: dict[str, Any] = reply["body"]
    return body


def expect_inside(room: Room) -> None:
    """Waits until the door has opened by itself."""
    expect(room.button("Join")).to_be_visible()
    assert snapshot(room)["me"]["is_admitted"]


def test_who_waits_hears_nothing_of_the_room(by_hand: ClassRoom) -> None:
    teacher = by_hand.live_teacher()
    student = by_hand.room("student1")
    student.expect_words(IN_THE_LOBBY)
    student.expect_words("With Ada Teacher, Carl Colleague")
    told = snapshot(student)
    assert (told["people"], told["stage"]["holder"], told["media"]["state"]) == ([], None, "none")
    for part in ("#panel", ".openers", ".controls .control:not([data-action=leave])"):
        assert not any(found.is_visible() for found in student.page.locator(part).all()), part
    for kind in INSIDE:
        reply = student.say(kind, BODIES.get(kind))
        assert reply
        assert reply["error"]["code"] == "forbidden", kind
    assert student.peers() == 0
    inspect(student.page)
    teacher.expect_people(1)


def test_the_staff_see_who_waits_and_admit_one_or_all(by_hand: ClassRoom) -> None:
    first, second = by_hand.room("student1"), by_hand.room("student2")
    for student in (first, second):
        student.expect_words(IN_THE_LOBBY)
    teacher = by_hand.live_teacher()
    third = by_hand.room("student3")
    teacher.expect_words("Student 3 is waiting in the lobby.")
    waiting = teacher.page.locator("#waiting-list .guest__name")
    expect(waiting).to_have_text(["Student 1", "Student 2", "Student 3"])
    expect(teacher.page.locator("#tab-people .badge")).to_have_text("3 new")
    inspect(teacher.page)
    teacher.button("Admit Student 2").click()
    teacher.expect_words("1 person has been admitted.")
    expect_inside(second)
    expect(waiting).to_have_text(["Student 1", "Student 3"])
    teacher.expect_people(2)
    teacher.button("Admit all").click()
    for student in (first, third):
        expect_inside(student)
    expect(teacher.page.locator("#people-waiting")).to_be_hidden()
    teacher.expect_people(4)
    first.join().expect_picture()
    first.page.reload()
    first.expect_picture()


def test_a_locked_room_lets_those_back_who_were_inside_and_nobody_new(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    inside = classroom.watching("student1")
    inside.expect_picture()
    teacher.button("Lock the room").click()
    teacher.expect_words("The room is locked: newcomers wait in the lobby.")
    newcomer = classroom.room("student2")
    newcomer.expect_words(IN_THE_LOBBY)
    inside.page.reload()
    inside.expect_picture()
    classroom.lectern.restart_web()
    newcomer.expect_state("connected")
    newcomer.expect_words(IN_THE_LOBBY)
    expect(teacher.button("Lock the room")).to_have_attribute("aria-pressed", "true")
    teacher.expect_state("connected")
    teacher.button("Lock the room").click()
    expect_inside(newcomer)
    teacher.expect_people(3)


def test_the_lobby_counts_down_before_the_lesson(
    lectern: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    early = ClassRoom(lectern, new_person, starts_in_minutes=8)
    lectern.ask("set_course", course=early.course, **BY_HAND)
    student = early.room("student1")
    student.expect_words(IN_THE_LOBBY)
    countdown = student.page.locator("[data-views=lobby] [data-countdown]")
    expect(countdown).to_have_text(re.compile(r"^in [67]:[0-5]\d$"))
    before = countdown.inner_text()
    expect(countdown).not_to_have_text(before)


def test_a_student_can_admit_nobody(by_hand: ClassRoom) -> None:
    teacher = by_hand.live_teacher()
    inside = by_hand.room("student1")
    teacher.button("Admit all").click()
    expect_inside(inside)
    waiting = by_hand.room("student2")
    waiting.expect_words(IN_THE_LOBBY)
    for room in (inside, waiting):
        reply = room.say("room.admit", {"people": None})
        assert reply
        assert reply["error"]["code"] == "forbidden"
    assert "lobby" not in snapshot(inside)
    waiting.expect_words(IN_THE_LOBBY)
