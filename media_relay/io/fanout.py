"""The hot path: one packet, encrypted for each member of a group and sent to all in a few system calls.

No Python object is made for a packet and member. A chunk of members shares a small ring of buffers that
stays in the processor's cache: the plaintext is copied into all of them, libsrtp encrypts each in place and
writes the new length straight into the message's `iov_len`, and one `sendmmsg` sends them. Each member's
`mmsghdr` (its address, its place in the ring) is made when it joins.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from typing import Any

from media_relay.io import dtls
from media_relay.io.udp import NAME_SIZE, UdpSocket, ffi

CHUNK = 64
STRIDE = 1536
MAX_PACKET_BYTES = STRIDE - 64
FIRST_CAPACITY = 16
MESSAGES_PER_TURN = 1024
"""How much is sent before the socket is read again: about four milliseconds."""
MAX_VIDEO_DELAY = 0.25
MAX_DELAY = 1.0
"""Seconds after which a packet that the network has no room for is given up, sound hardly ever."""

Frame = tuple[int, int]

# The ring: buffers, their iovecs, and libsrtp's pointers to each length, which are the iovecs' own.
_memory = ffi.new("char[]", CHUNK * STRIDE)
_vectors = ffi.new("struct iovec[]", CHUNK)
_buffers = [_memory + i * STRIDE for i in range(CHUNK)]
for _i in range(CHUNK):
    _vectors[_i].iov_base = _buffers[_i]
# On a little-endian machine the low half of `size_t iov_len` is libsrtp's `int`; the high half stays 0.
_lengths = [ffi.cast("int *", ffi.addressof(_vectors[i], "iov_len")) for i in range(CHUNK)]
_length_view = memoryview(ffi.buffer(_vectors)).cast("Q")[1::2]


def _fill(packet: bytes, count: int) -> None:
    """Puts the packet into the first buffers by doubling: log2(n) copies, not n."""
    ffi.memmove(_memory, packet, len(packet))
    filled = 1
    while filled < count:
        more = min(filled, count - filled)
        ffi.memmove(_buffers[filled], _memory, more * STRIDE)
        filled += more
    _length_view[:count] = array("Q", [len(packet)]) * count


class Member:
    """One receiver of a group's packets."""

    __slots__ = ("address", "index", "session")

    def __init__(self, session: Any, address: bytes) -> None:
        self.session = session
        self.address = address
        self.index = -1


class Group:
    """The members that get the same plaintext through one socket; a join costs the same for any size."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.sessions: list[list[Any]] = []
        self._allocate(FIRST_CAPACITY)

    def _allocate(self, capacity: int) -> None:
        self._capacity = capacity
        self.headers = ffi.new("struct mmsghdr[]", capacity)
        self._names = ffi.new("char[]", capacity * NAME_SIZE)
        for i in range(capacity):
            header = self.headers[i].msg_hdr
            header.msg_name = self._names + i * NAME_SIZE
            header.msg_iov = _vectors + i % CHUNK
            header.msg_iovlen = 1

    def add(self, member: Member) -> None:
        """Adds a member; its keys must be there."""
        if len(self.members) == self._capacity:
            self._allocate(self._capacity * 2)
            for other in self.members:
                self._write_name(other)
        member.index = len(self.members)
        self.members.append(member)
        if member.index % CHUNK == 0:
            self.sessions.append([])
        self.sessions[-1].append(member.session)
        self._write_name(member)

    def remove(self, member: Member) -> None:
        """Takes a member out; the last one moves to its place."""
        last = self.members.pop()
        self.sessions[-1].pop()
        if not self.sessions[-1]:
            self.sessions.pop()
        if last is not member:
            last.index = member.index
            self.members[last.index] = last
            self.sessions[last.index // CHUNK][last.index % CHUNK] = last.session
            self._write_name(last)
        member.index = -1

    def move(self, member: Member, address: bytes) -> None:
        """Sends to another address from now on."""
        member.address = address
        self._write_name(member)

    def _write_name(self, member: Member) -> None:
        # The kernel wants 16 bytes for IPv4, of which the last eight are zero.
        size = 28 if len(member.address) == 28 else 16
        ffi.memmove(self._names + member.index * NAME_SIZE, member.address.ljust(size, b"\0"), size)
        self.headers[member.index].msg_hdr.msg_namelen = size


class Job:
    """A packet on its way to a group; `frame` is SSRC and timestamp of a picture, None for what is urgent."""

    __slots__ = ("frame", "group", "packet", "position", "protect", "queued")

    def __init__(self, group: Group, packet: bytes, protect: Any, frame: Frame | None, queued: float) -> None:
        self.group = group
        self.packet = packet
        self.protect = protect
        self.frame = frame
        self.queued = queued
        self.position = 0


class Lane:
    """The way out of one socket: video waits behind everything else, and for the network when that is full.

    After `put`, call `run` until it returns True; when it returns False, call it again after reading, or, if
    `blocked`, when the socket can be written to.
    """

    def __init__(self, socket: UdpSocket, clock: Callable[[], float]) -> None:
        self._socket = socket
        self._clock = clock
        self._urgent: deque[Job] = deque()
        self._video: deque[Job] = deque()
        self._given_up: dict[int, int] = {}
        """By SSRC the timestamp of the picture of which a packet was not sent."""
        self.blocked = False
        self.sent = 0
        self.sent_bytes = 0
        self.expired = 0
        self.failed = 0

    def put(self, job: Job) -> None:
        """Queues one packet for a group."""
        (self._urgent if job.frame is None else self._video).append(job)

    def run(self) -> bool:
        """Sends what is queued, at most about one turn's worth; returns whether all is sent."""
        self.blocked = False
        now = self._clock()
        goal = self.sent + MESSAGES_PER_TURN
        while queue := self._urgent or self._video:
            if self.sent >= goal:
                return False
            job = queue[0]
            if not self._is_stale(job, now) and not self._send(job):
                self.blocked = True
                return False
            queue.popleft()
        return True

    def _is_stale(self, job: Job, now: float) -> bool:
        age = now - job.queued
        if job.frame is None:
            stale = age > MAX_DELAY
        else:
            ssrc, timestamp = job.frame
            # The rest of a picture is of no use without its beginning.
            stale = age > MAX_VIDEO_DELAY or self._given_up.get(ssrc) == timestamp
            if stale:
                self._given_up[ssrc] = timestamp
            else:
                self._given_up.pop(ssrc, None)
        if stale:
            self.expired += len(job.group.members) - job.position
        return stale

    def _send(self, job: Job) -> bool:
        """Sends the packet to all members from its position on; returns False when the kernel has no room."""
        group = job.group
        while job.position < len(group.members):
            chunk, skip = divmod(job.position, CHUNK)
            sessions = group.sessions[chunk]
            count = len(sessions)
            _fill(job.packet, count)
            if any(map(job.protect, sessions, _buffers, _lengths)):
                if not self._send_one_by_one(job):
                    return False
                continue
            sent = self._socket.send_many(group.headers + job.position, count - skip)
            self._count(sent, len(job.packet))
            job.position += sent
            if not sent:
                return False
        return True

    def _send_one_by_one(self, job: Job) -> bool:
        """Sends to a chunk of which libsrtp refused one: the others must not suffer, nor it get plaintext."""
        group = job.group
        end = min(len(group.members), (job.position // CHUNK + 1) * CHUNK)
        while job.position < end:
            place = job.position % CHUNK
            ffi.memmove(_buffers[place], job.packet, len(job.packet))
            _vectors[place].iov_len = len(job.packet)
            if job.protect(group.members[job.position].session, _buffers[place], _lengths[place]):
                self.failed += 1
            elif self._socket.send_many(group.headers + job.position, 1):
                self._count(1, len(job.packet))
            else:
                return False
            job.position += 1
        return True

    def _count(self, messages: int, length: int) -> None:
        self.sent += messages
        self.sent_bytes += messages * length


def media_job(group: Group, packet: bytes, frame: Frame | None, now: float) -> Job:
    """Returns the job that sends an RTP packet."""
    return Job(group, packet, dtls.protect, frame, now)


def control_job(group: Group, packet: bytes, now: float) -> Job:
    """Returns the job that sends an RTCP packet."""
    return Job(group, packet, dtls.protect_rtcp, None, now)
