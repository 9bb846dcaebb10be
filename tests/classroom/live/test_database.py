"""The threads that ask the database for the rooms."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import OperationalError, connection

from accounts.models import User
from classroom.live.database import THREADS, in_database, is_in_use
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def opened() -> tuple[int, int]:
    """This thread, and the connection to the database that it has."""
    connection.ensure_connection()
    return threading.get_ident(), id(connection.connection)


def break_connection() -> None:
    """Has the database end this thread's connection."""
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_thread_keeps_its_connection(cast: Cast) -> None:
    seen: dict[int, set[int]] = {}
    for _ in range(4 * THREADS):
        thread, its_connection = await in_database(opened)
        seen.setdefault(thread, set()).add(its_connection)
    assert all(len(connections) == 1 for connections in seen.values())


async def test_a_service_at_work_is_known_of(cast: Cast) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()

    working = asyncio.create_task(in_database(work))
    await asyncio.to_thread(begun.wait)
    assert is_in_use()
    may_end.set()
    await working
    assert not is_in_use()


# A file doesn't hang up: this is for databases that are asked over a line.
if connection.vendor == "postgresql":

    async def test_a_connection_that_broke_is_replaced(cast: Cast) -> None:
        barrier = threading.Barrier(THREADS)

        def break_all() -> None:
            barrier.wait(5)
            break_connection()

        await asyncio.gather(*(in_database(break_all) for _ in range(THREADS)))
        for _ in range(2 * THREADS):
            assert await in_database(User.objects.filter(pk=cast.student.pk).exists)
