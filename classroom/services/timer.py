"""The timer on the stage: started, prolonged and stopped by teachers, seen by all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Lesson, Timer
from classroom.services import events
from classroom.services.errors import ConflictError

MIN_SECONDS, MAX_SECONDS = 5, 4 * 60 * 60
OVER_SHOWN = timedelta(seconds=30)
"""So long after its end a timer is told to pages that come in."""


def start(lesson_id: UUID, seconds: int, label: str = "") -> None:
    """Starts a timer, instead of one that runs."""
    with transaction.atomic():
        ends_at = timezone.now() + timedelta(seconds=seconds)
        fields = {"label": label, "seconds": seconds, "ends_at": ends_at}
        Timer.objects.update_or_create(lesson_id=lesson_id, defaults=fields)
        _publish(lesson_id)


def add(lesson_id: UUID, seconds: int) -> None:
    """Prolongs the timer, from now if it is over; ConflictError if there is none, or it gets too long."""
    with transaction.atomic():
        timer = Timer.objects.select_for_update().filter(lesson=lesson_id).first()
        if timer is None:
            raise ConflictError(_("No timer is running."))
        now = timezone.now()
        ends_at = max(timer.ends_at, now) + timedelta(seconds=seconds)
        if ends_at - now > timedelta(seconds=MAX_SECONDS):
            raise ConflictError(_("A timer runs four hours at most."))
        Timer.objects.filter(pk=timer.pk).update(ends_at=ends_at, seconds=timer.seconds + seconds)
        _publish(lesson_id)


def stop(lesson_id: UUID) -> None:
    """Takes the timer away; harmless where there is none."""
    with transaction.atomic():
        if Timer.objects.filter(lesson=lesson_id).delete()[0]:
            _publish(lesson_id)


def section(lesson: Lesson) -> dict[str, Any] | None:
    """The timer as pages see it; load `timer` before, or it costs a query."""
    timer: Timer | None = getattr(lesson, "timer", None)
    if timer is None or timezone.now() - timer.ends_at >= OVER_SHOWN:
        return None
    return {"label": timer.label, "seconds": timer.seconds, "ends_at": timer.ends_at.isoformat()}


def _publish(lesson_id: UUID) -> None:
    def body() -> dict[str, Any]:
        return {"timer": section(Lesson.objects.select_related("timer").get(pk=lesson_id))}

    events.publish(lesson_id, "timer.changed", body)
