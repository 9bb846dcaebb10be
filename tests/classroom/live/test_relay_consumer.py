"""A relay's connection, through the real routing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from classroom.live.database import in_database
from classroom.live.registry import RELAYS_BACK_SECONDS, registry
from classroom.models import Enrolment, Lesson, Placement, Relay
from classroom.services import relays
from media_relay import protocol
from tests.classroom.live.wire import (
    EPOCH,
    PATIENCE,
    FakeRelay,
    Page,
    browser_headers,
    is_refused,
    make_session,
    open_page,
    open_relay,
    open_socket,
)
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/ws/relays/"
LOAD = protocol.Load(0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    """Gives the registry its clock back."""
    clock = registry.clock
    yield
    registry.clock = clock


async def relay_row(name: str = "relay-1") -> Relay:
    """The relay's row."""
    return await in_database(Relay.objects.get, name=name)


async def test_whoever_does_not_know_the_secret_is_refused(cast: Cast) -> None:
    secret = settings.RELAY_SECRET
    for value in (
        "",
        "Bearer ",
        "Bearer wrong",
        secret,
        f"bearer {secret}x",
        f"Basic {secret}",
        "Bearer \xff",
    ):
        assert await is_refused(PATH, [(b"authorization", value.encode("latin-1"))])
    assert await is_refused(PATH, browser_headers(await in_database(make_session, cast.staff)))
    twice = (b"authorization", f"Bearer {secret}".encode())
    assert await is_refused(PATH, [twice, twice])


async def test_a_relay_registers_and_is_available(db: None) -> None:
    relay = await open_relay()
    row = await relay_row()
    assert (row.epoch, row.address, row.port, row.capacity) == (EPOCH, "127.0.0.1", 7400, 100)
    assert row.is_available
    await relay.say_load(subscribers=7)
    await relay.drop()
    row = await relay_row()
    assert not row.is_available
    assert row.load["subscribers"] == 7


@pytest.mark.parametrize(
    "text", ["", "hello", '{"type": "load"}', '{"type": "done", "id": "x"} ', '{"type": "registered"}', "[]"]
)
async def test_what_is_no_message_of_a_relay_closes_the_connection(db: None, text: str) -> None:
    relay = await open_relay()
    if text.startswith('{"type": "done"'):
        await relay.socket.send_to(text)  # A reply that nobody waits for is dropped.
        text = "x"
    await relay.socket.send_input({"type": "websocket.receive", "text": text})
    output = await relay.socket.receive_output(PATIENCE)
    assert (output["type"], output["code"]) == ("websocket.close", 4400)


async def test_nothing_is_taken_before_the_relay_has_registered(db: None) -> None:
    headers = [(b"authorization", f"Bearer {settings.RELAY_SECRET}".encode())]
    socket = open_socket(PATH, headers)
    await socket.connect()
    relay = FakeRelay(socket, "relay-1", EPOCH)
    await relay.say_load()
    assert (await socket.receive_output(PATIENCE))["type"] == "websocket.close"


async def test_a_relay_of_another_protocol_is_turned_away(db: None) -> None:
    headers = [(b"authorization", f"Bearer {settings.RELAY_SECRET}".encode())]
    socket = open_socket(PATH, headers)
    await socket.connect()
    hello = protocol.Register("relay-1", "9", EPOCH, (), 7400, 1, protocol=protocol.VERSION + 1)
    await socket.send_to(protocol.encode(hello))
    assert (await socket.receive_output(PATIENCE))["type"] == "websocket.close"
    assert not await in_database(Relay.objects.exists)


async def test_a_second_connection_of_a_relay_replaces_the_first(db: None) -> None:
    first = await open_relay()
    second = await open_relay()
    output = await first.socket.receive_output(PATIENCE)
    assert (output["type"], output["code"]) == ("websocket.close", 4409)
    await first.drop()
    assert (await relay_row()).is_available
    await second.drop()
    assert not (await relay_row()).is_available


async def test_a_relay_that_dials_in_again_gets_every_rooms_whole_permits(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    other = await open_page(cast.other_teacher, cast.other_lesson)
    await teacher.request("lesson.go_live")
    for page in (teacher, other):
        await page.send("media.subscribe")
        await relay.expect(protocol.Subscribe)
    before = dict(relay.permits)
    assert before.keys() == {str(cast.lesson.pk), str(cast.other_lesson.pk)}
    await relay.drop()
    await in_database(Enrolment.objects.filter(user=cast.student).delete)
    again = await open_relay(epoch="epoch-2")
    for room in before:
        await again.expect(protocol.Permits, room=room)
        assert again.permits[room].generation > before[room].generation
    assert str(cast.student.pk) not in again.permits[str(cast.lesson.pk)].viewers
    assert again.permits[str(cast.lesson.pk)].stage == before[str(cast.lesson.pk)].stage


async def test_rooms_hear_that_their_relay_is_lost_and_back(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    stranger = await open_page(cast.stranger, cast.other_lesson)
    await teacher.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    await relay.drop()
    await teacher.heard("media.changed", state="lost", epoch=EPOCH)
    assert (await teacher.request("room.snapshot"))["body"]["media"]["state"] == "lost"
    await open_relay(epoch="epoch-2")
    await teacher.heard("media.changed", state="ready", epoch="epoch-2")
    await stranger.request("room.ping")
    assert not [message for message in stranger.messages if message["type"] == "media.changed"]


async def watched_lesson(cast: Cast) -> tuple[Page, FakeRelay, FakeRelay]:
    """A student who watches by the first of two relays."""
    first = await open_relay("relay-1", EPOCH)
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await first.expect(protocol.Subscribe)
    return student, first, await open_relay("relay-2", "epoch-of-2")


async def watches_by_the_second(student: Page, second: FakeRelay) -> None:
    """The student is told of the other relay and finds it ready."""
    await student.heard("media.changed", state="ready", epoch="epoch-of-2")
    await second.expect(protocol.Permits)
    await student.send("media.subscribe")
    await second.expect(protocol.Subscribe)


async def test_a_lesson_moves_when_its_relay_does_not_come_back(cast: Cast) -> None:
    student, first, second = await watched_lesson(cast)
    await first.drop()
    assert (await student.request("media.subscribe"))["error"]["code"] == "relay_unavailable"
    registry.clock = lambda: time.monotonic() + RELAYS_BACK_SECONDS
    await watches_by_the_second(student, second)


async def test_a_relay_whose_line_was_broken_ends_the_rooms_that_have_moved(cast: Cast) -> None:
    student, first, second = await watched_lesson(cast)
    await first.drop()
    registry.clock = lambda: time.monotonic() + RELAYS_BACK_SECONDS
    await watches_by_the_second(student, second)
    again = await open_relay("relay-1", EPOCH)
    ended = await again.expect(protocol.Permits, room=str(cast.lesson.pk), viewers=())
    assert ended.generation > first.permits[str(cast.lesson.pk)].generation
    assert second.permits[str(cast.lesson.pk)].viewers


async def test_no_lesson_moves_while_relays_dial_in_after_a_restart_of_ours(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _student, first, _second = await watched_lesson(cast)
    await first.drop()
    await in_database(
        Relay.objects.filter(name="relay-1").update, heartbeat_at=timezone.now() - timedelta(seconds=6)
    )
    monkeypatch.setattr(registry, "_began", registry.clock() - RELAYS_BACK_SECONDS + 1)
    await registry.rescue()
    assert await in_database(Placement.objects.filter(relay__name="relay-1").exists)


async def test_the_lessons_of_a_relay_that_drains_move_while_it_goes_on(cast: Cast) -> None:
    student, first, second = await watched_lesson(cast)
    before = dict(first.permits)
    await first.say(replace(LOAD, draining=True))
    await watches_by_the_second(student, second)
    assert (await first.expect(protocol.Moved)).lessons == 1
    await first.say(replace(LOAD, draining=True))
    assert (await relay_row("relay-1")).is_available
    assert first.permits == before


async def test_a_relay_that_drains_alone_hears_that_nothing_moves(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    await relay.say(replace(LOAD, draining=True))
    assert (await relay.expect(protocol.Moved)).lessons == 0


async def test_relays_that_drain_together_do_not_hand_lessons_to_each_other(cast: Cast) -> None:
    student, first, second = await watched_lesson(cast)
    for relay in (first, second):
        await relay.say(replace(LOAD, draining=True))
    for relay in (first, second):
        assert (await relay.expect(protocol.Moved)).lessons == 0
    await student.request("room.ping")
    assert not [message for message in student.messages if message["type"] == "media.changed"]


async def test_the_order_to_drain_reaches_the_relay(cast: Cast) -> None:
    relay = await open_relay()
    await in_database(relays.drain, (await relay_row()).pk)
    await relay.expect(protocol.Drain)


async def test_a_teacher_hears_that_every_relay_has_enough_to_do(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    await relay.say(replace(LOAD, usage=0.9, draining=False))
    async with asyncio.timeout(PATIENCE):
        while (await relay_row()).usage < 0.8:
            await relay.say(replace(LOAD, usage=0.9))
            await asyncio.sleep(0.05)
    for request in ("lesson.go_live", "media.subscribe"):
        error = (await teacher.request(request))["error"]
        assert error["code"] == "relay_full"
        assert "all that they can carry" in error["message"]


async def test_a_relay_given_up_for_silence_registers_again_with_its_next_load(cast: Cast) -> None:
    relay = await open_relay()
    await in_database(Relay.objects.update, heartbeat_at=timezone.now() - timedelta(seconds=6))
    await registry.sweep()
    assert not (await relay_row()).connected
    await relay.say_load()
    output = await relay.socket.receive_output(PATIENCE)
    assert output["type"] == "websocket.close"


async def test_deleting_a_lesson_ends_its_room_in_the_relay(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    before = relay.permits[str(cast.lesson.pk)]
    await in_database(_delete, cast.lesson)
    after = await relay.expect(protocol.Permits, room=str(cast.lesson.pk), viewers=())
    assert after.generation > before.generation
    assert not await in_database(Placement.objects.exists)


def _delete(lesson: Lesson) -> None:
    Lesson.objects.get(pk=lesson.pk).delete()


async def test_a_change_of_a_connection_in_no_room_is_dropped(cast: Cast) -> None:
    relay = await open_relay()
    change = protocol.ConnectionChanged(
        str(cast.lesson.pk), str(cast.student.pk), "gone-page", "subscribe", "closed"
    )
    await relay.say(change)
    await relay.say_load()
    assert (await relay_row()).is_available
