"""The addresses of the WebSockets; their consumers check session or secret themselves."""

from typing import Any

from django.urls import path

from classroom.live.relay_consumer import RelayConsumer
from classroom.live.room_consumer import RoomConsumer

websocket_urlpatterns: list[Any] = [
    path("ws/lessons/<uuid:lesson_id>/", RoomConsumer.as_asgi()),
    path("ws/relays/", RelayConsumer.as_asgi()),
]
