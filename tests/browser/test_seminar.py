"""A seminar in real browsers: everybody has a seat, and hears and sees everybody."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import ClassRoom
from tests.support.lectern import Lectern
from tests.support.room import CAMERA, Room

NAMES = ("student1", "student2", "student3")


def take_seat(room: Room, *, with_camera: bool = False) -> None:
    """Takes the seat that a seminar offers to whoever comes in."""
    if with_camera:
        room.page.get_by_label("With my camera, too").check()
    room.button("Take my seat").click()
    expect(room.page.locator("#floor-own")).to_be_visible()


def tiles(room: Room) -> list[str]:
    """The names at the seats, in their order."""
    return room.page.locator(".floor-tile__name").all_inner_texts()


def test_everybody_in_a_seminar_hears_and_sees_everybody(
    lectern: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    classroom = ClassRoom(lectern, new_person, format="seminar")
    teacher = classroom.live_teacher()
    first, second, third = (classroom.watching(name) for name in NAMES)
    for room in (first, second, third):
        take_seat(room, with_camera=room is first)
    for room in (teacher, second, third):
        room.expect_sound("seat-1-microphone")
        room.expect_some_picture("seat-1-camera")
    for room in (teacher, first, third):
        room.expect_sound("seat-2-microphone")
    first.expect_some_picture(CAMERA)
    assert tiles(teacher) == ["Student 1", "Student 2", "Student 3"]
    assert tiles(first) == ["Student 2", "Student 3"]
    place = third.page.locator(".floor-tile", has_text="Student 2").bounding_box()
    first.button("Leave").click()
    expect(third.page.locator(".floor-tile", has_text="Student 1")).to_have_count(0)
    assert third.page.locator(".floor-tile", has_text="Student 2").bounding_box() == place
    second.button("Leave my seat").click()
    for room in (teacher, third):
        room.expect_silence("seat-2-microphone")
    expect(second.button("Take my seat")).to_be_visible()
