"""The way from the event loop to the database: threads of its own, never the one that views share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import get_ident
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

THREADS = 4
"""One may be looking at a file. More would keep the event loop from the interpreter, which they share."""

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="room-database")
_working: set[int] = set()
"""The threads that are at work."""

P = ParamSpec("P")
R = TypeVar("R")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a service in a thread with a database connection of its own."""

    def run() -> R:
        _working.add(get_ident())
        try:
            return function(*args, **kwargs)
        finally:
            _keep_connections()
            _working.discard(get_ident())

    return await sync_to_async(run, thread_sensitive=False, executor=_pool)()


def is_in_use() -> bool:
    """Whether a service is at work, which may have to tell through the event loop what it has done."""
    return bool(_working)


def _keep_connections() -> None:
    """Keeps this thread's connections that still work: to open one takes longer than most services do."""
    for connection in connections.all(initialized_only=True):
        connection.close_at = None
        connection.close_if_unusable_or_obsolete()
