"""What the web tier counts for Prometheus; by kinds alone, never by person, lesson or page."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter, Gauge, disable_created_metrics

OK = "ok"
NO_TYPE = "none"
"""Stands for the type of a request that is none of ours: whatever is sent, there are no more kinds."""

disable_created_metrics()
_REQUESTS = Counter("lectern_requests", "Requests of pages in rooms.", ("type", "outcome"))
_EVENTS = Counter("lectern_events_published", "Numbered events published to rooms.", ("type",))


def count_request(kind: str, outcome: str) -> None:
    """Counts a request by its type and OK or the code of its refusal."""
    _REQUESTS.labels(kind, outcome).inc()


def count_event(kind: str) -> None:
    """Counts an event that is published."""
    _EVENTS.labels(kind).inc()


def measure(name: str, meaning: str, read: Callable[[], float]) -> None:
    """Has a figure of this process read whenever Prometheus asks."""
    Gauge(f"lectern_{name}", meaning).set_function(read)
