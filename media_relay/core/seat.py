"""A subscriber's seat in a slot: which track it gets, and how its own numbers go on from track to track."""

from __future__ import annotations

from typing import NamedTuple

from media_relay.core.rtp import timestamp_delta, unwrap
from media_relay.core.shift import NO_SHIFT, Shift
from media_relay.core.slot import Slot
from media_relay.core.track import NEAR_WRAP, Numbers, Track, Written

MAX_SEGMENTS = 4
"""Older tracks than these have left the caches by any measure."""

MAX_TRIES = 10
"""How often one packet is sent again to one subscriber."""
MAX_REMEMBERED = 128


class Segment(NamedTuple):
    """Own sequence numbers, without wrap-around, that were a track's: its places plus `offset`."""

    first: int
    last: int
    track: Track
    offset: int
    shift: Shift


class Seat:
    """What one subscriber gets of a slot; in no track while its picture pauses."""

    __slots__ = (
        "_ends",
        "_first",
        "_offset",
        "_past",
        "_tries",
        "goal",
        "rtx_sequence",
        "shift",
        "slot",
        "track",
    )

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.track: Track | None = None
        self.goal: Track | None = None
        """The track to move to at its next keyframe."""
        self.shift = NO_SHIFT
        self.rtx_sequence = 0
        self._tries: dict[int, int] = {}
        self._offset = 0
        self._first = 0
        self._past: tuple[Segment, ...] = ()
        self._ends: Numbers | None = None

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever sent here."""
        return self.track is None and self._ends is None

    def numbers(self) -> Numbers:
        """Returns the subscriber's own latest numbers; only after it has been in a track."""
        if self.track is None:
            if self._ends is None:
                raise ValueError("This subscriber has been in no track")
            return self._ends
        latest, shift = self.track.numbers, self.shift
        return Numbers(
            latest.sequence + self._offset,
            (latest.timestamp + shift.timestamp) & 0xFFFFFFFF,
            (latest.picture_id + shift.picture_id) & 0x7FFF if latest.picture_id >= 0 else -1,
            (latest.tl0 + shift.tl0) & 0xFF if latest.tl0 >= 0 else -1,
        )

    def enter(self, track: Track) -> None:
        """Begins in the middle of a track, with the track's own numbers unless these are about to wrap."""
        self._offset = 2 * NEAR_WRAP if track.is_near_wrap() else 0
        self.shift = Shift(self._offset) if self._offset else NO_SHIFT
        self._first = track.highest + 1 + self._offset
        self.track = track

    def move(self, track: Track, keyframe: Written) -> None:
        """Goes on with a track at its keyframe, without a gap in the own numbers."""
        ends, to = self.numbers(), keyframe.numbers
        self.leave()
        offset = ends.sequence + 1 - to.sequence
        late = timestamp_delta(to.timestamp, ends.timestamp) <= 0
        self.shift = Shift(
            offset & 0xFFFF,
            (ends.timestamp + 1 - to.timestamp) & 0xFFFFFFFF if late else 0,
            (ends.picture_id + 1 - to.picture_id) & 0x7FFF if min(ends.picture_id, to.picture_id) >= 0 else 0,
            (ends.tl0 + 1 - to.tl0) & 0xFF if min(ends.tl0, to.tl0) >= 0 else 0,
        )
        self._offset = offset
        self._first = ends.sequence + 1
        self.track = track
        track.floor = max(track.floor, to.sequence)

    def leave(self) -> None:
        """Is in no track from now on."""
        segment = self.present()
        if segment is not None:
            self._ends = self.numbers()
            self._past = (*self._past, segment)[-MAX_SEGMENTS:]
            self.track = None

    def may_try(self, place: int) -> bool:
        """Counts a packet as sent again, by its own place; returns whether it was not too often."""
        tries = self._tries.pop(place, 0) + 1
        self._tries[place] = tries
        if len(self._tries) > MAX_REMEMBERED:
            del self._tries[next(iter(self._tries))]
        return tries <= MAX_TRIES

    def present(self) -> Segment | None:
        """Returns all own numbers that are the present track's; None while the picture pauses."""
        if self.track is None:
            return None
        return Segment(self._first, self.numbers().sequence, self.track, self._offset, self.shift)

    def find(self, sequence: int) -> Segment | None:
        """Returns the segment that an own sequence number belongs to, with just that one in it."""
        if self.is_new:
            return None
        last = self.numbers().sequence
        place = unwrap(sequence, last)
        for segment in (self.present(), *reversed(self._past)):
            if segment is None:
                continue
            if segment.first <= place <= segment.last:
                return Segment(place, place, segment.track, segment.offset, segment.shift)
        return None
