"""Puts a relay together and runs it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from dataclasses import replace

from media_relay import __version__, protocol
from media_relay.config import Config, ConfigError
from media_relay.core import stats
from media_relay.core.budget import Budget, Smoother
from media_relay.core.lease import Lease
from media_relay.core.links import Link
from media_relay.core.outputs import News
from media_relay.core.retreat import Retreat
from media_relay.core.router import Router
from media_relay.io import clock
from media_relay.io.control import ControlLink
from media_relay.io.dtls import Certificate
from media_relay.io.media import MediaPlane
from media_relay.io.metrics import MetricsServer, Snapshot
from media_relay.io.news import message
from media_relay.io.signalling import Signalling
from media_relay.io.udp import UdpSocket, open_sockets

MAX_COUNTERS = 100
WATCH_SECONDS = 0.05
"""How often the relay looks whether its lease or its retreat is over."""
LOAD_SECONDS = 1.0
"""How old the last load may become while nobody is there to hear it."""
OUT_OF_DATE = "the web tier has been away for too long"

logger = logging.getLogger(__name__)


class Worker:
    """One relay; make it within the event loop that is to carry it."""

    def __init__(self, config: Config, sockets: list[UdpSocket]) -> None:
        self.port = sockets[0].port
        self._config = config
        self._sockets = sockets
        self._epoch = os.urandom(8).hex()
        self._router = Router(os.urandom, clock.ntp_offset())
        self._media = MediaPlane(sockets, self._router, self._changed, self._tell)
        self._addresses = _reachable(config.announce, sockets)
        self._signalling = Signalling(
            self._media, Certificate.generateCertificate(), self._addresses, self.port, config.capacity
        )
        self._control = ControlLink(config.web_url, config.secret, self._register, self._load, self._handle)
        self._metrics = MetricsServer(self._snapshot)
        self._budget = Budget(config.capacity, config.max_mbps, config.max_pps)
        self._cpu = Smoother()
        self._lease = Lease(config.lease, clock.monotonic())
        self._retreat = Retreat()
        self._joins = dict.fromkeys(protocol.DIRECTIONS, 0)
        self._last = self._reading()
        self._last_load = self._load()

    async def run(self) -> None:
        """Works until it has retreated; raises ConfigError where its metrics' port cannot be had."""
        await self._open_metrics()
        self._media.start()
        control = asyncio.create_task(self._control.run())
        logger.info("relay %s: media on UDP port %d", self._config.name, self.port)
        _tune_garbage_collector()
        # What it waits for is time as much as anything else.
        while not self._has_retreated():
            self._look_after_lease()
            await asyncio.sleep(WATCH_SECONDS)
        await self._media.stop()
        self._metrics.stop()
        control.cancel()
        await asyncio.gather(control, return_exceptions=True)

    async def _open_metrics(self) -> None:
        if self._config.metrics is None:
            return
        host, port = self._config.metrics
        try:
            await self._metrics.start(host, port)
        except OSError as error:
            raise ConfigError(
                f"RELAY_METRICS: port {port} of {host} can't be had: {error.strerror}."
            ) from None
        logger.info("relay %s: metrics on TCP port %d", self._config.name, self._metrics.port)

    def retreat(self) -> None:
        """Stops once the lessons have another relay, or at once if told a second time."""
        self._retreat.begin(clock.monotonic())
        self._control.report()

    def _has_retreated(self) -> bool:
        return self._retreat.is_over(
            clock.monotonic(), reachable=self._control.is_registered, connections=len(self._media.peers)
        )

    def _look_after_lease(self) -> None:
        now = clock.monotonic()
        if self._control.is_registered:
            self._lease.renew(now)
            return
        if now - self._last.now >= LOAD_SECONDS:
            self._load()
        if self._lease.is_over(now) and self._router.rooms:
            logger.warning("relay %s: %s; its rooms end", self._config.name, OUT_OF_DATE)
            self._router.expire(OUT_OF_DATE)
            self._media.drain()

    def _handle(self, message: protocol.Message) -> protocol.Message | None:
        match message:
            case protocol.Registered():
                self._router.repeat_news()
                self._media.drain()
            case protocol.Drain():
                self.retreat()
            case protocol.Moved():
                self._retreat.receive_moved(message.lessons, clock.monotonic())
            case _:
                return self._signalling.handle(message)
        return None

    def _register(self) -> protocol.Register:
        return protocol.Register(
            self._config.name, __version__, self._epoch, self._addresses, self.port, self._config.capacity
        )

    def _changed(self, link: Link, state: str, reason: str) -> None:
        self._joins[link.connection.direction] += state == "connected"
        self._control.send(protocol.ConnectionChanged(*link.connection, state, reason))

    def _tell(self, news: News) -> None:
        self._control.send(message(news))

    def _reading(self) -> stats.Reading:
        sent, sent_bytes = self._media.sent()
        return stats.Reading(
            clock.monotonic(),
            clock.cpu_seconds(),
            self._media.peers.received,
            sent,
            sent_bytes,
            self._media.peers.received_bytes,
        )

    def _snapshot(self) -> Snapshot:
        load = replace(self._last_load, counters=self._counters())
        registered, lags = self._control.is_registered, self._media.loop_lags
        return Snapshot(self._config.name, __version__, self._reading(), load, self._joins, registered, lags)

    def _load(self) -> protocol.Load:
        reading = self._reading()
        rates = stats.rates(self._last, reading)
        cpu = self._cpu.add(rates.cpu_percent, reading.now - self._last.now)
        self._last = reading
        usage, budget = self._budget.usage(len(self._media.peers), replace(rates, cpu_percent=cpu))
        rooms = self._router.rooms.values()
        lag, self._media.loop_lag = self._media.loop_lag, 0.0
        self._last_load = protocol.Load(
            len(rooms),
            sum(len(room.publishers) for room in rooms),
            sum(len(room.subscribers) for room in rooms),
            rates.cpu_percent,
            clock.resident_megabytes(),
            rates.in_pps,
            rates.out_pps,
            rates.out_mbps,
            max(0.0, lag * 1000),
            self._counters(),
            rates.in_mbps,
            usage,
            budget,
            self._retreat.is_under_way,
        )
        return self._last_load

    def _counters(self) -> dict[str, int]:
        lanes = self._media.lanes.values()
        own = {
            "kernel_drops": sum(udp.drops() for udp in self._sockets),
            "packets_expired": sum(lane.expired for lane in lanes),
            "packets_failed": sum(lane.failed for lane in lanes),
        }
        return dict(list({**own, **self._router.counters}.items())[:MAX_COUNTERS])


def _reachable(addresses: tuple[str, ...], sockets: list[UdpSocket]) -> tuple[str, ...]:
    """Returns the addresses of a family that a socket serves."""
    families = {":" in udp.host for udp in sockets}
    return tuple(address for address in addresses if (":" in address) in families)


def _tune_garbage_collector() -> None:
    # What is there by now stays for good, and packets make no cycles: a full collection among the objects of
    # thousands of peers would only stop the media for tens of milliseconds.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def serve(config: Config) -> None:
    """Runs a relay until SIGTERM or SIGINT; raises OSError where its media port cannot be had."""
    worker = Worker(config, open_sockets(config.bind, config.port))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.retreat)
    await worker.run()
