"""What publishers are told: which packets to send again, when to make a keyframe, how they are received."""

from __future__ import annotations

from media_relay.core import rtcp, rtp, twcc
from media_relay.core.links import Publisher, Stream
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import SendControl

REPORT_INTERVAL = 1.0
FIRST_REPORT_DELAY = 0.1
PUBLISHER_BITRATE = 6_000_000
"""What publishers are told the relay can take, in bits per second; loss makes them send less."""
TRANSPORT_SEQUENCE_BYTES = 2
_NTP_ONE = 1 << 32


class Uplink:
    """The way back to publishers."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def receive_rtp(self, publisher: Publisher, header: rtp.Header, data: bytes, now: float) -> None:
        """Notes a packet of any kind, of whose arrival the publisher hears soon; raises ValueError."""
        publisher.next_report = min(publisher.next_report, now + FIRST_REPORT_DELAY)
        if publisher.transport_id:
            number = rtp.extension(data, header, publisher.transport_id)
            if len(number) == TRANSPORT_SEQUENCE_BYTES:
                publisher.arrivals.receive(int.from_bytes(number, "big"), now)

    def receive_rtcp(self, publisher: Publisher, packet: rtcp.Packet, now: float, relay_ntp: float) -> None:
        """Takes a publisher's RTCP, of which its sender reports matter."""
        if not isinstance(packet, rtcp.SenderReport):
            return
        stream = publisher.find(packet.ssrc)
        if stream is None:
            return
        ntp = packet.ntp / _NTP_ONE
        stream.reception.receive_sender_report(packet.ntp, now)
        publisher.receive_clock(ntp, relay_ntp)
        stream.report = ntp, packet.rtp_time

    def want_keyframe(self, stream: Stream | None, now: float) -> None:
        """Asks for a keyframe of a layer, now or as soon as it may be asked for."""
        if stream is not None and stream.source.is_video:
            stream.keyframes.want()
            self._ask_for_keyframe(stream, now)

    def _ask_for_keyframe(self, stream: Stream, now: float) -> None:
        if stream.keyframes.due(now):
            self._outbox.counters.add("keyframes_requested")
            self._outbox.feed_back(stream.source.publisher, rtcp.PictureLoss(self._outbox.ssrc, stream.ssrc))

    def serve(self, publisher: Publisher, now: float) -> None:
        """Sends what is due."""
        for stream in publisher.streams:
            if not stream.source.permitted:
                continue
            missing = stream.losses.due(now) if stream.losses is not None else []
            if missing:
                self._outbox.counters.add("nacks_sent", len(missing))
                self._outbox.feed_back(publisher, rtcp.Nack(self._outbox.ssrc, stream.ssrc, tuple(missing)))
            self._ask_for_keyframe(stream, now)
        if publisher.transport_id and now >= publisher.next_arrivals:
            self._report_arrivals(publisher, now)
        if now >= publisher.next_report:
            publisher.next_report = now + REPORT_INTERVAL
            self._report_to(publisher, now)

    def _report_arrivals(self, publisher: Publisher, now: float) -> None:
        publisher.next_arrivals = now + twcc.FEEDBACK_INTERVAL
        media = next((stream.ssrc for stream in publisher.streams), 0)
        for arrivals in publisher.arrivals.build(now):
            self._outbox.feed_back(publisher, rtcp.TransportFeedback(self._outbox.ssrc, media, arrivals))

    def _report_to(self, publisher: Publisher, now: float) -> None:
        streams = list(publisher.streams)
        blocks = tuple(stream.reception.report(now) for stream in streams if stream.reception.received)
        remb = rtcp.Remb(self._outbox.ssrc, PUBLISHER_BITRATE, tuple(stream.ssrc for stream in streams))
        report = rtcp.ReceiverReport(self._outbox.ssrc, blocks)
        self._outbox.put(SendControl(publisher, rtcp.build_compound(report, remb)))
