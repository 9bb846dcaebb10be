"""Counts the queries of the database in every thread of this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db.backends.utils import CursorWrapper

from accounts.models import User
from classroom.models import Lesson
from tests.classroom.live.wire import open_page

TRANSACTIONS = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
PATIENCE = 10.0


@contextlib.contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Gathers the SQL of every query made meanwhile."""
    seen: list[str] = []
    original = CursorWrapper.execute

    def execute(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        if not str(sql).startswith(TRANSACTIONS):
            seen.append(str(sql))
        return original(self, sql, params)

    CursorWrapper.execute = execute  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        CursorWrapper.execute = original  # type: ignore[method-assign]


async def count_entering(user: User, lesson: Lesson) -> int:
    """How many queries it takes a page of the person from the door to the snapshot."""
    with counted_queries() as seen:
        page = await open_page(user, lesson, "page-that-counts")
    await page.socket.disconnect(code=1001, timeout=PATIENCE)
    return len(seen)
