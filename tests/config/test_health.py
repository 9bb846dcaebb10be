"""/livez and /readyz, asked as a server would ask: without a session, and while parts are down."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.db import connections
from django.utils import timezone

from classroom.models import Relay
from classroom.models.relay import HEARTBEAT_LIMIT
from config.health import NO_DATABASE, NO_LAYER, NO_RELAY, Health
from tests.support.servers import RedisServer

DEAD_REDIS = "redis://127.0.0.1:1/0"
pytestmark = pytest.mark.django_db(transaction=True)


async def elsewhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Stands for Django."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def get(health: Health, path: str) -> tuple[int, dict[str, Any]]:
    """Status and content of a page."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await health({"type": "http", "method": "GET", "path": path, "headers": []}, None, send)
    start, body = sent
    return start["status"], json.loads(body["body"])


@sync_to_async
def a_relay(age: timedelta = timedelta(), connected: bool = True) -> None:
    """Puts a relay into the database that was heard of so long ago."""
    Relay.objects.create(name="relay", connected=connected, heartbeat_at=timezone.now() - age)
    # This thread's own; left open, it would keep the test database from being removed.
    connections["default"].close()


def use_redis(settings: Any, url: str) -> None:
    """Gives the channel layer this Redis for one test."""
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [url]}}}
    channel_layers.backends = {}


async def test_all_is_well_with_a_relay_that_was_heard_of_just_now() -> None:
    await a_relay()
    assert await get(Health(elsewhere), "/readyz") == (200, {"ready": True, "missing": {}})


@pytest.mark.parametrize(
    ("age", "connected"), [(HEARTBEAT_LIMIT, True), (timedelta(), False)], ids=["silent", "hung up"]
)
async def test_a_relay_that_is_gone_is_named(age: timedelta, connected: bool) -> None:
    await a_relay(age, connected)
    assert await get(Health(elsewhere), "/readyz") == (503, {"ready": False, "missing": {"relay": NO_RELAY}})


async def test_a_database_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise OSError("no database here")

    monkeypatch.setattr(type(connections["default"]), "get_new_connection", refuse)
    status, content = await get(Health(elsewhere), "/readyz")
    assert status == 503
    assert content["missing"]["database"] == NO_DATABASE


async def test_a_channel_layer_that_is_gone_is_named(settings: Any) -> None:
    await a_relay()
    use_redis(settings, DEAD_REDIS)
    status, content = await get(Health(elsewhere), "/readyz")
    assert (status, content["missing"]) == (503, {"channel_layer": NO_LAYER})


async def test_a_real_redis_carries_the_probe_and_is_left_clean(
    settings: Any, redis_server: RedisServer
) -> None:
    await a_relay()
    use_redis(settings, redis_server.url)
    health = Health(elsewhere)
    for _ in range(5):
        assert (await get(health, "/readyz"))[0] == 200
    async with asyncio.timeout(5):
        from redis import asyncio as redis

        client = redis.Redis.from_url(redis_server.url)
        assert len(await client.pubsub_channels("*health*")) == 1
        await client.aclose()
    await channel_layers["default"].flush()


async def test_probes_at_once_share_one_answer() -> None:
    await a_relay()
    health = Health(elsewhere)
    answers = await asyncio.gather(*(get(health, "/readyz") for _ in range(50)))
    assert {status for status, _ in answers} == {200}


async def test_the_loop_is_alive_while_the_worker_thread_is_busy() -> None:
    done = threading.Event()
    busy = asyncio.create_task(sync_to_async(done.wait)(30))
    async with asyncio.timeout(1):
        assert await get(Health(elsewhere), "/livez") == (200, {"live": True})
    done.set()
    await busy


async def test_everything_else_goes_on_to_django() -> None:
    assert (await get(Health(elsewhere), "/livez/"))[0] == 418
