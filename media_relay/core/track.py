"""A track: one outgoing stream of a slot, shared by all who watch one layer under the same numbers."""

from __future__ import annotations

from typing import NamedTuple

from media_relay.core import codecs, rtcp, rtp
from media_relay.core.arrival import Arrival
from media_relay.core.codecs import Profile
from media_relay.core.links import Stream
from media_relay.core.packet_cache import PacketCache
from media_relay.core.rewriter import PictureIds, Rewriter, Timeline
from media_relay.core.shift import NO_PLACES, Places

CACHE_PACKETS = {True: 600, False: 200}
CACHE_BYTES = {True: 1 << 20, False: 100 << 10}
"""By `is_video`: two seconds or more."""
CACHE_SECONDS = 2.0
SIZE_STEP = 16
MAX_PADDED_BYTES = 1280
"""Larger packets than browsers make keep their size, lest they outgrow the path."""
LARGEST_OF = 32
NEAR_WRAP = 256
"""As many packets as may still come late: `losses.WINDOW`."""
MAX_REPORT_AGE = 5.0
MIN_REALIGNMENT = 0.005
MAX_REALIGNMENT = 1.0
"""Seconds between the clocks of two layers: less is no matter, more is no clock."""


class Numbers(NamedTuple):
    """The latest numbers of a stream, the sequence number without wrap-around; -1 for ids it has none of."""

    sequence: int
    timestamp: int
    picture_id: int = -1
    tl0: int = -1


class Written(NamedTuple):
    """A packet as a track sends it, with its own numbers and where in it those of VP8 are."""

    packet: bytes
    numbers: Numbers
    places: Places


class Track:
    """Makes the packets of a layer its own: SSRC, payload type, extensions, sequence and timestamp."""

    def __init__(
        self, ssrc: int, layer: int, profile: Profile, timeline: Timeline, sequence: int, *, is_video: bool
    ) -> None:
        self.ssrc = ssrc
        self.layer = layer
        self.key = ssrc << 2 | layer
        self.profile = profile
        self.is_video = is_video
        self.feed: Stream | None = None
        """Whose packets it carries on; None after a change until the next keyframe."""
        self.users = 0
        """How many subscribers are in it or want to be."""
        self.floor = -1 << 62
        """Packets before this place go to nobody: someone who moved in has used their numbers already."""
        self.next_report = 0.0
        self._clock_rate = timeline.clock_rate
        self._rewriter = Rewriter(timeline, sequence)
        self._pictures = PictureIds()
        self._cache = PacketCache(CACHE_PACKETS[is_video], CACHE_BYTES[is_video])
        self._send_time_id = profile.extensions.get(codecs.URI_ABS_SEND_TIME, 0) if is_video else 0
        self._last = -MAX_REPORT_AGE
        self._packets = 0
        self._octets = 0

    @property
    def highest(self) -> int:
        """The place of the newest packet."""
        return self._rewriter.highest

    @property
    def numbers(self) -> Numbers:
        """The latest numbers."""
        pictures = self._pictures
        return Numbers(self._rewriter.highest, self._rewriter.timestamp, pictures.last, pictures.last_tl0)

    def is_near_wrap(self) -> bool:
        """Whether someone who joins now might see its first packets on different sides of the numbers' wrap.

        Its idea of SRTP's rollover counter would then differ from ours, for good.
        """
        following = (self.highest + 1) & 0xFFFF
        return following > 0xFFFF - NEAR_WRAP or (self.highest >= 0xFFFF and following < NEAR_WRAP)

    def write(self, arrival: Arrival, reference: Track | None = None) -> Written | None:
        """Returns the track's own packet, or None if it has no place in the stream; raises ValueError.

        The timestamps are aligned with those of `reference`, another layer's track.
        """
        header, picture, now = arrival.header, arrival.picture, arrival.now
        payload_type = self.profile.payload_types.get(arrival.codec)
        if payload_type is None or not self._begin(arrival, reference):
            return None
        numbers = self._rewriter.rewrite(header.sequence, header.timestamp, now)
        if numbers is None:
            return None
        place, timestamp = numbers
        payload = arrival.payload if picture is None else self._pictures.rewrite(arrival.payload, picture)
        head = rtp.build_header(
            payload_type, place & 0xFFFF, timestamp, self.ssrc, header.marker, self._extensions(arrival)
        )
        packet = _padded(head, payload) if self.is_video else head + payload
        self._cache.put(place, packet, now)
        self._last = now
        self._packets += 1
        self._octets += len(payload)
        if picture is None:
            return Written(packet, Numbers(place, timestamp), NO_PLACES)
        return Written(packet, *_vp8_numbers(place, timestamp, payload, picture, len(head)))

    def cut(self) -> None:
        """Ends what it carries on; what was sent of that is not sent again."""
        self.feed = None
        self._cache.clear()

    def _begin(self, arrival: Arrival, reference: Track | None) -> bool:
        """Follows the layer to another stream; returns whether the packet can be carried on."""
        header = arrival.header
        if arrival.stream is self.feed:
            if arrival.keyframe and reference is not None:
                self._align(arrival, reference)
            return True
        if self.is_video and not arrival.keyframe:
            return False
        self._rewriter.switch(header.sequence, header.timestamp, arrival.now)
        if arrival.picture is not None:
            self._pictures.switch(arrival.picture)
        self.feed = arrival.stream
        self.next_report = arrival.now
        if reference is not None:
            self._align(arrival, reference)
        return True

    def _align(self, arrival: Arrival, reference: Track) -> None:
        """Lets pictures taken at one moment have one timestamp in both tracks, from this keyframe on."""
        own, other = self.feed, reference.feed
        if own is None or other is None or own.source is not other.source:
            return
        if own.report is None or other.report is None:
            return
        expected = reference._rewriter.shift(other.report[1])
        expected += round((own.report[0] - other.report[0]) * self._clock_rate)
        error = rtp.timestamp_delta(expected & 0xFFFFFFFF, self._rewriter.shift(own.report[1]))
        if MIN_REALIGNMENT <= abs(error) / self._clock_rate <= MAX_REALIGNMENT:
            self._rewriter.realign(arrival.header.sequence, arrival.header.timestamp, error)

    def _extensions(self, arrival: Arrival) -> bytes:
        ids = self.profile.extensions
        elements = [(ids[uri], value) for uri, value in arrival.extensions if uri in ids]
        if self._send_time_id:
            elements.insert(0, (self._send_time_id, send_time(arrival.now)))
        return rtp.build_extensions(elements) if elements else b""

    def find(self, place: int, now: float) -> bytes | None:
        """Returns a recent packet."""
        return self._cache.get(place, now, CACHE_SECONDS)

    def largest(self, now: float, first: int, size: int) -> bytes | None:
        """Returns the largest of the newest packets from place `first` on that is no larger than `size`."""
        places = range(max(first, self.highest - LARGEST_OF + 1), self.highest + 1)
        packets = (self.find(place, now) for place in places)
        return max((packet for packet in packets if packet and len(packet) <= size), key=len, default=None)

    def places(self, packet: bytes) -> Places:
        """Returns where VP8's numbers are in a packet of this track."""
        header = rtp.parse_header(packet)
        payload = rtp.payload(packet, header)
        if header.payload_type != self.profile.payload_types.get(codecs.VP8) or not payload:
            return NO_PLACES
        return _vp8_places(codecs.parse_vp8(payload), header.payload_offset)

    def report(self, cname: str, now: float, relay_ntp: float) -> bytes | None:
        """Returns the sender report for all; None while the clocks aren't known or nothing is sent."""
        feed = self.feed
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
            self._rewriter.shift(timestamp + round(elapsed * self._clock_rate)),
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        return rtcp.build_compound(sent, rtcp.SourceDescription(((self.ssrc, cname),)))


def send_time(now: float) -> bytes:
    """Returns the value of the abs-send-time extension: 24 bits, of which 18 are below the second."""
    return (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")


def _vp8_places(picture: codecs.Vp8Descriptor, start: int) -> Places:
    return Places(
        start + picture.picture_id_offset if picture.picture_id_bits == 15 else -1,
        start + picture.tl0_offset if picture.tl0_offset >= 0 else -1,
    )


def _vp8_numbers(
    place: int, timestamp: int, payload: bytes, picture: codecs.Vp8Descriptor, start: int
) -> tuple[Numbers, Places]:
    places = _vp8_places(picture, start)
    at = picture.picture_id_offset
    number = int.from_bytes(payload[at : at + 2], "big") & 0x7FFF if places.picture_id >= 0 else -1
    tl0 = payload[picture.tl0_offset] if places.tl0 >= 0 else -1
    return Numbers(place, timestamp, number, tl0), places


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
