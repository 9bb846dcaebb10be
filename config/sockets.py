"""Who may open a WebSocket at all: checked before a session is read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.urls import re_path

from config.configuration import normal_origin

RELAY_PATH = "/ws/relays/"
"""Relays are programs: they show a secret and have no origin."""


class OriginGate:
    """Lets pages of known origins through to their sessions, and relays to their own check."""

    def __init__(self, routes: list[Any], origins: Collection[str]) -> None:
        router = URLRouter([*routes, re_path(r"", WebsocketDenier.as_asgi())])
        self._for_relays = router
        self._for_pages = AuthMiddlewareStack(router)
        self._denier = WebsocketDenier.as_asgi()
        self._origins = frozenset(origins)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answers 403 to any other origin, to none and to `null`."""
        if scope["path"] == RELAY_PATH:
            await self._for_relays(scope, receive, send)
        elif self._is_known(scope["headers"]):
            await self._for_pages(scope, receive, send)
        else:
            await self._denier(scope, receive, send)

    def _is_known(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        return len(given) == 1 and normal_origin(given[0]) in self._origins
