"""All that pages need to know of a room at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from classroom.core.seats import Reader, Seat
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

    @property
    def reader(self) -> Reader:
        """The page's person."""
        return Reader(self.seat.user_id, self.role in STAFF_ROLES)


def for_viewers(lesson_id: UUID, viewers: Sequence[Viewer]) -> list[dict[str, Any]]:
    """The room as each of these pages sees it; as many queries for any number of them, and any history.

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
    people = presence.people(lesson.pk)
    readers = {viewer.reader for viewer in viewers if viewer.is_admitted}
    inside = _inside(lesson, people, list(readers)) if readers else {}
    names = _names(viewers, people)
    return [
        {
            **state,
            "me": _me(viewer, names.get(str(viewer.seat.user_id), "")),
            **(inside[viewer.reader] if viewer.is_admitted else {}),
        }
        for viewer in viewers
    ]


def _inside(
    lesson: Lesson, people: list[dict[str, Any]], readers: Sequence[Reader]
) -> dict[Reader, dict[str, Any]]:
    """What each of these sees who are in the room itself; each feature has a section of its own."""
    has_staff = any(reader.is_staff for reader in readers)
    floor_state, not_spoken = floor.state_for_staff(lesson.pk) if has_staff else (floor.state(lesson.pk), [])
    shared = {"people": people, "floor": floor_state, **_shared(lesson)}
    for_staff = (
        {"floor": {**floor_state, "not_spoken": not_spoken}, **_for_staff(lesson)} if has_staff else {}
    )
    own = zip(
        readers,
        polls.sections(lesson.pk, readers),
        moods.sections(lesson.pk, readers),
        chat_reading.sections(lesson.pk, readers),
        strict=True,
    )
    return {
        reader: {
            **shared,
            **(for_staff if reader.is_staff else {}),
            "polls": polls_of_theirs,
            "moods": moods_of_theirs,
            "chat": chat_of_theirs,
        }
        for reader, polls_of_theirs, moods_of_theirs, chat_of_theirs in own
    }


def _shared(lesson: Lesson) -> dict[str, Any]:
    """What all see alike who are in the room itself."""
    return {
        "stage": lessons.stage(lesson),
        "media": relays.media_of(lesson),
        "board": board.section_of(lesson),
        "slides": slides.state_of(lesson),
        "video": video.state_of(lesson),
        "timer": timer.section(lesson),
    }


def _for_staff(lesson: Lesson) -> dict[str, Any]:
    """What all of the staff see alike."""
    return {
        "lobby": participation.lobby(lesson.pk),
        "checks": checks.troubles(lesson.course_id),
        "earlier": continuing.offer(lesson),
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


def _names(viewers: Sequence[Viewer], people: Collection[Mapping[str, Any]]) -> dict[str, str]:
    """By person; without whoever was deleted a moment ago. No query where all are among the people there."""
    names = {person["id"]: person["name"] for person in people}
    others = {viewer.seat.user_id for viewer in viewers if str(viewer.seat.user_id) not in names}
    rows = get_user_model().objects.filter(pk__in=others).values_list("pk", "name")
    return names | {str(user_id): name for user_id, name in rows}


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
