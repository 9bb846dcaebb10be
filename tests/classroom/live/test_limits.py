"""Messages that are none, too many messages, and silence."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from classroom.live import protocol
from classroom.live.database import in_database
from classroom.live.registry import (
    MAX_SOCKETS_OF_A_PERSON,
    RELAY_SILENT_SECONDS,
    SILENT_SECONDS,
    registry,
)
from classroom.live.room_consumer import MALFORMED_MESSAGES, MESSAGES_AT_ONCE, RELAY_REQUESTS_OPEN
from media_relay.protocol import Subscribe
from tests.classroom.live.wire import (
    browser_headers,
    is_refused,
    make_session,
    open_page,
    open_relay,
    room_path,
)
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

DEEP = "[" * 30_000
NOT_PROTOCOL = {
    "no JSON": "hello",
    "deep": DEEP,
    "a number that is none": '{"id": 1, "type": "room.ping", "body": {"x": NaN}}',
    "infinity": '{"id": 1, "type": "room.ping", "body": {"x": -Infinity}}',
    "too large": json.dumps({"id": 1, "type": "room.ping", "body": {"x": "y" * protocol.MAX_MESSAGE_BYTES}}),
}
MALFORMED = [
    "[]",
    "1",
    "{}",
    '{"id": "1", "type": "room.ping"}',
    '{"id": true, "type": "room.ping"}',
    '{"id": -1, "type": "room.ping"}',
    '{"id": 1.5, "type": "room.ping"}',
    '{"id": 9007199254740992, "type": "room.ping"}',
    '{"id": 1, "type": 5}',
    '{"id": 1, "type": ""}',
    '{"id": 1, "type": "room.ping", "body": []}',
    '{"id": 1, "type": "room.ping", "body": null}',
    '{"id": 1, "type": "room.ping", "more": 1}',
]


@pytest.mark.parametrize("text", NOT_PROTOCOL.values(), ids=NOT_PROTOCOL)
async def test_what_is_no_message_at_all_closes_the_socket(cast: Cast, text: str) -> None:
    student = await open_page(cast.student, cast.lesson)
    await student.socket.send_to(text)
    assert await student.close_code() == 4400


async def test_a_binary_message_closes_the_socket(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    await student.socket.send_to(bytes_data=b'{"id": 1, "type": "room.ping"}')
    assert await student.close_code() == 4400


async def test_malformed_requests_are_answered_so_many_times(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    texts = (MALFORMED * MALFORMED_MESSAGES)[: MALFORMED_MESSAGES + 1]
    for text in texts[:-1]:
        await student.socket.send_to(text)
        assert (await student.reply_to(None))["error"]["code"] == "bad_request"
    await student.socket.send_to(texts[-1])
    assert await student.close_code() == 4400


async def test_an_unknown_type_is_named_so(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    for kind in ("room.explode", "__class__", "room_event", "websocket.disconnect"):
        assert (await teacher.request(kind))["error"]["code"] == "unknown_type"


async def test_a_flood_closes_its_sender_and_nobody_else(cast: Cast) -> None:
    flooder = await open_page(cast.students[0], cast.lesson)
    other = await open_page(cast.students[1], cast.lesson)
    for _ in range(MESSAGES_AT_ONCE * 10):
        await flooder.send("room.ping")
    started = time.monotonic()
    assert (await other.request("room.ping"))["ok"]
    assert time.monotonic() - started < 5
    assert await flooder.close_code() == 4429


async def test_a_person_has_only_so_many_sockets_and_leaves_room_for_others(cast: Cast) -> None:
    headers = browser_headers(await in_database(make_session, cast.students[0]))
    paths = [room_path(cast.lesson.pk, f"page-{number:04}") for number in range(MAX_SOCKETS_OF_A_PERSON + 4)]
    refused = await asyncio.gather(*(is_refused(path, headers) for path in paths))
    assert sum(refused) == 4
    await open_page(cast.students[1], cast.lesson)


async def test_a_person_who_closes_a_page_may_open_another(cast: Cast) -> None:
    key = await in_database(make_session, cast.student)
    clients = [f"page-{number:04}" for number in range(MAX_SOCKETS_OF_A_PERSON)]
    pages = [await open_page(cast.student, cast.lesson, client, key) for client in clients]
    await pages[0].drop()
    await open_page(cast.student, cast.lesson, clients[0], key)


async def test_only_so_many_requests_may_wait_for_the_relay(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    for _ in range(RELAY_REQUESTS_OPEN):
        await student.send("media.subscribe")
        await relay.expect(Subscribe)
    assert (await student.request("media.subscribe"))["error"]["code"] == "too_fast"


async def test_a_silent_page_is_closed_and_one_that_pings_is_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = await open_page(cast.students[0], cast.lesson)
    alive = await open_page(cast.students[1], cast.lesson)
    later = registry.clock() + SILENT_SECONDS + 1
    monkeypatch.setattr(registry, "clock", lambda: later)
    await alive.request("room.ping")
    await registry.close_silent()
    assert await silent.close_code() == 4408
    assert (await alive.request("room.ping"))["ok"]


async def test_a_silent_relay_is_closed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = await open_relay()
    later = registry.clock() + RELAY_SILENT_SECONDS + 1
    monkeypatch.setattr(registry, "clock", lambda: later)
    await registry.close_silent()
    output = await relay.socket.receive_output()
    while output["type"] != "websocket.close":
        output = await relay.socket.receive_output()
    assert output["code"] == 4408
