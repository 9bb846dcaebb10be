"""Requests about the timer on the stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, Nothing, checked
from classroom.models.timer import MAX_LABEL_LENGTH
from classroom.permissions import Action
from classroom.services import timer


@dataclass(frozen=True, slots=True)
class Start(Body):
    """How long, and what for, which may be empty."""

    seconds: int = checked(protocol.whole_number, timer.MIN_SECONDS, timer.MAX_SECONDS)
    label: str = checked(protocol.text_if_any, MAX_LABEL_LENGTH)


@dataclass(frozen=True, slots=True)
class More(Body):
    """How much longer."""

    seconds: int = checked(protocol.whole_number, 1, timer.MAX_SECONDS)


@command("timer.start", Action.CONDUCT, Start)
async def start(socket: Socket, body: Start) -> dict[str, Any]:
    """Starts a timer that all see."""
    await in_database(timer.start, socket.seat.lesson_id, body.seconds, body.label)
    return {}


@command("timer.add", Action.CONDUCT, More)
async def add(socket: Socket, body: More) -> dict[str, Any]:
    """Prolongs the timer."""
    await in_database(timer.add, socket.seat.lesson_id, body.seconds)
    return {}


@command("timer.stop", Action.CONDUCT, Nothing)
async def stop(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Takes the timer away."""
    await in_database(timer.stop, socket.seat.lesson_id)
    return {}
