"""`/metrics`: what the web tier counts, for a Prometheus that shows the token; 404 to everyone else.

It stands beside the probes in front of Django, for the same reasons.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from hmac import compare_digest
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from config.health import Application, Health

log = logging.getLogger(__name__)

PATH = "/metrics"
PARTS = ("database", "channel_layer", "relay")
"""What /readyz may name as missing."""


class Metrics:
    """An ASGI application that answers /metrics and hands everything else on."""

    def __init__(self, application: Application, health: Health, token: str) -> None:
        self._application = application
        self._health = health
        self._expected = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answers one path, to those who know the token."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._application(scope, receive, send)
        elif self._is_welcome(scope["headers"]):
            await _answer(send, 200, await self._exposition())
        else:
            await _answer(send, 404, b"")

    def _is_welcome(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = [value for name, value in headers if name == b"authorization"]
        return bool(self._expected) and len(given) == 1 and compare_digest(given[0], self._expected)

    async def _exposition(self) -> bytes:
        missing = await self._health.missing()
        try:
            relays = await sync_to_async(_relays, thread_sensitive=False)()
        except Exception as error:  # Whatever the database driver raises, the rest is told.
            log.warning("the relays cannot be read: %s", type(error).__name__)
            relays = []
        state = CollectorRegistry(auto_describe=False)
        state.register(_State(missing, relays))
        return generate_latest(REGISTRY) + generate_latest(state)


def _relays() -> list[tuple[str, bool, float]]:
    """Returns each relay's name, whether it takes part, and how much of its budget it uses."""
    from classroom.models import Relay

    try:
        return [(relay.name, relay.is_available, relay.usage) for relay in Relay.objects.all()]
    finally:
        connection.close()


class _State(Collector):
    def __init__(self, missing: dict[str, str], relays: list[tuple[str, bool, float]]) -> None:
        self._missing = missing
        self._relays = relays

    def collect(self) -> Iterator[Metric]:
        parts = GaugeMetricFamily("lectern_healthy", "Whether this part is there.", labels=("part",))
        for part in PARTS:
            parts.add_metric((part,), part not in self._missing)
        yield parts
        available = GaugeMetricFamily("lectern_relay_available", "Whether it is heard of.", labels=("relay",))
        usage = GaugeMetricFamily("lectern_relay_usage_ratio", "Of its budget, used.", labels=("relay",))
        for name, is_available, used in self._relays:
            available.add_metric((name,), is_available)
            usage.add_metric((name,), used)
        yield available
        yield usage


async def _answer(send: Any, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", CONTENT_TYPE_LATEST.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
