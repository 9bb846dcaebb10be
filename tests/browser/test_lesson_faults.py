"""A relay that dies, a web tier or Redis that starts again, bad packets and messages: lessons go on."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import ClassRoom
from tests.support.lectern import Lectern
from tests.support.room import BACK_SECONDS, Room, go_through
from tests.support.servers import RedisServer

BAD_PACKETS = 2000
LONGEST_PACKET = 1500
RESYNC_SECONDS = 5.0
SEED = 20


@pytest.fixture
def class_in_session(
    installation: Lectern, new_person: Callable[..., BrowserContext]
) -> tuple[ClassRoom, list[Room]]:
    """A class on either kind of installation: the teacher, live, and two students who watch."""
    return in_session(ClassRoom(installation, new_person), watching=2)


def in_session(classroom: ClassRoom, watching: int = 1) -> tuple[ClassRoom, list[Room]]:
    """Lets the teacher go live and students watch."""
    teacher = classroom.live_teacher()
    students = [classroom.watching(f"student{number + 1}") for number in range(watching)]
    for student in students:
        student.expect_picture()
    for room in (teacher, *students):
        room.expect_state("connected")
        room.forget_states()
    return classroom, [teacher, *students]


def test_a_killed_relay_interrupts_a_lesson_for_seconds_only(
    class_in_session: tuple[ClassRoom, list[Room]],
) -> None:
    classroom, rooms = class_in_session
    present = classroom.present()
    go_through(classroom.lectern.kill_relay, rooms)
    for student in rooms[1:]:
        student.expect_picture()
        student.expect_sound()
    assert classroom.present() == present
    assert classroom.row()["state"] == "live"


def test_a_restarted_web_tier_interrupts_no_picture(class_in_session: tuple[ClassRoom, list[Room]]) -> None:
    classroom, rooms = class_in_session
    present = classroom.present()
    frames = [student.decoded_frames() for student in rooms[1:]]
    go_through(classroom.lectern.restart_web, rooms)
    for student, before in zip(rooms[1:], frames, strict=True):
        assert student.decoded_frames() > before, "media began anew although the relay went on"
        student.expect_picture()
        student.expect_sound()
    rooms[0].wait_until(lambda: classroom.present() == present, BACK_SECONDS, "the roster has changed")
    assert classroom.row()["state"] == "live"


def test_a_killed_web_tier_comes_back_by_itself(classroom: ClassRoom) -> None:
    _, rooms = in_session(classroom)
    go_through(classroom.lectern.kill_web, rooms)
    for student in rooms[1:]:
        student.expect_picture()


def test_a_page_opened_while_the_relay_is_down_gets_the_picture_afterwards(classroom: ClassRoom) -> None:
    in_session(classroom)
    classroom.lectern.kill_relay()
    late = classroom.watching("student3")
    late.expect_picture()


def test_a_restarted_redis_loses_no_socket_and_the_class_agrees_again(
    lectern_on_servers: Lectern, redis_server: RedisServer, new_person: Callable[..., BrowserContext]
) -> None:
    classroom, (teacher, *students) = in_session(ClassRoom(lectern_on_servers, new_person), watching=2)
    redis_server.restart()
    teacher.wait_until(lambda: teacher.say("room.ping"), RESYNC_SECONDS, "the web tier answers no more")
    teacher.button("Microphone").click()
    for student in students:
        student.expect_silence()
        student.expect_picture()
    late = classroom.watching("student3")
    late.expect_picture()
    for room in (teacher, *students, late):
        room.expect_people(4)
        assert room.socket_codes() == [None], "a socket was lost"


# Hostile packets and messages


def bad_packets() -> Iterable[bytes]:
    """Nothing, garbage of every length, and beginnings of STUN, DTLS, RTP and RTCP packets."""
    chance = random.Random(SEED)
    beginnings = (
        b"",
        b"\x00\x01\x00\x08\x21\x12\xa4\x42",
        b"\x16\xfe\xff\x00\x00",
        b"\x80\x60",
        b"\x80\xc8",
        b"\x90\xe0",
    )
    yield b""
    for _ in range(BAD_PACKETS):
        yield chance.choice(beginnings) + chance.randbytes(chance.randrange(LONGEST_PACKET - 8))


def test_bad_datagrams_to_the_media_port_disturb_nobody(classroom: ClassRoom) -> None:
    _, (teacher, *students) = in_session(classroom)
    relay = classroom.lectern.relay_pid()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in bad_packets():
            sender.sendto(packet, ("127.0.0.1", classroom.lectern.media_port))
    for student in students:
        student.expect_picture()
        student.expect_sound()
    assert classroom.lectern.relay_pid() == relay
    for room in (teacher, *students):
        assert "reconnecting" not in room.states_seen()


SDP_HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
M_LINE = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
BAD_DESCRIPTIONS = {
    "nothing": "",
    "no description": "hello",
    "no media": SDP_HEAD,
    "no transport": SDP_HEAD + M_LINE,
    "too many m-lines": SDP_HEAD + M_LINE * 500,
    "a lone surrogate": SDP_HEAD + "a=\ud800\r\n" + M_LINE,
    "no text": 7,
    "too large": SDP_HEAD + "a=" + "x" * 62_000,
}


def test_a_teachers_bad_description_is_refused_and_disturbs_nobody(classroom: ClassRoom) -> None:
    _, (teacher, *students) = in_session(classroom)
    for name, sdp in BAD_DESCRIPTIONS.items():
        reply = teacher.say("media.publish", {"sdp": sdp, "sources": {"0": "microphone"}})
        assert reply, f"no reply to {name}"
        assert not reply["ok"], name
        assert reply["error"]["code"] in ("bad_sdp", "bad_request"), (name, reply)
        assert len(reply["error"]["message"]) > len("no"), name
    reply = students[0].say("media.answer", {"sdp": "hello"})
    assert reply
    assert not reply["ok"]
    for student in students:
        student.expect_picture()
        student.expect_sound()
    assert "reconnecting" not in students[0].states_seen()


def test_a_message_over_the_size_limit_ends_its_own_socket_only(classroom: ClassRoom) -> None:
    _, (_, first, second) = in_session(classroom, watching=2)
    first.page.evaluate("() => window.seenByTests.sockets.at(-1).socket.send('x'.repeat(70_000))")
    first.wait_until(lambda: first.socket_codes()[0] is not None, BACK_SECONDS, "the socket stays open")
    second.expect_picture()
    assert second.socket_codes() == [None]
