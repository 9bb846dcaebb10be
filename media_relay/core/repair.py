"""Packets for one subscriber alone: those sent again, and trains that try out its line."""

from __future__ import annotations

from media_relay.core import codecs, rtp
from media_relay.core.rtx import wrap_rtx
from media_relay.core.seat import Seat, Segment
from media_relay.core.shift import shifted
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import send_time

MAX_PADDING = 255


def own_packet(segment: Segment, packet: bytes) -> bytes:
    """Returns a track's packet with the subscriber's own numbers."""
    return shifted(packet, segment.track.places(packet), segment.shift)


def sent_again(link: Subscriber, seat: Seat, packet: bytes, now: float) -> bytes:
    """Returns a packet with own numbers in the form in which it is sent again: RTX if that was agreed."""
    payload_type = _rtx_payload_type(link, packet[1] & 0x7F)
    if payload_type is None:
        return packet
    return wrap_rtx(packet, payload_type, _next(seat), seat.slot.rtx_ssrc, _extensions(link, now))


def trying(link: Subscriber, seat: Seat, packet: bytes | None, size: int, now: float) -> tuple[int, bytes]:
    """Returns one of a train's packets and its transport-wide number: a copy of what was sent, or padding."""
    link.transport_sequence = number = (link.transport_sequence + 1) & 0xFFFF
    extension = _extensions(link, now, number)
    payload_type = _rtx_payload_type(link, packet[1] & 0x7F) if packet is not None else None
    if packet is None or payload_type is None:
        payload_type = next(iter(link.profile.rtx_payload_types.values()))
        made = rtp.build_header(payload_type, _next(seat), 0, seat.slot.rtx_ssrc, extension=extension)
    else:
        made = wrap_rtx(packet, payload_type, _next(seat), seat.slot.rtx_ssrc, extension)
    padding = min(max(size - len(made), 0), MAX_PADDING)
    if not padding:
        return number, made
    return number, b"".join((bytes((made[0] | 0x20,)), made[1:], bytes(padding - 1), bytes((padding,))))


def _rtx_payload_type(link: Subscriber, payload_type: int) -> int | None:
    if not link.takes_rtx:
        return None
    for name, number in link.profile.payload_types.items():
        if number == payload_type:
            return link.profile.rtx_payload_types.get(name)
    return None


def _next(seat: Seat) -> int:
    seat.rtx_sequence = (seat.rtx_sequence + 1) & 0xFFFF
    return seat.rtx_sequence


def _extensions(link: Subscriber, now: float, number: int | None = None) -> bytes:
    ids = link.profile.extensions
    elements = []
    if codecs.URI_ABS_SEND_TIME in ids:
        elements.append((ids[codecs.URI_ABS_SEND_TIME], send_time(now)))
    if number is not None and codecs.URI_TRANSPORT_CC in ids:
        elements.append((ids[codecs.URI_TRANSPORT_CC], number.to_bytes(2, "big")))
    return rtp.build_extensions(elements)
