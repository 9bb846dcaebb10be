"""Devices whose rights end, or don't, while their media runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core import schedule
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import Enrolment, Lesson, StreamKey, StreamSession
from classroom.services import devices, lessons
from classroom.services.stream_keys import WHEP
from media_relay import protocol
from tests.classroom.live.doors import SECONDS, device_of, is_over
from tests.classroom.live.wire import FakeRelay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def unenrol(cast: Cast) -> None:
    """The person leaves the course."""
    Enrolment.objects.get(course=cast.course, user=cast.assistant).delete()


def demote(cast: Cast) -> None:
    """The person only attends from now on."""
    row = Enrolment.objects.get(course=cast.course, user=cast.assistant)
    row.role = Enrolment.Role.STUDENT
    row.save()


def deactivate(cast: Cast) -> None:
    """The person's account is closed."""
    user = User.objects.get(pk=cast.assistant.pk)
    user.is_active = False
    user.save()


def revoke(cast: Cast) -> None:
    """The key is revoked."""
    devices.revoke_key(StreamKey.objects.get(user=cast.assistant).pk)


def expire(cast: Cast) -> None:
    """The key's time is over."""
    StreamKey.objects.update(expires_at=timezone.now())


def end_lesson(cast: Cast) -> None:
    """The lesson ends."""
    lessons.end_lesson(cast.lesson.pk)


def run_out(cast: Cast) -> None:
    """The lesson's time is over, and no page is there to see it."""
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_at=timezone.now() - schedule.LIVE_AFTER)


@pytest.mark.parametrize(
    "happen",
    [unenrol, demote, deactivate, revoke, expire, end_lesson, run_out],
    ids=lambda step: step.__name__,
)
async def test_media_ends_within_two_seconds_of_the_rights(cast: Cast, relay: FakeRelay, happen: Any) -> None:
    device = await device_of(cast.assistant, cast.lesson)
    asked = await device.open(relay)
    await in_database(happen, cast)
    async with asyncio.timeout(SECONDS):
        await relay.expect(protocol.Close, client=asked.client)
    assert await is_over(device)
    assert (await device.delete()).status_code in (401, 404)
    assert (await device.post()).status_code in (401, 409)


async def test_a_device_is_kept_while_its_relay_reports(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.student, cast.lesson, WHEP)
    await device.open(relay)
    await in_database(StreamSession.objects.update, started_at=timezone.now() - timedelta(hours=1))
    await registry.sweep()
    await registry.end_devices()
    assert (await device.delete()).status_code == 200
