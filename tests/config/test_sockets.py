"""Which origins may open a WebSocket, before anything else is looked at."""

from __future__ import annotations

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.urls import re_path

from config.sockets import OriginGate

PAGE = "/ws/lessons/00000000-0000-4000-8000-000000000000/"
OURS = "https://school.example"


async def accept(scope: dict[str, Any], receive: Any, send: Any) -> Any:
    """Accepts everything, so that a refusal can only be the gate's."""
    await receive()
    await send({"type": "websocket.accept"})


APPLICATION: Any = accept
GATE = OriginGate([re_path(r"^ws/", APPLICATION)], [OURS])


async def opens(path: str, *origins: str, gate: Any = GATE) -> bool:
    headers = [(b"origin", origin.encode()) for origin in origins]
    communicator = WebsocketCommunicator(gate, path, headers=headers)
    accepted, _ = await communicator.connect()
    return accepted


async def test_our_own_origin_may() -> None:
    assert await opens(PAGE, OURS)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "*",
        "http://school.example",
        "https://school.example:8443",
        "https://school.example.evil.example",
        "https://evil.example",
        "https://www.school.example",
        "https://school.example/",
        "https://evil@school.example",
        "HTTPS://SCHOOL.EXAMPLE",
    ],
)
async def test_any_other_origin_may_not(origin: str) -> None:
    assert not await opens(PAGE, origin)


async def test_a_page_without_an_origin_may_not() -> None:
    assert not await opens(PAGE)


async def test_two_origins_may_not() -> None:
    assert not await opens(PAGE, OURS, "https://evil.example")


async def test_a_relay_needs_no_origin() -> None:
    assert await opens("/ws/relays/")


async def test_an_unknown_address_is_refused() -> None:
    assert not await opens("/elsewhere/", OURS)


async def test_a_stranger_is_refused_by_the_whole_application() -> None:
    from config.asgi import application

    assert not await opens("/ws/nothing/", settings.ALLOWED_ORIGINS[0], gate=application)
