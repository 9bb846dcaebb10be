"""Requests of whoever conducts the lesson."""

from __future__ import annotations

from typing import Any

from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Nothing
from classroom.permissions import Action
from classroom.services import lessons


@command("lesson.go_live", Action.CONDUCT, Nothing)
async def go_live(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Makes the lesson live, with this page on its stage."""
    await in_database(lessons.go_live, socket.seat)
    return {}


@command("lesson.end", Action.CONDUCT, Nothing)
async def end(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Ends the lesson and all of its media."""
    await in_database(lessons.end_lesson, socket.seat.lesson_id)
    return {}
