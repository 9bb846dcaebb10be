"""The course of a lesson: live, ended, cancelled; and who holds its stage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import groups, schedule
from classroom.core.seats import DEVICE_PREFIXES, Seat
from classroom.models import Enrolment, Lesson, Presence
from classroom.permissions import STAFF_ROLES
from classroom.services import events, relays
from classroom.services.errors import ConflictError
from classroom.services.presence import GRACE

EMPTY_STAGE: dict[str, Any] = {"stage_holder": None, "stage_client": "", "stage_sources": []}


def go_live(seat: Seat) -> None:
    """Makes the lesson live and gives its stage to a page, whoever held it.

    Raises ConflictError if it is cancelled, RelayFullError if it has no relay yet and none has room.
    """
    relays.place_if_there_is_room(seat.lesson_id)
    with transaction.atomic():
        rows = Lesson.objects.filter(pk=seat.lesson_id).exclude(state=Lesson.State.CANCELLED)
        before = rows.values("stage_holder_id", "stage_client").first()
        now = timezone.now()
        taken = rows.exclude(
            state=Lesson.State.LIVE, stage_holder_id=seat.user_id, stage_client=seat.client
        ).update(
            state=Lesson.State.LIVE,
            went_live_at=Coalesce("went_live_at", now),
            ended_at=None,
            **EMPTY_STAGE | {"stage_holder": seat.user_id, "stage_client": seat.client},
        )
        if before is None:
            raise ConflictError(_("This lesson has been cancelled."))
        if not taken:
            return
        _publish_phase(seat.lesson_id)
        _publish_stage(seat.lesson_id)
        relays.refresh_permits([seat.lesson_id])
        if before["stage_holder_id"]:
            older = Seat(seat.lesson_id, before["stage_holder_id"], before["stage_client"])
            relays.close_media(older, relays.PUBLISH)


def end_lesson(lesson_id: UUID) -> None:
    """Ends a live lesson and all of its media; ConflictError when it isn't live."""
    with transaction.atomic():
        ended = Lesson.objects.filter(pk=lesson_id, state=Lesson.State.LIVE).update(
            state=Lesson.State.ENDED, ended_at=timezone.now(), **EMPTY_STAGE
        )
        if not ended:
            raise ConflictError(_("This lesson isn't live."))
        _publish_phase(lesson_id)
        _publish_stage(lesson_id)
        relays.refresh_permits([lesson_id])


def cancel_lesson(lesson_id: UUID) -> None:
    """Cancels a lesson that isn't over and closes its room; ConflictError when it is over."""
    with transaction.atomic():
        cancelled = Lesson.objects.filter(
            pk=lesson_id, state__in=(Lesson.State.SCHEDULED, Lesson.State.LIVE)
        ).update(state=Lesson.State.CANCELLED, **EMPTY_STAGE)
        if not cancelled:
            raise ConflictError(_("This lesson is over."))
        events.recheck([groups.room(lesson_id)])
        relays.refresh_permits([lesson_id])


def set_sources(seat: Seat, sources: Sequence[str]) -> None:
    """Notes which sources of the stage are on; ConflictError unless this page holds the stage."""
    with transaction.atomic():
        if not _stage_of(seat).update(stage_sources=list(sources)):
            raise ConflictError(_("This page isn't on the stage: go live first."))
        _publish_stage(seat.lesson_id)


def require_stage(seat: Seat) -> None:
    """Raises ConflictError unless this page holds the stage of a live lesson."""
    if not _stage_of(seat).exists():
        raise ConflictError(_("This page isn't on the stage: go live first."))


def darken_stage(seat: Seat) -> None:
    """Turns the stage's sources off if this page holds it: its media is gone, though it may come back."""
    with transaction.atomic():
        if _stage_of(seat).exclude(stage_sources=[]).update(stage_sources=[]):
            _publish_stage(seat.lesson_id)


def darken_unattended(lesson_id: UUID) -> None:
    """Turns the stage's sources off where it is a page's: none of the staff is connected, so it is not there.

    A page that comes back says what it sends. A device has no page that could be connected.
    """
    devices = Q()
    for prefix in DEVICE_PREFIXES:
        devices |= Q(stage_client__startswith=prefix)
    with transaction.atomic():
        lit = Lesson.objects.filter(~devices, pk=lesson_id).exclude(stage_sources=[])
        if lit.update(stage_sources=[]):
            _publish_stage(lesson_id)


def vacate_stage(seat: Seat) -> None:
    """Empties the stage at once if this seat holds it; the lesson stays live."""
    with transaction.atomic():
        if _stage_of(seat).update(**EMPTY_STAGE):
            _publish_stage(seat.lesson_id)
            relays.refresh_permits([seat.lesson_id])


def vacate_stages() -> None:
    """Takes the stage from pages gone for the grace time, and from people who may publish no longer."""
    pages = Presence.objects.filter(
        lesson=OuterRef("pk"), user=OuterRef("stage_holder"), client=OuterRef("stage_client")
    )
    lately = Q(left_at=None) | Q(left_at__gt=timezone.now() - GRACE)
    entitled = Enrolment.objects.filter(
        course=OuterRef("course"), user=OuterRef("stage_holder"), role__in=STAFF_ROLES, user__is_active=True
    )
    left = Lesson.objects.filter(
        ~Exists(pages.filter(lately)) | ~Exists(entitled), state=Lesson.State.LIVE
    ).exclude(stage_client="")
    for lesson_id, client in left.values_list("pk", "stage_client"):
        with transaction.atomic():
            if left.filter(pk=lesson_id, stage_client=client).update(**EMPTY_STAGE):
                _publish_stage(lesson_id)
                relays.refresh_permits([lesson_id])


def announce_flips(lesson_ids: Collection[UUID], since: datetime) -> list[UUID]:
    """Announces the lessons whose phase time alone has changed since; returns them. One query if none."""
    now = timezone.now()
    flipped = [
        lesson.pk
        for lesson in Lesson.objects.filter(pk__in=lesson_ids)
        if lesson.phase(now) != lesson.phase(since)
    ]
    for lesson_id in flipped:
        announce(lesson_id)
    return flipped


def newest_events(lesson_ids: Collection[UUID]) -> dict[UUID, int]:
    """The number of the newest event of each room; one query."""
    return dict(Lesson.objects.filter(pk__in=lesson_ids).values_list("pk", "event_seq"))


def announce(lesson_id: UUID) -> None:
    """Tells a room the lesson's phase and its relay the permits: time or the timetable has changed them."""
    with transaction.atomic():
        over = Lesson.objects.filter(pk=lesson_id).exclude(state=Lesson.State.LIVE)
        if over.exclude(stage_client="").update(**EMPTY_STAGE):
            _publish_stage(lesson_id)
        _publish_phase(lesson_id)
        relays.refresh_permits([lesson_id])


def stage(lesson: Lesson) -> dict[str, Any]:
    """The stage as pages see it; load `stage_holder` before, or it costs a query."""
    holder = lesson.stage_holder
    return {
        "holder": {"id": str(holder.pk), "name": holder.name} if holder else None,
        "client": lesson.stage_client,
        "sources": lesson.stage_sources,
    }


def visible_phase(lesson: Lesson) -> str:
    """The phase as pages see it: a cancelled lesson has just ended."""
    phase = lesson.phase()
    return schedule.ENDED if phase == schedule.CANCELLED else phase


def _publish_phase(lesson_id: UUID) -> None:
    events.publish(
        lesson_id,
        "lesson.changed",
        lambda: {"phase": visible_phase(Lesson.objects.get(pk=lesson_id))},
        events.WITH_LOBBY,
    )


def _publish_stage(lesson_id: UUID) -> None:
    events.publish(
        lesson_id,
        "stage.changed",
        lambda: stage(Lesson.objects.select_related("stage_holder").get(pk=lesson_id)),
    )


def _stage_of(seat: Seat) -> QuerySet[Lesson]:
    """The lesson, if this page holds its stage and it is live."""
    return Lesson.objects.filter(
        pk=seat.lesson_id, state=Lesson.State.LIVE, stage_holder_id=seat.user_id, stage_client=seat.client
    )
