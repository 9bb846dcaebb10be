"""What happens to the floor by itself: turns end, hands sink, seats are given to those who come in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from classroom.core import floor, formats
from classroom.models import Enrolment, Hand, Lesson, Participation, Presence, Turn
from classroom.permissions import STAFF_ROLES
from classroom.prepared import Prepared
from classroom.services import audit
from classroom.services.errors import ConflictError
from classroom.services.floor import changed, end, free_place, publish

OVER = (Lesson.State.ENDED, Lesson.State.CANCELLED)


def end_due() -> None:
    """Ends the turns whose time is over; one query while there are none."""
    due = Turn.objects.filter(ended_at=None, ends_at__lte=timezone.now())
    for turn in due:
        with transaction.atomic():
            if end(Turn.objects.filter(pk=turn.pk, ended_at=None, ends_at=turn.ends_at)):
                audit.note("floor.time_over", turn.lesson_id, None, turn.user_id, kind=turn.kind)
                changed(turn.lesson_id)


def sweep() -> None:
    """Ends what nobody is there for any more, and seats who has come in; three queries if all is well."""
    for lesson_id, keys in _by_lesson(_turns_to_end.rows()).items():
        with transaction.atomic():
            if end(_lost_turns().filter(pk__in=keys)):
                changed(lesson_id)
    for lesson_id, keys in _by_lesson(_hands_to_sink.rows()).items():
        with transaction.atomic():
            if _lost_hands().filter(pk__in=keys).delete()[0]:
                publish(lesson_id)
    for lesson_id, user_ids in _by_lesson(_people_to_seat.rows()).items():
        _seat(lesson_id, list(dict.fromkeys(user_ids)))


def _seat(lesson_id: UUID, user_ids: list[UUID]) -> None:
    """Gives each of these a seat in the seminar while there are any."""
    with transaction.atomic():
        lesson = Lesson.objects.select_related("course").select_for_update(of=("self",)).get(pk=lesson_id)
        seated = set(Turn.objects.filter(_SEATED, lesson=lesson).values_list("user_id", flat=True))
        found = False
        for user_id in user_ids:
            try:
                place = free_place(lesson, floor.SEAT)
            except ConflictError:
                break
            if user_id not in seated:
                Turn.objects.create(lesson=lesson, user_id=user_id, kind=floor.SEAT, place=place)
                found = True
        if found:
            changed(lesson_id)


_SEATED = Q(kind=floor.SEAT, ended_at=None)


def _by_lesson(rows: Iterable[Sequence[Any]]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for lesson_id, key in rows:
        found[lesson_id].append(key)
    return found


def _lost_turns() -> QuerySet[Turn]:
    """Open turns of which nothing can come: page or lesson is gone, or the format has no such place."""
    here = Presence.objects.filter(lesson=OuterRef("lesson"), user=OuterRef("user"), left_at=None)
    page = here.filter(client=OuterRef("client"))
    seminar = _has_format("lesson__", formats.SEMINAR)
    misplaced = (
        (Q(kind=floor.SEAT) & ~seminar)
        | (Q(kind=floor.FLOOR) & seminar)
        | (Q(kind=floor.FLOOR, place__gt=1) & _has_format("lesson__", formats.OFFICE_HOURS))
        | Q(kind=floor.GALLERY, lesson__course__student_cameras=False)
    )
    gone = (Q(client="") & ~Exists(here)) | (~Q(client="") & ~Exists(page))
    on_stage = Q(user=F("lesson__stage_holder"))
    over = ~Q(lesson__state=Lesson.State.LIVE)
    return Turn.objects.filter(gone | on_stage | over | misplaced, ended_at=None)


def _lost_hands() -> QuerySet[Hand]:
    """Hands of those who have left, or in lessons that are over."""
    here = Presence.objects.filter(lesson=OuterRef("lesson"), user=OuterRef("user"), left_at=None)
    return Hand.objects.filter(~Exists(here) | Q(lesson__state__in=OVER))


def _standing() -> QuerySet[Presence]:
    """Students who are in a seminar without a seat, in the order of their coming."""
    own = {"lesson": OuterRef("lesson"), "user": OuterRef("user")}
    part = Participation.objects.filter(**own, admitted_at__isnull=False, removed_at=None)
    student = Enrolment.objects.filter(course=OuterRef("lesson__course"), user=OuterRef("user")).exclude(
        role__in=STAFF_ROLES
    )
    seat = Turn.objects.filter(_SEATED, **own)
    return Presence.objects.filter(
        _has_format("lesson__", formats.SEMINAR),
        Exists(part),
        Exists(student),
        ~Exists(seat),
        lesson__state=Lesson.State.LIVE,
        left_at=None,
    ).order_by("entered_at")


def _has_format(prefix: str, format: str) -> Q:
    """Whether a lesson is of this format, by itself or by its course."""
    own = Q(**{f"{prefix}format": format})
    return own | Q(**{f"{prefix}format": "", f"{prefix}course__format": format})


_turns_to_end = Prepared(lambda: _lost_turns().values_list("lesson_id", "pk"))
_hands_to_sink = Prepared(lambda: _lost_hands().values_list("lesson_id", "pk"))
_people_to_seat = Prepared(lambda: _standing().values_list("lesson_id", "user_id"))
