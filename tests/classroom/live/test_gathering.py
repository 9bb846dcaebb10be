"""Questions about a lesson that come at once are asked at once, and no answer is older than its question."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from classroom import permissions
from classroom.core.seats import Seat
from classroom.live import rights
from classroom.live.database import in_database
from classroom.live.gathering import Gathering
from classroom.models import Enrolment, Participation, Presence
from classroom.permissions import Standing
from classroom.services import presence
from classroom.services.presence import Arrival
from tests.classroom.live.wire import PATIENCE
from tests.support.cast import Cast
from tests.support.queries import counted

pytestmark = pytest.mark.django_db(transaction=True)

LESSON = UUID(int=1)


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
    assert len(database.rounds) == 1, "a database that is away is not asked the same again"
    database.failure = None
    assert await gathering.ask(cast.lesson.pk, cast.student.pk) is not None


class Picky:
    """Doubles numbers, and can't answer a round in which somebody asks for a guilty one."""

    def __init__(self, guilty: Collection[int]) -> None:
        self.guilty = guilty
        self.rounds: list[list[int]] = []

    def double(self, lesson_id: UUID, numbers: Sequence[int]) -> list[int]:
        """Raises KeyError with the guilty number."""
        self.rounds.append(list(numbers))
        for number in numbers:
            if number in self.guilty:
                raise KeyError(number)
        return [2 * number for number in numbers]


@settings(deadline=None)
@given(st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1)))))
async def test_only_the_guilty_of_a_round_fail(many: tuple[int, set[int]]) -> None:
    size, guilty = many
    picky = Picky(guilty)
    gathering = Gathering(picky.double)
    found = await asyncio.gather(
        *(gathering.ask(LESSON, number) for number in range(size)), return_exceptions=True
    )
    for number, answer in enumerate(found):
        if number in guilty:
            assert isinstance(answer, KeyError)
            assert answer.args == (number,)
        else:
            assert answer == 2 * number
    answered = [number for one in picky.rounds if not guilty & set(one) for number in one]
    assert sorted(answered) == sorted(set(range(size)) - guilty), (
        "whoever has an answer is not asked for again"
    )


async def test_one_guilty_among_hundreds_costs_a_few_calls() -> None:
    picky = Picky({317})
    gathering = Gathering(picky.double)
    asked = (gathering.ask(LESSON, number) for number in range(500))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, KeyError) for answer in found) == 1
    assert len(picky.rounds) < 20


async def test_a_service_that_answers_too_few_leaves_nobody_waiting() -> None:
    def forgetful(lesson_id: UUID, numbers: Sequence[int]) -> Sequence[int]:
        return numbers[1:]

    gathering = Gathering(forgetful)
    found = await asyncio.gather(
        *(gathering.ask(LESSON, number) for number in (1, 2)), return_exceptions=True
    )
    assert [type(answer) for answer in found] == [ValueError, ValueError]


async def test_who_went_away_is_not_asked_for_again() -> None:
    picky = Picky({1})
    gathering = Gathering(picky.double)
    asked = [asyncio.create_task(gathering.ask(LESSON, number)) for number in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in found] == [asyncio.CancelledError, KeyError, int]
    assert picky.rounds == [[0, 1, 2], [1], [2]]


async def test_somebody_deleted_on_their_way_in_keeps_nobody_else_out(cast: Cast) -> None:
    people = cast.students
    arrivals = [Arrival(Seat(cast.lesson.pk, user.pk, "page-0001"), f"of {user.name}") for user in people]
    await in_database(User.objects.filter(pk=people[1].pk).delete)
    gathering = Gathering(presence.enter_all)
    asked = (gathering.ask(cast.lesson.pk, arrival) for arrival in arrivals)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found.pop(1), IntegrityError)
    entered = [people[0], *people[2:]]
    # As if nobody had asked before: they are news, and in there once.
    assert [isinstance(answer, tuple) and answer[1] for answer in found] == [True] * len(entered)
    assert await rows_of(Presence) == sorted(user.pk for user in entered)
    assert await rows_of(Participation) == sorted(user.pk for user in entered)


async def rows_of(model: Any) -> list[UUID]:
    """Whose rows there are."""
    return await in_database(lambda: sorted(model.objects.values_list("user_id", flat=True)))


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
