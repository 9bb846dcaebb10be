"""What is told to a room comes to a process once, and reaches every socket there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from classroom.core import groups
from classroom.live.hub import hub
from classroom.services import events
from tests.classroom.live.wire import open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

POINTER: dict[str, Any] = {
    "type": "room.broadcast",
    "text": '{"type":"a.pointer","body":{}}',
    "audience": events.EVERYONE.to_wire(),
}


async def test_what_is_told_to_a_room_reaches_all_its_pages_and_no_other_rooms(cast: Cast) -> None:
    pages = [await open_page(user, cast.lesson) for user in (cast.teacher, *cast.students)]
    elsewhere = await open_page(cast.outsider, cast.second_lesson)
    await events.tell_now(groups.room(cast.lesson.pk), POINTER)
    for page in pages:
        await page.heard("a.pointer")
    assert (await elsewhere.request("room.ping"))["ok"]
    assert not [message for message in elsewhere.messages if message.get("type") == "a.pointer"]


async def test_nobody_listens_for_a_room_without_sockets(cast: Cast) -> None:
    page = await open_page(cast.student, cast.lesson)
    assert len(tuple(hub.sockets(cast.lesson.pk))) == 1
    await page.socket.disconnect(code=1001, timeout=5)
    assert tuple(hub.sockets(cast.lesson.pk)) == ()
    await asyncio.sleep(0)
    again = await open_page(cast.student, cast.lesson)
    await events.tell_now(groups.room(cast.lesson.pk), POINTER)
    await again.heard("a.pointer")
