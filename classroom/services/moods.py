"""Presses of how the class follows: each lasts a minute, counts are kept, names are not told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core.seats import Reader
from classroom.models import MoodMinute, MoodPress
from classroom.models.moods import Mood
from classroom.services import events
from classroom.services.errors import TooFastError

LASTS = timedelta(seconds=60)
PAUSE = timedelta(seconds=3)
"""So soon after a press nobody presses again."""
TOLD_MINUTES = 20
"""So many of the last minutes staff are told of."""
MOODS = tuple(Mood.values)
NONE = ""
"""Takes a press back."""
NOT_PRESSED = {"mine": NONE, "lasts_ms": 0}


def press(lesson_id: UUID, user_id: UUID, mood: str) -> datetime | None:
    """Notes how somebody follows, or that they take it back; returns until when it lasts.

    TooFastError right after another press. The count of the minute says how many have pressed: whoever
    presses the same again while it lasts is counted once.
    """
    now = timezone.now()
    with transaction.atomic():
        own = MoodPress.objects.select_for_update().filter(lesson=lesson_id, user=user_id).first()
        if own is not None and now - own.pressed_at < PAUSE:
            raise TooFastError(_("That was too often; wait a moment."))
        lasts = own is not None and own.mood == mood and now - own.pressed_at < LASTS
        defaults = {"mood": mood, "pressed_at": now}
        MoodPress.objects.update_or_create(lesson_id=lesson_id, user_id=user_id, defaults=defaults)
        if mood and not lasts:
            minute = now.replace(second=0, microsecond=0)
            row, _made = MoodMinute.objects.get_or_create(lesson_id=lesson_id, minute=minute, mood=mood)
            MoodMinute.objects.filter(pk=row.pk).update(count=F("count") + 1)
    return now + LASTS if mood else None


def expire() -> None:
    """Forgets the presses that are over and tells their rooms; one query while there are none."""
    old = MoodPress.objects.filter(pressed_at__lte=timezone.now() - LASTS)
    lessons = set(old.values_list("lesson_id", flat=True))
    if lessons:
        old.delete()
    for lesson_id in lessons:
        publish(lesson_id)


def publish(lesson_id: UUID) -> None:
    """Tells the staff how many have pressed what."""
    events.publish(lesson_id, "moods.changed", lambda: meter(lesson_id), events.STAFF)


def sections(lesson_id: UUID, readers: Sequence[Reader]) -> list[dict[str, Any]]:
    """What each of these is told at first: staff the meter, others their own press; three queries at most."""
    told = meter(lesson_id) if any(reader.is_staff for reader in readers) else {}
    own = _own(lesson_id, {reader.user_id for reader in readers if not reader.is_staff})
    return [told if reader.is_staff else own.get(reader.user_id, NOT_PRESSED) for reader in readers]


def _own(lesson_id: UUID, user_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """The presses of these people that last; one query, none for nobody."""
    now = timezone.now()
    lasting = MoodPress.objects.filter(lesson=lesson_id, user__in=user_ids, pressed_at__gt=now - LASTS)
    rows = lasting.exclude(mood=NONE).values_list("user_id", "mood", "pressed_at")
    return {user_id: {"mine": mood, "lasts_ms": _left(pressed_at, now)} for user_id, mood, pressed_at in rows}


def meter(lesson_id: UUID) -> dict[str, Any]:
    """How many have pressed what now, and in each of the last minutes; two queries."""
    now = timezone.now()
    current = MoodPress.objects.filter(lesson=lesson_id, pressed_at__gt=now - LASTS).exclude(mood=NONE)
    counts = dict(current.order_by().values_list("mood").annotate(number=Count("pk")))
    return {"now": {mood: counts.get(mood, 0) for mood in MOODS}, "minutes": minutes(lesson_id, now)}


def minutes(lesson_id: UUID, now: datetime | None = None) -> list[dict[str, Any]]:
    """The counts of the lesson's minutes in which anybody pressed: of the last ones, or of all; one query."""
    rows = MoodMinute.objects.filter(lesson=lesson_id)
    if now is not None:
        rows = rows.filter(minute__gt=now - timedelta(minutes=TOLD_MINUTES))
    found: dict[datetime, dict[str, Any]] = {}
    for minute, mood, count in rows.order_by("minute").values_list("minute", "mood", "count"):
        entry = found.setdefault(minute, {"at": minute.isoformat(), **dict.fromkeys(MOODS, 0)})
        entry[mood] = count
    return list(found.values())


def labels() -> list[tuple[str, str]]:
    """Each mood and its words."""
    return [(mood.value, str(mood.label)) for mood in Mood]


def _left(pressed_at: datetime, now: datetime) -> int:
    return round((pressed_at + LASTS - now).total_seconds() * 1000)
