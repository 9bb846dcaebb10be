"""Requests about a page's media; the relay carries them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from classroom.core.floor import ALL_SLOTS, PICTURES
from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, Nothing, checked
from classroom.live.registry import registry
from classroom.models.attendance import Attempt
from classroom.permissions import Action
from classroom.services import attendance, floor, relays
from classroom.services.errors import RelayUnavailableError

MAX_FREEZES = 1_000
MAX_FROZEN_MS = 60_000
"""A report is of about ten seconds; one that comes late, after a break of the line, may be of some more."""
PICTURE_SLOTS = frozenset(slot.name for slot in ALL_SLOTS if slot.source in PICTURES)
NO_PERMIT = (protocol.FORBIDDEN, protocol.CONFLICT)
"""What a relay says that has no permit, or no room at all."""


@dataclass(frozen=True, slots=True)
class Description(Body):
    """A session description."""

    sdp: str = checked(protocol.text, protocol.MAX_MESSAGE_BYTES)


@dataclass(frozen=True, slots=True)
class Offer(Body):
    """A session description and which m-line carries which source."""

    sdp: str = checked(protocol.text, protocol.MAX_MESSAGE_BYTES)
    sources: dict[str, str] = checked(protocol.words_by_mid, relays.SOURCES)


@dataclass(frozen=True, slots=True)
class Direction(Body):
    """One of a page's two connections."""

    direction: str = checked(protocol.word, relays.DIRECTIONS)


@dataclass(frozen=True, slots=True)
class Preference(Body):
    """The highest layer that a page wants of each slot."""

    limits: dict[str, int] = checked(
        protocol.numbers_by_word, PICTURE_SLOTS, relays.LOWEST_LIMIT, relays.HIGHEST_LIMIT
    )


@dataclass(frozen=True, slots=True)
class Report(Body):
    """How often and how long pictures have stood still since the page's last report."""

    freezes: int = checked(protocol.whole_number, 0, MAX_FREEZES)
    frozen_ms: int = checked(protocol.whole_number, 0, MAX_FROZEN_MS)


@command("media.subscribe", Action.WATCH, Nothing, asks_relay=True)
async def subscribe(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Asks the relay for an offer to watch; the register is told of who gets none."""
    try:
        reply, epoch = await _ask(socket, lambda: relays.subscribe_question(socket.seat))
    except (RelayUnavailableError, protocol.RequestError):
        seat = socket.seat
        registry.soon(attendance.note_attempt, seat.lesson_id, seat.user_id, Attempt.Kind.MEDIA)
        raise
    return {"epoch": epoch, "sdp": reply["sdp"], "slots": reply["slots"]}


@command("media.answer", Action.WATCH, Description, asks_relay=True)
async def answer(socket: Socket, body: Description) -> dict[str, Any]:
    """Hands the browser's answer to the relay."""
    await _ask(socket, lambda: relays.answer_question(socket.seat, body.sdp))
    return {}


@command("media.publish", Action.SEND, Offer, asks_relay=True)
async def publish(socket: Socket, body: Offer) -> dict[str, Any]:
    """Hands the browser's offer to publish to the relay."""
    await in_database(floor.require_turn, socket.seat)
    reply, epoch = await _ask(socket, lambda: relays.publish_question(socket.seat, body.sdp, body.sources))
    return {"epoch": epoch, "sdp": reply["sdp"]}


@command("media.close", Action.STAY, Direction)
async def close(socket: Socket, body: Direction) -> dict[str, Any]:
    """Ends one of the page's connections."""
    await in_database(relays.close_media, socket.seat, body.direction)
    return {}


@command("media.prefer", Action.WATCH, Preference)
async def prefer(socket: Socket, body: Preference) -> dict[str, Any]:
    """Tells the relay which layers the page wants at most."""
    await in_database(relays.prefer_layers, socket.seat, body.limits)
    return {}


@command("media.report", Action.WATCH, Report)
async def report(socket: Socket, body: Report) -> dict[str, Any]:
    """Notes for the staff how the page's pictures stood still."""
    registry.links.note_freezes(socket.seat, body.freezes, body.frozen_ms)
    return {}


async def _ask(socket: Socket, question: Callable[[], relays.Question]) -> tuple[Mapping[str, Any], str]:
    """Asks the lesson's relay; once more, with fresh permits, where it lacked a permit that we would give."""
    lesson_id = socket.seat.lesson_id
    placed = await in_database(relays.place, lesson_id)
    try:
        return await socket.questions.ask(placed.channel, question()), placed.epoch
    except protocol.RequestError as error:
        if error.code not in NO_PERMIT:
            raise
    await in_database(relays.refresh_permits, [lesson_id])
    return await socket.questions.ask(placed.channel, question()), placed.epoch
