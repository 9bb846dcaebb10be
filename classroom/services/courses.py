"""Courses, who is enrolled, and which lessons are planned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from classroom.models import Course, Enrolment, Lesson


def ensure_course(school_id: UUID, title: str) -> Course:
    """Returns the school's course of that title; makes it when there is none."""
    course, _ = Course.objects.get_or_create(school_id=school_id, title=title)
    return course


def ensure_enrolled(course: Course, people: Iterable[Any], role: str) -> None:
    """Enrols those who aren't; a role that somebody has in the course already stays."""
    there = set(Enrolment.objects.filter(course=course).values_list("user_id", flat=True))
    with transaction.atomic():
        for person in people:
            if person.pk not in there:
                Enrolment.objects.create(course=course, user=person, role=role)


def plan_lesson(course: Course, title: str, starts_at: datetime, ends_at: datetime) -> Lesson:
    """Returns the course's lesson that starts then; makes it when there is none."""
    lesson, _ = Lesson.objects.get_or_create(
        course=course, starts_at=starts_at, defaults={"title": title, "ends_at": ends_at}
    )
    return lesson


def add_lesson(course: Course, title: str, starts_at: datetime, ends_at: datetime) -> Lesson:
    """Makes a lesson, whatever else the course has at that time."""
    return Lesson.objects.create(course=course, title=title, starts_at=starts_at, ends_at=ends_at)


def open_lesson_until(course: Course, now: datetime, until: datetime) -> Lesson | None:
    """Returns a lesson of the course that is on now and lasts, or None."""
    states = (Lesson.State.SCHEDULED, Lesson.State.LIVE)
    return course.lessons.filter(starts_at__lte=now, ends_at__gte=until, state__in=states).first()


def move_unheld_lesson(course: Course, starts_at: datetime, ends_at: datetime) -> bool:
    """Moves a lesson that is over without having been held; says whether there was one."""
    lesson = course.lessons.filter(ends_at__lt=starts_at, state=Lesson.State.SCHEDULED).last()
    if lesson is None:
        return False
    lesson.starts_at, lesson.ends_at = starts_at, ends_at
    lesson.save(update_fields=("starts_at", "ends_at"))
    return True
