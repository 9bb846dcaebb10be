"""Requests about the room itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, Nothing, checked
from classroom.models.lesson import MAX_VIEW_LENGTH
from classroom.permissions import Action
from classroom.services import participation, rooms

MAX_PEOPLE = 500


@command("room.ping", Action.STAY, Nothing)
async def ping(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Shows that both sides are there; that anything came is what counts."""
    return {}


@command("room.snapshot", Action.STAY, Nothing)
async def take_snapshot(socket: Socket, body: Nothing) -> Mapping[str, Any]:
    """The whole room, for a page that has missed an event."""
    return await socket.look_around()


@command("room.leave", Action.STAY, Nothing)
async def leave(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Ends the page's presence and media at once."""
    await socket.end_presence()
    return {}


@dataclass(frozen=True, slots=True)
class Person(Body):
    """Somebody to act on."""

    person: UUID = checked(protocol.identifier)


def _people(value: Any) -> tuple[UUID, ...] | None:
    return None if value is None else protocol.identifiers(value, MAX_PEOPLE)


@dataclass(frozen=True, slots=True)
class People(Body):
    """Some people to act on; null means all."""

    people: tuple[UUID, ...] | None = checked(_people)


@dataclass(frozen=True, slots=True)
class Lock(Body):
    """Whether newcomers wait in the lobby."""

    is_locked: bool = checked(protocol.boolean)


@dataclass(frozen=True, slots=True)
class View(Body):
    """What all see large; empty leaves it to each."""

    main: str = checked(protocol.text_if_any, MAX_VIEW_LENGTH)


@dataclass(frozen=True, slots=True)
class Countdown(Body):
    """So many seconds until the end."""

    seconds: int = checked(protocol.whole_number, rooms.MIN_COUNTDOWN, rooms.MAX_COUNTDOWN)


@command("room.admit", Action.MODERATE, People)
async def admit(socket: Socket, body: People) -> dict[str, Any]:
    """Lets people from the lobby come in."""
    seat = socket.seat
    return {"admitted": await in_database(participation.admit, seat.lesson_id, seat.user_id, body.people)}


@command("room.remove", Action.MODERATE, Person)
async def remove(socket: Socket, body: Person) -> dict[str, Any]:
    """Puts a student out for the lesson."""
    await in_database(participation.remove, socket.seat.lesson_id, socket.seat.user_id, body.person)
    return {}


@command("room.let_back", Action.MODERATE, Person)
async def let_back(socket: Socket, body: Person) -> dict[str, Any]:
    """Lets somebody who was removed come in again."""
    await in_database(participation.let_back, socket.seat.lesson_id, socket.seat.user_id, body.person)
    return {}


@command("room.lock", Action.MODERATE, Lock)
async def lock(socket: Socket, body: Lock) -> dict[str, Any]:
    """Has newcomers wait in the lobby, or not."""
    seat = socket.seat
    await in_database(rooms.lock, seat.lesson_id, seat.user_id, is_locked=body.is_locked)
    return {}


@command("room.show", Action.CONDUCT, View)
async def show(socket: Socket, body: View) -> dict[str, Any]:
    """Shows one thing large to all."""
    await in_database(rooms.show, socket.seat.lesson_id, socket.seat.user_id, body.main)
    return {}


@command("room.end_for_all", Action.CONDUCT, Countdown)
async def end_for_all(socket: Socket, body: Countdown) -> dict[str, Any]:
    """Starts a countdown that ends the lesson."""
    await in_database(rooms.start_countdown, socket.seat.lesson_id, socket.seat.user_id, body.seconds)
    return {}


@command("room.keep_open", Action.CONDUCT, Nothing)
async def keep_open(socket: Socket, body: Nothing) -> dict[str, Any]:
    """Stops the countdown."""
    await in_database(rooms.stop_countdown, socket.seat.lesson_id, socket.seat.user_id)
    return {}
