"""What subscribers say of their line: what they lack, what they need, how much comes through."""

from __future__ import annotations

from collections import deque

from media_relay.core import feedback, rtcp
from media_relay.core.choice import Choice
from media_relay.core.congestion import HIGH_LOSS
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import Resend
from media_relay.core.repair import own_packet, sent_again
from media_relay.core.rewriter import MAX_LATE
from media_relay.core.room import Room
from media_relay.core.seat import Seat, Segment
from media_relay.core.subscriber import Subscriber
from media_relay.core.trains import Trains
from media_relay.core.uplink import Uplink

_COMPACT = 1 << 16
MAX_RTT = 30.0
RTT_WEIGHT = 0.25
TWICE_SECONDS = 0.02
"""Between both times that something is sent again: most bursts of losses are shorter."""
MAX_TWICE = 4096


class Downlink:
    """Answers subscribers' RTCP."""

    def __init__(self, outbox: Outbox, uplink: Uplink, choice: Choice, trains: Trains) -> None:
        self._outbox = outbox
        self._uplink = uplink
        self._choice = choice
        self._trains = trains
        self._twice: deque[tuple[float, Subscriber, int, int]] = deque()
        """What is to be sent once more, and when: to whom, in which slot (SSRC), which own number."""

    def receive_rtcp(self, room: Room, link: Subscriber, data: bytes, now: float, relay_ntp: float) -> None:
        """Takes a subscriber's RTCP; raises ValueError."""
        said = feedback.read(data)
        if said is not None:
            self._receive_report(room, link, said, now, relay_ntp)
            return
        receptions: list[feedback.Reception] = []
        bitrate = -1
        for packet in rtcp.parse_compound(data):
            if isinstance(packet, rtcp.ReceiverReport | rtcp.SenderReport):
                receptions += [(r.ssrc, r.fraction_lost, r.lsr, r.dlsr) for r in packet.reports]
            elif isinstance(packet, rtcp.Remb):
                bitrate = packet.bitrate
            else:
                self._receive(link, packet, now)
        if receptions or bitrate >= 0:
            self._receive_report(room, link, feedback.Feedback(receptions, bitrate), now, relay_ntp)

    def _receive(self, link: Subscriber, packet: rtcp.Packet, now: float) -> None:
        match packet:
            case rtcp.Nack(media=ssrc, sequences=sequences):
                self._resend(link, ssrc, sequences, now)
            case rtcp.PictureLoss(media=ssrc):
                self._receive_picture_loss(link, ssrc, now)
            case rtcp.FullIntra(entries=entries):
                for ssrc, _ in entries:
                    self._receive_picture_loss(link, ssrc, now)
            case rtcp.TransportFeedback(arrivals=arrivals):
                self._trains.receive(link, arrivals, now)

    def _receive_report(
        self, room: Room, link: Subscriber, said: feedback.Feedback, now: float, relay_ntp: float
    ) -> None:
        if link.joined is None:
            return
        losses = []
        for ssrc, lost, lsr, dlsr in said.receptions:
            if ssrc in link.seats:
                losses.append((ssrc, lost / 256))
                self._measure(link, lsr, dlsr, relay_ntp)
        self._choice.receive_report(room, link, losses, said.bitrate if said.bitrate >= 0 else None, now)

    def _measure(self, link: Subscriber, lsr: int, dlsr: int, relay_ntp: float) -> None:
        """Takes the round trip from what a browser says of our latest report (RFC 3550 section 6.4.1)."""
        rtt = (int(relay_ntp * _COMPACT) - lsr - dlsr & 0xFFFFFFFF) / _COMPACT
        if lsr and rtt < MAX_RTT:
            link.rtt = rtt if not link.rtt else link.rtt + (rtt - link.rtt) * RTT_WEIGHT

    def _receive_picture_loss(self, link: Subscriber, ssrc: int, now: float) -> None:
        seat = link.seats.get(ssrc)
        source = seat.slot.source if seat is not None else None
        track = seat.track if seat is not None else None
        if source is None or track is None or track.layer >= source.layer_count:
            return
        stream = source.streams[track.layer]
        # What waits to be sent serves this one too.
        if stream is None or stream.keyframes.wanted:
            return
        if link.picture_losses.take(1, now):
            self._uplink.want_keyframe(stream, now)
        else:
            self._outbox.counters.add("picture_losses_over_limit")

    def _resend(self, link: Subscriber, ssrc: int, sequences: tuple[int, ...], now: float) -> None:
        seat = link.seats.get(ssrc)
        if seat is None:
            return
        self._outbox.counters.add("nacked", len(sequences))
        for sequence in sequences:
            found = _find(link, seat, sequence, now)
            if found is None or not seat.may_try(found[0].first, link.rtt, now):
                continue
            if not self._send_again(link, seat, found, now):
                return
            if link.takes_rtx and link.loss < HIGH_LOSS and len(self._twice) < MAX_TWICE:
                self._twice.append((now + TWICE_SECONDS, link, ssrc, sequence))

    def _send_again(self, link: Subscriber, seat: Seat, found: tuple[Segment, bytes], now: float) -> bool:
        """Sends a packet again; returns whether that wasn't too much."""
        segment, packet = found
        if not link.may_resend(len(packet), now):
            self._outbox.counters.add("resends_over_limit")
            return False
        self._outbox.counters.add("resent")
        self._outbox.put(Resend(link, sent_again(link, seat, own_packet(segment, packet), now)))
        return True

    def handle_timer(self, now: float) -> None:
        """Sends once more what was sent again a moment ago.

        Of what is sent again on a line that loses one packet in twenty, one in twenty is lost, too, and by
        the time that a browser asks for it a second time the picture has stood still.
        """
        while self._twice and self._twice[0][0] <= now:
            _, link, ssrc, sequence = self._twice.popleft()
            seat = link.seats.get(ssrc)
            found = _find(link, seat, sequence, now) if seat is not None else None
            if seat is not None and found is not None:
                self._send_again(link, seat, found, now)


def _find(link: Subscriber, seat: Seat, sequence: int, now: float) -> tuple[Segment, bytes] | None:
    """Returns a packet that was sent in this seat, by its own number, if it may be sent again."""
    segment = seat.find(sequence)
    packet = segment.track.find(segment.first - segment.offset, now) if segment is not None else None
    if segment is None or packet is None or _is_too_old(link, seat, segment.first):
        return None
    return segment, packet


def _is_too_old(link: Subscriber, seat: Seat, place: int) -> bool:
    """Whether a packet can't be encrypted once more; one in a stream of its own (RTX) always can."""
    return not link.takes_rtx and seat.numbers().sequence - place >= MAX_LATE
