"""How the room's web process fares with a full class: entering, chat, drawing, an abuser, memory.

`python -m bench.room --people 500` starts a whole Lectern with so many pages in one room, which count and
time what they hear; with `--servers` on PostgreSQL and Redis. Clients and server share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.batch_socket import allow_open_files
from bench.lecture import SPARE_FILES
from bench.quantiles import quantile
from bench.report import at_most, table, write_json
from bench.room_client import RoomClient, stamp
from tests.support.lectern import Lectern
from tests.support.servers import PostgresServer, RedisServer

ENTER_SECONDS = 10.0
"""The class comes in within so much time, as it does at the bell."""
ENTER_LIMIT = 60.0
SETTLE_SECONDS = 3.0
WRITERS = 20
CHAT_SECONDS = 10.0
DRAWERS = 40
OPERATIONS_A_SECOND = 10
DRAW_SECONDS = 10.0
POINTS = 6
"""Of a stroke in a tenth of a second."""
ABUSE_A_SECOND = 1_000
ABUSE_SECONDS = 6.0
TOO_FAST = 4429
TAIL = 0.95
GOALS = {
    "chat_p95_ms": at_most(250),
    "drawing_p95_ms": at_most(300),
    "diverged": at_most(0),
    "lines_lost": at_most(0),
    "unheard_messages": at_most(0),
    "entering_p95_ms": at_most(3_000),
    "entering_queries": at_most(25),
    "memory_kb_a_socket": at_most(150),
    "chat_p95_under_abuse_ms": at_most(250),
}


@dataclass
class Class:
    """The pages in the room, and the process that serves them."""

    lectern: Lectern
    lesson: str
    teacher: RoomClient
    students: list[RoomClient]
    web: psutil.Process

    @property
    def everyone(self) -> list[RoomClient]:
        """All pages."""
        return [self.teacher, *self.students]

    def forget_delays(self) -> None:
        """Begins to measure anew."""
        for page in self.everyone:
            page.delays.clear()

    def delays(self) -> list[float]:
        """All that was measured, in seconds."""
        return [delay for page in self.everyone for delay in page.delays]


@contextlib.contextmanager
def installation(*, on_servers: bool) -> Iterator[Lectern]:
    """A whole Lectern in a folder of its own."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lectern-bench-")))
        settings = {}
        if on_servers:
            postgres, redis = PostgresServer(), RedisServer(folder)
            stack.callback(postgres.stop)
            stack.callback(redis.stop)
            settings = {"DATABASE_URL": postgres.new_database("bench"), "REDIS_URL": redis.url}
        lectern = Lectern(folder / "lectern", **settings)
        stack.callback(lectern.stop)
        yield lectern


@contextlib.asynccontextmanager
async def full_room(lectern: Lectern, people: int) -> AsyncIterator[tuple[Class, dict[str, float]]]:
    """A live lesson with everyone in it, and what it took to get them in."""
    made = await asyncio.to_thread(lectern.ask, "new_class")
    sessions = await asyncio.to_thread(
        lectern.ask, "sign_in_visitors", course=made["course"], count=people - 1
    )
    key = await asyncio.to_thread(lectern.ask, "sign_in", email=lectern.cast["teacher"])
    web = psutil.Process(lectern.web_pid())
    teacher = await _enter(lectern, made["lesson"], 0, key)
    await teacher.request("lesson.go_live", {})
    await teacher.request("board.set_mode", {"mode": "everybody"})
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = _memory(web), time.monotonic()
    tasks = []
    for number, session in enumerate(sessions, 1):
        tasks.append(asyncio.create_task(_enter(lectern, made["lesson"], number, session)))
        await asyncio.sleep(ENTER_SECONDS / people)
    students = await _all_in(tasks)
    took = time.monotonic() - began
    try:
        await asyncio.sleep(SETTLE_SECONDS)
        figures = {
            "people": float(people),
            "entered_within_s": took,
            "entering_p95_ms": quantile([page.waited for page in students], TAIL) * 1e3,
            "memory_kb_a_socket": (_memory(web) - before) / len(students) / 1024,
            "web_mb": _memory(web) / (1 << 20),
        }
        yield Class(lectern, made["lesson"], teacher, students, web), figures
    finally:
        for page in (teacher, *students):
            page.close()


async def _enter(lectern: Lectern, lesson: str, number: int, session: str) -> RoomClient:
    loop = asyncio.get_running_loop()
    address = f"127.0.0.1:{lectern.port}"
    _, client = await loop.create_connection(
        lambda: RoomClient(address, lesson, number, session), "127.0.0.1", lectern.port
    )
    async with asyncio.timeout(ENTER_LIMIT):
        await client.entered
    return client


async def _all_in(entering: Sequence[asyncio.Task[RoomClient]]) -> list[RoomClient]:
    """All pages; ConnectionError where one has not come in."""
    found = await asyncio.gather(*entering, return_exceptions=True)
    failures = [one for one in found if isinstance(one, BaseException)]
    if failures:
        raise ConnectionError(f"{len(failures)} of {len(found)} pages did not come in: {failures[0]!r}")
    return [one for one in found if isinstance(one, RoomClient)]


def _memory(process: psutil.Process) -> int:
    """Bytes that belong to the process alone."""
    return int(process.memory_full_info().uss)


async def measure_chat(room: Class, seconds: float) -> dict[str, float]:
    """Twenty people write in turn, four messages a second; everyone times what they hear."""
    room.forget_delays()
    sent, cpu, began = 0, _cpu(room.web), time.monotonic()
    writers, replies = room.students[:WRITERS], []
    while time.monotonic() - began < seconds:
        writer = writers[sent % len(writers)]
        body = {"to": "all", "text": stamp(), "nonce": f"bench-{began:.0f}-{sent}"}
        replies.append(writer.request("chat.send", body))
        sent += 1
        await asyncio.sleep(0.25)
    for reply in await asyncio.gather(*replies):
        if not reply["ok"]:
            raise ValueError(f"a message was refused: {reply['error']}")
    await asyncio.sleep(SETTLE_SECONDS)
    heard = room.delays()
    return {
        "chat_messages": float(sent),
        "unheard_messages": float(sent * len(room.everyone) - len(heard)),
        "chat_p50_ms": quantile(heard, 0.5) * 1e3,
        "chat_p95_ms": quantile(heard, TAIL) * 1e3,
        "chat_cpu_percent": _share(room.web, cpu, began),
    }


async def measure_drawing(room: Class, seconds: float) -> dict[str, float]:
    """Forty people draw ten operations a second each; the boards of all must have heard the same."""
    opened = await room.teacher.request("board.open", {"is_open": True})
    sheet = (await room.teacher.request("room.snapshot", {}))["body"]["board"]["sheet"]
    if not opened["ok"]:
        raise ValueError(f"the board doesn't open: {opened}")
    room.forget_delays()
    cpu, began = _cpu(room.web), time.monotonic()
    drawers = [_draw(page, sheet, index, seconds) for index, page in enumerate(room.students[:DRAWERS])]
    refused = sum(await asyncio.gather(*drawers))
    share = _share(room.web, cpu, began)
    await asyncio.sleep(SETTLE_SECONDS)
    heard = room.delays()
    boards = {page.board for page in room.everyone if page.closed is None}
    return {
        "drawing_operations": float(DRAWERS * int(seconds * OPERATIONS_A_SECOND)),
        "drawing_refused": float(refused),
        "drawing_p50_ms": quantile(heard, 0.5) * 1e3,
        "drawing_p95_ms": quantile(heard, TAIL) * 1e3,
        "diverged": float(len(boards) - 1),
        "lines_lost": float(sum(page.closed is not None for page in room.everyone)),
        "drawing_cpu_percent": share,
    }


async def _draw(page: RoomClient, sheet: str, index: int, seconds: float) -> int:
    """Draws strokes, and notes that tell when they were made; returns how many were refused."""
    replies = []
    # Nobody draws in step with the others.
    await asyncio.sleep(index / DRAWERS / OPERATIONS_A_SECOND)
    for number in range(int(seconds * OPERATIONS_A_SECOND)):
        body = {"sheet": sheet, "n": number + 1, "ops": [operation(index, number)]}
        replies.append(page.request("board.draw", body))
        await asyncio.sleep(1 / OPERATIONS_A_SECOND)
    answers = await asyncio.gather(*replies, return_exceptions=True)
    return sum(1 for answer in answers if isinstance(answer, BaseException) or not answer["ok"])


def operation(index: int, number: int) -> dict[str, Any]:
    """What somebody draws next: a stroke that grows for a second, and at its end a note with the time."""
    stroke, part = divmod(number, OPERATIONS_A_SECOND)
    name, place = f"ink-{index}-{stroke}", [200 * index + 20 * part, 50 * stroke % 9000]
    points = [*place, 50, *([3, 2, 50] * POINTS)]
    if part == 0:
        look = {"type": "ink", "color": index % 8, "size": 40, "pen": False, "points": [points]}
        return {"do": "add", "element": {"id": name, **look}}
    if part < OPERATIONS_A_SECOND - 1:
        return {"do": "append", "id": name, "at": part, "points": points}
    look = {"type": "note", "color": 1, "size": 200, "box": [*place, 900, 900], "text": stamp()}
    return {"do": "add", "element": {"id": f"note-{index}-{stroke}", **look}}


async def measure_abuse(room: Class, seconds: float) -> dict[str, float]:
    """One page sends a thousand messages a second, and comes back whenever it is closed; others chat."""
    abuse = asyncio.create_task(_abuse(room, room.students.pop()))
    try:
        figures = await measure_chat(room, seconds)
    finally:
        abuse.cancel()
        (closings,) = await asyncio.gather(abuse)
    return {"chat_p95_under_abuse_ms": figures["chat_p95_ms"], "abuser_closed": float(closings)}


async def _abuse(room: Class, page: RoomClient) -> int:
    """Returns, once it is cancelled, how often the page was told that it was too fast."""
    closings = 0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            if page.closed is not None:
                closings += page.closed == TOO_FAST
                with contextlib.suppress(ConnectionError, TimeoutError):
                    page = await _enter(room.lectern, room.lesson, page.number, page.session)
            for _ in range(ABUSE_A_SECOND // 100):
                page.ping()
            await asyncio.sleep(0.01)
    page.close()
    return closings


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _share(process: psutil.Process, cpu: float, began: float) -> float:
    """How much of a core the process has used since, in per cent."""
    return (_cpu(process) - cpu) / (time.monotonic() - began) * 100


async def run(lectern: Lectern, people: int, pace: float) -> dict[str, Any]:
    """All figures of one installation; `pace` shortens the parts."""
    async with full_room(lectern, people) as (room, figures):
        found: dict[str, Any] = {**figures}
        found |= await measure_chat(room, CHAT_SECONDS * pace)
        found |= await measure_drawing(room, DRAW_SECONDS * pace)
        found |= await measure_abuse(room, ABUSE_SECONDS * pace)
        who = {"email": lectern.cast["assistant"], "other": lectern.cast["colleague"]}
        found["entering_queries"] = await asyncio.to_thread(
            lectern.ask, "entering_queries", lesson=room.lesson, **who
        )
        return found


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--servers", action="store_true", help="on PostgreSQL and Redis")
    parser.add_argument("--pace", type=float, default=1.0, help="shortens each part")
    parser.add_argument("--json", type=Path, help="where to write the result")
    options = parser.parse_args()
    allow_open_files(options.people + SPARE_FILES)
    with installation(on_servers=options.servers) as lectern:
        try:
            figures = asyncio.run(run(lectern, options.people, options.pace))
        except (ConnectionError, TimeoutError, ValueError) as error:
            sys.exit(f"nothing was measured: {error}\n{lectern.logs()}")
    if options.json:
        write_json({"room": figures}, options.json)
    print(table(figures, GOALS))


if __name__ == "__main__":
    main()
