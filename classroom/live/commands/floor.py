"""Requests about raised hands and the floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.live import protocol
from classroom.live.commands.room import Person
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, Nothing, checked
from classroom.permissions import Action
from classroom.services import floor, rooms


@dataclass(frozen=True, slots=True)
class Word(Body):
    """What a hand is about."""

    word: str = checked(protocol.word, floor.WORDS)


def _seconds(value: Any) -> int | None:
    return None if value is None else protocol.whole_number(value, floor.MIN_SECONDS, floor.MAX_SECONDS)


@dataclass(frozen=True, slots=True)
class Gift(Body):
    """A place for somebody, for so long; null means without an end."""

    person: UUID = checked(protocol.identifier)
    kind: str = checked(protocol.word, floor.GIVEN_KINDS)
    seconds: int | None = checked(_seconds)


@dataclass(frozen=True, slots=True)
class SomebodysTurn(Body):
    """A place that somebody has."""

    person: UUID = checked(protocol.identifier)
    kind: str = checked(protocol.word, floor.KINDS)


@dataclass(frozen=True, slots=True)
class MyTurn(Body):
    """A place of one's own."""

    kind: str = checked(protocol.word, floor.KINDS)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a page sends from a place of its own."""

    kind: str
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Sources:
        """Takes `kind` and `sources`, of those that such a place has."""
        kind, sources = protocol.fields(body, "kind", "sources")
        kind = protocol.word(kind, floor.KINDS)
        return cls(kind, protocol.words(sources, floor.KINDS[kind]))


@dataclass(frozen=True, slots=True)
class Spoken(Body):
    """What a page sends from a place to speak from, whichever that is."""

    sources: tuple[str, ...] = checked(protocol.words, floor.SPOKEN)


@dataclass(frozen=True, slots=True)
class MayUnmute(Body):
    """Whether whoever was muted may end that by themselves."""

    is_allowed: bool = checked(protocol.boolean)


# What everybody may do for themselves


@command("floor.raise", Action.ATTEND, Word)
async def raise_hand(socket: Socket, body: Word) -> dict[str, Any]:
    """Raises one's hand, or says what it is about."""
    await in_database(floor.raise_hand, socket.seat.lesson_id, socket.seat.user_id, body.word)
    return {}


@command("floor.lower", Action.ATTEND, Nothing)
async def lower(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Lowers one's hand."""
    await in_database(floor.lower_hand, socket.seat.lesson_id, socket.seat.user_id)
    return {}


@command("floor.accept", Action.ATTEND, Sources)
async def accept(socket: Socket, body: Sources) -> dict[str, Any]:
    """Takes an offered place with this page."""
    await in_database(floor.accept, socket.seat, body.kind, body.sources)
    return {}


@command("floor.decline", Action.ATTEND, MyTurn)
async def decline(socket: Socket, body: MyTurn) -> dict[str, Any]:
    """Refuses an offered place, or gives one back."""
    await in_database(floor.decline, socket.seat, body.kind)
    return {}


@command("floor.show_camera", Action.ATTEND, Nothing)
async def show_camera(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Shows this page's camera to the teachers."""
    await in_database(floor.show_camera, socket.seat)
    return {}


@command("floor.set_sources", Action.ATTEND, Sources)
async def set_sources(socket: Socket, body: Sources) -> dict[str, Any]:
    """Tells the room what this page sends from its place; also while no teacher is there."""
    await in_database(floor.set_sources, socket.seat, body.kind, body.sources)
    return {}


@command("floor.unmute", Action.SEND, Nothing)
async def unmute(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Ends one's own being muted."""
    await in_database(floor.unmute, socket.seat)
    return {}


# What teachers and assistants do


@command("floor.speak", Action.PUBLISH, Spoken)
async def speak(socket: Socket, body: Spoken) -> dict[str, Any]:
    """Takes a place beside the stage's holder."""
    await in_database(floor.speak, socket.seat, body.sources)
    return {}


@command("floor.lower_for", Action.MODERATE, Person)
async def lower_for(socket: Socket, body: Person) -> dict[str, Any]:
    """Lowers somebody's hand."""
    seat = socket.seat
    await in_database(floor.lower_hand, seat.lesson_id, body.person, seat.user_id)
    return {}


@command("floor.lower_all", Action.MODERATE, Nothing)
async def lower_all(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Lowers all hands."""
    await in_database(floor.lower_all, socket.seat.lesson_id, socket.seat.user_id)
    return {}


@command("floor.give", Action.MODERATE, Gift)
async def give(socket: Socket, body: Gift) -> dict[str, Any]:
    """Gives somebody a place."""
    seat = socket.seat
    await in_database(floor.give, seat.lesson_id, seat.user_id, body.person, body.kind, body.seconds)
    return {}


@command("floor.next", Action.MODERATE, Nothing)
async def give_to_next(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Gives the floor to whoever has waited longest."""
    await in_database(floor.give_to_next, socket.seat.lesson_id, socket.seat.user_id)
    return {}


@command("floor.take_back", Action.MODERATE, SomebodysTurn)
async def take_back(socket: Socket, body: SomebodysTurn) -> dict[str, Any]:
    """Ends somebody's turn."""
    seat = socket.seat
    await in_database(floor.take_back, seat.lesson_id, seat.user_id, body.person, body.kind)
    return {}


@command("floor.mute", Action.MODERATE, Person)
async def mute(socket: Socket, body: Person) -> dict[str, Any]:
    """Mutes somebody."""
    await in_database(floor.mute, socket.seat.lesson_id, socket.seat.user_id, body.person)
    return {}


@command("floor.mute_all", Action.MODERATE, Nothing)
async def mute_all(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Mutes all students."""
    await in_database(floor.mute_all, socket.seat.lesson_id, socket.seat.user_id)
    return {}


@command("floor.allow_unmute", Action.MODERATE, Person)
async def allow_unmute(socket: Socket, body: Person) -> dict[str, Any]:
    """Lets somebody turn the microphone on again."""
    await in_database(floor.allow_unmute, socket.seat.lesson_id, socket.seat.user_id, body.person)
    return {}


@command("floor.set_may_unmute", Action.MODERATE, MayUnmute)
async def set_may_unmute(socket: Socket, body: MayUnmute) -> dict[str, Any]:
    """Says whether whoever was muted may end that by themselves."""
    seat = socket.seat
    await in_database(rooms.change, seat.lesson_id, seat.user_id, may_unmute=body.is_allowed)
    return {}
