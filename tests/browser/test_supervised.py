"""A room without any teacher connected: students read so, and what they send, write and draw is stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect
from tests.support.room import PICTURE_SECONDS, Room

GRACE = 2
"""Seconds of the course."""
RECONNECTING = "The teacher is reconnecting."
BREAK_LINE = "() => window.seenByTests.sockets.at(-1).socket.close()"


@pytest.fixture
def rooms(classroom: ClassRoom) -> tuple[ClassRoom, Room, list[Room]]:
    """A class in session: its teacher, and two students who watch."""
    classroom.lectern.ask("set_course", course=classroom.course, supervision_grace=GRACE)
    teacher = classroom.live_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    for student in students:
        student.expect_picture()
    return classroom, teacher, students


def lose(room: Room) -> None:
    """Takes a page's network away; the page goes on living."""
    room.page.context.set_offline(True)
    room.page.evaluate(BREAK_LINE)


def banner(room: Room) -> str:
    """What the room's banner says."""
    return room.page.locator("#supervision-text").inner_text()


def expect_unsupervised(room: Room) -> None:
    """Waits until the page says that the teacher is away, and cannot write."""
    expect(room.page.locator("#supervision-text")).to_contain_text(
        RECONNECTING, timeout=PICTURE_SECONDS * 1000
    )
    expect(room.page.locator("#supervision")).to_be_visible()
    expect(room.page.locator("#chat-field")).to_be_hidden()
    assert error_of_writing(room) == "forbidden"


def expect_supervised(room: Room) -> None:
    """Waits until the banner has gone, and can write."""
    expect(room.page.locator("#chat-field[hidden]")).to_have_count(0)
    expect(room.page.locator("#supervision-text")).to_have_text("", timeout=PICTURE_SECONDS * 1000)
    assert error_of_writing(room) == ""


def error_of_writing(room: Room) -> str:
    """Writes to all behind the page's back; returns why that was refused, or nothing."""
    nonce = room.page.evaluate("() => `nonce-${Math.random().toString(36).slice(2, 12)}`")
    reply = room.say("chat.send", {"to": "all", "text": "Hello", "nonce": nonce})
    assert reply
    return "" if reply["ok"] else str(reply["error"]["code"])


def test_students_are_paused_while_the_teachers_line_is_lost(
    rooms: tuple[ClassRoom, Room, list[Room]],
) -> None:
    classroom, teacher, (first, second) = rooms
    assert banner(first) == ""
    assert error_of_writing(first) == ""
    lose(teacher)
    for student in (first, second):
        expect_unsupervised(student)
    inspect(first.page)
    second.page.reload()
    expect_unsupervised(second)
    teacher.page.context.set_offline(False)
    for student in (first, second):
        expect_supervised(student)
        student.expect_picture()
    assert classroom.row()["state"] == "live"


def test_a_room_without_a_teacher_is_so_after_a_restart_of_the_web_tier(
    rooms: tuple[ClassRoom, Room, list[Room]],
) -> None:
    classroom, teacher, (first, second) = rooms
    lose(teacher)
    for student in (first, second):
        expect_unsupervised(student)
    classroom.lectern.restart_web()
    for student in (first, second):
        student.wait_until(partial(student.say, "room.ping"), PICTURE_SECONDS, "the line isn't back")
        expect_unsupervised(student)
    teacher.page.context.set_offline(False)
    for student in (first, second):
        expect_supervised(student)


def test_an_assistant_keeps_the_room_going(
    rooms: tuple[ClassRoom, Room, list[Room]], new_person: Callable[..., BrowserContext]
) -> None:
    classroom, teacher, (first, _) = rooms
    assistant = classroom.room("assistant")
    assistant.expect_state("connected")
    lose(teacher)
    first.page.wait_for_timeout(GRACE * 2000)
    assert banner(first) == ""
    assert error_of_writing(first) == ""
    lose(assistant)
    expect_unsupervised(first)
    assistant.page.context.set_offline(False)
    expect_supervised(first)
