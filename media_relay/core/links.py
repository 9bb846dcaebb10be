"""The media connections as the router knows them: who they belong to and what they brought along."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from media_relay.core import codecs, rtp
from media_relay.core.bandwidth import Estimate
from media_relay.core.losses import LossDetector, Reception
from media_relay.core.sdp import AUDIO, Codec, Media
from media_relay.core.throttles import KeyframeThrottle, TokenBucket

MAX_AUDIO_BITRATE = 640_000
MAX_VIDEO_BITRATE = 6_000_000
"""More than any browser sends of itself: 2.5 Mbps for 720p, some more for a screen; Opus ends at 510 kbps."""
BURST_SECONDS = 1.0
RESENDS_PER_SECOND = 150
RESEND_BURST = 300
PICTURE_LOSSES_PER_SECOND = 0.3
PICTURE_LOSS_BURST = 6
"""Keyframes cost everyone: who asks without end gets no more than three in ten seconds."""
MIN_PACKET_CHARGE = 300
"""Bytes that a packet counts for at least: what the smallest costs the relay, times all who watch."""
MAX_RETIRED = 32
CLOCK_RESET_SECONDS = 1.0
CLOCK_DRIFT_WEIGHT = 0.02


class Connection(NamedTuple):
    """Whose connection it is; there is one of each."""

    room: str
    participant: str
    client: str
    direction: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A source as its publisher offers it: the m-line and the codecs that were taken of it."""

    kind: str
    media: Media
    codecs: tuple[Codec, ...]


class Link:
    """A media connection; `connected` is when its keys came, None until then."""

    __slots__ = ("connected", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.connected: float | None = None


class Subscriber(Link):
    """Someone who watches; `joined` is since when packets are forwarded to it."""

    __slots__ = ("estimate", "joined", "picture_losses", "resends")

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.joined: float | None = None
        self.estimate = Estimate()
        self.resends = TokenBucket(RESENDS_PER_SECOND, RESEND_BURST)
        self.picture_losses = TokenBucket(PICTURE_LOSSES_PER_SECOND, PICTURE_LOSS_BURST)


class Stream:
    """The packets of one SSRC of a source."""

    __slots__ = ("losses", "reception", "report", "source", "ssrc")

    def __init__(self, source: Source, ssrc: int) -> None:
        self.source = source
        self.ssrc = ssrc
        self.reception = Reception(ssrc, source.clock_rate)
        self.losses = LossDetector() if source.nacks else None
        self.report: tuple[float, int] | None = None
        """The latest sender report: NTP seconds of the publisher's clock, RTP timestamp."""


class Source:
    """A microphone, camera or screen of a publisher; it has one live stream at a time."""

    def __init__(self, publisher: Publisher, offered: Offered) -> None:
        self.publisher = publisher
        self.kind = offered.kind
        self.is_video = offered.media.kind != AUDIO
        self.clock_rate = codecs.VIDEO_CLOCK_RATE if self.is_video else codecs.AUDIO_CLOCK_RATE
        self.codecs = {codec.payload_type: codec.name.lower() for codec in offered.codecs}
        self.nacks = any("nack" in codec.feedback for codec in offered.codecs)
        self.permitted = True
        self.stream: Stream | None = None
        self.keyframes = KeyframeThrottle()
        rate = (MAX_VIDEO_BITRATE if self.is_video else MAX_AUDIO_BITRATE) / 8
        self.bucket = TokenBucket(rate, rate * BURST_SECONDS)
        self._extensions = _extension_ids(offered.media.extensions)

    def extensions(self, data: bytes, header: rtp.Header) -> bytes:
        """Returns the block of extensions to pass on, under the relay's own ids; raises ValueError."""
        if not header.extension_length or not self._extensions:
            return b""
        ids = self._extensions
        return rtp.build_extensions(
            [(ids[number], value) for number, value in rtp.extensions(data, header) if number in ids]
        )


def _extension_ids(offered: Mapping[str, int]) -> dict[int, int]:
    """Returns the relay's id by the publisher's id for the extensions that are passed on."""
    passed = {
        codecs.URI_AUDIO_LEVEL: codecs.AUDIO_LEVEL_ID,
        codecs.URI_VIDEO_ORIENTATION: codecs.VIDEO_ORIENTATION_ID,
    }
    return {offered[uri]: number for uri, number in passed.items() if uri in offered}


class Publisher(Link):
    """Someone who sends; knows which packet belongs to which source (RFC 8843 section 9.2)."""

    __slots__ = (
        "_by_mid",
        "_by_ssrc",
        "_mid_id",
        "_retired",
        "_streams",
        "clock_offset",
        "next_report",
        "sources",
    )

    def __init__(self, connection: Connection, offered: Iterable[Offered]) -> None:
        super().__init__(connection)
        offered = tuple(offered)
        self.sources = {item.kind: Source(self, item) for item in offered}
        self._by_mid = {item.media.mid.encode(): self.sources[item.kind] for item in offered}
        self._by_ssrc = {ssrc: self.sources[item.kind] for item in offered for ssrc in item.media.ssrcs}
        # An id means the same in all m-lines of a bundle, so that the first one's serves.
        self._mid_id = next(
            (
                item.media.extensions[codecs.URI_MID]
                for item in offered
                if codecs.URI_MID in item.media.extensions
            ),
            None,
        )
        self._streams: dict[int, Stream] = {}
        self._retired: deque[int] = deque(maxlen=MAX_RETIRED)
        self.clock_offset: float | None = None
        self.next_report = math.inf

    def find(self, ssrc: int) -> Stream | None:
        """Returns the live stream of an SSRC."""
        return self._streams.get(ssrc)

    def learn(self, data: bytes, header: rtp.Header) -> Stream | None:
        """Returns the stream that a packet of an unknown SSRC begins, or None if that can't be told."""
        source = self._source_of(data, header)
        if source is None or header.payload_type not in source.codecs or header.ssrc in self._retired:
            return None
        if source.stream is not None:
            self._retired.append(source.stream.ssrc)
            del self._streams[source.stream.ssrc]
        source.stream = self._streams[header.ssrc] = Stream(source, header.ssrc)
        return source.stream

    def _source_of(self, data: bytes, header: rtp.Header) -> Source | None:
        for number, value in rtp.extensions(data, header) if self._mid_id is not None else ():
            if number == self._mid_id:
                return self._by_mid.get(value)
        if header.ssrc in self._by_ssrc:
            return self._by_ssrc[header.ssrc]
        matching = [source for source in self.sources.values() if header.payload_type in source.codecs]
        return matching[0] if len(matching) == 1 else None

    def receive_clock(self, ntp: float, relay_ntp: float) -> None:
        """Notes what the publisher's clock showed; one mapping for all its sources keeps them in lip sync."""
        sample = relay_ntp - ntp
        offset = self.clock_offset
        if offset is None or sample < offset or sample - offset > CLOCK_RESET_SECONDS:
            self.clock_offset = sample
        else:
            # The least delayed report tells best; the rest only lets the mapping follow a drifting clock.
            self.clock_offset = offset + (sample - offset) * CLOCK_DRIFT_WEIGHT

    @property
    def streams(self) -> Iterable[Stream]:
        """The live streams."""
        return self._streams.values()
