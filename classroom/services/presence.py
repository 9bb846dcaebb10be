"""Who is in a room: one open row for each page, kept through short breaks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from classroom.core.seats import Seat
from classroom.models import Enrolment, Participation, Presence, StreamSession
from classroom.services import events, participation, relays

GRACE = timedelta(seconds=15)
"""So long a page may be away before its presence and its media end."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A page that comes in, and the channel of its socket; whoever is not admitted waits in the lobby."""

    seat: Seat
    channel: str
    is_admitted: bool = True


def enter(seat: Seat, channel: str) -> tuple[int, bool]:
    """The same as `enter_all` for one who is admitted; a device has no channel."""
    return enter_all(seat.lesson_id, [Arrival(seat, channel)])[0]


def enter_all(lesson_id: UUID, arrivals: Sequence[Arrival]) -> list[tuple[int, bool]]:
    """Opens each page's presence, or goes on with the open one; returns their keys and whether that is news.

    Four queries for any number of new pages, and one for each that was present.
    """
    let_in = {arrival.seat.user_id for arrival in arrivals if arrival.is_admitted}
    with transaction.atomic():
        newly_let_in = participation.let_in(lesson_id, let_in) if let_in else set()
        # Which of them are present already, the database knows best: another process may let in the same.
        Presence.objects.bulk_create(sorted(map(_row, arrivals), key=_page), ignore_conflicts=True)
        users = {arrival.seat.user_id for arrival in arrivals}
        rows = _open(lesson=lesson_id, user__in=users).select_for_update().order_by("pk")
        found = {_page(row): row for row in rows}
        return [_sit(arrival, found[_page(_row(arrival))], newly_let_in) for arrival in arrivals]


def _sit(arrival: Arrival, row: Presence, newly_let_in: set[UUID]) -> tuple[int, bool]:
    """Gives the page's row to its newest socket; what is told of a person is news once."""
    is_new = row.channel == arrival.channel
    if not is_new:
        _open(pk=row.pk).update(channel=arrival.channel, seen_at=timezone.now())
    is_news = is_new or row.user_id in newly_let_in
    newly_let_in.discard(row.user_id)
    return row.pk, is_news


def _row(arrival: Arrival) -> Presence:
    seat = arrival.seat
    return Presence(
        lesson_id=seat.lesson_id, user_id=seat.user_id, client=seat.client, channel=arrival.channel
    )


def _page(row: Presence) -> tuple[UUID, str]:
    return row.user_id, row.client


def detach(key: int, channel: str) -> None:
    """Notes that the page's socket has dropped; it has GRACE to come back. A newer socket is left alone."""
    Presence.objects.filter(pk=key, channel=channel, left_at=None).update(channel="", seen_at=timezone.now())


def is_replaced(seat: Seat, channel: str) -> bool:
    """Whether the page is present by another socket; a presence that has ended is not. One query."""
    rows = _open(lesson_id=seat.lesson_id, user_id=seat.user_id, client=seat.client)
    return rows.exclude(channel__in=("", channel)).exists()


def leave(seat: Seat) -> bool:
    """Ends the page's presence and media at once; says whether it was present."""
    with transaction.atomic():
        left = _open(lesson_id=seat.lesson_id, user_id=seat.user_id, client=seat.client).update(
            left_at=timezone.now(), channel=""
        )
        relays.close_media(seat)
    return bool(left)


def refresh(keys: Collection[int]) -> set[int]:
    """Notes that these presences go on; returns those that still do. One query, two if any has ended."""
    if _open(pk__in=keys).update(seen_at=timezone.now()) == len(keys):
        return set(keys)
    return set(_open(pk__in=keys).values_list("pk", flat=True))


def sweep(now: datetime | None = None) -> list[Seat]:
    """Ends every presence and its media that nobody has seen for GRACE; returns them.

    A device has no socket to be seen by: it is present for as long as its session.
    """
    now = now or timezone.now()
    device = StreamSession.objects.filter(
        client=OuterRef("client"), key__user=OuterRef("user"), key__lesson=OuterRef("lesson")
    )
    stale = _open(seen_at__lt=now - GRACE).exclude(Exists(device))
    if not stale.exists():
        return []
    with transaction.atomic():
        rows = list(stale.select_for_update(skip_locked=True))
        # They left when they were last seen: whoever held the stage has had the time to come back.
        _open(pk__in=[row.pk for row in rows]).update(left_at=F("seen_at"), channel="")
        seats = [Seat(row.lesson_id, row.user_id, row.client) for row in rows]
        for seat in seats:
            relays.close_media(seat)
    return seats


def people(lesson_id: UUID, user_ids: Collection[UUID] | None = None) -> list[dict[str, Any]]:
    """Who is in the room itself, each person once, or which of the given ones; one query."""
    part = Participation.objects.filter(
        lesson=lesson_id, user=OuterRef("user"), admitted_at__isnull=False, removed_at=None
    )
    present = Enrolment.objects.filter(
        Exists(part),
        course__lessons=lesson_id,
        user__presences__lesson=lesson_id,
        user__presences__left_at=None,
    )
    if user_ids is not None:
        present = present.filter(user_id__in=user_ids)
    rows = present.values_list("user_id", "user__name", "role").distinct().order_by("user__name", "user_id")
    return [{"id": str(user_id), "name": name, "role": role} for user_id, name, role in rows]


def publish_roster(lesson_id: UUID, user_ids: Collection[UUID]) -> None:
    """Tells the room which of these people are there now and which are not, and its staff who waits."""

    def body() -> dict[str, Any]:
        joined = people(lesson_id, user_ids)
        left = {str(user_id) for user_id in user_ids} - {person["id"] for person in joined}
        return {"joined": joined, "left": sorted(left)}

    events.publish(lesson_id, "roster.changed", body)
    if participation.is_used(lesson_id):
        participation.publish_lobby(lesson_id)


def _open(**conditions: Any) -> QuerySet[Presence]:
    return Presence.objects.filter(left_at=None, **conditions)
