"""Counts the queries that something makes in the database, in whatever thread it makes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from accounts.models import User
from classroom.live.database import in_database
from classroom.models import Lesson
from tests.classroom.live.wire import make_session, open_page

TRANSACTIONS = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
PATIENCE = 10.0


@contextlib.contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Gathers the SQL of every query that this process makes meanwhile."""
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


async def entering_queries(people: Sequence[User], lesson: Lesson, other: User) -> list[str]:
    """The queries that it takes a person from the door to the snapshot, of those whom it takes the fewest.

    `other` is there before. What the process does for all its pages at once now and then falls into some of
    the entries, but not into all.
    """
    pages = [await open_page(other, lesson, "page-of-another")]
    found: list[list[str]] = []
    for user in people:
        session = await in_database(make_session, user)
        with counted_queries() as seen:
            pages.append(await open_page(user, lesson, f"page-{user.pk.hex}", session_key=session))
        found.append(seen)
    for page in pages:
        await page.socket.disconnect(code=1001, timeout=PATIENCE)
    return min(found, key=len)
