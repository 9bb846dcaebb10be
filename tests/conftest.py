"""Fixtures for every test: the cast, and real servers where a test asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.support.cast import Cast, make_cast
from tests.support.emptying import emptied_quickly, end_other_connections
from tests.support.servers import PostgresServer, RedisServer, TurnServer

BROWSER_TESTS = "tests/browser/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the browser tests last: quick tests speak first, and Playwright's loop stands in nobody's way."""
    items.sort(key=lambda item: item.nodeid.startswith(BROWSER_TESTS))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps SQLite's test database in a file: threads that share one in memory lock each other out."""
    if connection.vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database; emptied quickly between tests that commit, and left by all at the end."""
    with emptied_quickly():
        yield
    with django_db_blocker.unblock():
        end_other_connections(connection)


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast in the test database."""
    return make_cast()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def turn_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    """A real coturn."""
    server = TurnServer(tmp_path_factory.mktemp("turn"))
    yield server
    server.stop()
