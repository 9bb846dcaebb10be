"""What a lesson's rows permit in its room: the way from them to the rules in `core/floor.py`."""

from __future__ import annotations

from classroom import permissions
from classroom.core import floor, schedule
from classroom.models import Lesson, Turn


def of(lesson: Lesson) -> floor.Permitted:
    """Who watches the lesson and who sends what now; two queries, load `course` before."""
    phase = lesson.phase()
    is_over = phase in (schedule.ENDED, schedule.CANCELLED)
    standings = {} if is_over else permissions.standings(None, [lesson.pk])
    members = [
        floor.Member(str(user_id), found.is_staff, found.is_admitted)
        for (user_id, _), found in standings.items()
    ]
    room = floor.Room(
        lesson.effective_format,
        lesson.course.student_cameras,
        phase == schedule.LIVE,
        lesson.is_supervised,
        str(lesson.stage_holder_id or ""),
    )
    return floor.permitted(room, members, _open_turns(lesson))


def _open_turns(lesson: Lesson) -> list[floor.OpenTurn]:
    return [
        floor.OpenTurn(
            str(turn.user_id),
            turn.kind,
            turn.place,
            tuple(turn.sources),
            turn.accepted_at is not None,
            turn.is_muted,
        )
        for turn in Turn.objects.filter(lesson=lesson, ended_at=None)
    ]
