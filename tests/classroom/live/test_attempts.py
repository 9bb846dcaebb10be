"""Who tried in vain: what the web tier notes for the register."""

from __future__ import annotations

import pytest

from classroom.live import registry as registry_module
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import Attempt, Placement, Relay
from media_relay import protocol
from tests.classroom.live.wire import (
    PAGE,
    browser_headers,
    is_refused,
    make_session,
    open_page,
    open_relay,
    room_path,
)
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


async def attempts() -> list[tuple[str, str]]:
    """Whose attempts of which kind are noted, once what is gathered is written."""
    await registry.work_gathered()
    rows = Attempt.objects.values_list("user__email", "kind")
    return await in_database(lambda: list(rows))


async def test_whoever_is_refused_a_socket_has_tried(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_page(cast.student, cast.lesson)
    monkeypatch.setattr(registry_module, "MAX_SOCKETS_OF_A_PERSON", 1)
    key = await in_database(make_session, cast.student)
    assert await is_refused(room_path(cast.lesson.pk, "page-0002"), browser_headers(key))
    assert await attempts() == [(cast.student.email, "socket")]


async def test_whoever_has_no_right_to_come_in_has_not_tried(cast: Cast) -> None:
    key = await in_database(make_session, cast.outsider)
    assert await is_refused(room_path(cast.lesson.pk), browser_headers(key))
    assert await attempts() == []


async def test_whoever_gets_no_media_has_tried(cast: Cast) -> None:
    page = await open_page(cast.student, cast.lesson)
    assert (await page.request("media.subscribe"))["error"]["code"] == "relay_unavailable"
    assert await attempts() == [(cast.student.email, "media")]


async def test_a_browser_that_never_reaches_the_relay_has_tried(cast: Cast) -> None:
    relay = await open_relay()
    found = await in_database(Relay.objects.get)
    await in_database(Placement.objects.create, lesson=cast.lesson, relay=found)
    page = await open_page(cast.student, cast.lesson)
    seat = (str(cast.lesson.pk), str(cast.student.pk), PAGE)
    await relay.say(protocol.ConnectionChanged(*seat, "subscribe", "closed", "closed by the web tier"))
    await page.heard("media.closed")
    assert await attempts() == []
    await relay.say(protocol.ConnectionChanged(*seat, "subscribe", "closed", protocol.NEVER_CONNECTED))
    await page.heard("media.closed")
    await relay.say_load()
    assert await attempts() == [(cast.student.email, "media")]
