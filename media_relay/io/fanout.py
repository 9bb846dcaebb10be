"""The hot path: packets, encrypted for each member of a group and sent to all in a few system calls.

No Python object is made for a packet and member. A chunk of members shares a ring of buffers that stays in
the processor's cache: the plaintext is copied into all of them, libsrtp encrypts each in place and writes the
new length straight into the message's `iov_len`, and one `sendmmsg` sends them. Each member's `mmsghdr` (its
address, its place in the ring) is made when it joins.

The packets of a picture that have one size go to each member as one message, which the kernel takes apart
(UDP_SEGMENT, Linux 4.18): the way through its layers is most of what sending costs.
"""

from __future__ import annotations

import struct
from array import array
from collections import deque
from collections.abc import Callable
from typing import Any

from media_relay.io import dtls
from media_relay.io.udp import HAS_BATCHES, NAME_SIZE, UdpSocket, ffi

CHUNK = 64
RUN = 8
"""The most packets that go as one message."""
STRIDE = 1536
MAX_PACKET_BYTES = STRIDE - 32
"""What has room in a buffer with all that encryption adds; what is larger is dropped and counted."""
FIRST_CAPACITY = 16
PACKETS_PER_TURN = 1024
"""How much is sent before the socket is read again: about four milliseconds."""
MAX_VIDEO_DELAY = 0.25
MAX_DELAY = 1.0
"""Seconds after which a packet that the network has no room for is given up, sound hardly ever."""

_SOL_UDP, _UDP_SEGMENT = 17, 103
_CONTROL = struct.Struct("=QiiH6x")
_CONTROL_LENGTH = 18
# Where in an `mmsghdr` of eight words the counts of iovecs and of control bytes are.
_HEADER_WORDS, _IOVLEN_WORD, _CONTROLLEN_WORD = 8, 3, 5

Frame = tuple[int, int]

# The ring, by place in a run and by member; the iovecs of a member follow each other. On a little-endian
# machine the low half of `size_t iov_len` is libsrtp's `int`, and its high half stays 0.
_memory = ffi.new("char[]", RUN * CHUNK * STRIDE)
_vectors = ffi.new("struct iovec[]", CHUNK * RUN)
_buffers = [[_memory + (run * CHUNK + i) * STRIDE for i in range(CHUNK)] for run in range(RUN)]
for _run in range(RUN):
    for _i in range(CHUNK):
        _vectors[_i * RUN + _run].iov_base = _buffers[_run][_i]
_lengths = [
    [ffi.cast("int *", ffi.addressof(_vectors[i * RUN + run], "iov_len")) for i in range(CHUNK)]
    for run in range(RUN)
]
_words = memoryview(ffi.buffer(_vectors)).cast("Q")
_length_views = [_words[1 + 2 * run :: 2 * RUN] for run in range(RUN)]
# By what encryption adds to a packet: the control data that names the size of the pieces.
_controls = {overhead: ffi.new("char[]", _CONTROL.size) for overhead in dtls.OVERHEADS}


def _fill(run: int, packet: bytes, count: int) -> None:
    """Puts the packet into the first buffers by doubling: log2(n) copies, not n."""
    buffers = _buffers[run]
    ffi.memmove(buffers[0], packet, len(packet))
    filled = 1
    while filled < count:
        more = min(filled, count - filled)
        ffi.memmove(buffers[filled], buffers[0], more * STRIDE)
        filled += more
    _length_views[run][:count] = array("Q", [len(packet)]) * count


class Member:
    """One receiver of a group's packets; `overhead` is what its encryption adds to each."""

    __slots__ = ("address", "index", "overhead", "session")

    def __init__(self, session: Any, overhead: int, address: bytes) -> None:
        self.session = session
        self.overhead = overhead
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
        self._run = 0
        self.headers = ffi.new("struct mmsghdr[]", capacity)
        self._words = memoryview(ffi.buffer(self.headers)).cast("Q")
        self._names = ffi.new("char[]", capacity * NAME_SIZE)
        for i in range(capacity):
            header = self.headers[i].msg_hdr
            header.msg_name = self._names + i * NAME_SIZE
            header.msg_iov = _vectors + i % CHUNK * RUN

    def add(self, member: Member) -> None:
        """Adds a member; its keys must be there."""
        if len(self.members) == self._capacity:
            self._allocate(self._capacity * 2)
            for other in self.members:
                self._describe(other)
        member.index = len(self.members)
        self.members.append(member)
        if member.index % CHUNK == 0:
            self.sessions.append([])
        self.sessions[-1].append(member.session)
        self._describe(member)

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
            self._describe(last)
        member.index = -1

    def _describe(self, member: Member) -> None:
        # The kernel wants 16 bytes for IPv4, of which the last eight are zero.
        size = 28 if len(member.address) == 28 else 16
        ffi.memmove(self._names + member.index * NAME_SIZE, member.address.ljust(size, b"\0"), size)
        header = self.headers[member.index].msg_hdr
        header.msg_namelen = size
        header.msg_control = _controls[member.overhead]

    def set_run(self, count: int) -> None:
        """Makes every message carry that many packets."""
        if count != self._run:
            self._run = count
            for word, value in ((_IOVLEN_WORD, count), (_CONTROLLEN_WORD, _CONTROL.size if count > 1 else 0)):
                self._words[word::_HEADER_WORDS] = array("Q", [value]) * self._capacity


class Job:
    """Packets on their way to a group; `frame` is a picture's SSRC and timestamp, None for what is urgent."""

    __slots__ = ("frame", "group", "packets", "position", "protect", "queued")

    def __init__(self, group: Group, packet: bytes, protect: Any, frame: Frame | None, queued: float) -> None:
        self.group = group
        self.packets = [packet]
        self.protect = protect
        self.frame = frame
        self.queued = queued
        self.position = 0

    def takes(self, other: Job) -> bool:
        """Whether the other's packet can go along: all pieces of a message but the last have one size."""
        size = len(self.packets[0])
        return (
            self.frame == other.frame
            and self.group is other.group
            and self.position == 0
            and len(self.packets) < RUN
            and len(self.packets[-1]) == size >= len(other.packets[0])
        )


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
        self._segments = HAS_BATCHES
        self.blocked = False
        self.sent = 0
        self.sent_bytes = 0
        self.expired = 0
        self.failed = 0

    def put(self, job: Job) -> None:
        """Queues one packet for a group; drops one that has no room in a buffer."""
        if max(map(len, job.packets)) > MAX_PACKET_BYTES:
            self.failed += len(job.group.members)
        elif job.frame is None:
            self._urgent.append(job)
        elif self._segments and self._video and self._video[-1].takes(job):
            self._video[-1].packets += job.packets
        else:
            self._video.append(job)

    def run(self) -> bool:
        """Sends what is queued, at most about one turn's worth; returns whether all is sent."""
        self.blocked = False
        now = self._clock()
        goal = self.sent + PACKETS_PER_TURN
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
            self.expired += (len(job.group.members) - job.position) * len(job.packets)
        return stale

    def _send(self, job: Job) -> bool:
        """Sends to all members from the job's position on; returns False when the kernel has no room."""
        group = job.group
        group.set_run(len(job.packets))
        for overhead, control in _controls.items():
            size = len(job.packets[0]) + overhead
            ffi.memmove(control, _CONTROL.pack(_CONTROL_LENGTH, _SOL_UDP, _UDP_SEGMENT, size), _CONTROL.size)
        while job.position < len(group.members):
            chunk, skip = divmod(job.position, CHUNK)
            sessions = group.sessions[chunk]
            # What libsrtp refuses for someone goes one by one.
            count = len(sessions) - skip if self._encrypt(job, sessions) else self._encrypt_one(job)
            if not self._transmit(job, count):
                return False
        return True

    def _transmit(self, job: Job, count: int) -> bool:
        """Sends what is encrypted for the next members; returns False when the kernel has no room.

        Nothing is encrypted anew for the rest when someone can't be sent to: a whole network may be gone.
        """
        end = job.position + count
        while job.position < end:
            sent = self._socket.send_many(job.group.headers + job.position, end - job.position)
            self._count(sent, job)
            if sent < 0:
                sent = self._send_in_pieces(job)
            job.position += sent
            if not sent:
                return False
        return True

    def _encrypt(self, job: Job, sessions: list[Any]) -> bool:
        """Encrypts for a chunk of members; tells whether libsrtp agreed to all of it."""
        for run, packet in enumerate(job.packets):
            _fill(run, packet, len(sessions))
            if any(map(job.protect, sessions, _buffers[run], _lengths[run])):
                return False
        return True

    def _encrypt_one(self, job: Job) -> int:
        """Encrypts for the next member; returns 1, or goes past it and returns 0 if libsrtp refuses."""
        place, session = job.position % CHUNK, job.group.members[job.position].session
        for run, packet in enumerate(job.packets):
            ffi.memmove(_buffers[run][place], packet, len(packet))
            _lengths[run][place][0] = len(packet)
            if job.protect(session, _buffers[run][place], _lengths[run][place]):
                self.failed += len(job.packets)
                job.position += 1
                return 0
        return 1

    def _send_in_pieces(self, job: Job) -> int:
        """Sends the packets of a message that the kernel could not take apart, as for a small MTU."""
        place, member = job.position % CHUNK, job.group.members[job.position]
        for run in range(len(job.packets) if len(job.packets) > 1 else 0):
            self._socket.send(
                bytes(ffi.buffer(_buffers[run][place], _lengths[run][place][0])), member.address
            )
        return 1

    def _count(self, messages: int, job: Job) -> None:
        if messages > 0:
            self.sent += messages * len(job.packets)
            self.sent_bytes += messages * sum(map(len, job.packets))


def media_job(group: Group, packet: bytes, frame: Frame | None, now: float) -> Job:
    """Returns the job that sends an RTP packet."""
    return Job(group, packet, dtls.protect, frame, now)


def control_job(group: Group, packet: bytes, now: float) -> Job:
    """Returns the job that sends an RTCP packet."""
    return Job(group, packet, dtls.protect_rtcp, None, now)
