"""The staff see whose connection is weak and why; students never do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect
from tests.browser.tapped import tapped_room, tell
from tests.support.room import Room

SHORT_OF = "Your connection is weak: students may see you badly."
NAMES = "() => [...document.querySelectorAll('.person__name')].map((name) => name.textContent)"
IDS = """
() => Object.fromEntries([...document.querySelectorAll(".person")].map(
  (entry) => [entry.querySelector(".person__name").textContent, entry.dataset.personId]))
"""
CLIENT = "() => new URL(window.seenByTests.sockets.at(-1).socket.url).searchParams.get('client')"


def link(person: str, **values: Any) -> dict[str, Any]:
    """A good connection to watch by, with whatever is not good about it."""
    good: dict[str, Any] = {
        "id": person,
        "client": "page-of-theirs",
        "direction": "subscribe",
        "rtt_ms": 40,
        "loss": 0,
        "kbps": 900,
        "layers": {"teacher-camera": 2},
        "limited": "",
        "freezes": 0,
        "frozen_ms": 0,
    }
    return {**good, **values}


@pytest.fixture
def teacher(classroom: ClassRoom, new_person: Callable[..., BrowserContext]) -> Room:
    """The teacher's page, live, with three students in the room."""
    room = tapped_room(new_person(classroom.lectern.cast["teacher"]), classroom.url).go_live()
    for number in range(1, 4):
        classroom.room(f"student{number}")
    room.expect_people(4)
    return room


def entries(room: Room) -> tuple[list[str], list[str]]:
    """The names in the list, and whose they are by id."""
    ids: dict[str, str] = room.page.evaluate(IDS)
    return list(ids), list(ids.values())


def words(room: Room, name: str) -> Locator:
    """What is said of a person's connection."""
    return room.page.locator(".person", has_text=name).locator(".person__link")


def test_the_teacher_sees_who_has_trouble_and_why(teacher: Room) -> None:
    names, ids = entries(teacher)
    troubles = [
        (link(ids[1], loss=0.123, rtt_ms=340), "Weak connection: 12% lost, 340\u00a0ms"),
        (link(ids[1], loss=0.123, rtt_ms=0), "Weak connection: 12% lost"),
        (link(ids[1], frozen_ms=2500, freezes=3), "Picture freezes"),
        (link(ids[1], limited="link", layers={"teacher-camera": 0}), "Low picture: slow connection"),
        (link(ids[1], limited="link", layers={"teacher-camera": -1}), "No picture: slow connection"),
        (link(ids[1], limited="choice", layers={"teacher-camera": -1}), "Sound only by choice"),
    ]
    expect(words(teacher, names[1])).to_be_hidden()
    for told, said in troubles:
        tell(teacher, "room.links", {"links": [told]})
        expect(words(teacher, names[1])).to_have_text(said)
        expect(words(teacher, names[2])).to_be_hidden()
    assert teacher.page.evaluate(NAMES) == names, "somebody has moved"
    tell(teacher, "room.links", {"links": [link(ids[1])]})
    expect(words(teacher, names[1])).to_be_hidden()


def test_those_with_trouble_are_counted_and_can_be_shown_alone(teacher: Room) -> None:
    names, ids = entries(teacher)
    people = teacher.page.locator(".person:visible")
    button = teacher.page.locator("#trouble-filter")
    expect(button).to_be_hidden()
    tell(
        teacher,
        "room.links",
        {
            "links": [
                link(ids[1], limited="choice", layers={"teacher-camera": -1}),
                link(ids[2], limited="link", layers={"teacher-camera": 0}),
                link(ids[3], limited="link", layers={"teacher-camera": -1}),
            ]
        },
    )
    expect(button).to_have_text("2 with a weak connection")
    inspect(teacher.page)
    button.click()
    expect(people).to_have_count(2)
    expect(button).to_have_attribute("aria-pressed", "true")
    tell(teacher, "room.links", {"links": [link(ids[3])]})
    expect(button).to_have_text("1 with a weak connection")
    expect(people.locator(".person__name")).to_have_text([names[2]])
    tell(teacher, "room.links", {"links": [link(ids[2])]})
    expect(people).to_have_count(4)
    expect(button).to_be_hidden()


def test_the_worst_of_a_persons_pages_is_shown(teacher: Room) -> None:
    names, ids = entries(teacher)
    low = link(ids[1], client="page-0001", limited="link", layers={"teacher-camera": 0})
    paused = link(ids[1], client="page-0002", limited="link", layers={"teacher-camera": -1})
    tell(teacher, "room.links", {"links": [low, paused, link(ids[1], client="page-0003")]})
    expect(words(teacher, names[1])).to_have_text("No picture: slow connection")
    tell(teacher, "room.links", {"links": [link(ids[1], client="page-0002")]})
    expect(words(teacher, names[1])).to_have_text("Low picture: slow connection")


def test_trouble_that_is_told_no_more_is_forgotten(teacher: Room) -> None:
    names, ids = entries(teacher)
    tell(teacher, "room.links", {"links": [link(ids[1], loss=0.2)]})
    expect(words(teacher, names[1])).to_be_visible()
    expect(words(teacher, names[1])).to_be_hidden()


def test_the_teacher_is_told_of_their_own_weak_connection(teacher: Room) -> None:
    _, ids = entries(teacher)
    client = teacher.page.evaluate(CLIENT)
    own = link(ids[0], client=client, direction="publish")
    elsewhere = link(ids[0], client="another-page", direction="publish", loss=0.2)
    tell(teacher, "room.links", {"links": [own, elsewhere]})
    expect(words(teacher, "You")).to_be_visible()
    expect(teacher.page.locator("#notice")).to_be_hidden()
    tell(teacher, "room.links", {"links": [{**own, "loss": 0.2}]})
    expect(teacher.page.locator("#notice-text")).to_have_text(SHORT_OF)
    expect(teacher.page.locator("#signal")).to_have_accessible_name(SHORT_OF)
    inspect(teacher.page)


def test_a_student_is_shown_nobodys_connection(
    classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    student = tapped_room(new_person(classroom.lectern.cast["student1"]), classroom.url)
    student.expect_people(1)
    _, ids = entries(student)
    tell(student, "room.links", {"links": [link(ids[0], loss=0.2)]})
    expect(student.page.locator(".person__link:visible")).to_have_count(0)
    expect(student.page.locator("#trouble-filter")).to_have_count(0)
