"""/metrics, as Prometheus asks for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from classroom.models import Relay
from config.health import Health
from config.metrics import Metrics
from tests.config.test_health import elsewhere

TOKEN = "token-of-the-tests"
GOOD = (b"authorization", f"Bearer {TOKEN}".encode())
pytestmark = pytest.mark.django_db(transaction=True)


async def get(*headers: tuple[bytes, bytes], token: str = TOKEN, path: str = "/metrics") -> tuple[int, str]:
    """Status and body."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    health = Health(elsewhere)
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
    await Metrics(health, health, token)(scope, None, send)
    start, body = sent
    return start["status"], body["body"].decode()


async def samples() -> dict[tuple[str, ...], float]:
    """The figures by their name and the values of their labels, in the order of the labels' names."""
    _status, body = await get(GOOD)
    families = text_string_to_metric_families(body)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@sync_to_async
def a_relay(name: str, age: timedelta, usage: float) -> None:
    """Puts a relay into the database."""
    heard = timezone.now() - age
    Relay.objects.create(name=name, connected=True, heartbeat_at=heard, load={"usage": usage})
    connections["default"].close()


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((b"authorization", b"Bearer wrong"),),
        ((b"authorization", b"Bearer "),),
        ((b"authorization", TOKEN.encode()),),
        (GOOD, GOOD),
    ],
)
async def test_without_the_token_there_is_no_such_page(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert await get(*headers) == (404, "")


async def test_where_no_token_is_set_nobody_is_answered() -> None:
    assert await get(GOOD, token="") == (404, "")
    assert await get((b"authorization", b"Bearer "), token="") == (404, "")


async def test_all_other_pages_are_handed_on() -> None:
    assert (await get(path="/metrics/"))[0] == 418
    assert (await get(path="/livez"))[0] == 200


async def test_relays_and_missing_parts_are_told() -> None:
    await a_relay("relay-1", timedelta(), 0.25)
    await a_relay("relay-2", timedelta(minutes=1), 0.5)
    found = await samples()
    assert found["lectern_relay_usage_ratio", "relay-1"] == 0.25
    assert found["lectern_relay_available", "relay-1"] == 1
    assert found["lectern_relay_available", "relay-2"] == 0
    assert [found["lectern_healthy", part] for part in ("database", "channel_layer", "relay")] == [1, 1, 1]
    assert found["process_cpu_seconds_total",] > 0
