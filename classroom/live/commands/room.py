"""Requests about the room itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classroom.live.commands.table import command
from classroom.live.database import in_database
from classroom.live.protocol import Nothing
from classroom.permissions import Action
from classroom.services import snapshot

if TYPE_CHECKING:
    from classroom.live.room_consumer import RoomConsumer


@command("room.ping", Action.STAY, Nothing)
async def ping(socket: RoomConsumer, body: Nothing) -> dict[str, Any]:
    """Shows that both sides are there; that anything came is what counts."""
    return {}


@command("room.snapshot", Action.STAY, Nothing)
async def take_snapshot(socket: RoomConsumer, body: Nothing) -> dict[str, Any]:
    """The whole room, for a page that has missed an event."""
    return await in_database(snapshot.for_seat, socket.seat, socket.role)


@command("room.leave", Action.STAY, Nothing)
async def leave(socket: RoomConsumer, body: Nothing) -> dict[str, Any]:
    """Ends the page's presence and media at once."""
    await socket.end_presence()
    return {}
