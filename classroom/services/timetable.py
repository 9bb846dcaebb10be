"""A person's timetable: today first, then the week, in the time zone of their school."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Prefetch
from django.urls import reverse
from django.utils import timezone

from classroom.core.schedule import LIVE_AFTER, SCHEDULED
from classroom.models import Enrolment, Lesson
from classroom.permissions import OPEN_PHASES, Action, Standing

DAYS = 7
"""Today and the six days after it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One lesson as its person sees it; times are in the school's zone."""

    id: UUID
    title: str
    course: str
    teachers: list[str]
    starts_at: datetime
    ends_at: datetime
    phase: str
    can_enter: bool
    room_url: str
    keys_url: str
    """Of the page of keys for devices; empty when the lesson is over for the person."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day and its lessons, in their order."""

    date: date
    is_today: bool
    lessons: list[Entry]


def zone_of(user: Any) -> tzinfo:
    """The time zone that the person's timetable is in."""
    return user.school.zone if user.school else ZoneInfo("UTC")


def week_of(user: Any, now: datetime | None = None) -> list[Day]:
    """Today, with or without lessons, and the days with lessons of the following six; three queries."""
    now = now or timezone.now()
    zone = zone_of(user)
    today = now.astimezone(zone).date()
    days: dict[date, list[Entry]] = {today: []}
    start, end = _midnight(today, zone), _midnight(today + timedelta(days=DAYS), zone)
    for lesson in _lessons(user, start - LIVE_AFTER, end):
        if lesson.ends_at <= start and lesson.phase(now) not in OPEN_PHASES:
            continue
        # A lesson that has run over midnight is still on today.
        day = max(lesson.starts_at.astimezone(zone).date(), today)
        days.setdefault(day, []).append(_entry(lesson, zone, now))
    return [Day(day, day == today, entries) for day, entries in sorted(days.items())]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _lessons(user: Any, start: datetime, end: datetime) -> Iterable[Lesson]:
    teaching = Enrolment.objects.filter(role=Enrolment.Role.TEACHER, user__is_active=True).select_related(
        "user"
    )
    return (
        Lesson.objects.filter(
            course__school_id=user.school_id,
            course__enrolments__user=user,
            ends_at__gt=start,
            starts_at__lt=end,
        )
        .annotate(my_role=F("course__enrolments__role"))
        .select_related("course")
        .prefetch_related(Prefetch("course__enrolments", teaching.order_by("user__name"), "teaching"))
        .order_by("starts_at", "title")
    )


def _entry(lesson: Any, zone: tzinfo, now: datetime) -> Entry:
    standing = Standing(lesson.my_role, lesson.state, lesson.starts_at, lesson.ends_at)
    phase, can_enter = lesson.phase(now), standing.allows(Action.ENTER, now)
    keys_url = reverse("classroom:keys", args=[lesson.pk]) if can_enter or phase == SCHEDULED else ""
    return Entry(
        id=lesson.pk,
        title=lesson.title,
        course=lesson.course.title,
        teachers=[enrolment.user.name for enrolment in lesson.course.teaching],
        starts_at=lesson.starts_at.astimezone(zone),
        ends_at=lesson.ends_at.astimezone(zone),
        phase=phase,
        can_enter=can_enter,
        room_url=reverse("classroom:room", args=[lesson.pk]),
        keys_url=keys_url,
    )
