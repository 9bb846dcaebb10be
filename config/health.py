"""`/livez` and `/readyz`: answered before Django, so that they work while sessions or the database do not.

They stand in front of Django's middleware for three reasons: /livez must not wait for a busy worker thread, a
probe comes by address and plain HTTP where ALLOWED_HOSTS and the HTTPS redirect would turn it away, and an
answer that names what is down must not need what is down.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connection

log = logging.getLogger(__name__)

DATABASE_SECONDS = 2.0
LAYER_SECONDS = 1.0
LIVE, READY = "/livez", "/readyz"

NO_DATABASE = "the database does not answer"
NO_LAYER = "the channel layer does not carry a message"
NO_RELAY = "no relay has been heard of for 5 seconds"

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Health:
    """An ASGI application that answers the two probes and hands everything else on."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._layer = LayerProbe()
        # One thread: a database that hangs holds one probe, however many are asked.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
        self._checking: asyncio.Task[dict[str, str]] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answers GET and HEAD of the two paths."""
        path = scope.get("path") if scope["type"] == "http" else None
        if path == LIVE:
            await _answer(send, 200, {"live": True})
        elif path == READY:
            missing = await self.missing()
            await _answer(send, 503 if missing else 200, {"ready": not missing, "missing": missing})
        else:
            await self._application(scope, receive, send)

    async def missing(self) -> dict[str, str]:
        """Returns what is missing and why; probes that come while one is under way share its answer."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())
        return await asyncio.shield(self._checking)

    async def _check(self) -> dict[str, str]:
        stored, carried = await asyncio.gather(self._check_database(), self._layer.is_good())
        return stored if carried else {**stored, "channel_layer": NO_LAYER}

    async def _check_database(self) -> dict[str, str]:
        ask = sync_to_async(_has_relay, thread_sensitive=False, executor=self._thread)
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                return {} if await ask() else {"relay": NO_RELAY}
        except Exception as error:  # Whatever the database driver raises, the answer is the same.
            log.warning("%s: %s", NO_DATABASE, type(error).__name__)
            return {"database": NO_DATABASE, "relay": NO_RELAY}


def _has_relay() -> bool:
    from classroom.models import Relay

    try:
        return any(relay.is_available for relay in Relay.objects.filter(connected=True))
    finally:
        # A connection kept open would hide a database that takes no new ones.
        connection.close()


class LayerProbe:
    """Sends itself a message through the channel layer.

    It keeps one channel for good: a new one for each probe would leave a subscription in Redis behind.
    """

    def __init__(self) -> None:
        self._channel = ""

    async def is_good(self) -> bool:
        """Whether a message came back within LAYER_SECONDS."""
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                await self._round_trip()
        except Exception as error:  # Whatever the layer raises, the answer is the same.
            log.warning("%s: %s", NO_LAYER, type(error).__name__)
            self._channel = ""
            return False
        return True

    async def _round_trip(self) -> None:
        layer = get_channel_layer()
        assert layer is not None
        self._channel = self._channel or await layer.new_channel("health.")
        sent = {"type": "health.probe", "token": secrets.token_hex(8)}
        await layer.send(self._channel, sent)
        while await layer.receive(self._channel) != sent:
            pass  # A late message of an earlier probe.


async def _answer(send: Any, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
