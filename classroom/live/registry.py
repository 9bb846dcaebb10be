"""The sockets of this process, and the work done for all of them at once rather than for each."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from classroom.core import groups
from classroom.core.links import FreezeReports
from classroom.live import access, protocol
from classroom.live.database import in_database
from classroom.services import (
    attendance,
    checks,
    devices,
    events,
    floor_keeping,
    lessons,
    library,
    metrics,
    moods,
    presence,
    relay_history,
    relays,
    rooms,
)

if TYPE_CHECKING:
    from classroom.live.relay_consumer import RelayConsumer
    from classroom.live.room_consumer import RoomConsumer

log = logging.getLogger(__name__)

TICK_SECONDS = 0.1
SILENT_SECONDS = 25.0
"""A page pings every 10 s: two lost pings."""
MAX_SOCKETS_OF_A_PERSON = 32
"""More pages than anybody has open; counted by person, since a school may share one address."""
RELAY_SILENT_SECONDS = 5.0
"""A relay reports every second."""
RELAYS_BACK_SECONDS = 3.0
"""After a restart of ours all relays dial in again within two: before that none is gone."""
PAGES_BACK_SECONDS = presence.GRACE.total_seconds()
"""Nor is a page before it has had that time since a restart of ours, which may itself have taken longer."""


Work = tuple[Callable[..., object], tuple[Hashable, ...]]
"""A service and what it is called with."""


@dataclass
class Job:
    """Something done again and again, never twice at once."""

    period: float
    work: Callable[[], Awaitable[None]]
    due: float = 0.0
    task: asyncio.Task[None] | None = None


class Registry:
    """Runs its jobs while this process has any socket."""

    def __init__(self) -> None:
        self.clock = time.monotonic
        self.sockets: set[RoomConsumer] = set()
        self.relays: set[RelayConsumer] = set()
        self.links = FreezeReports()
        self._marked: set[RoomConsumer] = set()
        self._rosters: dict[UUID, set[UUID]] = {}
        self._soon: set[Work] = set()
        self._began = self.clock()
        self._looked_at_phases = timezone.now()
        self._runner: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, socket: RoomConsumer) -> None:
        """Takes care of a room's socket from now on."""
        self.sockets.add(socket)
        self._start()

    def add_relay(self, relay: RelayConsumer) -> None:
        """Takes care of a relay's connection from now on."""
        self.relays.add(relay)
        self._start()

    def has_place_for(self, user_id: UUID) -> bool:
        """Whether the person may have one more socket here."""
        return sum(socket.seat.user_id == user_id for socket in self.sockets) < MAX_SOCKETS_OF_A_PERSON

    def remove(self, socket: RoomConsumer) -> None:
        """Forgets a socket; doing so twice is harmless."""
        self.sockets.discard(socket)
        self._marked.discard(socket)

    def remove_relay(self, relay: RelayConsumer) -> None:
        """Forgets a relay's connection."""
        self.relays.discard(relay)

    def recheck_soon(self, socket: RoomConsumer) -> None:
        """Looks at the socket's session and rights with the next batch."""
        self._marked.add(socket)

    def roster_changed(self, lesson_id: UUID, user_id: UUID) -> None:
        """Tells the room within half a second whether the person is there."""
        self._rosters.setdefault(lesson_id, set()).add(user_id)
        self._start()

    def soon(self, service: Callable[..., object], *args: Hashable) -> None:
        """Calls the service within half a second, once however often this is asked for meanwhile."""
        self._soon.add((service, args))
        self._start()

    # The jobs

    async def recheck(self) -> None:
        """Closes those of the marked sockets that may stay no longer."""
        marked, self._marked = self._marked, set()
        if not marked:
            return
        codes = await in_database(access.verdicts, [socket.entry for socket in marked])
        refused = [(socket, codes[socket.entry]) for socket in marked if socket.entry in codes]
        await asyncio.gather(*(socket.shut(code) for socket, code in refused))

    async def recheck_all(self) -> None:
        """Marks every socket: rights may have changed in a way that nobody told us of."""
        self._marked |= self.sockets

    async def publish_rosters(self) -> None:
        """Tells the rooms who has come and gone since the last time."""
        rosters, self._rosters = self._rosters, {}
        for lesson_id, user_ids in rosters.items():
            await in_database(presence.publish_roster, lesson_id, user_ids)

    async def work_gathered(self) -> None:
        """Does what was asked for by `soon`."""
        gathered, self._soon = self._soon, set()
        for service, args in gathered:
            await in_database(service, *args)

    async def expire(self) -> None:
        """Forgets what lasts for a while only."""
        await in_database(moods.expire)
        await in_database(checks.sweep)

    async def write_registers(self) -> None:
        """Writes the registers of lessons that have ended."""
        await in_database(attendance.finalise_due)

    async def tell_freezes(self) -> None:
        """Tells the staff of each room, in one message, whose pictures have frozen."""
        for lesson_id, frozen in self.links.take().items():
            await events.tell_now(groups.staff(lesson_id), {"type": "room.freezes", "frozen": frozen})

    async def rescue(self) -> None:
        """Moves lessons off relays that are gone, once every relay has had the time to dial in."""
        if self._has_run_for(RELAYS_BACK_SECONDS):
            await in_database(relays.rescue)

    async def prune(self) -> None:
        """Forgets what is of use to nobody any more."""
        await in_database(relay_history.prune)

    async def check_materials(self) -> None:
        """Looks at what was uploaded, one file at a time."""
        await in_database(library.check_next)

    async def prune_materials(self) -> None:
        """Deletes uploads that nobody went on with."""
        await in_database(library.prune)

    async def end_devices(self) -> None:
        """Ends the sessions of devices whose rights have ended, or whose media is gone."""
        await in_database(devices.sweep)

    async def refresh(self) -> None:
        """Notes that this process's pages are still there; one whose row was ended has to come in anew."""
        by_key = {socket.presence_key: socket for socket in self.sockets if socket.presence_key is not None}
        if not by_key:
            return
        kept = await in_database(presence.refresh, list(by_key))
        for key in by_key.keys() - kept:
            if by_key[key].presence_key == key:
                await by_key[key].shut(protocol.CLOSE_SLOW)

    async def sweep(self) -> None:
        """Ends what nobody has been heard of: pages that did not come back, stages, relays."""
        if self._has_run_for(PAGES_BACK_SECONDS):
            for seat in await in_database(presence.sweep):
                self.roster_changed(seat.lesson_id, seat.user_id)
            await in_database(lessons.vacate_stages)
        await in_database(relays.sweep)

    def _has_run_for(self, seconds: float) -> bool:
        return self.clock() - self._began >= seconds

    async def supervise(self) -> None:
        """Stops what students send, write and draw where no teacher is connected; ends what counts down."""
        await in_database(rooms.supervise)
        await in_database(rooms.end_due)

    async def end_turns(self) -> None:
        """Cuts off whoever's time on the floor is over."""
        await in_database(floor_keeping.end_due)

    async def keep_floor(self) -> None:
        """Ends turns and hands of those who are gone, and seats those who have come into a seminar."""
        await in_database(floor_keeping.sweep)

    async def close_silent(self) -> None:
        """Closes the sockets that have said nothing for too long."""
        now = self.clock()
        silent = [socket for socket in self.sockets if now - socket.heard_at > SILENT_SECONDS]
        gone = [relay for relay in self.relays if now - relay.heard_at > RELAY_SILENT_SECONDS]
        closing = [socket.shut(protocol.CLOSE_SLOW) for socket in silent]
        closing += [relay.shut(protocol.CLOSE_SLOW) for relay in gone]
        await asyncio.gather(*closing)

    async def announce_flips(self) -> None:
        """Tells the rooms whose lesson has opened or run out with time."""
        since, self._looked_at_phases = self._looked_at_phases, timezone.now()
        flipped = set(await in_database(lessons.announce_flips, self.rooms(), since))
        self._mark_rooms(flipped)

    async def catch_up(self) -> None:
        """Tells the whole room, and its relay the permits, where the channel layer has lost an event.

        A page sees a gap only with the next event, which may be long in coming.
        """
        newest = await in_database(lessons.newest_events, self.rooms())
        behind = [
            socket for socket in self.sockets if socket.has_missed(newest.get(socket.seat.lesson_id, 0))
        ]
        if not behind:
            return
        log.warning("the channel layer has lost events of %d pages, which are told all again", len(behind))
        await in_database(relays.refresh_permits, {socket.seat.lesson_id for socket in behind})
        await asyncio.gather(*(socket.tell_all() for socket in behind))

    def rooms(self) -> set[UUID]:
        """The lessons that have a socket here."""
        return {socket.seat.lesson_id for socket in self.sockets}

    def _mark_rooms(self, lesson_ids: Iterable[UUID]) -> None:
        wanted = set(lesson_ids)
        self._marked |= {socket for socket in self.sockets if socket.seat.lesson_id in wanted}

    # Running them

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._runner is None or self._runner.done():
            self._loop = loop
            self._runner = loop.create_task(self._run())

    def _jobs(self) -> list[Job]:
        return [
            Job(0.1, self.recheck),
            Job(0.4, self.publish_rosters),
            Job(0.4, self.work_gathered),
            Job(2.0, self.expire),
            Job(10.0, self.write_registers),
            Job(1.0, self.close_silent),
            Job(2.5, self.sweep),
            Job(0.5, self.supervise),
            Job(0.2, self.end_turns),
            Job(0.5, self.keep_floor),
            Job(1.0, self.end_devices),
            Job(0.5, self.rescue),
            Job(60.0, self.prune),
            Job(0.5, self.check_materials),
            Job(600.0, self.prune_materials),
            Job(2.0, self.tell_freezes),
            Job(5.0, self.refresh),
            Job(2.0, self.announce_flips),
            Job(1.5, self.catch_up),
            Job(60.0, self.recheck_all),
        ]

    async def _run(self) -> None:
        jobs = self._jobs()
        self._began = self.clock()
        self._looked_at_phases = timezone.now()
        while self.sockets or self.relays or self._rosters or self._soon:
            now = time.monotonic()
            for job in jobs:
                if now >= job.due and (job.task is None or job.task.done()):
                    job.due = now + job.period
                    job.task = asyncio.create_task(_guarded(job.work))
            await asyncio.sleep(TICK_SECONDS)


async def _guarded(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception:
        log.exception("%s has failed and is tried again", getattr(work, "__name__", work))


registry = Registry()
metrics.measure("sockets", "Pages' sockets in rooms.", lambda: len(registry.sockets))
metrics.measure("relay_sockets", "Connections of relays.", lambda: len(registry.relays))
metrics.measure("rooms", "Rooms with a socket here.", lambda: len(registry.rooms()))
