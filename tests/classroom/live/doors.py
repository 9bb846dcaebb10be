"""A client of the doors for devices, as WHIP and WHEP know it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext
from django.test import AsyncClient

from accounts.models import User
from classroom.core.refusals import RecentFailures
from classroom.live.database import in_database
from classroom.models import Lesson, StreamSession
from classroom.services import stream_keys
from classroom.services.stream_keys import KINDS, WHEP, WHIP
from classroom.views import doors
from media_relay import protocol
from tests.classroom.live.wire import FakeRelay

SECONDS = 2.0
UFRAG = "EsAw"
HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
AUDIO = f"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:{UFRAG}\r\n"
VIDEO = f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ice-ufrag:{UFRAG}\r\n"
ANSWER = "v=0\r\ns=the relay's answer\r\n"
DIRECTIONS = {WHIP: "sendonly", WHEP: "recvonly"}
ORDERS: dict[str, type[Any]] = {WHIP: protocol.Publish, WHEP: protocol.Watch}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def offer_of(kind: str, *lines: str) -> str:
    """An offer of that door's direction; of sound and a picture unless told otherwise."""
    return HEAD + "".join(f"{line}a={DIRECTIONS[kind]}\r\n" for line in lines or (AUDIO, VIDEO))


def fragment(ufrag: str = UFRAG) -> str:
    """A trickle-ice-sdpfrag with one candidate."""
    return (
        f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
        f"a=mid:0\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n"
    )


def forget_failures() -> None:
    """Forgets which keys have failed, as a process does that starts anew."""
    doors.failures = RecentFailures(doors.FAILURE_SECONDS, doors.FAILURES_KEPT)


class Device:
    """A client of one door with one key."""

    def __init__(self, kind: str, lesson_id: uuid.UUID, secret: str | None) -> None:
        self.kind = kind
        self.path = f"/{kind}/{lesson_id}/"
        self.headers = {"Authorization": f"Bearer {secret}"} if secret is not None else {}
        self.location = ""
        self.entity_tag = ""

    async def send(
        self, method: str, path: str = "", body: str | bytes = "", kind: str = "", **headers: str
    ) -> Any:
        """Sends a request; underscores in a header's name stand for hyphens."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        # Every request has a thread of its own, as the server gives it one.
        async with ThreadSensitiveContext():
            return await AsyncClient().generic(
                method, path or self.path, body, kind or doors.SDP, headers={**self.headers, **extra}
            )

    async def post(self, body: str | None = None) -> Any:
        """Sends an offer."""
        return await self.send("POST", body=offer_of(self.kind) if body is None else body)

    async def open(self, relay: FakeRelay) -> Any:
        """Opens a session that the relay takes; returns what the relay was asked."""
        asked = await self.asked(relay, asking := asyncio.create_task(self.post()))
        await relay.say(protocol.Accepted(asked.id, ANSWER))
        response = await asking
        assert (response.status_code, response.content.decode()) == (201, ANSWER)
        self.location = "/" + response["Location"].split("/", 3)[3]
        self.entity_tag = response["ETag"]
        return asked

    async def asked(self, relay: FakeRelay, asking: Awaitable[Any]) -> Any:
        """What the relay is asked by a request on its way."""
        return await relay.expect(ORDERS[self.kind])

    async def patch(self, body: str = "", **headers: str) -> Any:
        """Sends candidates to the session."""
        return await self.send("PATCH", self.location, body or fragment(), doors.FRAGMENT, **headers)

    async def delete(self) -> Any:
        """Ends the session."""
        return await self.send("DELETE", self.location)


async def device_of(user: User, lesson: Lesson, kind: str = WHIP) -> Device:
    """A device with a new key of the person."""
    _key, secret = await in_database(stream_keys.issue, user.pk, lesson.pk, kind)
    return Device(kind, lesson.pk, secret)


async def lesson_row(lesson: Lesson) -> Lesson:
    """The lesson as it is now."""
    return await in_database(Lesson.objects.get, pk=lesson.pk)


async def is_over(device: Device) -> bool:
    """Whether the session ends within two seconds."""
    async with asyncio.timeout(SECONDS):
        while await in_database(StreamSession.objects.exists):  # noqa: ASYNC110  # only a row tells its end
            await asyncio.sleep(0.05)
    return True
