"""Fixtures of the browser tests: running installations, Chromium, and people in it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from tests.support.browsers import (
    DEVICES,
    GRANT,
    PAGE_MILLISECONDS,
    SLOW_DEVICES,
    launch_chromium,
    new_context,
    sign_in,
)
from tests.support.lectern import Lectern
from tests.support.path import UdpPath, leads_through
from tests.support.room import Room
from tests.support.servers import PostgresServer, RedisServer

RUNNING: list[Lectern] = []
"""Whose logs belong to the report of a failure."""
COMPLAINTS: list[str] = []
"""What the browsers' consoles have said in the present test."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attaches the logs of every running installation, and the browsers' complaints, to a failure."""
    report = yield
    if report.failed:
        report.sections.append(("Browsers' consoles", "\n".join(COMPLAINTS)))
        report.sections.extend((f"Lectern at {lectern.url}", lectern.logs()) for lectern in RUNNING)
    return report


def run_lectern(folder: Path, **settings: str) -> Iterator[Lectern]:
    """The life of an installation as a fixture sees it."""
    lectern = Lectern(folder, **settings)
    RUNNING.append(lectern)
    try:
        yield lectern
    finally:
        RUNNING.remove(lectern)
        lectern.stop()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, for this package only: no asyncio test can run in the thread that its loop occupies."""
    expect.set_options(timeout=PAGE_MILLISECONDS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with fake devices that says yes to every permission."""
    browser = launch_chromium(playwright, (SLOW_DEVICES, GRANT))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def quick_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium whose cameras send twice as many pictures, for tests of how well they come."""
    browser = launch_chromium(playwright, (DEVICES, GRANT))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def lectern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lectern]:
    """An installation as `make run` starts it; shared, so a test makes a class of its own in it."""
    yield from run_lectern(tmp_path_factory.mktemp("lectern"))


@pytest.fixture(scope="package")
def lectern_on_servers(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, redis_server: RedisServer
) -> Iterator[Lectern]:
    """An installation on PostgreSQL and Redis; nothing else differs."""
    urls = {"DATABASE_URL": postgres_server.new_database("browser_tests"), "REDIS_URL": redis_server.url}
    yield from run_lectern(tmp_path_factory.mktemp("lectern-on-servers"), **urls)


@pytest.fixture(params=["lectern", "lectern_on_servers"])
def installation(request: pytest.FixtureRequest) -> Lectern:
    """Both kinds of installation, one after the other."""
    running: Lectern = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def new_person(chromium: Browser, lectern: Lectern) -> Iterator[Callable[..., BrowserContext]]:
    """Makes signed-in browser profiles, one a person, which end with the test."""
    contexts: list[BrowserContext] = []
    COMPLAINTS.clear()

    def make(
        email: str = "", *, browser: Browser | None = None, site: Lectern = lectern, **options: Any
    ) -> BrowserContext:
        # Nothing moves unless a test is about that: drawing it would keep a core busy.
        context = new_context(browser or chromium, **{"reduced_motion": "reduce", **options})
        contexts.append(context)
        context.on("weberror", lambda trouble: COMPLAINTS.append(f"{email}: {trouble.error}"))
        context.on("console", lambda said: COMPLAINTS.append(f"{email}: {said.type}: {said.text}"))
        if email:
            sign_in(context, site, email)
        return context

    yield make
    for context in contexts:
        context.close()


class ClassRoom:
    """A class of a test's own in a running installation, and the pages of those in its room."""

    def __init__(self, lectern: Lectern, new_person: Callable[..., BrowserContext], **fields: Any) -> None:
        self.lectern = lectern
        self._new_person = new_person
        made = lectern.ask("new_class", **fields)
        self.course: str = made["course"]
        self._open(made["lesson"])

    def _open(self, lesson: str) -> None:
        self.lesson = lesson
        self.url = self.lectern.room_url(lesson)

    def next_lesson(self, title: str) -> None:
        """From now on everything is about one more lesson of the course, a later one."""
        self._open(self.lectern.ask("new_lesson", course=self.course, title=title))

    def room(self, person: str, path: UdpPath | None = None, **options: Any) -> Room:
        """The room as one of the cast opens it, in a profile of their own; media may go through a path."""
        email = self.lectern.cast.get(person, person)
        context = self._new_person(email, site=self.lectern, **options)
        if path is not None:
            context.add_init_script(leads_through(path.port))
        return Room(context.new_page(), self.url).open()

    def live_teacher(self, person: str = "teacher") -> Room:
        """The teacher's page, live."""
        return self.room(person).go_live()

    def heard_teacher(self) -> Room:
        """The teacher's page, live by voice alone: a third of what a lesson costs is its picture."""
        teacher = self.live_teacher()
        camera = teacher.button("Camera")
        camera.click()
        expect(camera).to_have_attribute("aria-pressed", "false")
        return teacher

    def watching(self, person: str = "student1", **options: Any) -> Room:
        """The page of somebody who has pressed Join."""
        return self.room(person, **options).join()

    def row(self) -> dict[str, Any]:
        """What the database says of the lesson."""
        row: dict[str, Any] = self.lectern.ask("lesson_row", lesson=self.lesson)
        return row

    def present(self) -> list[str]:
        """Who is present, one entry a page."""
        addresses: list[str] = self.lectern.ask("open_presences", lesson=self.lesson)
        return addresses


@pytest.fixture
def classroom(lectern: Lectern, new_person: Callable[..., BrowserContext]) -> ClassRoom:
    """A class of the test's own in the shared installation."""
    return ClassRoom(lectern, new_person)


NewPath = Callable[[], UdpPath]


@pytest.fixture
def new_path(lectern: Lectern) -> Iterator[NewPath]:
    """Makes paths to the shared installation's relay, which end with the test."""
    with ExitStack() as paths:

        def make() -> UdpPath:
            return paths.enter_context(UdpPath(lectern.media_port, seed=5))

        yield make
