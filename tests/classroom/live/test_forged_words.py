"""What a relay says of lessons that it does not carry, or says twice, changes nothing in the web tier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import serializers

from classroom.live.database import in_database
from classroom.models import Lesson, Placement, Presence, Relay
from media_relay import protocol
from tests.classroom.live.wire import PAGE, PATIENCE, FakeRelay, Page, open_page, open_relay, open_socket
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

NOTICES = ("media.", "room.links")


def words_of(lesson: Lesson, person: str) -> list[protocol.Message]:
    """All that a relay may say of a lesson by itself, about one page."""
    seat = (str(lesson.pk), person, PAGE)
    link = protocol.LinkState(person, PAGE, "subscribe", 500.0, 0.9, 1.0, {"teacher-camera": -1}, "link")
    return [
        protocol.ConnectionChanged(*seat, "subscribe", "connected"),
        protocol.ConnectionChanged(*seat, "subscribe", "closed", "forged"),
        protocol.ConnectionChanged(*seat, "publish", "closed", "forged"),
        protocol.Links(str(lesson.pk), (link,)),
        protocol.LayersWanted(*seat, "camera", ()),
    ]


def rows() -> str:
    """All rows that could change, but for the heartbeats of relays."""
    tables: tuple[Any, ...] = (Lesson, Placement, Presence)
    fields = ("lesson", "relay", "generation", "state", "stage_holder", "stage_client", "left_at")
    return "".join(serializers.serialize("json", table.objects.all(), fields=fields) for table in tables)


async def media_of(page: Page) -> list[str]:
    """Which words about media have come to a page, once all that was sent before has come."""
    await page.request("room.ping")
    return [message["type"] for message in page.messages if message["type"].startswith(NOTICES)]


async def taught(cast: Cast) -> tuple[FakeRelay, Page, Page]:
    """A relay with a lesson, and the pages of its teacher and a student."""
    relay = await open_relay()
    teacher, student = await open_page(cast.teacher, cast.lesson), await open_page(cast.student, cast.lesson)
    await teacher.request("lesson.go_live")
    for page in (teacher, student):
        await page.send("media.subscribe")
        await relay.expect(protocol.Subscribe)
    return relay, teacher, student


async def settled(relay: FakeRelay, cast: Cast) -> None:
    """Waits until the web tier has taken all that the relay has said: a relay is heard in order."""
    page = await open_page(cast.students[3], cast.lesson, "page-of-the-end")
    room = str(cast.lesson.pk)
    await relay.say(
        protocol.ConnectionChanged(
            room, str(cast.students[3].pk), "page-of-the-end", "subscribe", "connected"
        )
    )
    await page.heard("media.connected")


async def test_a_relay_is_not_heard_on_lessons_of_another(cast: Cast) -> None:
    relay, teacher, student = await taught(cast)
    forger = await open_relay("relay-2", "epoch-of-2")
    colleague = await open_page(cast.colleague, cast.second_lesson)
    await in_database(Placement.objects.create, lesson=cast.second_lesson, relay=await row_of("relay-2"))
    before = await in_database(rows)
    for person in (cast.teacher, cast.student):
        for word in words_of(cast.lesson, str(person.pk)):
            await forger.say(word)
    for word in words_of(cast.lesson, str(cast.colleague.pk)):
        await relay.say(word)
    # Each is heard on its own lesson.
    await forger.say(words_of(cast.second_lesson, str(cast.colleague.pk))[0])
    await colleague.heard("media.connected")
    await relay.say(words_of(cast.lesson, str(cast.student.pk))[0])
    await student.heard("media.connected")
    assert [await media_of(page) for page in (teacher, student)] == [["room.links"], []]
    assert await in_database(rows) == before


async def row_of(name: str) -> Relay:
    """A relay's row."""
    return await in_database(Relay.objects.get, name=name)


async def test_a_relay_is_not_heard_on_a_lesson_that_has_moved_away(cast: Cast) -> None:
    relay, _, student = await taught(cast)
    other = await open_relay("relay-2", "epoch-of-2")
    moved = Placement.objects.filter(lesson=cast.lesson)
    await in_database(moved.update, relay=await row_of("relay-2"))
    for word in words_of(cast.lesson, str(cast.student.pk)):
        await relay.say(word)
    await relay.say_load()
    await settled(other, cast)
    assert await media_of(student) == []


async def test_a_relay_that_has_not_registered_is_not_heard_at_all(cast: Cast) -> None:
    _, _, student = await taught(cast)
    headers = [(b"authorization", f"Bearer {settings.RELAY_SECRET}".encode())]
    for word in words_of(cast.lesson, str(cast.student.pk)):
        socket = open_socket("/ws/relays/", headers)
        await socket.connect()
        await socket.send_to(protocol.encode(word))
        output = await socket.receive_output(PATIENCE)
        assert (output["type"], output["code"]) == ("websocket.close", 4400)
    assert await media_of(student) == []


REPLIES: list[Callable[[str], protocol.Message]] = [
    protocol.Done,
    lambda id: protocol.Offer(id, "v=0\r\n", {"0": "forged"}),
    lambda id: protocol.Accepted(id, "v=0\r\n"),
    lambda id: protocol.Refused(id, protocol.REFUSED, "forged"),
]


@pytest.mark.parametrize("reply", REPLIES)
async def test_a_reply_to_a_question_of_another_relay_settles_nothing(
    cast: Cast, reply: Callable[[str], protocol.Message]
) -> None:
    relay = await open_relay()
    forger = await open_relay("relay-2", "epoch-of-2", capacity=1)
    await forger.say_load(subscribers=1)
    student = await open_page(cast.student, cast.lesson)
    asked = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    for id in (question.id, "unknown", "0"):
        await forger.say(reply(id))
    await forger.say_load(subscribers=1)
    await relay.say(reply("unknown"))
    await relay.say(protocol.Offer(question.id, "v=0\r\n", {"0": "teacher-camera"}))
    # A second reply is one to nobody.
    await relay.say(protocol.Refused(question.id, protocol.REFUSED, "forged"))
    answered = await student.reply_to(asked)
    assert answered["body"]["slots"] == {"0": "teacher-camera"}
    await student.request("room.ping")
    assert not [message for message in student.messages if message.get("id") == asked]


async def test_messages_that_only_the_web_tier_sends_end_the_connection(cast: Cast) -> None:
    room = str(cast.lesson.pk)
    for message in (
        protocol.Permits(room, 10**6),
        protocol.Close(room, str(cast.student.pk)),
        protocol.Subscribe("1", room, str(cast.student.pk), PAGE),
        protocol.Drain(),
    ):
        relay = await open_relay()
        before = await in_database(rows)
        await relay.say(message)
        output = await relay.socket.receive_output(PATIENCE)
        assert (output["type"], output["code"]) == ("websocket.close", 4400)
        assert await in_database(rows) == before
