"""The way from the event loop to the database: threads of its own, never the one that views share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

THREADS = 4
"""One may be looking at a file. More would keep the event loop from the interpreter, which they share."""

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="room-database")

P = ParamSpec("P")
R = TypeVar("R")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a service in a thread with a database connection of its own."""

    def run() -> R:
        try:
            return function(*args, **kwargs)
        finally:
            _keep_connections()

    return await sync_to_async(run, thread_sensitive=False, executor=_pool)()


def _keep_connections() -> None:
    """Keeps this thread's connections that still work: to open one takes longer than most services do."""
    for connection in connections.all(initialized_only=True):
        connection.close_at = None
        connection.close_if_unusable_or_obsolete()
