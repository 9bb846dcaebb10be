"""One outgoing stream made of many incoming ones: numbers that go on as if nothing had changed.

RFC 3550 section 5.1 for sequence number and timestamp, RFC 7741 section 4.2 for VP8's picture ids.
"""

from __future__ import annotations

from media_relay.core.codecs import Vp8Descriptor
from media_relay.core.rtp import seq_delta, timestamp_delta, unwrap

FIRST_SEQUENCES = 1 << 14
"""A stream begins below this, so that it wraps late (RFC 3711 section 3.3.1 wants the lower half)."""
MAX_LATE = 250
"""A packet that is later is left out: it can't be encrypted any more (`dtls.SENT_WINDOW`)."""
_WINDOW = (1 << MAX_LATE) - 1


class Timeline:
    """The latest timestamp of a slot: its tracks go on from each other's, lest a move be a jump in time."""

    def __init__(self, clock_rate: int, timestamp: int) -> None:
        self.clock_rate = clock_rate
        self._timestamp = timestamp
        self._advanced: float | None = None

    def note(self, timestamp: int, now: float) -> None:
        """Notes a timestamp that was sent."""
        if self._advanced is None or timestamp_delta(timestamp, self._timestamp) > 0:
            self._timestamp = timestamp
            self._advanced = now

    def at(self, now: float) -> int:
        """Returns what a picture that begins now is to have, always after the latest one."""
        if self._advanced is None:
            return self._timestamp
        return self._timestamp + max(1, round((now - self._advanced) * self.clock_rate)) & 0xFFFFFFFF


class Rewriter:
    """Sequence numbers and timestamps of one track.

    Call `switch` with the first packet of another stream, then `rewrite` with each of its packets. Gaps stay
    gaps: a packet that comes late finds its own place, one that comes again finds none.
    """

    def __init__(self, timeline: Timeline, sequence: int) -> None:
        self._timeline = timeline
        self.highest = sequence - 1
        """The place of the newest packet: its sequence number without wrap-around."""
        self.timestamp = timeline.at(0.0)
        """The latest timestamp."""
        self._started = False
        self._seen = 0
        self._reference = self._floor = self._offset = self._shift = 0

    def switch(self, sequence: int, timestamp: int, now: float) -> None:
        """Makes this packet of another stream the next one; older packets of its stream find no place."""
        start = self._timeline.at(now)
        if self._started and timestamp_delta(start, self.timestamp) <= 0:
            start = self.timestamp + 1
        self._shift = start - timestamp
        self._reference = self._floor = sequence
        self._seen = 0
        self._offset = self.highest + 1 - sequence

    def realign(self, sequence: int, timestamp: int, error: int) -> None:
        """Moves the timestamps from the packet that begins this picture on; older ones find no place."""
        forward = self.timestamp + 1 - self.shift(timestamp)
        least = timestamp_delta(forward & 0xFFFFFFFF, 0)
        self._shift += max(error, least)
        self._floor = unwrap(sequence, self._reference)

    def rewrite(self, sequence: int, timestamp: int, now: float) -> tuple[int, int] | None:
        """Returns the packet's place and timestamp, or None if it came before or is too late for a place."""
        extended = unwrap(sequence, self._reference)
        back = self._reference - extended
        if back < 0:
            self._seen = (self._seen << -back | 1) & _WINDOW if back > -MAX_LATE else 1
            self._reference = extended
            self.highest = extended + self._offset
        elif extended < self._floor or back >= MAX_LATE or self._seen >> back & 1:
            return None
        else:
            self._seen |= 1 << back
            self.highest = max(self.highest, extended + self._offset)
        moved = self.shift(timestamp)
        if not self._started or timestamp_delta(moved, self.timestamp) > 0:
            self._started = True
            self.timestamp = moved
            self._timeline.note(moved, now)
        return extended + self._offset, moved

    def shift(self, timestamp: int) -> int:
        """Returns what the current stream's timestamp has become."""
        return (timestamp + self._shift) & 0xFFFFFFFF


class PictureIds:
    """VP8's 15-bit picture id and TL0PICIDX of one track: a decoder drops a frame whose id goes back."""

    def __init__(self) -> None:
        self.last = self.last_tl0 = -1
        """The latest ones, -1 while there is none."""
        self._offset = self._offset_tl0 = 0

    def switch(self, descriptor: Vp8Descriptor) -> None:
        """Makes this picture of another stream the next one."""
        if self.last >= 0 and descriptor.picture_id_bits == 15:
            self._offset = self.last + 1 - descriptor.picture_id
        if self.last_tl0 >= 0 and descriptor.tl0_picture_index >= 0:
            self._offset_tl0 = self.last_tl0 + 1 - descriptor.tl0_picture_index

    def rewrite(self, payload: bytes, descriptor: Vp8Descriptor) -> bytes:
        """Returns the payload with its ids moved."""
        picture_id = tl0 = -1
        if descriptor.picture_id_bits == 15:
            picture_id = (descriptor.picture_id + self._offset) & 0x7FFF
            if self.last < 0 or seq_delta(picture_id << 1, self.last << 1) > 0:
                self.last = picture_id
        if descriptor.tl0_picture_index >= 0:
            tl0 = (descriptor.tl0_picture_index + self._offset_tl0) & 0xFF
            if self.last_tl0 < 0 or seq_delta(tl0 << 8, self.last_tl0 << 8) > 0:
                self.last_tl0 = tl0
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
