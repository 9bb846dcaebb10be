"""All that a page needs to know of a room at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from classroom.core.seats import Seat
from classroom.models import Lesson
from classroom.permissions import STAFF_ROLES
from classroom.services import lessons, presence, relays

PUBLISHING = "publish"


def for_seat(seat: Seat, role: str) -> dict[str, Any]:
    """The room as this page sees it, whose person has that role; four queries.

    The lesson's row with `seq` is read first: the rest may be newer, which does no harm, but never older.
    """
    lesson = Lesson.objects.select_related("course", "stage_holder").get(pk=seat.lesson_id)
    return {
        "seq": lesson.event_seq,
        "lesson": _lesson(lesson),
        "me": _me(seat, role),
        "people": presence.people(lesson.pk),
        "stage": lessons.stage(lesson),
        "media": relays.media(lesson.pk),
    }


def _lesson(lesson: Lesson) -> dict[str, str]:
    return {
        "id": str(lesson.pk),
        "title": lesson.title,
        "course": lesson.course.title,
        "phase": lessons.visible_phase(lesson),
        "starts_at": lesson.starts_at.isoformat(),
        "ends_at": lesson.ends_at.isoformat(),
    }


def _me(seat: Seat, role: str) -> dict[str, Any]:
    name = get_user_model().objects.values_list("name", flat=True).get(pk=seat.user_id)
    return {
        "id": str(seat.user_id),
        "name": name,
        "role": role,
        "client": seat.client,
        # What the role allows once the lesson is live, so that a page can show its controls before that.
        "can": [PUBLISHING] if role in STAFF_ROLES else [],
    }
