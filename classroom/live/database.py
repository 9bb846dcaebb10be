"""The way from the event loop to the database: threads of its own, never the one that views share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

THREADS = 8

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="room-database")

P = ParamSpec("P")
R = TypeVar("R")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a service in a thread with a database connection of its own."""
    run = database_sync_to_async(function, thread_sensitive=False, executor=_pool)
    return await run(*args, **kwargs)
