"""Somebody in a room: what tests of the floor do and ask."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from classroom.core.floor import Permitted
from classroom.core.seats import Seat
from classroom.models import AuditEntry, Course, Lesson, Turn
from classroom.services import floor, permits, presence
from tests.support.cast import Cast


def sit(cast: Cast, user: User, client: str = "page-0001") -> Seat:
    """Somebody's page in the room."""
    seat = Seat(cast.lesson.pk, user.pk, client)
    presence.enter(seat, "channel")
    return seat


def set_format(cast: Cast, format: str, **fields: Any) -> None:
    """Makes the course's lessons of this format."""
    Course.objects.filter(pk=cast.course.pk).update(format=format, **fields)


def give(cast: Cast, user: User, kind: str = "floor", seconds: int | None = None) -> None:
    """The teacher gives somebody a place."""
    floor.give(cast.lesson.pk, cast.teacher.pk, user.pk, kind, seconds)


def speak(cast: Cast, seat: Seat, *sources: str, seconds: int | None = None) -> None:
    """Somebody is given the floor and takes it."""
    floor.give(cast.lesson.pk, cast.teacher.pk, seat.user_id, "floor", seconds)
    floor.accept(seat, "floor", sources or ("microphone",))


def permitted(cast: Cast) -> Permitted:
    """What the relay is told."""
    return permits.of(Lesson.objects.select_related("course").get(pk=cast.lesson.pk))


def flows(cast: Cast, user: User) -> tuple[str, ...] | None:
    """What may flow from a person; None where they may not even connect."""
    return permitted(cast).publishers.get(str(user.pk))


def turn(user: User, kind: str = "floor") -> Turn:
    """The person's open turn."""
    return Turn.objects.get(user=user, kind=kind, ended_at=None)


def audited() -> list[str]:
    """What the trail says."""
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
