"""What presence and attempts say of the students of a lesson, one line each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from classroom.core import attendance as core
from classroom.core import schedule, seats
from classroom.core.attendance import Finding, Interval, Rules
from classroom.models import Attempt, DeviceCheck, Enrolment, Lesson, Participation, Presence
from classroom.models.attendance import Status
from classroom.services.presence import GRACE

SEEN_FOR = GRACE + timedelta(seconds=5)
"""What ended later than this after it was last seen had ended before: the web tier was down."""
BAD_NETWORKS = (DeviceCheck.Network.BLOCKED, DeviceCheck.Network.UNSUPPORTED)


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a teacher has written instead of what was found."""

    status: str
    reason: str
    by: str
    at: datetime

    @property
    def status_label(self) -> str:
        """The status in words."""
        return str(Status(self.status).label)


@dataclass(frozen=True, slots=True)
class Line:
    """One student in the register of one lesson."""

    user_id: UUID
    name: str
    found: str
    seconds: int
    arrived_at: datetime | None
    left_at: datetime | None
    attempts: tuple[str, ...]
    corrections: tuple[Corrected, ...] = ()

    @property
    def status(self) -> str:
        """What counts: the newest correction, else what was found."""
        return self.corrections[-1].status if self.corrections else self.found

    @property
    def label(self) -> str:
        """The status in words."""
        return str(Status(self.status).label)

    @property
    def found_label(self) -> str:
        """What was found, in words."""
        return str(Status(self.found).label)

    @property
    def minutes(self) -> int:
        """How long they were there, in whole minutes."""
        return round(self.seconds / 60)

    @property
    def tried(self) -> list[str]:
        """How they tried, in words."""
        return [TRIED_WORDS[kind]() for kind in self.attempts if kind in TRIED_WORDS]


TRIED_WORDS = {
    core.PAGE: lambda: _("opened the room's page"),
    core.SOCKET: lambda: _("was refused a connection"),
    core.MEDIA: lambda: _("got no picture or sound"),
    core.LOBBY: lambda: _("waited in the lobby"),
    core.CHECK: lambda: _("device check failed"),
}


def found_lines(lesson: Lesson, now: datetime) -> list[Line]:
    """What presence and attempts say of the course's students now; six queries."""
    course = lesson.course
    rules = Rules(timedelta(minutes=course.late_after), timedelta(minutes=course.early_before))
    is_over = lesson.phase(now) == schedule.ENDED and lesson.went_live_at is not None
    window = core.lesson_window(
        lesson.starts_at, lesson.ends_at, lesson.went_live_at, lesson.ended_at if is_over else None
    )
    until = core.interval(window.start, min(window.end, now)) if not is_over else window
    there, waited = _presences(lesson, now)
    tried = _attempts(lesson, window, there, waited)
    students = Enrolment.objects.filter(course=course, role=Enrolment.Role.STUDENT)
    names = students.order_by("user__name", "user_id").values_list("user_id", "user__name")
    return [
        _line(
            user_id, name, core.judge(there.get(user_id, ()), until, rules, tried[user_id], is_over=is_over)
        )
        for user_id, name in names
    ]


def _line(user_id: UUID, name: str, finding: Finding) -> Line:
    return Line(
        user_id=user_id,
        name=name,
        found=finding.status,
        seconds=round(finding.attended.total_seconds()),
        arrived_at=finding.arrived_at,
        left_at=finding.left_at,
        attempts=finding.attempts,
    )


Times = Mapping[UUID, list[Interval]]


def _presences(lesson: Lesson, now: datetime) -> tuple[Times, Times]:
    """When everybody was there, or has waited only; whoever was let in was there from their arrival."""
    let_in = Participation.objects.filter(lesson=lesson, admitted_at__isnull=False)
    admitted = set(let_in.values_list("user_id", flat=True))
    there: dict[UUID, list[Interval]] = defaultdict(list)
    waited: dict[UUID, list[Interval]] = defaultdict(list)
    for row in Presence.objects.filter(lesson=lesson):
        times = there if row.user_id in admitted else waited
        times[row.user_id].append(core.interval(row.entered_at, _end(row, now)))
    return there, waited


def _end(row: Presence, now: datetime) -> datetime:
    end = row.left_at or now
    return end if seats.is_device(row.client) else min(end, row.seen_at + SEEN_FOR)


def _attempts(lesson: Lesson, window: Interval, there: Times, waited: Times) -> dict[UUID, set[str]]:
    """How everybody tried in vain: whoever was connected after they opened the page did not."""
    tried: dict[UUID, set[str]] = defaultdict(set)
    for user_id, kind, at in Attempt.objects.filter(lesson=lesson).values_list("user_id", "kind", "last_at"):
        times = [*there.get(user_id, ()), *waited.get(user_id, ())]
        if kind == core.MEDIA or not any(entry.end >= at for entry in times):
            tried[user_id].add(kind)
    for user_id, times in waited.items():
        if core.clipped(times, window):
            tried[user_id].add(core.LOBBY)
    around = (window.start - schedule.OPEN_BEFORE, window.end)
    checks = DeviceCheck.objects.filter(
        user__enrolments__course=lesson.course_id, network__in=BAD_NETWORKS, checked_at__range=around
    )
    for user_id in checks.values_list("user_id", flat=True):
        tried[user_id].add(core.CHECK)
    return tried
