"""Requests of whoever plays a video to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, Nothing, checked
from classroom.permissions import Action
from classroom.services import video

MAX_MILLISECONDS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Show(Body):
    """A video."""

    material: UUID = checked(protocol.identifier)


@dataclass(frozen=True, slots=True)
class Seek(Body):
    """A place in the video, in whole milliseconds from the beginning."""

    position_ms: int = checked(protocol.whole_number, 0, MAX_MILLISECONDS)


@command("video.show", Action.CONDUCT, Show)
async def show(socket: Socket, body: Show) -> dict[str, Any]:
    """Puts a video before all."""
    await in_database(video.show, socket.seat.lesson_id, socket.seat.user_id, body.material)
    return {}


@command("video.play", Action.CONDUCT, Nothing)
async def play(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Plays it to all."""
    await in_database(video.play, socket.seat.lesson_id)
    return {}


@command("video.pause", Action.CONDUCT, Nothing)
async def pause(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Pauses it for all."""
    await in_database(video.pause, socket.seat.lesson_id)
    return {}


@command("video.seek", Action.CONDUCT, Seek)
async def seek(socket: Socket, body: Seek) -> dict[str, Any]:
    """Goes to another place for all."""
    await in_database(video.seek, socket.seat.lesson_id, body.position_ms / 1000)
    return {}


@command("video.close", Action.CONDUCT, Nothing)
async def close(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Takes the video away."""
    await in_database(video.close, socket.seat.lesson_id, socket.seat.user_id)
    return {}
