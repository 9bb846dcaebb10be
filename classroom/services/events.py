"""The only publisher: sequenced room events, and word to sockets and relays, all sent after the commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models import F

from classroom.core import groups
from classroom.models import Lesson
from classroom.services import metrics


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may hear: by default everyone in the room itself; otherwise those named, and nobody else.

    Everybody else hears only that there was an event, so that the numbers have no gap.
    """

    staff: bool = False
    people: frozenset[UUID] = frozenset()
    lobby: bool = False
    """Whether those hear it, too, who have not been admitted."""

    def to_wire(self) -> dict[str, Any]:
        """As the channel layer carries it."""
        return {"staff": self.staff, "people": [str(one) for one in self.people], "lobby": self.lobby}


EVERYONE = Audience()
STAFF = Audience(staff=True)
WITH_LOBBY = Audience(lobby=True)


def publish(
    lesson_id: UUID, kind: str, body: Callable[[], Mapping[str, Any]], audience: Audience = EVERYONE
) -> None:
    """Numbers an event of a room and sends it to its audience once the transaction commits.

    What the event says is read while the lesson's row is held: the numbers have the order of the truth.
    Within a transaction it is a part of that, with no savepoint of its own: what can't be told is not done.
    """
    with transaction.atomic(savepoint=False):
        rows = Lesson.objects.filter(pk=lesson_id)
        if not rows.update(event_seq=F("event_seq") + 1):
            return
        sequence = rows.values_list("event_seq", flat=True).get()
        text = json.dumps({"type": kind, "seq": sequence, "body": body()}, separators=(",", ":"))
        message = {"type": "room.event", "seq": sequence, "text": text, "audience": audience.to_wire()}
        _after_commit(_to_group, groups.room(lesson_id), message)
        metrics.count_event(kind)


def broadcast(lesson_id: UUID, kind: str, body: Mapping[str, Any], audience: Audience = EVERYONE) -> None:
    """Sends what need not reach everybody, such as a pointer's place: without a number, after the commit."""
    _after_commit(_to_group, groups.room(lesson_id), _unnumbered(kind, body, audience))


def _unnumbered(kind: str, body: Mapping[str, Any], audience: Audience) -> dict[str, Any]:
    text = json.dumps({"type": kind, "body": body}, separators=(",", ":"))
    return {"type": "room.broadcast", "text": text, "audience": audience.to_wire()}


async def broadcast_now(lesson_id: UUID, kind: str, body: Mapping[str, Any]) -> None:
    """Sends what follows from no row, such as who speaks, to everyone in a room at once."""
    await _to_group(groups.room(lesson_id), _unnumbered(kind, body, EVERYONE))


def recheck(group_names: Iterable[str]) -> None:
    """Has the sockets of these groups look again, after the commit, whether they may stay."""
    _after_commit(_to_groups, tuple(group_names), {"type": "room.recheck"})


def send_to_relay(channel: str, text: str) -> None:
    """Hands an encoded order to the connection of a relay after the commit."""
    _after_commit(_to_channel, channel, {"type": "relay.order", "text": text})


async def tell_now(group_name: str, message: dict[str, Any]) -> None:
    """Sends word to a group at once: for what follows from no row, such as news of one page's own media."""
    await _to_group(group_name, message)


def _after_commit(send: Any, *arguments: Any) -> None:
    def send_now() -> None:
        async_to_sync(send)(*arguments)

    # Robust: what is committed stays true when the channel layer is down, and everyone asks again anyway.
    transaction.on_commit(send_now, robust=True)


async def _to_group(name: str, message: dict[str, Any]) -> None:
    await _layer().group_send(name, message)


async def _to_groups(names: tuple[str, ...], message: dict[str, Any]) -> None:
    for name in names:
        await _layer().group_send(name, message)


async def _to_channel(name: str, message: dict[str, Any]) -> None:
    await _layer().send(name, message)


def _layer() -> Any:
    return get_channel_layer()
