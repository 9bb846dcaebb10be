"""Going on where the last lesson stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classroom.live.commands.table import command
from classroom.live.database import in_database
from classroom.live.protocol import Nothing
from classroom.permissions import Action
from classroom.services import continuing

if TYPE_CHECKING:
    from classroom.live.room_consumer import RoomConsumer


@command("lesson.continue", Action.CONDUCT, Nothing)
async def go_on(socket: RoomConsumer, body: Nothing) -> dict[str, Any]:
    """Opens the last lesson's slides and board where they stopped."""
    await in_database(continuing.go_on, socket.seat.lesson_id, socket.seat.user_id)
    return {}
