"""What a subscriber's browser says every second, read in one pass: a receiver report, its name, and REMB.

It comes from everyone, so that it has a reader of its own: `rtcp.parse_compound` takes ten times as long.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from media_relay.core.rtcp import (
    APPLICATION_FORMAT,
    MAX_REMB_BITRATE,
    PAYLOAD_FEEDBACK,
    RECEIVER_REPORT,
    SOURCE_DESCRIPTION,
)

MAX_BYTES = 1500
_VERSION_AND_PADDING = 0xE0
_HEADER = struct.Struct("!BBH")
_BLOCK = struct.Struct("!IB11xII")
_REMB = struct.Struct("!8x4sI")

Reception = tuple[int, int, int, int]
"""Of one report block the SSRC, the fraction lost in 1/256, and `lsr` and `dlsr` in 1/65536 s."""


class Feedback(NamedTuple):
    """How a subscriber receives its streams, and the bits per second of its REMB, -1 if there is none."""

    receptions: list[Reception]
    bitrate: int


def read(data: bytes) -> Feedback | None:
    """Returns what a datagram says if it is of this kind; None leaves it to `rtcp.parse_compound`.

    It never raises: what is malformed is left to that, too.
    """
    receptions: list[Reception] = []
    bitrate, position, size = -1, 0, len(data)
    if not 0 < size <= MAX_BYTES or size & 3:
        return None
    while position < size:
        first, kind, words = _HEADER.unpack_from(data, position)
        body, count = position + 4, first & 0x1F
        position = body + (words << 2)
        if position > size or first & _VERSION_AND_PADDING != 0x80:
            return None
        if kind == RECEIVER_REPORT and words == 1 + 6 * count:
            receptions += _BLOCK.iter_unpack(data[body + 4 : position])
        elif kind == PAYLOAD_FEEDBACK and count == APPLICATION_FORMAT and words >= 4:
            name, estimate = _REMB.unpack_from(data, body)
            bitrate = (estimate & 0x3FFFF) << (estimate >> 18 & 0x3F)
            if name != b"REMB" or words != 4 + (estimate >> 24) or bitrate > MAX_REMB_BITRATE:
                return None
        elif kind != SOURCE_DESCRIPTION:
            return None
    return Feedback(receptions, bitrate)
