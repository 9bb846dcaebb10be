"""What the relay counts, as Prometheus reads it over HTTP; of nobody in particular."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from media_relay import protocol
from media_relay.core.stats import Histogram, Reading

PATH = "/metrics"
MAX_REQUEST_BYTES = 8 << 10
REQUEST_SECONDS = 5.0
MAX_REQUESTS = 16
"""At the same time; one Prometheus asks one question in seconds."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there is to tell at one moment; `joins` are connections that came up, by direction."""

    name: str
    version: str
    reading: Reading
    load: protocol.Load
    joins: Mapping[str, int]
    registered: bool
    lags: Histogram


class _Families(Collector):
    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self._take = take

    def collect(self) -> Iterator[Metric]:
        now = self._take()
        info = GaugeMetricFamily("lectern_relay_info", "Which relay this is.", labels=("name", "version"))
        info.add_metric((now.name, now.version), 1)
        yield info
        yield from _totals(now)
        yield from _state(now)


def _totals(now: Snapshot) -> Iterator[Metric]:
    reading = now.reading
    for name, meaning, value in (
        ("packets_received", "Datagrams received.", reading.packets_in),
        ("packets_sent", "Media packets sent to subscribers.", reading.packets_out),
        ("bytes_received", "Bytes of the datagrams received.", reading.bytes_in),
        ("bytes_sent", "Bytes of the media packets sent to subscribers.", reading.bytes_out),
        ("cpu_seconds", "Processor time used.", reading.cpu),
    ):
        yield CounterMetricFamily(f"lectern_relay_{name}", meaning, value=value)
    joins = CounterMetricFamily("lectern_relay_joins", "Connections that came up.", labels=("direction",))
    for direction, count in now.joins.items():
        joins.add_metric((direction,), count)
    yield joins
    events = CounterMetricFamily(
        "lectern_relay_events",
        "What has happened: drops, refusals, NACKs, keyframe requests.",
        labels=("event",),
    )
    for event, count in now.load.counters.items():
        events.add_metric((event,), count)
    yield events
    bounds = (*map(str, now.lags.bounds), "+Inf")
    yield HistogramMetricFamily(
        "lectern_relay_loop_wait_seconds",
        "How late the event loop was for its timer.",
        buckets=list(zip(bounds, now.lags.cumulative(), strict=True)),
        sum_value=now.lags.total,
    )


def _state(now: Snapshot) -> Iterator[Metric]:
    load = now.load
    for name, meaning, value in (
        ("rooms", "Rooms with permits.", load.rooms),
        ("publishers", "Connections that send.", load.publishers),
        ("subscribers", "Connections that watch.", load.subscribers),
        ("loop_lag_seconds", "The longest wait of the event loop lately.", load.loop_lag_ms / 1000),
        ("resident_bytes", "Memory that is resident.", load.rss_mb * 1e6),
        ("usage_ratio", "How much of the budget nearest to its end is used.", load.usage),
        ("draining", "Whether the relay is to stop.", load.draining),
        ("registered", "Whether the web tier is in reach.", now.registered),
        ("tasks", "Tasks of the event loop.", len(asyncio.all_tasks())),
    ):
        yield GaugeMetricFamily(f"lectern_relay_{name}", meaning, value=value)


class MetricsServer:
    """Answers GET /metrics, and nothing else, at one address."""

    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self.port = 0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Families(take))
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, host: str, port: int) -> None:
        """Begins to listen; raises OSError where that cannot be."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_REQUEST_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Gives the port back."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MAX_REQUESTS:
                with contextlib.suppress(
                    OSError, ValueError, EOFError, TimeoutError, asyncio.LimitOverrunError
                ):
                    async with asyncio.timeout(REQUEST_SECONDS):
                        writer.write(self._answer(await reader.readuntil(b"\r\n\r\n")))
                        await writer.drain()
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, request: bytes) -> bytes:
        words = request.split(b"\r\n", 1)[0].split(b" ")
        if words[0] != b"GET" or len(words) != 3 or words[1].split(b"?")[0] != PATH.encode():
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        body = generate_latest(self._registry)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE_LATEST}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body
