"""How the connections of a room fare, for whoever looks after the room."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from media_relay.core.layers import NO_LAYER
from media_relay.core.links import Link, Publisher
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import LinkReport, ReportLinks
from media_relay.core.room import Room
from media_relay.core.subscriber import Subscriber

REPORT_INTERVAL = 3.0
CHANGE_INTERVAL = 0.25
MAX_LINKS_AT_ONCE = 200
"""A large room's report goes out in pieces, one at a time."""


class Reports:
    """Reports everyone every few seconds, and at once who gets other layers."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._due: dict[str, float] = {}
        self._rest: dict[str, list[Link]] = {}
        self._changed: dict[str, dict[Subscriber, None]] = {}
        self._next_changes: dict[str, float] = {}

    def note(self, room: Room, link: Subscriber) -> None:
        """Sees whether someone gets other layers than what was reported last."""
        if link.told is not None and link.told != told(link):
            self._changed.setdefault(room.name, {})[link] = None

    def handle_timer(self, room: Room, now: float) -> None:
        """Sends what is due of a room."""
        rest = self._rest.get(room.name)
        if rest:
            self._report(room, islice(rest, MAX_LINKS_AT_ONCE), now)
            del rest[:MAX_LINKS_AT_ONCE]
        elif now >= self._due.setdefault(room.name, now + REPORT_INTERVAL):
            self._due[room.name] = now + REPORT_INTERVAL
            self._rest[room.name] = [*room.publishers.values(), *room.subscribers.values()]
        if room.name in self._changed and now >= self._next_changes.get(room.name, 0.0):
            self._next_changes[room.name] = now + CHANGE_INTERVAL
            changed = self._changed.pop(room.name)
            self._report(room, islice(changed, MAX_LINKS_AT_ONCE), now)

    def _report(self, room: Room, links: Iterable[Link], now: float) -> None:
        reports = [self._describe(link, now) for link in links if room.knows(link)]
        if reports:
            self._outbox.put(ReportLinks(room.name, tuple(reports)))

    def _describe(self, link: Link, now: float) -> LinkReport:
        if isinstance(link, Subscriber):
            link.told = told(link)
            rates = [
                seat.slot.rate(seat.track.layer) for seat in link.seats.values() if seat.track is not None
            ]
            layers, limited = link.told
            return LinkReport(link, link.rtt, link.loss, sum(rates) / 1000, dict(layers), limited)
        rate = loss = 0.0
        if isinstance(link, Publisher):
            rate = sum(stream.meter.rate(now) for stream in link.streams)
            loss = max((stream.reception.fraction_lost for stream in link.streams), default=0.0)
        return LinkReport(link, 0.0, loss, rate / 1000, {}, "")

    def forget(self, room: Room) -> None:
        """Forgets a room that is over."""
        for known in (self._due, self._rest, self._changed, self._next_changes):
            known.pop(room.name, None)


def told(link: Subscriber) -> tuple[tuple[tuple[str, int], ...], str]:
    """Returns which layer of each filled slot someone gets, and why not more."""
    layers = []
    for slot in link.view.pictures:
        seat = link.seats.get(slot.ssrc)
        if seat is not None and link.gets(slot):
            layers.append((slot.name, seat.track.layer if seat.track is not None else NO_LAYER))
    return tuple(layers), link.chooser.limited if link.chooser is not None else ""
