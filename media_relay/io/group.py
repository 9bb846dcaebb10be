"""Who gets a packet: the members of a group, and a round through them that joins and leaves leave whole."""

from __future__ import annotations

from array import array
from typing import Any

from media_relay.core.shift import NO_SHIFT, Shift
from media_relay.io import dtls, ring
from media_relay.io.ring import CHUNK
from media_relay.io.udp import NAME_SIZE, ffi

FIRST_CAPACITY = 16

CONTROL_BYTES = 24
"""Of the control data that names the size of a message's pieces: a `cmsghdr` with two bytes, padded."""
# Where in an `mmsghdr` of eight words the iovecs, their count and that of control bytes are.
_HEADER_WORDS, _IOV_WORD, _IOVLEN_WORD, _CONTROLLEN_WORD = 8, 2, 3, 5

controls = {overhead: ffi.new("char[]", CONTROL_BYTES) for overhead in dtls.OVERHEADS}
"""That data, by what encryption adds to a packet."""


class Member:
    """One receiver of a group's packets; `overhead` is what its encryption adds to each."""

    __slots__ = ("address", "index", "lane", "overhead", "session", "shift")

    def __init__(self, session: Any, overhead: int, address: bytes) -> None:
        self.session = session
        self.overhead = overhead
        self.address = address
        self.shift = NO_SHIFT
        self.lane = ring.lane(NO_SHIFT)
        self.index = -1


class Chunk:
    """What is needed to encrypt for up to `CHUNK` members that follow each other.

    `offsets` are their shifts, 0 if they have none.
    """

    __slots__ = ("_runs", "_sessions", "offsets")

    def __init__(self, members: list[Member]) -> None:
        self._sessions = [member.session for member in members]
        self._runs: dict[int, list[Any]] = {}
        self.offsets = ring.join_lanes([member.lane for member in members])

    def sessions(self, run: int) -> list[Any]:
        """Returns each member's session so many times in a row, as often as it has packets."""
        found = self._runs.get(run)
        if found is None:
            found = self._runs[run] = [session for session in self._sessions for _ in range(run)]
        return found


class Group:
    """The members that get the same packets, but for their shifts, through one socket.

    A join or leave costs the same for any size.
    """

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.rounds: list[Round] = []
        """Those that have begun and are not over."""
        self._turn = 0
        self._chunks: list[Chunk | None] = []
        self._allocate(FIRST_CAPACITY)

    def _allocate(self, capacity: int) -> None:
        self._capacity = capacity
        self._run = 0
        self.headers = ffi.new("struct mmsghdr[]", capacity)
        self._words = memoryview(ffi.buffer(self.headers)).cast("Q")
        self._names = ffi.new("char[]", capacity * NAME_SIZE)
        for i in range(capacity):
            self.headers[i].msg_hdr.msg_name = self._names + i * NAME_SIZE

    def add(self, member: Member, shift: Shift = NO_SHIFT) -> None:
        """Adds a member that is in no group; its keys must be there.

        A packet on its way may still reach it, unless the change is made through `Lane.put_change`.
        """
        if len(self.members) == self._capacity:
            self._allocate(self._capacity * 2)
            for other in self.members:
                self._describe(other)
        member.shift, member.lane = shift, ring.lane(shift)
        if len(self.members) % CHUNK == 0:
            self._chunks.append(None)
        self.members.append(member)
        self._put(len(self.members) - 1, member)

    def remove(self, member: Member) -> None:
        """Takes a member out at once; of a packet on its way all others still get exactly one copy.

        The hole goes to the end, past each border between those who have had a packet and those who have not:
        the last before the border moves into it, and the border goes one down.
        """
        index = hole = member.index
        for border in sorted(
            {border for round_ in self.rounds for border in (round_.start, round_.position)}
        ):
            if border > hole:
                self._put(hole, self.members[border - 1])
                hole = border - 1
        last = self.members.pop()
        if hole < len(self.members):
            self._put(hole, last)
        if len(self.members) % CHUNK == 0:
            self._chunks.pop()
        else:
            self._chunks[-1] = None
        for round_ in self.rounds:
            round_.start -= round_.start > index
            round_.position -= round_.position > index
        member.index = -1

    def _put(self, index: int, member: Member) -> None:
        member.index = index
        self.members[index] = member
        self._chunks[index // CHUNK] = None
        self._describe(member)

    def _describe(self, member: Member) -> None:
        # The kernel wants 16 bytes for IPv4, of which the last eight are zero.
        size = 28 if len(member.address) == 28 else 16
        ffi.memmove(self._names + member.index * NAME_SIZE, member.address.ljust(size, b"\0"), size)
        header = self.headers[member.index].msg_hdr
        header.msg_namelen = size
        header.msg_control = controls[member.overhead]

    def chunk(self, number: int) -> Chunk:
        """Returns the members of a chunk; it is made anew when one of them has changed."""
        chunk = self._chunks[number]
        if chunk is None:
            chunk = self._chunks[number] = Chunk(self.members[number * CHUNK : (number + 1) * CHUNK])
        return chunk

    def next_start(self) -> int:
        """Returns where the next round begins: at another chunk each time, so that nobody is always last."""
        self._turn = (self._turn + 1) % max(1, len(self._chunks))
        return self._turn * CHUNK

    def set_run(self, count: int) -> None:
        """Makes every message carry that many packets."""
        if count != self._run:
            self._run = count
            iovecs = ring.vectors(count) * -(-self._capacity // CHUNK)
            self._words[_IOV_WORD::_HEADER_WORDS] = iovecs[: self._capacity]
            for word, value in ((_IOVLEN_WORD, count), (_CONTROLLEN_WORD, CONTROL_BYTES if count > 1 else 0)):
                self._words[word::_HEADER_WORDS] = array("Q", [value]) * self._capacity


class Round:
    """One way through all members of a group: from `start` to the last, then from the first to `start`."""

    __slots__ = ("begun", "group", "position", "start", "wrapped")

    def __init__(self, group: Group) -> None:
        self.group = group
        self.start = self.position = 0
        """The next one to be served is at `position`."""
        self.begun = self.wrapped = False

    def begin(self) -> None:
        """Call it before the first member is served."""
        self.begun = True
        self.start = self.position = self.group.next_start()
        self.group.rounds.append(self)

    def end(self) -> None:
        """Call it when nobody is to be served any more."""
        if self.begun:
            self.group.rounds.remove(self)

    def due(self) -> tuple[int, int]:
        """Returns from where to where the next members of one chunk are; the same twice if all are served."""
        if not self.wrapped and self.position == len(self.group.members):
            self.position, self.wrapped = 0, True
        last = self.start if self.wrapped else len(self.group.members)
        return self.position, min(last, (self.position // CHUNK + 1) * CHUNK)

    def rest(self) -> int:
        """Returns how many members are still to be served."""
        if self.wrapped:
            return self.start - self.position
        return len(self.group.members) - self.position + self.start
