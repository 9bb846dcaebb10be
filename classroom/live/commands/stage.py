"""Requests of the page on the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classroom.live import protocol
from classroom.live.commands.table import command
from classroom.live.database import in_database
from classroom.permissions import Action
from classroom.services import lessons, relays

if TYPE_CHECKING:
    from classroom.live.room_consumer import RoomConsumer


@dataclass(frozen=True, slots=True)
class Sources:
    """Which of the stage's sources are on."""

    sources: tuple[str, ...]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Sources:
        """Takes `sources`, a list of known sources."""
        (sources,) = protocol.fields(body, "sources")
        return cls(protocol.words(sources, relays.SOURCES))


@command("stage.set_sources", Action.PUBLISH, Sources)
async def set_sources(socket: RoomConsumer, body: Sources) -> dict[str, Any]:
    """Tells the room what the stage shows."""
    await in_database(lessons.set_sources, socket.seat, body.sources)
    return {}
