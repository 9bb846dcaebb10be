"""The addresses of the WebSockets; their consumers check origin, session and secret themselves."""

from typing import Any

from channels.consumer import AsyncConsumer
from django.urls import path, re_path

from classroom.live.relay_consumer import RelayConsumer
from classroom.live.room_consumer import RoomConsumer


class Nowhere(AsyncConsumer):
    """Refuses what is no address: without it the router would raise an error."""

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Refuses like everyone who may not enter."""
        await self.base_send({"type": "websocket.close"})


websocket_urlpatterns: list[Any] = [
    path("ws/lessons/<uuid:lesson_id>/", RoomConsumer.as_asgi()),
    path("ws/relays/", RelayConsumer.as_asgi()),
    re_path(r"", Nowhere.as_asgi()),
]
