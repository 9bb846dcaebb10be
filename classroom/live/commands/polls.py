"""Requests about what the class is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.core import polls as core
from classroom.live import protocol
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, checked
from classroom.live.registry import registry
from classroom.permissions import Action
from classroom.services import polls
from classroom.services.polls import Draft

SLIP = re.compile(r"[A-Za-z0-9_-]{20,64}")
"""Long enough that nobody can guess another's."""
ASKED = ("kind", "question", "options", "right", "explanation", "is_anonymous")


def _draft(values: list[Any]) -> Draft:
    kind, question, options, right, explanation, is_anonymous = values
    if not isinstance(options, list) or len(options) > core.MAX_OPTIONS:
        raise ValueError("expected a list of options")
    return Draft(
        kind=protocol.word(kind, core.KINDS),
        question=protocol.text(question, core.MAX_QUESTION_LENGTH).strip(),
        options=tuple(protocol.text(option, core.MAX_OPTION_LENGTH).strip() for option in options),
        right=None if right is None else protocol.whole_number(right, 0, core.MAX_OPTIONS - 1),
        explanation=protocol.text_if_any(explanation, core.MAX_EXPLANATION_LENGTH),
        is_anonymous=protocol.boolean(is_anonymous),
    )


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A poll to be made, and whether the class is asked at once."""

    draft: Draft
    opens: bool

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> NewPoll:
        """Takes what it asks, and `open`."""
        *asked, opens = protocol.fields(body, *ASKED, "open")
        return cls(_draft(asked), protocol.boolean(opens))


@dataclass(frozen=True, slots=True)
class ChangedPoll:
    """What a prepared poll asks from now on."""

    poll: UUID
    draft: Draft

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> ChangedPoll:
        """Takes `poll`, an id, and what it asks."""
        poll, *asked = protocol.fields(body, "poll", *ASKED)
        return cls(protocol.identifier(poll), _draft(asked))


@dataclass(frozen=True, slots=True)
class OnePoll(Body):
    """A poll to act on."""

    poll: UUID = checked(protocol.identifier)


@dataclass(frozen=True, slots=True)
class Show(Body):
    """Whether all see a poll's results."""

    poll: UUID = checked(protocol.identifier)
    is_shown: bool = checked(protocol.boolean)


def _answer(value: Any) -> core.Answer:
    if isinstance(value, list) and len(value) <= core.MAX_OPTIONS:
        return [protocol.whole_number(entry, 0, core.MAX_OPTIONS - 1) for entry in value]
    return protocol.text(value, core.MAX_TEXT_LENGTH)


def _slip(value: Any) -> str:
    if value != "" and not (isinstance(value, str) and SLIP.fullmatch(value)):
        raise ValueError("expected a slip")
    return str(value)


@dataclass(frozen=True, slots=True)
class Given(Body):
    """An answer: some of the options or a text; with a slip where the poll is anonymous."""

    poll: UUID = checked(protocol.identifier)
    answer: core.Answer = checked(_answer)
    slip: str = checked(_slip)


@command("polls.make", Action.CONDUCT, NewPoll)
async def make(socket: Socket, body: NewPoll) -> dict[str, Any]:
    """Makes a poll."""
    poll_id = await in_database(polls.make, socket.seat.lesson_id, body.draft, opens=body.opens)
    return {"poll": str(poll_id)}


@command("polls.edit", Action.CONDUCT, ChangedPoll)
async def edit(socket: Socket, body: ChangedPoll) -> dict[str, Any]:
    """Changes a poll that nobody was asked yet."""
    await in_database(polls.edit, socket.seat.lesson_id, body.poll, body.draft)
    return {}


@command("polls.delete", Action.CONDUCT, OnePoll)
async def delete(socket: Socket, body: OnePoll) -> dict[str, Any]:
    """Deletes a poll that nobody was asked yet."""
    await in_database(polls.delete, socket.seat.lesson_id, body.poll)
    return {}


@command("polls.open", Action.CONDUCT, OnePoll)
async def open_poll(socket: Socket, body: OnePoll) -> dict[str, Any]:
    """Asks the class."""
    await in_database(polls.open_poll, socket.seat.lesson_id, body.poll)
    return {}


@command("polls.close", Action.CONDUCT, OnePoll)
async def close(socket: Socket, body: OnePoll) -> dict[str, Any]:
    """Takes no more answers."""
    await in_database(polls.close, socket.seat.lesson_id, body.poll)
    return {}


@command("polls.show", Action.CONDUCT, Show)
async def show(socket: Socket, body: Show) -> dict[str, Any]:
    """Shows all the results, or hides them."""
    await in_database(polls.show, socket.seat.lesson_id, body.poll, is_shown=body.is_shown)
    return {}


@command("polls.answers", Action.CONDUCT, OnePoll)
async def answers(socket: Socket, body: OnePoll) -> dict[str, Any]:
    """Tells who has answered what to a poll with names."""
    return {"answers": await in_database(polls.named_answers, socket.seat.lesson_id, body.poll)}


@command("polls.answer", Action.ATTEND, Given)
async def answer(socket: Socket, body: Given) -> dict[str, Any]:
    """Takes somebody's answer."""
    seat = socket.seat
    await in_database(polls.answer, seat.lesson_id, body.poll, seat.user_id, body.answer, body.slip)
    registry.soon(polls.publish_results, seat.lesson_id, body.poll)
    return {}
