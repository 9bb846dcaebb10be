"""Puts a relay together and runs it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal

from media_relay import __version__, protocol
from media_relay.config import Config
from media_relay.core import stats
from media_relay.core.links import Link
from media_relay.core.router import Router
from media_relay.io import clock
from media_relay.io.control import ControlLink
from media_relay.io.dtls import Certificate
from media_relay.io.media import MediaPlane
from media_relay.io.signalling import Signalling
from media_relay.io.udp import UdpSocket, open_sockets

MAX_COUNTERS = 100

logger = logging.getLogger(__name__)


class Worker:
    """One relay; make it within the event loop that is to carry it."""

    def __init__(self, config: Config, sockets: list[UdpSocket]) -> None:
        self.port = sockets[0].port
        self._config = config
        self._sockets = sockets
        self._epoch = os.urandom(8).hex()
        self._router = Router(os.urandom, clock.ntp_offset())
        self._media = MediaPlane(sockets, self._router, self._changed)
        self._addresses = _reachable(config.announce, sockets)
        self._signalling = Signalling(
            self._media, Certificate.generateCertificate(), self._addresses, self.port, config.capacity
        )
        self._control = ControlLink(
            config.web_url, config.secret, self._register, self._load, self._signalling.handle
        )
        self._last = self._reading()

    async def run(self, stopped: asyncio.Event) -> None:
        """Works until told to stop."""
        self._media.start()
        control = asyncio.create_task(self._control.run())
        logger.info("relay %s: media on UDP port %d", self._config.name, self.port)
        _tune_garbage_collector()
        await stopped.wait()
        await self._media.stop()
        control.cancel()
        await asyncio.gather(control, return_exceptions=True)

    def _register(self) -> protocol.Register:
        return protocol.Register(
            self._config.name, __version__, self._epoch, self._addresses, self.port, self._config.capacity
        )

    def _changed(self, link: Link, state: str, reason: str) -> None:
        self._control.send(protocol.ConnectionChanged(*link.connection, state, reason))

    def _reading(self) -> stats.Reading:
        sent, sent_bytes = self._media.sent()
        return stats.Reading(
            clock.monotonic(), clock.cpu_seconds(), self._media.peers.received, sent, sent_bytes
        )

    def _load(self) -> protocol.Load:
        reading = self._reading()
        rates = stats.rates(self._last, reading)
        self._last = reading
        rooms = self._router.rooms.values()
        lag, self._media.loop_lag = self._media.loop_lag, 0.0
        return protocol.Load(
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
        )

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
    """Runs a relay until SIGTERM or SIGINT; raises OSError where its port cannot be had."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await Worker(config, open_sockets(config.bind, config.port)).run(stopped)
