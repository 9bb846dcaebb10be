"""The register: found from presence, final when a lesson has ended, corrected with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import attendance as core
from classroom.core import schedule
from classroom.models import (
    Attempt,
    Correction,
    Lesson,
    Register,
    RegisterEntry,
)
from classroom.models.attendance import CORRECTIONS, MAX_REASON_LENGTH
from classroom.services import audit
from classroom.services.attendance_lines import Corrected, Line, found_lines
from classroom.services.errors import ConflictError

FINAL_AT_ONCE = 20
"""How many registers one look writes."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The register of one lesson."""

    lesson: Lesson
    lines: list[Line]
    final_at: datetime | None
    """When it was written; None while it may still change by itself."""

    @property
    def was_held(self) -> bool:
        """Whether a teacher went live: otherwise nobody was absent."""
        return self.lesson.went_live_at is not None

    def count(self, *statuses: str) -> int:
        """How many students have one of these."""
        return sum(line.status in statuses for line in self.lines)

    @property
    def attended(self) -> int:
        """How many were there, late or not."""
        return self.count(*core.ATTENDED)


# Attempts


def note_attempt(lesson_id: UUID, user_id: UUID, kind: str) -> None:
    """Notes that somebody tried to come in or to get media; one row of a kind, one query after the first."""
    now = timezone.now()
    rows = Attempt.objects.filter(lesson=lesson_id, user=user_id, kind=kind)
    if not rows.update(last_at=now, count=F("count") + 1):
        fields = {"first_at": now, "last_at": now}
        Attempt.objects.get_or_create(lesson_id=lesson_id, user_id=user_id, kind=kind, defaults=fields)


# Reading


def sheet(lesson_id: UUID, now: datetime | None = None) -> Sheet:
    """The register of a lesson, as written at its end or as it stands; at most ten queries."""
    lesson = Lesson.objects.select_related("course__school").get(pk=lesson_id)
    return sheets([lesson], now)[0]


def sheets(lessons: Collection[Lesson], now: datetime | None = None) -> list[Sheet]:
    """The registers of lessons of one course, in their order; load `course` before."""
    now = now or timezone.now()
    written = {
        register.lesson_id: register
        for register in Register.objects.filter(lesson__in=lessons).prefetch_related("entries__user")
    }
    corrections = _corrections(lessons)
    found = []
    for lesson in lessons:
        register = written.get(lesson.pk)
        if register is not None and is_current(lesson, register, now):
            lines, final_at = _written(register), register.final_at
        else:
            lines, final_at = found_lines(lesson, now), None
        own = corrections[lesson.pk]
        found.append(
            Sheet(lesson, [replace(line, corrections=own[line.user_id]) for line in lines], final_at)
        )
    return found


def is_current(lesson: Lesson, register: Register, now: datetime) -> bool:
    """Whether what was written is of the lesson's last end, and not of one before it was opened again."""
    over = lesson.phase(now) == schedule.ENDED
    return over and register.final_at >= (lesson.ended_at or lesson.ends_at)


def _corrections(lessons: Collection[Lesson]) -> dict[UUID, dict[UUID, tuple[Corrected, ...]]]:
    found: dict[UUID, dict[UUID, tuple[Corrected, ...]]] = defaultdict(lambda: defaultdict(tuple))
    for row in Correction.objects.filter(lesson__in=lessons).select_related("by"):
        entry = Corrected(row.status, row.reason, row.by.name if row.by else "", row.at)
        found[row.lesson_id][row.user_id] += (entry,)
    return found


def _written(register: Register) -> list[Line]:
    lines = [
        Line(
            user_id=entry.user_id,
            name=entry.user.name,
            found=entry.status,
            seconds=entry.seconds,
            arrived_at=entry.arrived_at,
            left_at=entry.left_at,
            attempts=tuple(entry.attempts),
        )
        for entry in register.entries.all()
    ]
    return sorted(lines, key=lambda line: (line.name.casefold(), line.user_id))


# The course


@dataclass(frozen=True, slots=True)
class Total:
    """One student over all the lessons of a course that were held."""

    user_id: UUID
    name: str
    lines: list[Line | None]
    """One for each lesson, None where they weren't in its register."""

    def count(self, *statuses: str) -> int:
        """In how many lessons they have one of these."""
        return sum(line is not None and line.status in statuses for line in self.lines)

    @property
    def attended(self) -> int:
        """In how many they were there."""
        return self.count(*core.ATTENDED)

    @property
    def late(self) -> int:
        """In how many they came late."""
        return self.count(core.LATE, core.LATE_AND_EARLY)

    @property
    def absent(self) -> int:
        """In how many they were absent."""
        return self.count(core.ABSENT)

    @property
    def tried(self) -> int:
        """In how many they tried and could not connect."""
        return self.count(core.TRIED)

    @property
    def minutes(self) -> int:
        """How long they were there altogether."""
        return round(sum(line.seconds for line in self.lines if line) / 60)


def of_course(course_id: UUID, now: datetime | None = None) -> tuple[list[Sheet], list[Total]]:
    """The registers of a course's lessons that were held, the oldest first, and what they come to."""
    now = now or timezone.now()
    held = Lesson.objects.filter(course=course_id, went_live_at__isnull=False)
    rows = held.exclude(state=Lesson.State.CANCELLED).select_related("course__school").order_by("starts_at")
    found = sheets(list(rows), now)
    return found, _totals(found)


def _totals(found: list[Sheet]) -> list[Total]:
    names: dict[UUID, str] = {line.user_id: line.name for one in found for line in one.lines}
    by_sheet = [{line.user_id: line for line in one.lines} for one in found]
    ordered = sorted(names.items(), key=lambda pair: (pair[1].casefold(), pair[0]))
    return [Total(user_id, name, [lines.get(user_id) for lines in by_sheet]) for user_id, name in ordered]


# Writing


def finalise_due(now: datetime | None = None) -> int:
    """Writes the registers of lessons that have ended, the last first; returns how many.

    One query while there are none.
    """
    now = now or timezone.now()
    ran_out = Q(state=Lesson.State.LIVE, ends_at__lte=now - schedule.LIVE_AFTER)
    written = Register.objects.filter(
        lesson=OuterRef("pk"), final_at__gte=Coalesce(OuterRef("ended_at"), OuterRef("ends_at"))
    )
    due = Lesson.objects.filter(
        Q(state=Lesson.State.ENDED) | ran_out,
        ~Exists(written),
        went_live_at__isnull=False,
    )
    rows = list(due.select_related("course").order_by("-ends_at")[:FINAL_AT_ONCE])
    for lesson in rows:
        finalise(lesson, now)
    return len(rows)


def finalise(lesson: Lesson, now: datetime) -> None:
    """Writes the register of a lesson that has ended, instead of one of an end before."""
    with transaction.atomic():
        lines = found_lines(lesson, now)
        register, _made = Register.objects.update_or_create(lesson=lesson, defaults={"final_at": now})
        register.entries.all().delete()
        RegisterEntry.objects.bulk_create(_entries(register, lines))


def _entries(register: Register, lines: Iterable[Line]) -> list[RegisterEntry]:
    return [
        RegisterEntry(
            register=register,
            user_id=line.user_id,
            status=line.found,
            seconds=line.seconds,
            arrived_at=line.arrived_at,
            left_at=line.left_at,
            attempts=list(line.attempts),
        )
        for line in lines
    ]


def correct(lesson_id: UUID, actor_id: UUID, user_id: UUID, status: str, reason: str) -> None:
    """Writes something else than was found, with a reason; what was found stays to be seen.

    ConflictError for somebody who isn't in the register, an unknown status, or without a reason.
    """
    reason = " ".join(reason.split())
    if status not in CORRECTIONS:
        raise ConflictError(_("There is no such entry."))
    if not 0 < len(reason) <= MAX_REASON_LENGTH:
        raise ConflictError(
            _("Give a reason of at most %(number)d characters.") % {"number": MAX_REASON_LENGTH}
        )
    with transaction.atomic():
        line = next((line for line in sheet(lesson_id).lines if line.user_id == user_id), None)
        if line is None:
            raise ConflictError(_("This person isn't in the register."))
        fields: dict[str, Any] = {"status": status, "reason": reason, "by_id": actor_id}
        Correction.objects.create(lesson_id=lesson_id, user_id=user_id, **fields)
        audit.note("register.correct", lesson_id, actor_id, user_id, status=status, was=line.status)
