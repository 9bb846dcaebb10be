"""Questions about a lesson that come at once are asked at once, and no answer is older than its question."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from django.db import OperationalError

from classroom import permissions
from classroom.live import rights
from classroom.live.database import in_database
from classroom.live.gathering import Gathering
from classroom.models import Enrolment
from classroom.permissions import Standing
from tests.classroom.live.wire import PATIENCE
from tests.support.cast import Cast
from tests.support.queries import counted

pytestmark = pytest.mark.django_db(transaction=True)


class SlowDatabase:
    """Looks up standings as the rooms do, and keeps the answers of its first round back until it is told."""

    def __init__(self) -> None:
        self.rounds: list[list[UUID]] = []
        self.has_read = asyncio.Event()
        self.may_answer = threading.Event()
        self.failure: Exception | None = None
        self._loop = asyncio.get_running_loop()

    def look(self, lesson_id: UUID, user_ids: Sequence[UUID]) -> list[Standing | None]:
        """The standings, read when the round begins."""
        self.rounds.append(list(user_ids))
        found = permissions.standings(user_ids, [lesson_id])
        self._loop.call_soon_threadsafe(self.has_read.set)
        assert self.may_answer.wait(PATIENCE)
        if self.failure:
            raise self.failure
        return [found.get((user_id, lesson_id)) for user_id in user_ids]


@pytest.fixture
async def database() -> AsyncIterator[SlowDatabase]:
    """A database that takes its time."""
    slow = SlowDatabase()
    yield slow
    slow.may_answer.set()


async def test_who_asks_while_a_query_is_on_its_way_shares_the_next(
    cast: Cast, database: SlowDatabase
) -> None:
    gathering = Gathering(database.look)
    first = asyncio.create_task(gathering.ask(cast.lesson.pk, cast.teacher.pk))
    await database.has_read.wait()
    people = [cast.outsider, *cast.students]
    others = [asyncio.create_task(gathering.ask(cast.lesson.pk, user.pk)) for user in people]
    await asyncio.sleep(0)
    database.may_answer.set()
    found = await asyncio.gather(first, *others)
    assert [one and one.role for one in found] == ["teacher", None, *["student"] * len(cast.students)]
    assert database.rounds == [[cast.teacher.pk], [user.pk for user in people]]


async def test_no_answer_is_older_than_its_question(cast: Cast, database: SlowDatabase) -> None:
    gathering = Gathering(database.look)
    before = asyncio.create_task(gathering.ask(cast.lesson.pk, cast.student.pk))
    await database.has_read.wait()
    await in_database(Enrolment.objects.filter(user=cast.student).delete)
    after = asyncio.create_task(gathering.ask(cast.lesson.pk, cast.student.pk))
    await asyncio.sleep(0)
    database.may_answer.set()
    assert await before is not None
    assert await after is None


async def test_what_the_query_raises_reaches_all_who_wait_and_nobody_after(
    cast: Cast, database: SlowDatabase
) -> None:
    gathering = Gathering(database.look)
    database.failure = OperationalError("the database is away")
    database.may_answer.set()
    asked = (gathering.ask(cast.lesson.pk, user.pk) for user in cast.students)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert found == [database.failure] * len(cast.students)
    database.failure = None
    assert await gathering.ask(cast.lesson.pk, cast.student.pk) is not None


async def test_who_goes_away_takes_nobodys_answer_along(cast: Cast, database: SlowDatabase) -> None:
    gathering = Gathering(database.look)
    gone, stays = (asyncio.create_task(gathering.ask(cast.lesson.pk, user.pk)) for user in cast.students[:2])
    await database.has_read.wait()
    gone.cancel()
    database.may_answer.set()
    assert await stays is not None


async def test_lessons_do_not_wait_for_each_other(cast: Cast, database: SlowDatabase) -> None:
    gathering = Gathering(database.look)
    held = asyncio.create_task(gathering.ask(cast.lesson.pk, cast.student.pk))
    await database.has_read.wait()
    database.has_read.clear()
    elsewhere = asyncio.create_task(gathering.ask(cast.second_lesson.pk, cast.outsider.pk))
    async with asyncio.timeout(PATIENCE):
        await database.has_read.wait()
    database.may_answer.set()
    assert await held is not None
    assert await elsewhere is not None


async def test_the_rights_of_all_who_ask_at_once_are_one_query(cast: Cast) -> None:
    people = (cast.teacher, cast.stranger, *cast.students)
    with counted() as queries:
        found = await asyncio.gather(*(rights.standing(user.pk, cast.lesson.pk) for user in people))
    assert [one and one.role for one in found] == ["teacher", None, *["student"] * len(cast.students)]
    assert len(queries) == 1, queries
