"""What is done for all sockets of a process at once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.live import access
from classroom.live import registry as registry_module
from classroom.live.database import in_database
from classroom.live.registry import PAGES_BACK_SECONDS, SILENT_SECONDS, registry
from classroom.live.room_consumer import RoomConsumer
from classroom.models import Lesson, Presence
from classroom.services import events, presence
from media_relay import protocol
from tests.classroom.live.wire import (
    PAGE,
    PATIENCE,
    Page,
    browser_headers,
    make_session,
    open_page,
    open_relay,
    open_socket,
    room_path,
)
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
LATE = presence.GRACE + timedelta(seconds=1)


async def age(user: Any, by: timedelta = LATE) -> None:
    """Lets the person's pages have been seen last so long ago."""
    await in_database(Presence.objects.filter(user=user, left_at=None).update, seen_at=timezone.now() - by)


async def test_a_page_that_does_not_come_back_is_gone_with_its_media(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    await teacher.heard_roster(joined=str(cast.student.pk))
    await student.drop()
    await age(cast.student)
    await registry.sweep()
    await teacher.heard_roster(left=str(cast.student.pk))
    close = await relay.expect(protocol.Close)
    assert (close.participant, close.client, close.direction) == (str(cast.student.pk), PAGE, "")


async def test_the_stage_of_a_page_that_does_not_come_back_is_free(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await teacher.request("lesson.go_live")
    await student.heard("stage.changed", client=PAGE)
    await teacher.drop()
    await age(cast.teacher)
    await registry.sweep()
    await student.heard("stage.changed", holder=None)
    assert (await student.request("room.snapshot"))["body"]["lesson"]["phase"] == "live"


async def test_pages_have_the_grace_time_to_come_back_after_a_restart_of_ours_however_long_it_took(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("lesson.go_live")
    await teacher.drop()
    await age(cast.teacher, timedelta(minutes=5))
    monkeypatch.setattr(registry_module, "PAGES_BACK_SECONDS", PAGES_BACK_SECONDS)
    monkeypatch.setattr(registry, "_began", registry.clock() - PAGES_BACK_SECONDS + 5)
    await registry.sweep()
    lesson = await in_database(Lesson.objects.get, pk=cast.lesson.pk)
    assert lesson.stage_holder_id == cast.teacher.pk
    monkeypatch.setattr(registry, "_began", registry.clock() - PAGES_BACK_SECONDS)
    await registry.sweep()
    await in_database(lesson.refresh_from_db)
    assert lesson.stage_holder_id is None


async def test_pages_with_a_socket_are_kept_seen(cast: Cast) -> None:
    await open_page(cast.student, cast.lesson)
    await age(cast.student, LATE)
    await registry.refresh()
    await registry.sweep()
    row = await in_database(Presence.objects.get, user=cast.student)
    assert row.left_at is None


async def test_a_page_whose_presence_was_ended_has_to_come_in_anew(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    await in_database(Presence.objects.update, left_at=timezone.now())
    await registry.refresh()
    assert await student.close_code() == 4408


async def test_a_room_hears_that_time_has_ended_its_lesson(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    # The room closes half an hour after the lesson's end: in a fraction of a second.
    ends_at = timezone.now() - timedelta(minutes=30) + timedelta(seconds=0.3)
    await in_database(Lesson.objects.filter(pk=cast.lesson.pk).update, ends_at=ends_at)
    await student.heard("lesson.changed", phase="ended")


async def test_a_look_at_many_sockets_takes_as_few_queries_as_at_one(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    keys = [await in_database(make_session, student) for student in cast.students]
    callers = [access.Caller(key, PAGE) for key in keys]
    passes = await in_database(access.admit, cast.lesson.pk, callers)

    def look() -> dict[Any, int]:
        with django_assert_max_num_queries(3):
            return access.verdicts([entry for entry in passes if entry])

    assert len([entry for entry in passes if entry]) == len(cast.students)
    assert await in_database(look) == {}


async def test_a_page_is_told_all_again_when_the_channel_layer_has_lost_an_event(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    # No other event may follow the lost one: the page itself would see the gap.
    await student.heard_roster(joined=str(cast.student.pk))
    known = relay.permits[str(cast.lesson.pk)].generation
    lost = {"event_seq": F("event_seq") + 1, "title": "Optics, once more"}
    await in_database(Lesson.objects.filter(pk=cast.lesson.pk).update, **lost)
    # An event may be on its way when the first look is taken.
    await registry.catch_up()
    await registry.catch_up()
    snapshot = await student.heard("room.snapshot")
    assert snapshot["body"]["lesson"]["title"] == "Optics, once more"
    await relay.expect(protocol.Permits, generation=known + 1)


async def test_a_page_that_has_heard_every_event_is_told_nothing_twice(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("lesson.go_live")
    await student.heard("stage.changed", client=PAGE)
    await registry.catch_up()
    await registry.catch_up()
    await student.request("room.ping")
    assert "room.snapshot" not in [message.get("type") for message in student.messages]


async def test_a_page_that_waits_for_its_first_snapshot_has_missed_nothing() -> None:
    async def send(message: dict[str, Any]) -> None:
        """Goes nowhere."""

    page = RoomConsumer()
    page.base_send = send
    page.entry = access.Pass("session", Seat(uuid4(), uuid4(), PAGE), "student")
    # The browser keeps what comes before the snapshot.
    await page.room_event({"seq": 3, "text": "{}", "audience": events.EVERYONE.to_wire()})
    assert not page.has_missed(7)
    assert not page.has_missed(7)


@contextlib.asynccontextmanager
async def nobody_comes_in(user: User, lesson: Lesson) -> AsyncIterator[None]:
    """Has the database keep the person's page waiting for its place."""
    is_held, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold() -> None:
        with transaction.atomic():
            Presence.objects.create(lesson=lesson, user=user, client=PAGE)
            loop.call_soon_threadsafe(is_held.set)
            assert may_end.wait(PATIENCE)
            transaction.set_rollback(True)

    holding = asyncio.create_task(in_database(hold))
    await is_held.wait()
    try:
        yield
    finally:
        may_end.set()
        await holding


async def test_a_page_is_not_silent_while_it_waits_to_be_let_in(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await in_database(make_session, cast.student)
    socket = open_socket(room_path(cast.lesson.pk), browser_headers(key))
    page = Page(socket, key)
    async with nobody_comes_in(cast.student, cast.lesson):
        assert (await socket.connect(PATIENCE))[0]
        ping = await page.send("room.ping")
        later = time.monotonic() + SILENT_SECONDS + 1
        monkeypatch.setattr(registry, "clock", lambda: later)
        await registry.close_silent()
    await page.heard("room.snapshot")
    assert (await page.reply_to(ping))["ok"]
    await registry.close_silent()
    assert (await page.request("room.ping"))["ok"]


async def test_a_page_that_says_nothing_any_more_is_closed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = await open_page(cast.student, cast.lesson)
    later = time.monotonic() + SILENT_SECONDS + 1
    monkeypatch.setattr(registry, "clock", lambda: later)
    await registry.close_silent()
    assert await student.close_code() == 4408
