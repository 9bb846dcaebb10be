"""When a client that has just joined could show its first picture."""

from __future__ import annotations

from dataclasses import dataclass, field

from media_relay.core import codecs, rtp

SEQUENCES = 1 << 16
KEPT_FRAMES = 8
"""Packets of so many frames may be on their way at once."""


@dataclass(slots=True)
class _Frame:
    sequences: set[int] = field(default_factory=set)
    first: int | None = None
    last: int | None = None

    def is_complete(self) -> bool:
        if self.first is None or self.last is None:
            return False
        return len(self.sequences) == (self.last - self.first) % SEQUENCES + 1


class FirstPicture:
    """Waits for the first keyframe of VP8 of which every packet has come, in whatever order."""

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._frames: dict[int, _Frame] = {}

    def receive(self, packet: bytes) -> bool:
        """Takes a decrypted packet of any stream; returns whether a keyframe is complete with it."""
        header = rtp.parse_header(packet)
        if header.payload_type != self._payload_type:
            return False
        frame = self._frames.setdefault(header.timestamp, _Frame())
        frame.sequences.add(header.sequence)
        if codecs.is_keyframe("VP8", rtp.payload(packet, header)):
            frame.first = header.sequence
        if header.marker:
            frame.last = header.sequence
        while len(self._frames) > KEPT_FRAMES:
            del self._frames[next(iter(self._frames))]
        return frame.is_complete()
