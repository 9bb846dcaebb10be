"""Requests of the chat, and reports to the school."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from classroom.core import chat as rules
from classroom.core.buckets import TokenBuckets
from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, checked
from classroom.live.registry import registry
from classroom.models.lesson import ChatMode
from classroom.permissions import STAFF_ROLES, Action
from classroom.services import chat, chat_reading, reports
from classroom.services.errors import TooFastError

WRITES_A_SECOND, WRITES_AT_ONCE = 1, 12
"""Of one person from all their pages: as fast as people type, press and correct themselves."""

_writes = TokenBuckets(WRITES_A_SECOND, WRITES_AT_ONCE)


def _to(value: Any) -> chat.To:
    if isinstance(value, str):
        return chat.To(protocol.word(value, (rules.ALL, rules.STAFF)))
    if not isinstance(value, dict):
        raise ValueError("expected all, staff or a person")
    (person,) = protocol.fields(value, "person")
    return chat.To(rules.PERSON, protocol.identifier(person))


def _text(value: Any) -> str:
    return rules.clean(protocol.text(value, rules.MAX_TEXT))


def _nonce(value: Any) -> str:
    if not protocol.CLIENT.fullmatch(protocol.text(value, rules.NONCE_LENGTH)):
        raise ValueError("expected a nonce")
    return str(value)


def _key(value: Any) -> int:
    return protocol.whole_number(value, 0, protocol.MAX_ID)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to say."""

    to: chat.To
    text: str
    nonce: str
    picture: UUID | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Message:
        """Takes `to`, `text` and `nonce`, and `picture` where there is one: then the text may be empty."""
        if "picture" not in body:
            to, text, nonce = protocol.fields(body, "to", "text", "nonce")
            return cls(_to(to), _text(text), _nonce(nonce))
        to, text, nonce, picture = protocol.fields(body, "to", "text", "nonce", "picture")
        words = "" if text == "" else _text(text)
        return cls(_to(to), words, _nonce(nonce), protocol.identifier(picture))


@dataclass(frozen=True, slots=True)
class Correction(Body):
    """Another text for a message."""

    message: int = checked(_key)
    text: str = checked(_text)


@dataclass(frozen=True, slots=True)
class Which(Body):
    """One message."""

    message: int = checked(_key)


@dataclass(frozen=True, slots=True)
class Reaction(Body):
    """An emoji at a message, or no longer."""

    message: int = checked(_key)
    emoji: str = checked(protocol.word, rules.EMOJI)
    is_on: bool = checked(protocol.boolean)


@dataclass(frozen=True, slots=True)
class Further(Body):
    """Which messages of further back."""

    before: int = checked(_key)
    limit: int = checked(protocol.whole_number, 1, chat_reading.PAGE)


@dataclass(frozen=True, slots=True)
class Mark(Body):
    """How far somebody has read."""

    upto: int = checked(_key)


@dataclass(frozen=True, slots=True)
class Mode(Body):
    """Who may write to all, and how often."""

    mode: str = checked(protocol.word, ChatMode.values)


@dataclass(frozen=True, slots=True)
class Muting(Body):
    """Who may not write, or may again."""

    person: UUID = checked(protocol.identifier)
    is_muted: bool = checked(protocol.boolean)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody wants the school to know; `message` is null where it is about no message."""

    message: int | None
    words: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Complaint:
        """Takes `message` and `words`; one of them says something."""
        message, words = protocol.fields(body, "message", "words")
        if message is None or words != "":
            return cls(None if message is None else _key(message), _text(words))
        return cls(_key(message), "")


def _slow_down(socket: Socket) -> None:
    """Takes one of the person's tokens; raises TooFastError when there is none."""
    if not _writes.take(socket.seat.user_id, registry.clock()):
        raise TooFastError(_("That was too often; wait a moment."))


@command("chat.send", Action.ASK, Message)
async def send(socket: Socket, body: Message) -> dict[str, Any]:
    """Writes a message; the service looks whether it may go to whom it is meant for."""
    _slow_down(socket)
    seat = socket.seat
    message = await in_database(
        chat.send, seat.lesson_id, seat.user_id, body.to, body.text, body.nonce, body.picture
    )
    return {"message": message}


@command("chat.edit", Action.ASK, Correction)
async def edit(socket: Socket, body: Correction) -> dict[str, Any]:
    """Changes one's own message."""
    _slow_down(socket)
    await in_database(chat.edit, socket.seat.lesson_id, socket.seat.user_id, body.message, body.text)
    return {}


@command("chat.delete", Action.ATTEND, Which)
async def delete(socket: Socket, body: Which) -> dict[str, Any]:
    """Deletes one's own message, or as a teacher somebody's."""
    await in_database(chat.delete, socket.seat.lesson_id, socket.seat.user_id, body.message)
    return {}


@command("chat.react", Action.ASK, Reaction)
async def react(socket: Socket, body: Reaction) -> dict[str, Any]:
    """Puts an emoji at a message, or takes it back."""
    _slow_down(socket)
    seat = socket.seat
    await in_database(chat.react, seat.lesson_id, seat.user_id, body.message, body.emoji, is_on=body.is_on)
    return {}


@command("chat.history", Action.ATTEND, Further)
async def history(socket: Socket, body: Further) -> dict[str, Any]:
    """Messages from further back."""
    seat = socket.seat
    return await in_database(
        chat_reading.history,
        seat.lesson_id,
        seat.user_id,
        is_staff=socket.role in STAFF_ROLES,
        before=body.before,
        limit=body.limit,
    )


@command("chat.read", Action.ATTEND, Mark)
async def read(socket: Socket, body: Mark) -> dict[str, Any]:
    """Notes how far the person has read."""
    await in_database(chat.read, socket.seat.lesson_id, socket.seat.user_id, body.upto)
    return {}


@command("chat.set_mode", Action.MODERATE, Mode)
async def set_mode(socket: Socket, body: Mode) -> dict[str, Any]:
    """Turns the chat on, slow or off for students."""
    await in_database(chat.set_mode, socket.seat.lesson_id, socket.seat.user_id, body.mode)
    return {}


@command("chat.mute", Action.MODERATE, Muting)
async def mute(socket: Socket, body: Muting) -> dict[str, Any]:
    """Keeps a student from writing, or no longer."""
    seat = socket.seat
    await in_database(chat.mute, seat.lesson_id, seat.user_id, body.person, is_muted=body.is_muted)
    return {}


@command("report.send", Action.STAY, Complaint)
async def report(socket: Socket, body: Complaint) -> dict[str, Any]:
    """Reports something to the school; nobody in the room hears of it."""
    seat = socket.seat
    await in_database(reports.send, seat.lesson_id, seat.user_id, body.message, body.words)
    return {}
