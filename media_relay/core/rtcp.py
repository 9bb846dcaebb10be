"""RTCP: RFC 3550 section 6, feedback of RFC 4585 and 5104, REMB (draft-alvestrand-rmcat-remb).

`twcc.py` knows the inside of transport-wide feedback.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from media_relay.core import twcc
from media_relay.core.rtp import Data, seq_delta

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
BYE = 203
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206

NACK_FORMAT = 1
TRANSPORT_CC_FORMAT = 15
PLI_FORMAT = 1
FIR_FORMAT = 4
APPLICATION_FORMAT = 15
CNAME = 1

MAX_PACKETS = 64
# What one datagram may ask for again; libwebrtc asks for at most 1,000 at a time.
MAX_NACK_SEQUENCES = 1024
MAX_COUNT = 31
MAX_CNAME_BYTES = 255
MAX_REMB_BITRATE = 1 << 48

_HEADER = struct.Struct("!BBH")
_WORD = struct.Struct("!I")
_TWO_WORDS = struct.Struct("!II")
_SENDER = struct.Struct("!IQIII")
_REPORT = struct.Struct("!IIIIII")
_NACK = struct.Struct("!HH")
_FIR = struct.Struct("!IB3x")


def _packet(kind: int, count: int, body: bytes) -> bytes:
    if count > MAX_COUNT or len(body) >> 2 > 0xFFFF:
        raise ValueError("RTCP packet has too many entries")
    return _HEADER.pack(0x80 | count, kind, len(body) >> 2) + body


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How one source was received (RFC 3550 section 6.4.1), in the wire's units.

    `fraction_lost` in 1/256, `lost` signed, `jitter` in timestamp units, `lsr` and `dlsr` in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int

    def to_bytes(self) -> bytes:
        """Returns the 24 bytes of the block."""
        loss = self.fraction_lost << 24 | self.lost & 0xFFFFFF
        return _REPORT.pack(self.ssrc, loss, self.highest, self.jitter, self.lsr, self.dlsr)


@dataclass(frozen=True, slots=True)
class SenderReport:
    """RFC 3550 section 6.4.1; `ntp` is the 64-bit NTP time."""

    ssrc: int
    ntp: int
    rtp_time: int
    packets: int
    octets: int
    reports: tuple[ReportBlock, ...] = ()

    def to_bytes(self) -> bytes:
        """Returns the packet."""
        sender = _SENDER.pack(self.ssrc, self.ntp, self.rtp_time, self.packets, self.octets)
        return _packet(SENDER_REPORT, len(self.reports), sender + _pack_reports(self.reports))


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """RFC 3550 section 6.4.2."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()

    def to_bytes(self) -> bytes:
        """Returns the packet."""
        return _packet(
            RECEIVER_REPORT, len(self.reports), _WORD.pack(self.ssrc) + _pack_reports(self.reports)
        )


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """RFC 3550 section 6.5, of which only the canonical names: pairs of SSRC and name."""

    names: tuple[tuple[int, str], ...]

    def to_bytes(self) -> bytes:
        """Returns the packet; raises ValueError for a name that is too long."""
        return _packet(
            SOURCE_DESCRIPTION, len(self.names), b"".join(_pack_name(*name) for name in self.names)
        )


@dataclass(frozen=True, slots=True)
class Bye:
    """RFC 3550 section 6.6, without the reason."""

    ssrcs: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Returns the packet."""
        return _packet(BYE, len(self.ssrcs), struct.pack(f"!{len(self.ssrcs)}I", *self.ssrcs))


@dataclass(frozen=True, slots=True)
class Nack:
    """RFC 4585 section 6.2.1: `sender` asks for packets of `media` again."""

    sender: int
    media: int
    sequences: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Returns the packet, a pair for up to 17 neighbours if `sequences` ascend."""
        return _packet(
            TRANSPORT_FEEDBACK,
            NACK_FORMAT,
            _TWO_WORDS.pack(self.sender, self.media) + _pack_sequences(self.sequences),
        )


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """When `sender` got which packets of a whole transport; `media` is any source's SSRC."""

    sender: int
    media: int
    arrivals: twcc.Arrivals

    def to_bytes(self) -> bytes:
        """Returns the packet; raises ValueError for arrivals that are too far apart."""
        body = _TWO_WORDS.pack(self.sender, self.media) + self.arrivals.to_bytes()
        return _packet(TRANSPORT_FEEDBACK, TRANSPORT_CC_FORMAT, body + bytes(-len(body) % 4))


@dataclass(frozen=True, slots=True)
class PictureLoss:
    """RFC 4585 section 6.3.1: `sender` needs a keyframe of `media`."""

    sender: int
    media: int

    def to_bytes(self) -> bytes:
        """Returns the packet."""
        return _packet(PAYLOAD_FEEDBACK, PLI_FORMAT, _TWO_WORDS.pack(self.sender, self.media))


@dataclass(frozen=True, slots=True)
class FullIntra:
    """RFC 5104 section 4.3.1: `sender` needs keyframes; pairs of SSRC and the request's own number."""

    sender: int
    entries: tuple[tuple[int, int], ...]

    def to_bytes(self) -> bytes:
        """Returns the packet."""
        entries = b"".join(_FIR.pack(ssrc, number) for ssrc, number in self.entries)
        return _packet(PAYLOAD_FEEDBACK, FIR_FORMAT, _TWO_WORDS.pack(self.sender, 0) + entries)


@dataclass(frozen=True, slots=True)
class Remb:
    """The bits per second that `sender` estimates it can receive in all of `ssrcs` together."""

    sender: int
    bitrate: int
    ssrcs: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Returns the packet; the bitrate keeps its 18 leading bits."""
        exponent = max(0, self.bitrate.bit_length() - 18)
        estimate = len(self.ssrcs) << 24 | exponent << 18 | self.bitrate >> exponent
        ssrcs = struct.pack(f"!{len(self.ssrcs)}I", *self.ssrcs)
        body = _TWO_WORDS.pack(self.sender, 0) + b"REMB" + _WORD.pack(estimate) + ssrcs
        return _packet(PAYLOAD_FEEDBACK, APPLICATION_FORMAT, body)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A packet that the relay has no use for; `count` is the five bits beside the version."""

    packet_type: int
    count: int


Sendable = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Bye
    | Nack
    | TransportFeedback
    | PictureLoss
    | FullIntra
    | Remb
)
Packet = Sendable | Unknown


def build_compound(*packets: Sendable) -> bytes:
    """Returns the packets as one datagram; unless reduced size was agreed a report must come first."""
    return b"".join(packet.to_bytes() for packet in packets)


def _pack_reports(reports: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(report.to_bytes() for report in reports)


def _pack_name(ssrc: int, name: str) -> bytes:
    text = name.encode()
    if len(text) > MAX_CNAME_BYTES:
        raise ValueError("RTCP canonical name is too long")
    item = _WORD.pack(ssrc) + bytes((CNAME, len(text))) + text
    # Section 6.5: at least one null byte ends a chunk.
    return item + bytes(4 - len(item) % 4)


def _pack_sequences(sequences: Iterable[int]) -> bytes:
    packed = b""
    first = mask = -1
    for sequence in sequences:
        if first >= 0 and 0 < seq_delta(sequence, first) <= 16:
            mask |= 1 << (seq_delta(sequence, first) - 1)
            continue
        if first >= 0:
            packed += _NACK.pack(first, mask)
        first, mask = sequence, 0
    return packed + _NACK.pack(first, mask) if first >= 0 else packed


def parse_compound(data: Data) -> list[Packet]:
    """Reads all packets of a datagram, also of reduced size (RFC 5506); raises ValueError."""
    data = bytes(data)
    packets: list[Packet] = []
    position, size, asked, told = 0, len(data), 0, 0
    if not size:
        raise ValueError("RTCP packet is shorter than its header")
    while position < size:
        if len(packets) >= MAX_PACKETS:
            raise ValueError("RTCP datagram has too many packets")
        if position + 4 > size:
            raise ValueError("RTCP packet is shorter than its header")
        first, kind, words = _HEADER.unpack_from(data, position)
        if first & 0xC0 != 0x80:
            raise ValueError("RTCP version is not 2")
        end = position + 4 + (words << 2)
        if end > size:
            raise ValueError("RTCP packet is truncated")
        body = _without_padding(data[position + 4 : end]) if first & 0x20 else data[position + 4 : end]
        packet = _parse(kind, first & 0x1F, body)
        if isinstance(packet, Nack):
            asked += len(packet.sequences)
            if asked > MAX_NACK_SEQUENCES:
                raise ValueError("RTCP nack asks for too many packets")
        if isinstance(packet, TransportFeedback):
            told += len(packet.arrivals.ticks)
            if told > twcc.MAX_STATUSES:
                raise ValueError(twcc.TOO_MANY)
        packets.append(packet)
        position = end
    return packets


def _without_padding(body: bytes) -> bytes:
    padding = body[-1] if body else 0
    if padding == 0 or padding > len(body):
        raise ValueError("RTCP padding length is invalid")
    return body[:-padding]


def _parse(kind: int, count: int, body: bytes) -> Packet:
    parser = _PARSERS.get(kind)
    return parser(count, body) if parser else Unknown(kind, count)


def _parse_sender_report(count: int, body: bytes) -> SenderReport:
    if len(body) < 24 + 24 * count:
        raise ValueError("RTCP sender report length is invalid")
    ssrc, ntp, rtp_time, packets, octets = _SENDER.unpack_from(body)
    return SenderReport(ssrc, ntp, rtp_time, packets, octets, _parse_reports(count, body, 24))


def _parse_receiver_report(count: int, body: bytes) -> ReceiverReport:
    if len(body) < 4 + 24 * count:
        raise ValueError("RTCP receiver report length is invalid")
    (ssrc,) = _WORD.unpack_from(body)
    return ReceiverReport(ssrc, _parse_reports(count, body, 4))


def _parse_reports(count: int, body: bytes, offset: int) -> tuple[ReportBlock, ...]:
    reports = []
    for position in range(offset, offset + 24 * count, 24):
        ssrc, loss, highest, jitter, lsr, dlsr = _REPORT.unpack_from(body, position)
        lost = ((loss & 0xFFFFFF) ^ 0x800000) - 0x800000
        reports.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, lsr, dlsr))
    return tuple(reports)


def _parse_source_description(count: int, body: bytes) -> SourceDescription:
    names, position = [], 0
    for _ in range(count):
        if position + 4 > len(body):
            raise ValueError("RTCP source description is truncated")
        (ssrc,) = _WORD.unpack_from(body, position)
        name, position = _parse_items(body, position + 4)
        if name is not None:
            names.append((ssrc, name))
    return SourceDescription(tuple(names))


def _parse_items(body: bytes, position: int) -> tuple[str | None, int]:
    """Returns the canonical name among a chunk's items, and where the next chunk begins."""
    name = None
    while position < len(body) and body[position]:
        if position + 2 > len(body) or position + 2 + body[position + 1] > len(body):
            raise ValueError("RTCP source description is truncated")
        end = position + 2 + body[position + 1]
        if body[position] == CNAME:
            name = body[position + 2 : end].decode(errors="replace")
        position = end
    return name, (position + 4) & ~3


def _parse_bye(count: int, body: bytes) -> Bye:
    if len(body) < 4 * count:
        raise ValueError("RTCP bye length is invalid")
    return Bye(struct.unpack_from(f"!{count}I", body))


def _parse_transport_feedback(count: int, body: bytes) -> Packet:
    if count == TRANSPORT_CC_FORMAT:
        if len(body) < 8:
            raise ValueError(twcc.TRUNCATED)
        sender, media = _TWO_WORDS.unpack_from(body)
        return TransportFeedback(sender, media, twcc.parse(body[8:]))
    return _parse_nack(body) if count == NACK_FORMAT else Unknown(TRANSPORT_FEEDBACK, count)


def _parse_nack(body: bytes) -> Nack:
    if len(body) < 8 or len(body) % 4:
        raise ValueError("RTCP nack length is invalid")
    # Each pair stands for one packet at least: refused before it is spread out.
    if (len(body) - 8) >> 2 > MAX_NACK_SEQUENCES:
        raise ValueError("RTCP nack asks for too many packets")
    sequences = []
    for first, mask in _NACK.iter_unpack(body[8:]):
        sequences.append(first)
        sequences += [(first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    sender, media = _TWO_WORDS.unpack_from(body)
    return Nack(sender, media, tuple(sequences))


def _parse_payload_feedback(count: int, body: bytes) -> Packet:
    if count not in (PLI_FORMAT, FIR_FORMAT, APPLICATION_FORMAT):
        return Unknown(PAYLOAD_FEEDBACK, count)
    if len(body) < 8 or len(body) % 4:
        raise ValueError("RTCP payload feedback length is invalid")
    sender, media = _TWO_WORDS.unpack_from(body)
    if count == PLI_FORMAT:
        return PictureLoss(sender, media)
    if count == FIR_FORMAT:
        if len(body) % 8:
            raise ValueError("RTCP full intra request length is invalid")
        return FullIntra(sender, tuple(_FIR.iter_unpack(body[8:])))
    return _parse_remb(sender, body)


def _parse_remb(sender: int, body: bytes) -> Packet:
    if body[8:12] != b"REMB":
        return Unknown(PAYLOAD_FEEDBACK, APPLICATION_FORMAT)
    if len(body) < 16:
        raise ValueError("RTCP remb length is invalid")
    (estimate,) = _WORD.unpack_from(body, 12)
    count, exponent, mantissa = estimate >> 24, estimate >> 18 & 0x3F, estimate & 0x3FFFF
    if len(body) < 16 + 4 * count:
        raise ValueError("RTCP remb length is invalid")
    bitrate = min(mantissa << exponent, MAX_REMB_BITRATE)
    return Remb(sender, bitrate, struct.unpack_from(f"!{count}I", body, 16))


_PARSERS: Mapping[int, Callable[[int, bytes], Packet]] = {
    SENDER_REPORT: _parse_sender_report,
    RECEIVER_REPORT: _parse_receiver_report,
    SOURCE_DESCRIPTION: _parse_source_description,
    BYE: _parse_bye,
    TRANSPORT_FEEDBACK: _parse_transport_feedback,
    PAYLOAD_FEEDBACK: _parse_payload_feedback,
}
