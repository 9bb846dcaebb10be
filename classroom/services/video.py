"""A prerecorded video that is played to the whole class at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Lesson, Material, Playback
from classroom.services import events, rooms
from classroom.services.errors import ConflictError

VIEW = "video"


def state(lesson_id: UUID) -> dict[str, Any] | None:
    """What is played now, as pages see it; None for nothing. One query.

    `at` and `now` are POSIX seconds of the web tier: when the position held, and when this was said.
    """
    return state_of(Lesson.objects.select_related("playback__material").get(pk=lesson_id))


def state_of(lesson: Lesson) -> dict[str, Any] | None:
    """The same of a lesson that was loaded with its playback and that's material; no query."""
    row: Playback | None = getattr(lesson, "playback", None)
    if row is None:
        return None
    return {
        "material": str(row.material_id),
        "name": row.material.name,
        "seconds": row.material.seconds,
        "is_playing": row.is_playing,
        "position": row.position,
        "at": row.at.timestamp(),
        "now": timezone.now().timestamp(),
    }


def show(lesson_id: UUID, actor_id: UUID, material_id: UUID) -> None:
    """Puts a video before all, at its beginning and paused; ConflictError for what is none."""
    with transaction.atomic():
        lesson = Lesson.objects.get(pk=lesson_id)
        ready = Material.objects.filter(course=lesson.course_id, state=Material.State.READY)
        if not ready.filter(pk=material_id, kind=Material.Kind.VIDEO).exists():
            raise ConflictError(_("There is no such video."))
        beginning = {"is_playing": False, "position": 0.0, "at": timezone.now()}
        Playback.objects.update_or_create(lesson=lesson, defaults={"material_id": material_id, **beginning})
        _publish(lesson_id)
        rooms.show(lesson_id, actor_id, VIEW)


def play(lesson_id: UUID) -> None:
    """Plays from where it stands, or from the beginning if it is through."""
    _move(lesson_id, is_playing=True)


def pause(lesson_id: UUID) -> None:
    """Stops where it is."""
    _move(lesson_id, is_playing=False)


def seek(lesson_id: UUID, position: float) -> None:
    """Goes to another place, in seconds, playing on or not."""
    _move(lesson_id, position=position)


def close(lesson_id: UUID, actor_id: UUID) -> None:
    """Takes the video away; harmless where there is none."""
    with transaction.atomic():
        deleted, _rows = Playback.objects.filter(lesson=lesson_id).delete()
        if not deleted:
            return
        _publish(lesson_id)
        rooms.show_no_longer(lesson_id, actor_id, VIEW)


def take_off(material_id: UUID, actor_id: UUID) -> None:
    """Closes the video wherever it is played: it is about to be deleted."""
    for lesson_id in list(Playback.objects.filter(material=material_id).values_list("lesson_id", flat=True)):
        close(lesson_id, actor_id)


def _move(lesson_id: UUID, *, is_playing: bool | None = None, position: float | None = None) -> None:
    with transaction.atomic():
        rows = Playback.objects.select_for_update(of=("self",)).select_related("material")
        row = rows.filter(lesson=lesson_id).first()
        if row is None:
            raise ConflictError(_("No video is shown."))
        now = timezone.now()
        place, length = _place(row, now - row.at), row.material.seconds
        if position is not None:
            place = min(position, length) if length else position
        elif is_playing and length and place >= length:
            place = 0.0
        row.position, row.at = place, now
        row.is_playing = row.is_playing if is_playing is None else is_playing
        row.save(update_fields=["position", "at", "is_playing"])
        _publish(lesson_id)


def _place(row: Playback, elapsed: timedelta) -> float:
    """Where the video stands after so long, in seconds; it stops at its end."""
    place = row.position + (elapsed.total_seconds() if row.is_playing else 0.0)
    return min(place, row.material.seconds) if row.material.seconds else place


def _publish(lesson_id: UUID) -> None:
    events.publish(lesson_id, "video.changed", lambda: {"video": state(lesson_id)})
