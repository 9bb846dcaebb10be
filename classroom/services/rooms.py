"""What holds in a lesson's room for all: locked, supervised, what is shown large, a countdown to its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import groups
from classroom.models import Enrolment, Lesson, Presence
from classroom.models.lesson import MAIN_VIEWS
from classroom.permissions import STAFF_ROLES
from classroom.services import audit, events, lessons, relays
from classroom.services.errors import ConflictError

CONNECTED_WITHIN = timedelta(seconds=12)
"""Sockets are noted every five seconds; a web process that has died notes nothing more."""
MIN_COUNTDOWN, MAX_COUNTDOWN = 5, 600
"""Seconds."""
PERSON_VIEW = "person:"


def settings(lesson: Lesson) -> dict[str, Any]:
    """What holds in the room, as pages see it; load `course` before, or it costs a query."""
    return {
        "format": lesson.effective_format,
        "is_locked": lesson.is_locked,
        "is_supervised": lesson.is_supervised,
        "chat": lesson.chat_mode,
        "board": lesson.board_mode,
        "may_unmute": lesson.may_unmute,
        "main": lesson.main_view,
        "ends_for_all_at": lesson.ends_for_all_at.isoformat() if lesson.ends_for_all_at else None,
        "student_chat": lesson.course.student_chat,
        "student_cameras": lesson.course.student_cameras,
    }


def change(lesson_id: UUID, actor_id: UUID, **changes: Any) -> None:
    """Sets what holds in the room (fields of Lesson), tells everyone, and notes who did it."""
    with transaction.atomic():
        if Lesson.objects.filter(pk=lesson_id).exclude(**changes).update(**changes):
            noted: dict[str, Any] = {name: str(value) for name, value in changes.items()}
            audit.note("room.change", lesson_id, actor_id, **noted)
            publish(lesson_id)


def publish(lesson_id: UUID) -> None:
    """Tells everyone, the lobby too, what holds in the room."""
    events.publish(
        lesson_id,
        "room.changed",
        lambda: settings(Lesson.objects.select_related("course").get(pk=lesson_id)),
        events.WITH_LOBBY,
    )


def lock(lesson_id: UUID, actor_id: UUID, *, is_locked: bool) -> None:
    """Has newcomers wait in the lobby from now on, or lets those waiting come in."""
    with transaction.atomic():
        change(lesson_id, actor_id, is_locked=is_locked)
        events.recheck([groups.room(lesson_id)])
        relays.refresh_permits([lesson_id])


def show(lesson_id: UUID, actor_id: UUID, main: str) -> None:
    """Shows one thing large to all: one of MAIN_VIEWS or `person:<id>`; empty leaves it to each."""
    if main and main not in MAIN_VIEWS and not main.startswith(PERSON_VIEW):
        raise ConflictError(_("There is no such view."))
    change(lesson_id, actor_id, main_view=main)


def show_no_longer(lesson_id: UUID, actor_id: UUID, main: str) -> None:
    """Leaves it to each what they see large, where all were shown this."""
    if Lesson.objects.filter(pk=lesson_id, main_view=main).exists():
        show(lesson_id, actor_id, "")


# A countdown to the end


def start_countdown(lesson_id: UUID, actor_id: UUID, seconds: int) -> None:
    """Ends the lesson for all in so many seconds unless that is stopped; ConflictError if it isn't live."""
    if not Lesson.objects.filter(pk=lesson_id, state=Lesson.State.LIVE).exists():
        raise ConflictError(_("This lesson isn't live."))
    change(lesson_id, actor_id, ends_for_all_at=timezone.now() + timedelta(seconds=seconds))


def stop_countdown(lesson_id: UUID, actor_id: UUID) -> None:
    """Keeps the lesson open after all; harmless where nothing counts."""
    change(lesson_id, actor_id, ends_for_all_at=None)


def end_due() -> None:
    """Ends the lessons whose countdown is over; one query while there are none."""
    due = Lesson.objects.filter(ends_for_all_at__lte=timezone.now())
    for lesson_id, state in due.values_list("pk", "state"):
        with transaction.atomic():
            if not due.filter(pk=lesson_id).update(ends_for_all_at=None):
                continue
            publish(lesson_id)
            if state == Lesson.State.LIVE:
                lessons.end_lesson(lesson_id)


# Supervision


def supervise(lesson_ids: Collection[UUID] | None = None) -> None:
    """Notes of the live lessons, or of these, whether a teacher is connected; acts where that has changed.

    A room without any for the course's grace time is no longer supervised: what students send, write and
    draw is stopped until one is back, and the stage is dark. One query while nothing changes.
    """
    now = timezone.now()
    live = Lesson.objects.filter(state=Lesson.State.LIVE)
    if lesson_ids is not None:
        live = live.filter(pk__in=lesson_ids)
    rows = live.annotate(is_attended=Exists(_connected_staff(now))).values_list(
        "pk", "is_attended", "is_supervised", "unattended_since", "course__supervision_grace"
    )
    for lesson_id, is_attended, is_supervised, since, grace in rows:
        if is_attended and not (is_supervised and since is None):
            _set_supervised(lesson_id, is_supervised=True)
        if is_attended:
            continue
        if since is None:
            Lesson.objects.filter(pk=lesson_id, unattended_since=None).update(unattended_since=now)
        elif is_supervised and now - since >= timedelta(seconds=grace):
            _set_supervised(lesson_id, is_supervised=False)


def _set_supervised(lesson_id: UUID, *, is_supervised: bool) -> None:
    with transaction.atomic():
        rows = Lesson.objects.filter(pk=lesson_id)
        if is_supervised:
            rows.update(unattended_since=None)
        if rows.exclude(is_supervised=is_supervised).update(is_supervised=is_supervised):
            audit.note("room.supervised" if is_supervised else "room.unsupervised", lesson_id, None)
            publish(lesson_id)
            relays.refresh_permits([lesson_id])
            if not is_supervised:
                lessons.darken_unattended(lesson_id)


def _connected_staff(now: Any) -> QuerySet[Presence]:
    role = Enrolment.objects.filter(
        course=OuterRef("lesson__course"), user=OuterRef("user"), role__in=STAFF_ROLES
    )
    connected = Presence.objects.filter(lesson=OuterRef("pk"), left_at=None).exclude(channel="")
    return connected.filter(Exists(role), seen_at__gt=now - CONNECTED_WITHIN)
