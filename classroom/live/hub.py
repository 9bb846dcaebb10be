"""One channel a room and process: what a room hears comes once, and goes on to every socket here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from channels.layers import get_channel_layer

from classroom.core import groups

if TYPE_CHECKING:
    from classroom.live.room_consumer import RoomConsumer

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5


@dataclass
class Room:
    """The sockets of one room in this process, and who listens for them."""

    sockets: set[RoomConsumer] = field(default_factory=set)
    listener: asyncio.Task[None] | None = None
    is_heard: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once what is told to the room reaches this process."""


class Hub:
    """Hands what is told to a room to its sockets; without it each would have a channel and a copy."""

    def __init__(self) -> None:
        self._rooms: dict[UUID, Room] = {}

    async def join(self, lesson_id: UUID, socket: RoomConsumer) -> None:
        """Has the socket hear the room; returns when whatever is told from now on reaches it."""
        room = self._rooms.setdefault(lesson_id, Room())
        room.sockets.add(socket)
        if room.listener is None:
            room.listener = asyncio.create_task(self._listen(lesson_id, room))
        await room.is_heard.wait()

    def leave(self, lesson_id: UUID, socket: RoomConsumer) -> None:
        """Has the socket hear the room no more; doing so twice is harmless."""
        room = self._rooms.get(lesson_id)
        if room is None:
            return
        room.sockets.discard(socket)
        if not room.sockets and room.listener is not None:
            del self._rooms[lesson_id]
            room.listener.cancel()

    def sockets(self, lesson_id: UUID) -> Iterable[RoomConsumer]:
        """The sockets of a room in this process."""
        room = self._rooms.get(lesson_id)
        return tuple(room.sockets) if room is not None else ()

    async def _listen(self, lesson_id: UUID, room: Room) -> None:
        layer: Any = get_channel_layer()
        channel: str = await layer.new_channel("room.hub")
        try:
            await layer.group_add(groups.room(lesson_id), channel)
            room.is_heard.set()
            while True:
                await self._deliver(room, await self._next(layer, channel))
        finally:
            await layer.group_discard(groups.room(lesson_id), channel)

    async def _next(self, layer: Any, channel: str) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = await layer.receive(channel)
            except OSError:
                log.warning("the channel layer is out of reach")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return message

    async def _deliver(self, room: Room, message: dict[str, Any]) -> None:
        # A socket that comes or goes meanwhile changes the set.
        for socket in tuple(room.sockets):
            await socket.dispatch(message)


hub = Hub()
