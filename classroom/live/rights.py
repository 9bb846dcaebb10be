"""Rights on every message, as the database has them after it came; many sockets of a lesson by one query."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from classroom import permissions
from classroom.live.gathering import Gathering
from classroom.permissions import Standing


def _look(lesson_id: UUID, user_ids: Sequence[UUID]) -> list[Standing | None]:
    found = permissions.standings(set(user_ids), [lesson_id])
    return [found.get((user_id, lesson_id)) for user_id in user_ids]


_gathering = Gathering(_look)


async def standing(user_id: UUID, lesson_id: UUID) -> Standing | None:
    """The person's standing in the lesson as it is from now on."""
    return await _gathering.ask(lesson_id, user_id)
