"""A slot: one outgoing stream for a whole room, whichever source fills it."""

from __future__ import annotations

from media_relay.core import codecs, rtcp, rtp
from media_relay.core.links import Source, Stream
from media_relay.core.packet_cache import PacketCache
from media_relay.core.rewriter import FIRST_SEQUENCES, PictureIds, Rewriter
from media_relay.core.sdp import AUDIO

CACHE_PACKETS = {True: 600, False: 200}
CACHE_BYTES = {True: 1 << 20, False: 100 << 10}
"""By `is_video`: two seconds or more. libsrtp can't repeat what is 1,024 packets old."""
CACHE_SECONDS = 2.0
SIZE_STEP = 16
MAX_PADDED_BYTES = 1280
"""Larger packets than browsers make keep their size, lest they outgrow the path."""
NEAR_WRAP = 64
MAX_REPORT_AGE = 5.0


class Slot:
    """Makes the packets of its source its own: SSRC, payload type, extensions, sequence and timestamp."""

    def __init__(self, name: str, kind: str, ssrc: int, random: int) -> None:
        self.name = name
        self.kind = kind
        self.ssrc = ssrc
        self.is_video = kind != AUDIO
        self.clock_rate = codecs.VIDEO_CLOCK_RATE if self.is_video else codecs.AUDIO_CLOCK_RATE
        self.source: Source | None = None
        self.next_report = 0.0
        self._feed: Stream | None = None
        self._rewriter = Rewriter(self.clock_rate, random % FIRST_SEQUENCES, (random >> 14) & 0xFFFFFFFF)
        self._pictures = PictureIds()
        self._cache = PacketCache(CACHE_PACKETS[self.is_video], CACHE_BYTES[self.is_video])
        self._last = -MAX_REPORT_AGE
        self._packets = 0
        self._octets = 0

    def fill(self, source: Source | None) -> None:
        """Takes its packets from another source from now on, or from none."""
        self.source = source
        self._feed = None

    def waits_for_keyframe(self) -> bool:
        """Whether nothing can be sent before a keyframe comes."""
        return self.is_video and self.source is not None and self._feed is not self.source.stream

    def is_near_wrap(self, now: float) -> bool:
        """Whether someone who joins now might see its first packet only after the numbers have wrapped.

        Its idea of SRTP's rollover counter would then be one less than ours, for good.
        """
        return now - self._last < 0.5 and self._rewriter.next_sequence > 0xFFFF - NEAR_WRAP

    def forward(
        self, stream: Stream, header: rtp.Header, data: bytes, keyframe: bool, now: float
    ) -> bytes | None:
        """Returns the slot's own packet, or None if it has no place in the stream; raises ValueError."""
        codec = stream.source.codecs[header.payload_type]
        payload = data[header.payload_offset : len(data) - header.padding]
        descriptor = codecs.parse_vp8(payload) if codec == codecs.VP8 and payload else None
        if stream is not self._feed:
            if self.is_video and not keyframe:
                return None
            self._rewriter.switch(header.sequence, header.timestamp, now)
            if descriptor is not None:
                self._pictures.switch(descriptor)
            self._feed = stream
            self.next_report = now
        numbers = self._rewriter.rewrite(header.sequence, header.timestamp, now)
        if numbers is None:
            return None
        if descriptor is not None:
            payload = self._pictures.rewrite(payload, descriptor)
        return self._finish(header, numbers, codec, stream.source.extensions(data, header), payload, now)

    def _finish(
        self,
        header: rtp.Header,
        numbers: tuple[int, int],
        codec: str,
        extension: bytes,
        payload: bytes,
        now: float,
    ) -> bytes:
        head = rtp.build_header(
            codecs.PAYLOAD_TYPES[codec], numbers[0], numbers[1], self.ssrc, header.marker, extension
        )
        packet = _padded(head, payload) if self.is_video else head + payload
        self._cache.put(numbers[0], packet, now)
        self._last = now
        self._packets += 1
        self._octets += len(payload)
        return packet

    def frame(self, header: rtp.Header) -> tuple[int, int] | None:
        """Returns what all packets of a picture have in common."""
        return (self.ssrc, header.timestamp) if self.is_video else None

    def resend(self, sequence: int, joined: float, now: float) -> bytes | None:
        """Returns a recent packet, but none from before the asker joined: its SRTP has no number for that."""
        return self._cache.get(sequence, now, min(CACHE_SECONDS, now - joined))

    def report(self, cname: str, now: float, relay_ntp: float) -> bytes | None:
        """Returns the sender report for all; None while the clocks aren't known or nothing is sent."""
        feed = self._feed
        if feed is None or feed.report is None or now - self._last > MAX_REPORT_AGE:
            return None
        offset = feed.source.publisher.clock_offset
        if offset is None:
            return None
        ntp, timestamp = feed.report
        elapsed = relay_ntp - offset - ntp
        sent = rtcp.SenderReport(
            self.ssrc,
            int(relay_ntp * (1 << 32)),
            self._rewriter.shift(timestamp + round(elapsed * self.clock_rate)),
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        return rtcp.build_compound(sent, rtcp.SourceDescription(((self.ssrc, cname),)))


def _padded(head: bytes, payload: bytes) -> bytes:
    """Returns the packet with padding (RFC 3550 section 5.1) up to the next multiple of `SIZE_STEP`.

    Browsers make the packets of a picture equal to a byte; made quite equal, they can be sent as one message.
    A packet that was padding alone keeps its place with a little of it.
    """
    size = len(head) + len(payload)
    count = -size % SIZE_STEP or (0 if payload else SIZE_STEP)
    if not count or size > MAX_PADDED_BYTES:
        return head + payload
    return b"".join((bytes((head[0] | 0x20,)), head[1:], payload, bytes(count - 1), bytes((count,))))
