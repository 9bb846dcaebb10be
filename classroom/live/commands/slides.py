"""Requests of whoever shows slides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, Nothing, checked
from classroom.permissions import Action
from classroom.services import slides

MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Show(Body):
    """A page of a material."""

    material: UUID = checked(protocol.identifier)
    page: int = checked(protocol.whole_number, 1, MAX_PAGE)


@dataclass(frozen=True, slots=True)
class Turn(Body):
    """A page of what is shown."""

    page: int = checked(protocol.whole_number, 1, MAX_PAGE)


@command("slides.show", Action.CONDUCT, Show)
async def show(socket: Socket, body: Show) -> dict[str, Any]:
    """Shows a page to all."""
    seat = socket.seat
    await in_database(slides.show, seat.lesson_id, seat.user_id, body.material, body.page)
    return {}


@command("slides.turn", Action.CONDUCT, Turn)
async def turn(socket: Socket, body: Turn) -> dict[str, Any]:
    """Turns to another page for all."""
    await in_database(slides.turn, socket.seat.lesson_id, body.page)
    return {}


@command("slides.close", Action.CONDUCT, Nothing)
async def close(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Takes the slides away."""
    await in_database(slides.close, socket.seat.lesson_id, socket.seat.user_id)
    return {}
