"""Counts the queries that something makes in the database, in whatever thread it makes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from django.db.backends.utils import CursorWrapper

from accounts.models import User
from classroom.live.database import in_database
from classroom.models import Lesson
from tests.classroom.live.wire import (
    PATIENCE,
    Page,
    browser_headers,
    make_session,
    open_page,
    opened,
    room_path,
)
from tests.support.sockets import Socket

TRANSACTIONS = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")

_counted: ContextVar[list[str] | None] = ContextVar("counted", default=None)


@contextlib.contextmanager
def counting() -> Iterator[None]:
    """Has the queries of whoever wants it written down: of what runs in a context with a list."""
    original = CursorWrapper.execute

    def execute(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        counted = _counted.get()
        if counted is not None and not str(sql).startswith(TRANSACTIONS):
            counted.append(str(sql))
        return original(self, sql, params)

    CursorWrapper.execute = execute  # type: ignore[method-assign]  # given back at the end
    try:
        yield
    finally:
        CursorWrapper.execute = original  # type: ignore[method-assign]  # what it was


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Writes down the queries of what runs within, in whatever task or thread of its own."""
    seen: list[str] = []
    token = _counted.set(seen)
    try:
        with counting():
            yield seen
    finally:
        _counted.reset(token)


async def entering_queries(user: User, lesson: Lesson, other: User) -> list[str]:
    """The queries that it takes a person's page from the door to the snapshot.

    `other` is there before: what the process does for all its pages has begun, and is not counted.
    """
    from config.asgi import application

    seen: list[str] = []

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        _counted.set(seen)
        await application(scope, receive, send)

    before = await open_page(other, lesson, "page-of-another")
    key = await in_database(make_session, user)
    socket = Socket(counted, room_path(lesson.pk, "page-that-counts"), browser_headers(key))
    opened.append(socket)
    with counting():
        connected, _code = await socket.connect(PATIENCE)
        assert connected
        await Page(socket, key).heard("room.snapshot")
    for line in (socket, before.socket):
        await line.disconnect(code=1001, timeout=PATIENCE)
    return seen
