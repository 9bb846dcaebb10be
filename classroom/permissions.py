"""What a person may do in a lesson: the sole authority."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from classroom.core import schedule
from classroom.models import Enrolment, Lesson

STAFF_ROLES = frozenset({Enrolment.Role.TEACHER.value, Enrolment.Role.ASSISTANT.value})
OPEN_PHASES = frozenset({schedule.LOBBY, schedule.LIVE})


class Action(enum.Enum):
    """What somebody may want to do in a lesson's room."""

    ENTER = "enter"
    """To come in."""
    STAY = "stay"
    """To keep the socket of a room one is in: students too, when the lesson has ended."""
    WATCH = "watch"
    """To receive the stage's picture and sound."""
    PUBLISH = "publish"
    """To send picture and sound from the stage."""
    CONDUCT = "conduct"
    """To go live, and to end the lesson."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's part in a lesson, and what decides when they may use it."""

    role: str
    state: str
    starts_at: datetime
    ends_at: datetime

    @property
    def is_staff(self) -> bool:
        """Whether they teach or assist here."""
        return self.role in STAFF_ROLES

    def allows(self, action: Action, now: datetime | None = None) -> bool:
        """Whether the action is allowed at a time; costs no query."""
        now = now or timezone.now()
        phase = schedule.phase(self.state, self.starts_at, self.ends_at, now)
        prepares = self.is_staff and schedule.may_prepare(self.state, self.starts_at, self.ends_at, now)
        inside = phase in OPEN_PHASES or prepares
        if action is Action.ENTER:
            return inside
        if action is Action.STAY:
            return inside or (phase == schedule.ENDED and now < self.ends_at + schedule.LIVE_AFTER)
        if action is Action.WATCH:
            return inside and phase != schedule.ENDED
        return inside and self.is_staff


def standings(user_ids: Collection[UUID], lesson_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], Standing]:
    """The standing of each of these people in each of these lessons; one query, fresh from the database.

    Whoever isn't active, not enrolled in the lesson's course or not of its school has none.
    """
    rows = Enrolment.objects.filter(
        user_id__in=user_ids,
        user__is_active=True,
        user__school_id=F("course__school_id"),
        course__lessons__in=lesson_ids,
    ).values_list(
        "user_id",
        "course__lessons",
        "role",
        "course__lessons__state",
        "course__lessons__starts_at",
        "course__lessons__ends_at",
    )
    return {(user_id, lesson_id): Standing(*rest) for user_id, lesson_id, *rest in cast(Any, rows)}


def standing(user_id: UUID, lesson_id: UUID) -> Standing | None:
    """The person's standing in the lesson; one query."""
    return standings([user_id], [lesson_id]).get((user_id, lesson_id))


def may(user: Any, action: Action, lesson: Lesson) -> bool:
    """Whether the person may do this in the lesson now; one query, none for the anonymous."""
    found = standing(user.pk, lesson.pk) if user.pk else None
    return found is not None and found.allows(action)
