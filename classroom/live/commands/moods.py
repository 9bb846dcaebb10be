"""Requests about how the class follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, checked
from classroom.live.registry import registry
from classroom.permissions import Action
from classroom.services import moods


@dataclass(frozen=True, slots=True)
class Pressed(Body):
    """How somebody follows."""

    mood: str = checked(protocol.word, (*moods.MOODS, moods.NONE))


@command("moods.press", Action.ATTEND, Pressed)
async def press(socket: Socket, body: Pressed) -> dict[str, Any]:
    """Notes how somebody follows."""
    seat = socket.seat
    await in_database(moods.press, seat.lesson_id, seat.user_id, body.mood)
    registry.soon(moods.publish, seat.lesson_id)
    return {"lasts_ms": int(moods.LASTS.total_seconds() * 1000) if body.mood else 0}
