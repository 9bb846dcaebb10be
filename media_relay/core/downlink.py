"""What subscribers say of their line: what they lack, what they need, how much comes through."""

from __future__ import annotations

from media_relay.core import rtcp
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import Resend
from media_relay.core.shift import shifted
from media_relay.core.subscriber import Subscriber
from media_relay.core.uplink import Uplink


class Downlink:
    """Answers subscribers' RTCP."""

    def __init__(self, outbox: Outbox, uplink: Uplink) -> None:
        self._outbox = outbox
        self._uplink = uplink

    def receive_rtcp(self, link: Subscriber, packet: rtcp.Packet, now: float) -> None:
        """Takes a subscriber's RTCP."""
        match packet:
            case rtcp.Nack(media=ssrc, sequences=sequences):
                self._resend(link, ssrc, sequences, now)
            case rtcp.PictureLoss(media=ssrc):
                self._receive_picture_loss(link, ssrc, now)
            case rtcp.FullIntra(entries=entries):
                for ssrc, _ in entries:
                    self._receive_picture_loss(link, ssrc, now)
            case rtcp.Remb(bitrate=bitrate):
                link.estimate.receive_remb(bitrate, now)
            case rtcp.ReceiverReport(reports=reports):
                for block in reports:
                    link.estimate.receive_loss(block.fraction_lost / 256, now)

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
            if not link.resends.take(1, now):
                self._outbox.counters.add("resends_over_limit")
                return
            segment = seat.find(sequence)
            packet = segment.track.find(segment.first - segment.offset, now) if segment is not None else None
            if segment is not None and packet is not None:
                self._outbox.counters.add("resent")
                own = shifted(packet, segment.track.places(packet), segment.shift)
                self._outbox.put(Resend(link, own))
