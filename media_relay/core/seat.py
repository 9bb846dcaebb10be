"""A subscriber's seat in a slot: which track it gets, and how its own numbers go on from track to track."""

from __future__ import annotations

import math
from typing import NamedTuple

from media_relay.core.rtp import timestamp_delta, unwrap
from media_relay.core.shift import NO_SHIFT, Shift
from media_relay.core.slot import Slot
from media_relay.core.track import NEAR_WRAP, Numbers, Track, Written

MAX_TRIES = 10
"""How often one packet is sent again to one subscriber."""
MAX_REMEMBERED = 128
UNDER_WAY = 0.8
"""Of the round trip. Browsers that only watch don't know it, and ask again every tenth of a second."""


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
        "_tries",
        "goal",
        "is_own",
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
        self.is_own = False
        """Whether it is empty since the slot's source is the subscriber's own."""
        self.shift = NO_SHIFT
        self.rtx_sequence = 0
        self._tries: dict[int, tuple[int, float]] = {}
        """How often and when last something was sent again, by own place."""
        self._offset = 0
        self._first = 0
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
        if self.track is not None:
            self._ends = self.numbers()
            self.track = None

    def may_try(self, place: int, rtt: float, now: float) -> bool:
        """Counts a packet as sent again, by its own place.

        Returns whether it was not too often, and can't be under way still from the last time.
        """
        tries, last = self._tries.get(place, (0, -math.inf))
        if tries >= MAX_TRIES or now - last < rtt * UNDER_WAY:
            return False
        self._tries.pop(place, None)
        self._tries[place] = tries + 1, now
        if len(self._tries) > MAX_REMEMBERED:
            del self._tries[next(iter(self._tries))]
        return True

    def present(self) -> Segment | None:
        """Returns all own numbers that are the present track's; None while the picture pauses."""
        if self.track is None:
            return None
        return Segment(self._first, self.numbers().sequence, self.track, self._offset, self.shift)

    def find(self, sequence: int) -> Segment | None:
        """Returns the present track's segment with just one own sequence number in it.

        What came before a move is not found: its keyframe replaces all that, and a narrow line has no room.
        """
        present = self.present()
        if present is None:
            return None
        place = unwrap(sequence, present.last)
        return present._replace(first=place, last=place) if present.first <= place <= present.last else None
