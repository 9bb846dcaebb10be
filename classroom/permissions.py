"""What a person may do in a lesson: the sole authority."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from classroom.core import schedule
from classroom.models import Course, Enrolment, Lesson, Turn
from classroom.models.course import Admission
from classroom.models.lesson import BoardMode, ChatMode
from classroom.prepared import Prepared

STAFF_ROLES = frozenset({Enrolment.Role.TEACHER.value, Enrolment.Role.ASSISTANT.value})
OPEN_PHASES = frozenset({schedule.LOBBY, schedule.LIVE})


class Action(enum.Enum):
    """What somebody may want to do in a lesson's room."""

    ENTER = "enter"
    """To come in, if only into the lobby."""
    STAY = "stay"
    """To keep the socket of a room one is in: students too, when the lesson has ended."""
    READ = "read"
    """To have the materials of the lesson and its course, at any time."""
    SUPPLY = "supply"
    """To add and delete materials, at any time: what teachers and assistants do."""
    WATCH = "watch"
    """To receive the stage's picture and sound."""
    ATTEND = "attend"
    """To take part: raise a hand, answer what the class is asked, read what was written."""
    WRITE = "write"
    """To write to all in the chat."""
    ASK = "ask"
    """To write to the teachers alone."""
    DRAW = "draw"
    """To draw on the board and on slides."""
    SEND = "send"
    """To send picture and sound from a place that one was given, or from the stage."""
    PUBLISH = "publish"
    """To send picture and sound from the stage."""
    CONDUCT = "conduct"
    """To go live, to end the lesson, to turn pages, to ask the class: what teachers and assistants do."""
    MODERATE = "moderate"
    """To act on others: admit, remove, mute, give the floor, delete what they wrote."""
    REVIEW = "review"
    """To look at what was taught: students when the lesson is over, whether they were there or not."""


STAFF_ACTIONS = frozenset({Action.PUBLISH, Action.CONDUCT, Action.MODERATE})
SUPERVISED_ACTIONS = frozenset({Action.WRITE, Action.ASK, Action.DRAW, Action.SEND})
"""What students may do only in a live lesson, and while a teacher is there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's part in a lesson, and what decides when they may use it."""

    role: str
    state: str
    starts_at: datetime
    ends_at: datetime
    admission: str = Admission.AUTOMATIC.value
    is_locked: bool = False
    is_supervised: bool = True
    chat_mode: str = ChatMode.ON.value
    board_mode: str = BoardMode.FLOOR.value
    admitted_at: datetime | None = None
    is_chat_muted: bool | None = None
    has_turn: bool = False
    """Whether they have accepted a place in which they may send."""
    has_floor: bool = False
    """Whether that place is one of the floor, or a seat in a seminar."""

    @property
    def is_staff(self) -> bool:
        """Whether they teach or assist here."""
        return self.role in STAFF_ROLES

    @property
    def is_admitted(self) -> bool:
        """Whether they are in the room itself rather than in its lobby."""
        comes_in = self.admission == Admission.AUTOMATIC.value and not self.is_locked
        return self.is_staff or comes_in or self.admitted_at is not None

    def allows(self, action: Action, now: datetime | None = None) -> bool:
        """Whether the action is allowed at a time; costs no query."""
        now = now or timezone.now()
        phase = schedule.phase(self.state, self.starts_at, self.ends_at, now)
        prepares = self.is_staff and schedule.may_prepare(self.state, self.starts_at, self.ends_at, now)
        inside = phase in OPEN_PHASES or prepares
        if action is Action.READ:
            return True
        if action is Action.SUPPLY:
            return self.is_staff and self.state != schedule.CANCELLED
        if action is Action.REVIEW:
            return self.is_staff or phase == schedule.ENDED
        if action is Action.ENTER:
            return inside
        if action is Action.STAY:
            return inside or (phase == schedule.ENDED and now < self.ends_at + schedule.LIVE_AFTER)
        if action is Action.WATCH:
            return inside and self.is_admitted and phase != schedule.ENDED
        if self.is_staff:
            return inside
        return inside and phase != schedule.ENDED and self._lets_student(action, phase)

    def _lets_student(self, action: Action, phase: str) -> bool:
        """Whether a student in an open lesson may do this."""
        if action in STAFF_ACTIONS or not self.is_admitted:
            return False
        if action in SUPERVISED_ACTIONS and not (self.is_supervised and phase == schedule.LIVE):
            return False
        if action is Action.WRITE:
            return self.chat_mode != ChatMode.OFF.value and not self.is_chat_muted
        if action is Action.ASK:
            return not self.is_chat_muted
        if action is Action.DRAW:
            everybody = self.board_mode == BoardMode.EVERYBODY.value
            return everybody or (self.board_mode == BoardMode.FLOOR.value and self.has_floor)
        return self.has_turn if action is Action.SEND else True


FIELDS = (
    "role",
    "course__lessons__state",
    "course__lessons__starts_at",
    "course__lessons__ends_at",
    "course__admission",
    "course__lessons__is_locked",
    "course__lessons__is_supervised",
    "course__lessons__chat_mode",
    "course__lessons__board_mode",
    "part__admitted_at",
    "part__is_chat_muted",
    "has_turn",
    "has_floor",
)
"""Where a Standing's fields come from, in their order."""
PARTS = "course__lessons__participations"


def _enrolled(user_ids: Collection[UUID] | None, lesson_ids: Collection[UUID]) -> QuerySet[Any, Any]:
    turns = Turn.objects.filter(
        lesson=OuterRef("course__lessons"), user=OuterRef("user"), ended_at=None, accepted_at__isnull=False
    )
    own_part = FilteredRelation(PARTS, condition=Q(**{f"{PARTS}__user": F("user")}))
    rows = Enrolment.objects.annotate(part=own_part).filter(
        user__is_active=True,
        user__school_id=F("course__school_id"),
        course__lessons__in=lesson_ids,
        part__removed_at=None,
    )
    if user_ids is not None:
        rows = rows.filter(user_id__in=user_ids)
    return rows.annotate(
        has_turn=Exists(turns),
        has_floor=Exists(turns.filter(kind__in=(Turn.Kind.FLOOR, Turn.Kind.SEAT))),
    ).values_list("user_id", "course__lessons", *FIELDS)


_prepared = Prepared(_enrolled)


def standings(
    user_ids: Collection[UUID] | None, lesson_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], Standing]:
    """The standing of each of these people, or of everybody, in each of these lessons; one query.

    Whoever isn't active, was removed from the lesson, is not enrolled in its course or not of its school has
    none.
    """
    rows = _prepared.rows(user_ids, lesson_ids)
    return {(user_id, lesson_id): Standing(*rest) for user_id, lesson_id, *rest in rows}


def standing(user_id: UUID, lesson_id: UUID) -> Standing | None:
    """The person's standing in the lesson; one query."""
    return standings([user_id], [lesson_id]).get((user_id, lesson_id))


def may(user: Any, action: Action, lesson: Lesson) -> bool:
    """Whether the person may do this in the lesson now; one query, none for the anonymous."""
    found = standing(user.pk, lesson.pk) if user.pk else None
    return found is not None and found.allows(action)


def keeps_register(user: Any, course_id: UUID) -> bool:
    """Whether the person may see and correct a course's register: its staff, and admins of its school."""
    if not user.pk or not user.is_active:
        return False
    in_school = Course.objects.filter(pk=course_id, school_id=user.school_id)
    if user.is_school_admin:
        return in_school.exists()
    return in_school.filter(enrolments__user=user.pk, enrolments__role__in=STAFF_ROLES).exists()
