"""What relays carried during the last hour, for the admin's plots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from classroom.models.relay import RelaySample

KEPT = timedelta(hours=1)
SHOWN = timedelta(minutes=30)
FIGURES = (
    "in_pps",
    "out_pps",
    "in_mbps",
    "out_mbps",
    "cpu_percent",
    "loop_lag_ms",
    "subscribers",
    "drops",
)
"""What a sample says of a relay, in the order of `since`."""


def record(relay_id: int, **figures: float) -> None:
    """Keeps what a relay carries now; one query."""
    RelaySample.objects.create(relay_id=relay_id, at=timezone.now(), **figures)


def since(moment: datetime | None) -> dict[int, list[list[Any]]]:
    """Returns each relay's samples after a moment, at most SHOWN ago: its time, then FIGURES; one query."""
    begin = timezone.now() - SHOWN
    if moment is not None:
        begin = max(begin, moment)
    found: dict[int, list[list[Any]]] = {}
    rows = RelaySample.objects.filter(at__gt=begin).order_by("at").values_list("relay_id", "at", *FIGURES)
    for relay_id, at, *figures in rows:
        found.setdefault(relay_id, []).append([at.timestamp(), *figures])
    return found


def prune() -> None:
    """Forgets what is older than KEPT; one query."""
    RelaySample.objects.filter(at__lt=timezone.now() - KEPT).delete()
