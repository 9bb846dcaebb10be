"""All that a page needs to know of a room at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from classroom.core.seats import Seat
from classroom.models import Lesson
from classroom.permissions import STAFF_ROLES
from classroom.services import (
    board,
    chat,
    checks,
    continuing,
    floor,
    lessons,
    moods,
    participation,
    polls,
    presence,
    relays,
    rooms,
    slides,
    timer,
    video,
)

PUBLISHING = "publish"
JOINED = (
    "course",
    "stage_holder",
    "placement__relay",
    "board",
    "slides__material",
    "playback__material",
    "timer",
)
"""What a lesson has one of at most comes with its row."""
EMPTY_STAGE: dict[str, Any] = {"holder": None, "client": "", "sources": []}


def for_seat(seat: Seat, role: str, *, is_admitted: bool = True) -> dict[str, Any]:
    """The room as this page sees it, whose person has that role; its queries don't grow with the history.

    The lesson's row with `seq` is read first: the rest may be newer, which does no harm, but never older.
    """
    lesson = Lesson.objects.select_related(*JOINED).get(pk=seat.lesson_id)
    state = {
        "seq": lesson.event_seq,
        "lesson": _lesson(lesson),
        "me": {**_me(seat, role), "is_admitted": is_admitted},
        "people": [],
        "stage": EMPTY_STAGE,
        "media": {"state": "none", "epoch": ""},
        "room": rooms.settings(lesson),
    }
    return {**state, **_inside(lesson, seat, role)} if is_admitted else state


def _inside(lesson: Lesson, seat: Seat, role: str) -> dict[str, Any]:
    """What only those see who are in the room itself; each feature has a section of its own."""
    sections = {
        "people": presence.people(lesson.pk),
        "stage": lessons.stage(lesson),
        "media": relays.media_of(lesson),
        "board": board.section_of(lesson),
        "slides": slides.state_of(lesson),
        "video": video.state_of(lesson),
        "floor": floor.section(lesson.pk, is_staff=role in STAFF_ROLES),
        "polls": polls.section(lesson.pk, seat.user_id, is_staff=role in STAFF_ROLES),
        "moods": moods.section(lesson.pk, seat.user_id, is_staff=role in STAFF_ROLES),
        "timer": timer.section(lesson),
        "chat": chat.section(lesson.pk, seat.user_id, is_staff=role in STAFF_ROLES),
    }
    if role in STAFF_ROLES:
        sections["lobby"] = participation.lobby(lesson.pk)
        sections["checks"] = checks.troubles(lesson.course_id)
        sections["earlier"] = continuing.offer(lesson)
    return sections


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
