"""Empties the test database between tests that commit: only what holds rows, so that it takes no time.

Django's own way empties every table, and then asks for all content types and permissions again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT = frozenset({"django_content_type", "auth_permission"})
"""What migrations have written, and no test writes."""


def empty(connection: BaseDatabaseWrapper) -> None:
    """Deletes the rows of every table of a model, whatever refers to them; sequences go on."""
    filled = _filled(connection, _tables(connection.alias))
    if not filled:
        return
    with _without_constraints(connection), connection.cursor() as cursor:
        for table in filled:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@cache
def _tables(alias: str) -> tuple[str, ...]:
    """The tables, asked for once: no test makes or drops one."""
    names = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(set(names) - KEPT))


def _filled(connection: BaseDatabaseWrapper, tables: tuple[str, ...]) -> list[str]:
    names = (connection.ops.quote_name(table) for table in tables)
    question = ", ".join(f"EXISTS (SELECT 1 FROM {name})" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {question}")
        return [table for table, has_rows in zip(tables, cursor.fetchone(), strict=True) if has_rows]


@contextmanager
def _without_constraints(connection: BaseDatabaseWrapper) -> Iterator[None]:
    if connection.vendor == "postgresql":
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
    else:
        with connection.constraint_checks_disabled(), transaction.atomic(connection.alias):
            yield


def _fixture_teardown(self: TransactionTestCase) -> None:
    empty(connections[DEFAULT_DB_ALIAS])


@contextmanager
def emptied_quickly() -> Iterator[None]:
    """Lets tests that commit end this way."""
    slowly = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # the stubs lack it
    TransactionTestCase._fixture_teardown = _fixture_teardown  # type: ignore[attr-defined]  # the stubs lack it
    yield
    TransactionTestCase._fixture_teardown = slowly  # type: ignore[attr-defined]  # the stubs lack it


def end_other_connections(connection: BaseDatabaseWrapper) -> None:
    """Ends what threads of the tests have left open, without which PostgreSQL drops no database."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # the stubs lack it
