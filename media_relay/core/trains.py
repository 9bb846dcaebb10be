"""Trains of packets that are sent to see whether a subscriber's line carries more."""

from __future__ import annotations

from media_relay.core.layers import train_shape
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import Resend
from media_relay.core.repair import MAX_PADDING, own_packet, trying
from media_relay.core.seat import Seat
from media_relay.core.slot import Slot
from media_relay.core.subscriber import Subscriber
from media_relay.core.twcc import Arrivals, Train

MAX_PACKETS = 80
"""Of one train, where all it can be made of are small packets."""


class _Run:
    """A train that is on its way to one subscriber."""

    __slots__ = ("interval", "left", "next", "packet", "seat", "size", "train")

    def __init__(self, seat: Seat, rate: float, now: float) -> None:
        count, wanted = train_shape(rate)
        self.seat = seat
        self.packet = _newest(seat, wanted, now)
        self.size = min(wanted, (len(self.packet) if self.packet is not None else 0) + MAX_PADDING)
        self.left = min(-(-count * wanted // self.size), MAX_PACKETS)
        self.interval = 8 * self.size / rate
        self.next = now
        self.train = Train()


class Trains:
    """Sends trains in time, and reads what comes back of them."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._runs: dict[Subscriber, _Run] = {}

    def begin(self, link: Subscriber, rate: float, now: float) -> None:
        """Begins a train of so many bits per second."""
        seats = [link.seats[slot.ssrc] for slot in link.view.pictures if slot.ssrc in link.seats]
        if not seats:
            return
        seat = next((seat for seat in seats if seat.track is not None), seats[0])
        self._outbox.counters.add("trains_sent")
        self._runs[link] = _Run(seat, rate, now)

    def handle_timer(self, now: float) -> None:
        """Sends what is due, and gives up on trains that nothing more is heard of."""
        for link, run in list(self._runs.items()):
            while run.left and run.next <= now:
                number, packet = trying(link, run.seat, run.packet, run.size, now)
                run.train.add(number, len(packet), now)
                self._outbox.put(Resend(link, packet))
                run.left -= 1
                run.next += run.interval
            if not run.left and run.train.is_over(now):
                self._end(link, now)

    def receive(self, link: Subscriber, arrivals: Arrivals, now: float) -> None:
        """Takes what a subscriber's browser says of arrivals."""
        run = self._runs.get(link)
        if run is None:
            return
        run.train.receive(arrivals)
        if not run.left and run.train.is_over(now):
            self._end(link, now)

    def _end(self, link: Subscriber, now: float) -> None:
        run = self._runs.pop(link)
        if link.chooser is not None:
            link.chooser.receive_train(run.train.delivered(), now)

    def cut(self, slot: Slot) -> None:
        """Sends no more copies of what a slot has carried until now."""
        for run in self._runs.values():
            if run.seat.slot is slot:
                run.packet = None

    def forget(self, link: Subscriber) -> None:
        """Forgets someone who is gone."""
        self._runs.pop(link, None)


def _newest(seat: Seat, size: int, now: float) -> bytes | None:
    """Returns a packet of up to this size that was sent in this seat a moment ago, with its own numbers."""
    segment = seat.present()
    if segment is None:
        return None
    packet = segment.track.largest(now, segment.first - segment.offset, size)
    return own_packet(segment, packet) if packet is not None else None
