"""A publisher's packet, taken apart once for all tracks that carry it on."""

from __future__ import annotations

from typing import NamedTuple

from media_relay.core import codecs, rtp
from media_relay.core.codecs import Vp8Descriptor
from media_relay.core.links import Stream


class Arrival(NamedTuple):
    """An RTP packet that has come; `extensions` are those to pass on by URI, `picture` is of VP8 alone."""

    stream: Stream
    header: rtp.Header
    codec: str
    payload: bytes
    picture: Vp8Descriptor | None
    keyframe: bool
    """Whether a picture that needs none before it begins here."""
    extensions: tuple[tuple[str, bytes], ...]
    now: float


def arrive(stream: Stream, header: rtp.Header, data: bytes, now: float) -> Arrival:
    """Takes a packet apart; raises ValueError."""
    source = stream.source
    codec = source.codecs[header.payload_type]
    payload = data[header.payload_offset : len(data) - header.padding]
    return Arrival(
        stream,
        header,
        codec,
        payload,
        codecs.parse_vp8(payload) if codec == codecs.VP8 and payload else None,
        source.is_video and codecs.is_keyframe(codec, payload),
        source.extensions(data, header),
        now,
    )
