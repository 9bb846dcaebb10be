"""Who may open a WebSocket at all; session, rights and secret are the consumers' to check, after this."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.urls import re_path

RELAY_PATH = "/ws/relays/"
"""Relays are programs: they show a secret and have no origin."""


class OriginGate:
    """Lets pages of known origins through, and relays to their own check."""

    def __init__(self, routes: list[Any], origins: Collection[str]) -> None:
        self._router = URLRouter([*routes, re_path(r"", WebsocketDenier.as_asgi())])
        self._denier = WebsocketDenier.as_asgi()
        self._origins = frozenset(origins)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answers 403 to any other origin, to none and to `null`."""
        if scope["path"] == RELAY_PATH or self._is_known(scope["headers"]):
            await self._router(scope, receive, send)
        else:
            await self._denier(scope, receive, send)

    def _is_known(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        return len(given) == 1 and given[0] in self._origins
