"""Nobody else gets into a room, no student publishes, and a right that is taken away ends at once."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.conftest import ClassRoom
from tests.support.browsers import post_form
from tests.support.lectern import Lectern
from tests.support.people import PASSWORD
from tests.support.room import Room

CLOSED_SECONDS = 2.0
"""How soon socket and media must end after a right is gone."""
NEW_PASSWORD = "quite another password of the cast"
NOWHERE = "00000000-0000-4000-8000-000000000000"
visitor_numbers = itertools.count(1)


@dataclass(frozen=True)
class Visitor:
    """A student made for one test, watching a live lesson with a page that doesn't hang up by itself."""

    email: str
    user: str
    enrolment: str
    room: Room


@pytest.fixture
def visitor(classroom: ClassRoom) -> Visitor:
    """Somebody whose rights the test takes away."""
    classroom.live_teacher()
    email = f"visitor{next(visitor_numbers)}@demo.school"
    made = classroom.lectern.ask("new_student", course=classroom.course, email=email)
    room = classroom.watching(email)
    room.expect_picture()
    room.keep_media()
    return Visitor(room=room, **made)


@pytest.fixture
def admin_page(lectern: Lectern, new_person: Callable[..., BrowserContext]) -> Page:
    """A page of the school's admin."""
    return new_person(lectern.cast["admin"]).new_page()


def expect_out(visitor: Visitor, code: int) -> None:
    """The page's socket is closed with the code and the relay sends it nothing more, soon after now."""
    room, since = visitor.room, time.monotonic()
    room.wait_until(lambda: room.socket_codes()[0] is not None, CLOSED_SECONDS, "the socket stays open")
    assert room.socket_codes()[0] == code
    room.expect_no_packets(max(CLOSED_SECONDS - (time.monotonic() - since), 0))
    room.expect_state("failed")


def test_an_unenrolled_student_is_out(visitor: Visitor, admin_page: Page, lectern: Lectern) -> None:
    admin_page.goto(f"{lectern.url}/admin/classroom/enrolment/{visitor.enrolment}/delete/")
    admin_page.locator('input[type="submit"]').click()
    expect_out(visitor, 4403)
    answer = visitor.room.page.reload()
    assert answer
    assert answer.status == 404


def test_a_deactivated_student_is_out(visitor: Visitor, admin_page: Page, lectern: Lectern) -> None:
    admin_page.goto(f"{lectern.url}/admin/accounts/user/{visitor.user}/change/")
    admin_page.get_by_label("Active").uncheck()
    admin_page.locator('[name="_save"]').click()
    expect_out(visitor, 4403)


def test_a_student_who_signs_out_in_another_tab_is_out(visitor: Visitor, lectern: Lectern) -> None:
    post_form(visitor.room.page.context, f"{lectern.url}/accounts/logout/", {})
    expect_out(visitor, 4401)


def test_a_password_changed_elsewhere_ends_every_other_session(
    visitor: Visitor, lectern: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    elsewhere = new_person(visitor.email)
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    post_form(elsewhere, f"{lectern.url}/accounts/password/change/", fields)
    expect_out(visitor, 4401)


def test_others_watch_on_when_one_is_put_out(
    visitor: Visitor, classroom: ClassRoom, admin_page: Page, lectern: Lectern
) -> None:
    other = classroom.watching("student1")
    other.expect_picture()
    admin_page.goto(f"{lectern.url}/admin/classroom/enrolment/{visitor.enrolment}/delete/")
    admin_page.locator('input[type="submit"]').click()
    expect_out(visitor, 4403)
    other.expect_picture()
    assert "reconnecting" not in other.states_seen()


# At the door


def upgrade_answer(
    lectern: Lectern, context: BrowserContext, lesson: str, origin: str | None = None
) -> tuple[int, bytes]:
    """Status and body of the answer to a WebSocket that asks to enter a lesson."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies())
    headers = {"Cookie": cookies, "Origin": lectern.url if origin is None else origin}
    address = f"{lectern.url.replace('http', 'ws')}/ws/lessons/{lesson}/?client=made-by-hand"
    try:
        with connect(address, additional_headers={name: text for name, text in headers.items() if text}):
            return 101, b""
    except InvalidStatus as refusal:
        return refusal.response.status_code, bytes(refusal.response.body or b"")


def page_answer(lectern: Lectern, context: BrowserContext, lesson: str) -> tuple[int, str]:
    """Status and words of the room's page; without what differs from load to load and the asked address."""
    answer = context.request.get(lectern.room_url(lesson), max_redirects=0)
    return answer.status, re.sub(r'(nonce|value)="[^"]*"', "", answer.text()).replace(lesson, "")


def test_everyone_who_may_not_enter_gets_the_same_answer(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    cast = lectern.cast
    tries = [
        ("outsider", classroom.lesson),
        ("outsider", NOWHERE),
        ("outsider", cast["cancelled_lesson"]),
        ("outsider", cast["other_lesson"]),
        ("student1", cast["cancelled_lesson"]),
        ("student1", cast["later_lesson"]),
        ("student1", cast["other_lesson"]),
        ("student1", NOWHERE),
        ("stranger", classroom.lesson),
        ("teacher", cast["other_lesson"]),
        ("other_teacher", classroom.lesson),
        ("other_admin", classroom.lesson),
    ]
    people = {name: new_person(cast[name]) for name in dict(tries)}
    sockets = {(name, lesson): upgrade_answer(lectern, people[name], lesson) for name, lesson in tries}
    assert set(sockets.values()) == {next(iter(sockets.values()))}
    assert next(iter(sockets.values()))[0] == 403
    pages = {(name, lesson): page_answer(lectern, people[name], lesson) for name, lesson in tries}
    assert {status for status, _ in pages.values()} == {404}
    for name in people:
        answers = {text for (who, _), (_, text) in pages.items() if who == name}
        assert len(answers) == 1, f"{name} can tell one refusal from another"


def test_a_stranger_without_a_session_learns_nothing(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    nobody = new_person()
    lessons = (classroom.lesson, lectern.cast["cancelled_lesson"], NOWHERE)
    assert {upgrade_answer(lectern, nobody, lesson)[0] for lesson in lessons} == {403}
    answers = {page_answer(lectern, nobody, lesson)[0] for lesson in lessons}
    assert len(answers) == 1
    assert answers <= {302, 404}


def test_a_socket_from_another_origin_is_refused(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    student = new_person(lectern.cast["student1"])
    assert upgrade_answer(lectern, student, classroom.lesson)[0] == 101
    for origin in ("", "null", "https://lectern.example", lectern.url.replace("http", "https")):
        assert upgrade_answer(lectern, student, classroom.lesson, origin)[0] == 403, origin


# What a student may not


def test_a_student_cannot_publish_whatever_the_page_sends(classroom: ClassRoom) -> None:
    classroom.live_teacher()
    student = classroom.watching("student1")
    witness = classroom.watching("student2")
    witness.expect_picture()
    before = classroom.row()
    offer = student.page.evaluate(
        """async () => {
          const peer = new RTCPeerConnection();
          peer.addTransceiver("audio", { direction: "sendonly" });
          await peer.setLocalDescription();
          return peer.localDescription.sdp;
        }"""
    )
    requests = [
        ("media.publish", {"sdp": offer, "sources": {"0": "microphone"}}),
        ("lesson.go_live", {}),
        ("stage.set_sources", {"sources": ["microphone"]}),
        ("lesson.end", {}),
    ]
    replies = [student.say(kind, body) for kind, body in requests]
    replies += student.say_elsewhere(*requests) or []
    assert [reply and reply.get("error", {}).get("code") for reply in replies] == ["forbidden"] * 8
    assert classroom.row() == before
    witness.expect_picture()
    student.expect_picture()


def test_the_teachers_buttons_are_not_in_a_students_page(classroom: ClassRoom) -> None:
    classroom.live_teacher()
    student = classroom.watching()
    for name in ("Go live", "End broadcast", "Share screen", "Microphone", "Camera"):
        expect(student.button(name)).to_have_count(0)
