"""Which layers each subscriber gets: what its line carries and its page wants."""

from __future__ import annotations

from collections.abc import Iterable

from media_relay.core.layers import NO_LAYER, Chooser
from media_relay.core.reports import Reports
from media_relay.core.room import Room
from media_relay.core.steering import Steering
from media_relay.core.subscriber import Subscriber
from media_relay.core.trains import Trains

REVIEW_INTERVAL = 1.0
"""Seconds after which everyone is looked at, also who reports nothing."""
ROUND_INTERVAL = 0.5
"""How often it is looked for those."""
REVIEW_TURNS = 20
"""In so many turns at least, so that a full room is no jolt."""


class Choice:
    """Asks each subscriber's chooser, and steers by what it says."""

    def __init__(self, steering: Steering, trains: Trains, reports: Reports) -> None:
        self._steering = steering
        self._trains = trains
        self._reports = reports
        self._next: dict[str, float] = {}
        self._waiting: dict[str, list[Subscriber]] = {}

    def receive_report(
        self,
        room: Room,
        link: Subscriber,
        losses: Iterable[tuple[int, float]],
        bitrate: float | None,
        now: float,
    ) -> None:
        """Takes losses (0 to 1, by SSRC) and REMB in bits per second."""
        chooser = link.chooser or self._choose_from_now_on(link)
        loss = _video_loss(link, losses)
        if loss is not None:
            link.loss = loss
            chooser.receive_loss(loss, now)
        if bitrate is not None:
            chooser.receive_remb(bitrate, now)
        self.review(room, link, now)

    def _choose_from_now_on(self, link: Subscriber) -> Chooser:
        names = tuple(slot.name for slot in link.view.pictures)
        chooser = link.chooser = Chooser(names, trains=link.takes_trains, gallery=link.view.gallery)
        # What is sent already is what the first report tells of.
        _show_offered(link, chooser)
        chooser.set_limits(link.limits)
        return chooser

    def prefer(self, room: Room, link: Subscriber, now: float) -> None:
        """Follows what a page wants at most."""
        chooser = link.chooser or self._choose_from_now_on(link)
        chooser.set_limits(link.limits)
        self.review(room, link, now)

    def review(self, room: Room, link: Subscriber, now: float) -> None:
        """Lets a subscriber have what is best for it now."""
        link.reviewed = now
        chooser = link.chooser
        if chooser is None:
            self._give_best(link, now)
            return
        _show_offered(link, chooser)
        layers = chooser.choose(now)
        for slot in link.view.pictures:
            seat = link.seats.get(slot.ssrc)
            if seat is not None and slot.offered:
                index = layers[slot.name]
                layer = slot.offered[min(index, len(slot.offered) - 1)] if index >= 0 else NO_LAYER
                self._steering.aim(link, seat, layer, now)
        self._reports.note(room, link)
        rate = chooser.train_rate(now)
        if rate:
            self._trains.begin(link, rate, now)

    def _give_best(self, link: Subscriber, now: float) -> None:
        for slot in link.view.pictures:
            seat = link.seats.get(slot.ssrc)
            if seat is not None and slot.offered:
                self._steering.aim(link, seat, slot.offered[-1], now)

    def handle_timer(self, room: Room, now: float) -> None:
        """Looks at everyone in turn, the sooner if something is offered that was not, or no more."""
        offered = [(slot, slot.offered) for slot in room.pictures]
        for slot in room.pictures:
            slot.measure(now)
        waiting = self._waiting.setdefault(room.name, [])
        if any(before != slot.offered for slot, before in offered):
            waiting[:] = room.subscribers.values()
        elif not waiting and now >= self._next.get(room.name, 0.0):
            self._next[room.name] = now + ROUND_INTERVAL
            overdue = now - REVIEW_INTERVAL
            waiting[:] = [link for link in room.subscribers.values() if link.reviewed <= overdue]
        share = max(1, len(room.subscribers) // REVIEW_TURNS)
        for link in waiting[:share]:
            if link.joined is not None and room.knows(link):
                self.review(room, link, now)
        del waiting[:share]

    def forget(self, room: Room) -> None:
        """Forgets a room that is over."""
        self._next.pop(room.name, None)
        self._waiting.pop(room.name, None)


def _show_offered(link: Subscriber, chooser: Chooser) -> None:
    for slot in link.view.pictures:
        if link.gets(slot):
            chooser.set_available(slot.name, slot.rates, slot.needs)
        else:
            chooser.set_available(slot.name, ())


def _video_loss(link: Subscriber, losses: Iterable[tuple[int, float]]) -> float | None:
    """Returns the loss of pictures, weighted by their rates, or of sound if there are none."""
    total = weights = 0.0
    sound = None
    for ssrc, loss in losses:
        seat = link.seats.get(ssrc)
        if seat is None or seat.track is None:
            continue
        if not seat.slot.is_video:
            sound = loss
            continue
        weight = max(seat.slot.rate(seat.track.layer), 1.0)
        total += loss * weight
        weights += weight
    return total / weights if weights else sound
