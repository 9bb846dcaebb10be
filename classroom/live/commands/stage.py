"""Requests of the page on the stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, checked
from classroom.permissions import Action
from classroom.services import lessons, relays


@dataclass(frozen=True, slots=True)
class Sources(Body):
    """Which of the stage's sources are on."""

    sources: tuple[str, ...] = checked(protocol.words, relays.SOURCES)


@command("stage.set_sources", Action.PUBLISH, Sources)
async def set_sources(socket: Socket, body: Sources) -> dict[str, Any]:
    """Tells the room what the stage shows."""
    await in_database(lessons.set_sources, socket.seat, body.sources)
    return {}
