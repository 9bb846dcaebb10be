"""The media connections as the router knows them: who they belong to and what they brought along."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from media_relay.core import codecs, rtp, twcc
from media_relay.core.losses import LossDetector, Reception
from media_relay.core.meter import Meter, SteadyRate
from media_relay.core.sdp import AUDIO, Codec, Media
from media_relay.core.throttles import KeyframeThrottle, TokenBucket

MAX_AUDIO_BITRATE = 640_000
MAX_VIDEO_BITRATE = 6_000_000
"""More than any browser sends of itself: 2.5 Mbps for 720p, some more for a screen; Opus ends at 510 kbps."""
BURST_SECONDS = 1.0
MIN_PACKET_CHARGE = 300
"""Bytes that a packet counts for at least: what the smallest costs the relay, times all who watch."""
MAX_RETIRED = 32
MAX_LAYERS = 3
CLOCK_RESET_SECONDS = 1.0
CLOCK_DRIFT_WEIGHT = 0.02
PASSED_EXTENSIONS = frozenset((codecs.URI_AUDIO_LEVEL, codecs.URI_VIDEO_ORIENTATION))
_NAMES = (codecs.URI_MID, codecs.URI_RID, codecs.URI_REPAIRED_RID)


class Connection(NamedTuple):
    """Whose connection it is; there is one of each."""

    room: str
    participant: str
    client: str
    direction: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A source as its publisher offers it: the m-line and what was taken of it.

    `rids` are its layers, the lowest first, if it has several.
    """

    kind: str
    media: Media
    codecs: tuple[Codec, ...]
    rtx: tuple[Codec, ...] = ()
    rids: tuple[str, ...] = ()


class Link:
    """A media connection; `connected` is when its keys came, None until then."""

    __slots__ = ("connected", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.connected: float | None = None


class Stream:
    """The packets of one SSRC of a source, which are one of its layers."""

    __slots__ = ("keyframes", "layer", "losses", "meter", "reception", "report", "source", "ssrc")

    def __init__(self, source: Source, layer: int, ssrc: int) -> None:
        self.source = source
        self.layer = layer
        self.ssrc = ssrc
        self.keyframes = KeyframeThrottle()
        self.restart()
        self.report: tuple[float, int] | None = None
        """The latest sender report: NTP seconds of the publisher's clock, RTP timestamp."""

    def restart(self) -> None:
        """Begins to count and to look for losses anew: what came until now is of no matter any more."""
        self.reception = Reception(self.ssrc, self.source.clock_rate)
        self.losses = LossDetector() if self.source.nacks else None
        self.meter = Meter()


class Source:
    """A microphone, camera or screen of a publisher; each of its layers has one live stream at a time."""

    def __init__(self, publisher: Publisher, offered: Offered) -> None:
        self.publisher = publisher
        self.kind = offered.kind
        self.is_video = offered.media.kind != AUDIO
        self.clock_rate = codecs.VIDEO_CLOCK_RATE if self.is_video else codecs.AUDIO_CLOCK_RATE
        self.codecs = {codec.payload_type: codec.name.lower() for codec in offered.codecs}
        self.repairs = {codec.payload_type: int(codec.parameters["apt"]) for codec in offered.rtx}
        """By payload type of retransmissions that of what they repair."""
        self.nacks = any("nack" in codec.feedback for codec in offered.codecs)
        self.rids = offered.rids
        """The names of its layers, the lowest first; empty if there is but one, without a name."""
        self.streams: list[Stream | None] = [None] * max(1, len(self.rids))
        self.rates = [0.0] * len(self.streams)
        """Bits per second that each layer had when it flowed last."""
        self.steady = [SteadyRate() for _ in self.streams]
        """Bits per second that each layer has when it flows."""
        self.wanted: frozenset[int] | None = None
        """The layers that the publisher was told to send, None if it was told nothing."""
        self.watched = [-math.inf] * len(self.streams)
        """When anybody watched each layer last."""
        self.asked = [-math.inf] * len(self.streams)
        """When the publisher was told to send each layer again."""
        self.permitted = True
        """Whether its packets are let in; see `permit`."""
        rate = (MAX_VIDEO_BITRATE if self.is_video else MAX_AUDIO_BITRATE) / 8
        self.bucket = TokenBucket(rate, rate * BURST_SECONDS)
        self._passed = {
            number: uri for uri, number in offered.media.extensions.items() if uri in PASSED_EXTENSIONS
        }

    @property
    def layer_count(self) -> int:
        """How many layers there may be."""
        return len(self.streams)

    def permit(self, allowed: bool) -> None:
        """Lets its packets in or keeps them out from now on.

        What was sent while they were kept out is not asked for afterwards, and does not count as lost.
        """
        if allowed != self.permitted:
            self.permitted = allowed
            for stream in self.streams:
                if stream is not None:
                    stream.restart()

    def extensions(self, data: bytes, header: rtp.Header) -> tuple[tuple[str, bytes], ...]:
        """Returns the extensions to pass on, by URI; raises ValueError."""
        if not header.extension_length or not self._passed:
            return ()
        passed = self._passed
        return tuple(
            (passed[number], value) for number, value in rtp.extensions(data, header) if number in passed
        )


class Publisher(Link):
    """Someone who sends; knows which packet belongs to which source (RFC 8843 section 9.2) and layer."""

    __slots__ = (
        "_by_mid",
        "_by_ssrc",
        "_extensions",
        "_repaired",
        "_repairs",
        "_retired",
        "_streams",
        "arrivals",
        "clock_offset",
        "next_arrivals",
        "next_report",
        "sources",
        "transport_id",
    )

    def __init__(self, connection: Connection, offered: Iterable[Offered]) -> None:
        super().__init__(connection)
        offered = tuple(offered)
        self.sources = {item.kind: Source(self, item) for item in offered}
        self._by_mid = {item.media.mid.encode(): self.sources[item.kind] for item in offered}
        self._by_ssrc = {ssrc: self.sources[item.kind] for item in offered for ssrc in item.media.ssrcs}
        self._repaired = {repair: ssrc for item in offered for ssrc, repair in item.media.rtx.items()}
        # An id means the same in all m-lines of a bundle.
        self._extensions = {
            number: uri for item in offered for uri, number in item.media.extensions.items() if uri in _NAMES
        }
        self._streams: dict[int, Stream] = {}
        self._repairs: dict[int, tuple[Source, int]] = {}
        self._retired: deque[int] = deque(maxlen=MAX_RETIRED)
        self.clock_offset: float | None = None
        self.next_report = math.inf
        self.transport_id = next(
            (
                item.media.extensions[codecs.URI_TRANSPORT_CC]
                for item in offered
                if codecs.URI_TRANSPORT_CC in item.media.extensions
            ),
            0,
        )
        """The id of the transport-wide sequence number, 0 if the publisher sends none."""
        self.arrivals = twcc.Log()
        self.next_arrivals = -math.inf

    def find(self, ssrc: int) -> Stream | None:
        """Returns the live stream of an SSRC."""
        return self._streams.get(ssrc)

    def find_repaired(self, ssrc: int) -> Stream | None:
        """Returns the live stream whose packets this SSRC sends again (RFC 4588)."""
        source, layer = self._repairs.get(ssrc, (None, 0))
        return source.streams[layer] if source is not None else None

    def learn(self, data: bytes, header: rtp.Header) -> Stream | None:
        """Returns the stream that a packet of an unknown SSRC begins, or None if that can't be told.

        An SSRC of retransmissions is learned, too, and has no stream of its own; raises ValueError.
        """
        names = self._names(data, header)
        source = self._source_of(header, names)
        if source is None or header.ssrc in self._retired:
            return None
        if header.payload_type in source.repairs:
            self._learn_repair(source, header.ssrc, names)
            return None
        layer = _layer(source, names.get(codecs.URI_RID))
        if header.payload_type not in source.codecs or layer is None:
            return None
        former = source.streams[layer]
        if former is not None:
            self._retired.append(former.ssrc)
            del self._streams[former.ssrc]
        stream = source.streams[layer] = self._streams[header.ssrc] = Stream(source, layer, header.ssrc)
        return stream

    def _learn_repair(self, source: Source, ssrc: int, names: Mapping[str, bytes]) -> None:
        media = self._streams.get(self._repaired.get(ssrc, 0))
        layer = media.layer if media is not None else _layer(source, names.get(codecs.URI_REPAIRED_RID))
        if layer is not None:
            self._repairs = {
                known: entry for known, entry in self._repairs.items() if entry != (source, layer)
            }
            self._repairs[ssrc] = source, layer

    def _names(self, data: bytes, header: rtp.Header) -> dict[str, bytes]:
        if not self._extensions:
            return {}
        known = self._extensions
        return {known[number]: value for number, value in rtp.extensions(data, header) if number in known}

    def _source_of(self, header: rtp.Header, names: Mapping[str, bytes]) -> Source | None:
        if codecs.URI_MID in names:
            return self._by_mid.get(names[codecs.URI_MID])
        ssrc = self._repaired.get(header.ssrc, header.ssrc)
        if ssrc in self._by_ssrc:
            return self._by_ssrc[ssrc]
        payload_type = header.payload_type
        matching = [
            source
            for source in self.sources.values()
            if payload_type in source.codecs or payload_type in source.repairs
        ]
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


def _layer(source: Source, rid: bytes | None) -> int | None:
    """Returns which layer of the source a packet with that name belongs to, None if that can't be told."""
    if not source.rids:
        return 0
    name = (rid or b"").decode("ascii", "replace")
    return source.rids.index(name) if name in source.rids else None
