"""One outgoing stream made of many incoming ones: numbers that go on as if nothing had changed.

RFC 3550 section 5.1 for sequence number and timestamp, RFC 7741 section 4.2 for VP8's picture ids.
"""

from __future__ import annotations

from media_relay.core.codecs import Vp8Descriptor
from media_relay.core.rtp import seq_delta, timestamp_delta, unwrap

FIRST_SEQUENCES = 1 << 14
"""A stream begins below this, so that it wraps late (RFC 3711 section 3.3.1 wants the lower half)."""
MAX_LATE = 1000
"""A packet that is later is left out: libsrtp can't encrypt what is 1,024 packets old."""


class Rewriter:
    """Sequence numbers and timestamps of one slot.

    Call `switch` with the first packet of another stream, then `rewrite` with each of its packets. Gaps stay
    gaps: a packet that comes late, or again, finds its own place.
    """

    def __init__(self, clock_rate: int, sequence: int, timestamp: int) -> None:
        self._clock_rate = clock_rate
        self._highest = sequence - 1
        self._timestamp = timestamp
        self._advanced: float | None = None
        self._reference = self._floor = self._offset = self._shift = 0

    @property
    def next_sequence(self) -> int:
        """The sequence number after the highest one that was sent."""
        return (self._highest + 1) & 0xFFFF

    def switch(self, sequence: int, timestamp: int, now: float) -> None:
        """Makes this packet of another stream the next one; older packets of its stream find no place."""
        start = self._timestamp
        if self._advanced is not None:
            start += max(1, round((now - self._advanced) * self._clock_rate))
        self._shift = start - timestamp
        self._reference = self._floor = sequence
        self._offset = self._highest + 1 - sequence

    def rewrite(self, sequence: int, timestamp: int, now: float) -> tuple[int, int] | None:
        """Returns the packet's own sequence number and timestamp, or None if it is too late for a place."""
        extended = unwrap(sequence, self._reference)
        if extended < self._floor or self._reference - extended >= MAX_LATE:
            return None
        self._reference = max(self._reference, extended)
        self._highest = max(self._highest, extended + self._offset)
        shifted = self.shift(timestamp)
        if self._advanced is None or timestamp_delta(shifted, self._timestamp) > 0:
            self._timestamp = shifted
            self._advanced = now
        return (extended + self._offset) & 0xFFFF, shifted

    def shift(self, timestamp: int) -> int:
        """Returns what the current stream's timestamp has become."""
        return (timestamp + self._shift) & 0xFFFFFFFF


class PictureIds:
    """VP8's 15-bit picture id and TL0PICIDX of one slot: a decoder drops a frame whose id goes back."""

    def __init__(self) -> None:
        self._last = self._last_tl0 = -1
        self._offset = self._offset_tl0 = 0

    def switch(self, descriptor: Vp8Descriptor) -> None:
        """Makes this picture of another stream the next one."""
        if self._last >= 0 and descriptor.picture_id_bits == 15:
            self._offset = self._last + 1 - descriptor.picture_id
        if self._last_tl0 >= 0 and descriptor.tl0_picture_index >= 0:
            self._offset_tl0 = self._last_tl0 + 1 - descriptor.tl0_picture_index

    def rewrite(self, payload: bytes, descriptor: Vp8Descriptor) -> bytes:
        """Returns the payload with its ids moved."""
        picture_id = tl0 = -1
        if descriptor.picture_id_bits == 15:
            picture_id = (descriptor.picture_id + self._offset) & 0x7FFF
            if self._last < 0 or seq_delta(picture_id << 1, self._last << 1) > 0:
                self._last = picture_id
        if descriptor.tl0_picture_index >= 0:
            tl0 = (descriptor.tl0_picture_index + self._offset_tl0) & 0xFF
            if self._last_tl0 < 0 or seq_delta(tl0 << 8, self._last_tl0 << 8) > 0:
                self._last_tl0 = tl0
        if not (self._offset or self._offset_tl0):
            return payload
        return _with_ids(payload, descriptor, picture_id, tl0)


def _with_ids(payload: bytes, descriptor: Vp8Descriptor, picture_id: int, tl0: int) -> bytes:
    changed = bytearray(payload)
    at = descriptor.picture_id_offset
    if picture_id >= 0:
        changed[at : at + 2] = (0x8000 | picture_id).to_bytes(2, "big")
    if tl0 >= 0:
        changed[descriptor.tl0_offset] = tl0
    return bytes(changed)
