"""Going on where the last lesson stopped."""

from __future__ import annotations

from typing import Any

from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Nothing
from classroom.permissions import Action
from classroom.services import continuing


@command("lesson.continue", Action.CONDUCT, Nothing)
async def go_on(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Opens the last lesson's slides and board where they stopped."""
    await in_database(continuing.go_on, socket.seat.lesson_id, socket.seat.user_id)
    return {}
