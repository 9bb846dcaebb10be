"""Who may be in a lesson's room itself: let in, waiting in its lobby, removed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import groups
from classroom.core.seats import Seat
from classroom.models import Enrolment, Lesson, Participation, Presence
from classroom.models.course import Admission
from classroom.permissions import STAFF_ROLES
from classroom.services import audit, events, relays
from classroom.services.errors import ConflictError


def let_in(lesson_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Notes who is in the room itself, whom a later lock does not shut out; returns for whom that is new.

    One query where it is for nobody.
    """
    rows = Participation.objects.filter(lesson=lesson_id, user__in=user_ids, admitted_at__isnull=False)
    new = set(user_ids) - set(rows.values_list("user_id", flat=True))
    now = timezone.now()
    Participation.objects.bulk_create(
        [Participation(lesson_id=lesson_id, user_id=user_id, admitted_at=now) for user_id in sorted(new)],
        update_conflicts=True,
        unique_fields=("lesson", "user"),
        update_fields=("admitted_at",),
    )
    return new


def admit(lesson_id: UUID, actor_id: UUID, user_ids: Collection[UUID] | None = None) -> int:
    """Lets those waiting come in, all or which of these; returns how many there were."""
    with transaction.atomic():
        waiting = _waiting(lesson_id)
        if user_ids is not None:
            waiting = waiting.filter(user_id__in=user_ids)
        found = list(waiting.values_list("user_id", flat=True).distinct())
        let_in(lesson_id, found)
        for user_id in found:
            audit.note("room.admit", lesson_id, actor_id, user_id)
        if found:
            _changed(lesson_id, found)
        return len(found)


def remove(lesson_id: UUID, actor_id: UUID, user_id: UUID) -> None:
    """Puts a student out for the lesson, with their media; ConflictError for anybody else."""
    with transaction.atomic():
        require_student(lesson_id, user_id)
        Participation.objects.update_or_create(
            lesson_id=lesson_id, user_id=user_id, defaults={"removed_at": timezone.now()}
        )
        audit.note("room.remove", lesson_id, actor_id, user_id)
        relays.close_media(Seat(lesson_id, user_id, ""))
        _changed(lesson_id, [user_id])


def let_back(lesson_id: UUID, actor_id: UUID, user_id: UUID) -> None:
    """Lets somebody who was removed come in again; ConflictError if nobody was."""
    with transaction.atomic():
        removed = Participation.objects.filter(lesson=lesson_id, user=user_id, removed_at__isnull=False)
        if not removed.update(removed_at=None, admitted_at=timezone.now()):
            raise ConflictError(_("This person was not removed."))
        audit.note("room.let_back", lesson_id, actor_id, user_id)
        _changed(lesson_id, [user_id])


def lobby(lesson_id: UUID) -> dict[str, Any]:
    """Who waits to be let in, the first first, and who was removed; two queries."""
    rows = _waiting(lesson_id).order_by("entered_at").values_list("user_id", "user__name", "entered_at")
    waiting = {user_id: (name, since) for user_id, name, since in reversed(list(rows))}
    removed = Participation.objects.filter(lesson=lesson_id, removed_at__isnull=False)
    people = removed.order_by("user__name").values_list("user_id", "user__name")
    return {
        "waiting": [
            {"id": str(user_id), "name": name, "since": since.isoformat()}
            for user_id, (name, since) in reversed(waiting.items())
        ],
        "removed": [{"id": str(user_id), "name": name} for user_id, name in people],
    }


def is_used(lesson_id: UUID) -> bool:
    """Whether anybody may have to wait in this lesson; one query."""
    by_hand = Q(course__admission=Admission.BY_HAND) | Q(is_locked=True)
    return Lesson.objects.filter(by_hand, pk=lesson_id).exists()


def publish_lobby(lesson_id: UUID) -> None:
    """Tells the staff who waits, and who was removed."""
    events.publish(lesson_id, "lobby.changed", lambda: lobby(lesson_id), events.STAFF)


def _changed(lesson_id: UUID, user_ids: Collection[UUID]) -> None:
    events.recheck([groups.user(user_id) for user_id in user_ids])
    relays.refresh_permits([lesson_id])
    publish_lobby(lesson_id)


def _waiting(lesson_id: UUID) -> QuerySet[Presence]:
    """The presences of those who are not let in yet."""
    part = Participation.objects.filter(lesson=lesson_id, user=OuterRef("user"))
    decided = part.filter(Q(admitted_at__isnull=False) | Q(removed_at__isnull=False))
    staff = Enrolment.objects.filter(course__lessons=lesson_id, user=OuterRef("user"), role__in=STAFF_ROLES)
    return Presence.objects.filter(~Exists(decided), ~Exists(staff), lesson=lesson_id, left_at=None)


def require_student(lesson_id: UUID, user_id: UUID) -> None:
    """Raises ConflictError unless the person is a student of the lesson's course; one query."""
    enrolled = Enrolment.objects.filter(course__lessons=lesson_id, user=user_id)
    if not enrolled.exclude(role__in=STAFF_ROLES).exists():
        raise ConflictError(_("Only students of this course can be acted on like that."))
