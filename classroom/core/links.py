"""How the connections of a room fare, as told by relays and pages; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from classroom.core.seats import Seat

SUBSCRIBE = "subscribe"
"""The direction whose pictures can stand still, and whose layers can change."""
MAX_PAGES = 20_000
"""Of as many pages something is remembered at most; the oldest is forgotten first."""
FREEZES_LAST_SECONDS = 15.0
"""Pages report every ten seconds while pictures freeze."""

Frozen = tuple[str, str, int, int]
"""Participant, client, how often the page's pictures stood still, and for how many milliseconds."""
Page = tuple[str, str, str]
"""Room, participant and client."""
Layers = tuple[tuple[tuple[str, int], ...], str]
"""What a page gets of each slot, and why not more."""


class FreezeReports:
    """What pages have reported since it was last taken."""

    def __init__(self) -> None:
        self._frozen: dict[Seat, tuple[int, int]] = {}

    def note_freezes(self, seat: Seat, freezes: int, frozen_ms: int) -> None:
        """Adds a page's report; one without freezes says nothing."""
        if freezes or frozen_ms:
            before = self._frozen.pop(seat, (0, 0))
            _make_room(self._frozen)
            self._frozen[seat] = (before[0] + freezes, before[1] + frozen_ms)

    def take(self) -> dict[UUID, list[Frozen]]:
        """Returns by lesson whose pictures have frozen since the last call."""
        frozen, self._frozen = self._frozen, {}
        by_lesson: dict[UUID, list[Frozen]] = {}
        for seat, (freezes, frozen_ms) in frozen.items():
            entry = (str(seat.user_id), seat.client, freezes, frozen_ms)
            by_lesson.setdefault(seat.lesson_id, []).append(entry)
        return by_lesson


class FreezeMemory:
    """Whose pictures have frozen lately, as one of the staff's sockets has heard."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], tuple[int, int, float]] = {}

    def note(self, frozen: Iterable[Sequence[Any]], now: float) -> None:
        """Takes word of pages whose pictures have frozen."""
        for participant, client, freezes, frozen_ms in frozen:
            self._heard.pop((participant, client), None)
            _make_room(self._heard)
            self._heard[(participant, client)] = (freezes, frozen_ms, now)

    def join(self, links: Iterable[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
        """Returns the links with `freezes` and `frozen_ms` of the last report, zero when that is old."""
        old = [page for page, heard in self._heard.items() if now - heard[2] > FREEZES_LAST_SECONDS]
        for page in old:
            del self._heard[page]
        return [self._joined(link) for link in links]

    def _joined(self, link: Mapping[str, Any]) -> dict[str, Any]:
        freezes, frozen_ms = 0, 0
        if link["direction"] == SUBSCRIBE:
            freezes, frozen_ms, _ = self._heard.get((link["id"], link["client"]), (0, 0, 0.0))
        return {**link, "freezes": freezes, "frozen_ms": frozen_ms}


class LayerMemory:
    """Which layers each page was last told that it gets."""

    def __init__(self) -> None:
        self._told: dict[Page, Layers] = {}

    def has_changed(self, page: Page, layers: Mapping[str, int], limited: str) -> bool:
        """Notes what a page gets; says whether it must be told."""
        now = (tuple(sorted(layers.items())), limited)
        before = self._told.pop(page, None)
        _make_room(self._told)
        self._told[page] = now
        return now != before

    def forget(self, page: Page) -> None:
        """Forgets a page whose connection is new or gone: it is told anew."""
        self._told.pop(page, None)


def _make_room(remembered: dict[Any, Any]) -> None:
    while len(remembered) >= MAX_PAGES:
        del remembered[next(iter(remembered))]
