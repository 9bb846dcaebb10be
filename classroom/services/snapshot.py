"""All that pages need to know of a room at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from classroom.core.seats import Seat
from classroom.models import Lesson
from classroom.permissions import STAFF_ROLES
from classroom.services import (
    board,
    chat_reading,
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


@dataclass(frozen=True, slots=True)
class Viewer:
    """A page that is told of its room, and its person's part there."""

    seat: Seat
    role: str
    is_admitted: bool = True


def for_viewers(lesson_id: UUID, viewers: Sequence[Viewer]) -> list[dict[str, Any]]:
    """The room as each of these pages sees it; its queries don't grow with the history.

    The lesson's row with `seq` is read first: the rest may be newer, which does no harm, but never older.
    What is the same for all is read once.
    """
    lesson = Lesson.objects.select_related(*JOINED).get(pk=lesson_id)
    state = {
        "seq": lesson.event_seq,
        "lesson": _lesson(lesson),
        "people": [],
        "stage": EMPTY_STAGE,
        "media": {"state": "none", "epoch": ""},
        "room": rooms.settings(lesson),
    }
    shared = _shared(lesson) if any(viewer.is_admitted for viewer in viewers) else {}
    names = _names(viewers)
    return [
        {
            **state,
            "me": _me(viewer, names.get(viewer.seat.user_id, "")),
            **(_inside(lesson, viewer, shared) if viewer.is_admitted else {}),
        }
        for viewer in viewers
    ]


def _shared(lesson: Lesson) -> dict[str, Any]:
    """What all see alike who are in the room itself; each feature has a section of its own."""
    return {
        "people": presence.people(lesson.pk),
        "stage": lessons.stage(lesson),
        "media": relays.media_of(lesson),
        "board": board.section_of(lesson),
        "slides": slides.state_of(lesson),
        "video": video.state_of(lesson),
        "floor": floor.state(lesson.pk),
        "timer": timer.section(lesson),
    }


def _inside(lesson: Lesson, viewer: Viewer, shared: Mapping[str, Any]) -> dict[str, Any]:
    """That, and what each sees in a way of their own."""
    user_id, is_staff = viewer.seat.user_id, viewer.role in STAFF_ROLES
    sections = {
        **shared,
        "polls": polls.section(lesson.pk, user_id, is_staff=is_staff),
        "moods": moods.section(lesson.pk, user_id, is_staff=is_staff),
        "chat": chat_reading.section(lesson.pk, user_id, is_staff=is_staff),
    }
    if is_staff:
        sections["floor"] = {**shared["floor"], "not_spoken": floor.not_spoken(lesson.pk)["people"]}
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


def _names(viewers: Sequence[Viewer]) -> dict[UUID, str]:
    """By person; without whoever was deleted a moment ago."""
    people = get_user_model().objects.filter(pk__in={viewer.seat.user_id for viewer in viewers})
    return dict(people.values_list("pk", "name"))


def _me(viewer: Viewer, name: str) -> dict[str, Any]:
    return {
        "id": str(viewer.seat.user_id),
        "name": name,
        "role": viewer.role,
        "client": viewer.seat.client,
        # What the role allows once the lesson is live, so that a page can show its controls before that.
        "can": [PUBLISHING] if viewer.role in STAFF_ROLES else [],
        "is_admitted": viewer.is_admitted,
    }
