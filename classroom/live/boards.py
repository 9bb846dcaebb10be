"""Gathers what is drawn in a room for a moment: many people's messages cost one transaction and one event."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from uuid import UUID

from classroom.live.database import in_database
from classroom.live.hub import hub
from classroom.services import sheets
from classroom.services.sheets import Drawing, Outcome, Pointer

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.05
GATHER_SECONDS_A_SOCKET = 0.0001
"""An event costs as much as there are sockets to send it to: large rooms get fewer, larger ones."""
MAX_GATHER_SECONDS = 0.15
MAX_WAITING = 400
"""Drawings of one room that may wait; what comes above that is refused."""


@dataclass
class Gathering:
    """What a room waits to have drawn."""

    drawings: list[Drawing] = field(default_factory=list)
    answers: list[asyncio.Future[Outcome]] = field(default_factory=list)
    pointers: dict[UUID, Pointer] = field(default_factory=dict)
    """The newest place of each person who points."""


def gather_seconds(sockets: int) -> float:
    """How long a room with so many sockets here gathers."""
    return min(MAX_GATHER_SECONDS, GATHER_SECONDS + sockets * GATHER_SECONDS_A_SOCKET)


class Boards:
    """Draws in rounds: while one is under way, the next one gathers."""

    def __init__(self) -> None:
        self._rooms: dict[UUID, Gathering] = {}
        self._rounds: dict[UUID, asyncio.Task[None]] = {}

    async def draw(self, lesson_id: UUID, drawing: Drawing) -> Outcome | None:
        """Draws with the room's next round; None if too many wait."""
        room = self._rooms.setdefault(lesson_id, Gathering())
        if len(room.drawings) >= MAX_WAITING:
            return None
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        room.drawings.append(drawing)
        room.answers.append(answer)
        self._soon(lesson_id)
        return await answer

    def point(self, lesson_id: UUID, pointer: Pointer) -> None:
        """Tells with the next round where somebody points; an older place that still waits is forgotten."""
        self._rooms.setdefault(lesson_id, Gathering()).pointers[pointer.user] = pointer
        self._soon(lesson_id)

    def _soon(self, lesson_id: UUID) -> None:
        if lesson_id not in self._rounds:
            self._rounds[lesson_id] = asyncio.create_task(self._run(lesson_id))

    async def _run(self, lesson_id: UUID) -> None:
        try:
            while lesson_id in self._rooms:
                await asyncio.sleep(gather_seconds(len(tuple(hub.sockets(lesson_id)))))
                await self._round(lesson_id, self._rooms.pop(lesson_id))
        finally:
            del self._rounds[lesson_id]

    async def _round(self, lesson_id: UUID, room: Gathering) -> None:
        try:
            if room.pointers:
                await in_database(sheets.point, lesson_id, list(room.pointers.values()))
            outcomes = await in_database(sheets.draw, lesson_id, room.drawings) if room.drawings else []
        except Exception as error:
            log.exception("what was drawn in a room was not kept")
            for answer in room.answers:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, outcome in zip(room.answers, outcomes, strict=True):
            if not answer.done():
                answer.set_result(outcome)


boards = Boards()
