"""A person's timetable: today first, then the week, in the time zone of their school."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from classroom.core.schedule import ENDED, LIVE_AFTER, OPEN_AFTER, SCHEDULED
from classroom.models import Enrolment, Lesson, Participation
from classroom.permissions import OPEN_PHASES, Action, Standing

DAYS = 7
"""Today and the six days after it."""
PAST_DAYS = 7
"""The days before today whose lessons are shown below."""


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
    review_url: str
    """Of the page of what was taught; empty until the lesson is over."""


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


def past_week_of(user: Any, now: datetime | None = None) -> list[Day]:
    """The days with lessons of the PAST_DAYS before today, the latest first; three queries.

    Neither cancelled lessons nor those that the person was put out of.
    """
    now = now or timezone.now()
    zone = zone_of(user)
    today = now.astimezone(zone).date()
    days: dict[date, list[Entry]] = {}
    for lesson in _lessons(user, _midnight(today - timedelta(days=PAST_DAYS), zone), _midnight(today, zone)):
        day = lesson.starts_at.astimezone(zone).date()
        if day < today and lesson.phase(now) == ENDED and not lesson.is_removed:
            days.setdefault(day, []).append(_entry(lesson, zone, now))
    return [Day(day, False, entries) for day, entries in sorted(days.items(), reverse=True)]


def lesson_before(lesson: Lesson) -> Lesson | None:
    """The last lesson of the course before this one that is over, if any; one query."""
    return _over(lesson).filter(starts_at__lt=lesson.starts_at).order_by("-starts_at").first()


def lesson_after(lesson: Lesson) -> Lesson | None:
    """The next lesson of the course after this one, where that is over, too; one query."""
    return _over(lesson).filter(starts_at__gt=lesson.starts_at).order_by("starts_at").first()


def _over(lesson: Lesson) -> QuerySet[Lesson]:
    """The other lessons of the course that are over."""
    over = Q(state=Lesson.State.ENDED)
    over |= Q(state=Lesson.State.SCHEDULED, ends_at__lt=timezone.now() - OPEN_AFTER)
    return Lesson.objects.filter(over, course=lesson.course_id).exclude(pk=lesson.pk)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _lessons(user: Any, start: datetime, end: datetime) -> Iterable[Any]:
    teaching = Enrolment.objects.filter(role=Enrolment.Role.TEACHER, user__is_active=True).select_related(
        "user"
    )
    removed = Participation.objects.filter(lesson=OuterRef("pk"), user=user, removed_at__isnull=False)
    return (
        Lesson.objects.filter(
            course__school_id=user.school_id,
            course__enrolments__user=user,
            ends_at__gt=start,
            starts_at__lt=end,
        )
        .annotate(my_role=F("course__enrolments__role"), is_removed=Exists(removed))
        .select_related("course")
        .prefetch_related(Prefetch("course__enrolments", teaching.order_by("user__name"), "teaching"))
        .order_by("starts_at", "title")
    )


def teachers_of(course_id: UUID) -> list[str]:
    """The names of a course's teachers; one query."""
    teaching = Enrolment.objects.filter(course=course_id, role=Enrolment.Role.TEACHER)
    return list(teaching.order_by("user__name").values_list("user__name", flat=True))


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
        review_url=reverse("classroom:review", args=[lesson.pk])
        if phase == ENDED and not lesson.is_removed
        else "",
    )
