"""The hot path: packets, encrypted for each member of a group and sent to all in a few system calls.

No Python object is made for a packet and member. The members of a chunk share a ring of buffers (`ring.py`):
libsrtp encrypts each in place and writes the new length straight into the message's `iov_len`, and one
`sendmmsg` sends them. Each member's `mmsghdr` (its address, its place in the ring) is made when it joins.

The packets of a picture that have one size go to each member as one message, which the kernel takes apart
(UDP_SEGMENT, Linux 4.18): the way through its layers is most of what sending costs.

Never may one SRTP index (a member's keys, SSRC, rollover counter and sequence number) stand for two different
plaintexts: with AES-GCM that would give away both, and the key that proves who sent them. Here a packet that
is encrypted again, because the network was full, is the same packet with the same shift. Whoever gives a
member a shift, or another group, sees to it that the sequence numbers that it has had never come back.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from media_relay.core.shift import Places
from media_relay.io import dtls, fallbacks, ring
from media_relay.io.group import Group, Round, controls
from media_relay.io.ring import CHUNK, RUN, Numbers
from media_relay.io.udp import NO_SEGMENTS, SOL_UDP, UDP_SEGMENT, UdpSocket, ffi

PACKETS_PER_TURN = 256
"""How much is sent before the socket is read again, amid a packet's receivers: about one millisecond."""
MAX_VIDEO_DELAY = 0.25
MAX_DELAY = 1.0
"""Seconds after which a packet that the network has no room for is given up, sound hardly ever."""

LAYERS = 4
"""So many pictures back is looked for one that a packet belongs to."""

MAX_REFUSED_RUNS = CHUNK
"""So many in a row that go only in pieces, of one packet's receivers, and no runs are tried any more."""

_CONTROL = struct.Struct("=QiiH6x")
_CONTROL_LENGTH = 18

Frame = tuple[int, int]
Change = Callable[[], None]


class Job:
    """Packets on their way to a group; `frame` is a picture's SSRC and timestamp, None for what is urgent."""

    __slots__ = ("frame", "group", "numbers", "packets", "protect", "queued", "round")

    def __init__(
        self, group: Group, packet: bytes, numbers: Numbers, protect: Any, frame: Frame | None, queued: float
    ) -> None:
        self.group = group
        self.round = Round(group)
        self.packets = [packet]
        self.numbers = [numbers]
        self.protect = protect
        self.frame = frame
        self.queued = queued

    def takes(self, other: Job) -> bool:
        """Whether the other's packet can go along: all pieces of a message but the last have one size."""
        size = len(self.packets[0])
        return (
            self.frame == other.frame
            and self.group is other.group
            and not self.round.begun
            and len(self.packets) < RUN
            and len(self.packets[-1]) == size >= len(other.packets[0])
        )

    @property
    def is_whole(self) -> bool:
        """Whether nothing more can go along: the picture's last packet has come, or no more fit."""
        last = self.packets[-1]
        return (
            self.frame is None
            or last[1] >= 0x80
            or len(self.packets) == RUN
            or len(last) < len(self.packets[0])
        )

    def take(self, other: Job) -> None:
        """Takes the other's packet along."""
        self.packets += other.packets
        self.numbers += other.numbers


class Lane:
    """The way out of one socket: video waits behind everything else, and for the network when that is full.

    After `put`, call `run` until it returns True; when it returns False, call it again after reading, or, if
    `blocked`, when the socket can be written to. The begin of a picture it may keep back until more packets
    come that go along, at most `patience` seconds: call it again after these if `waits`.
    """

    def __init__(self, socket: UdpSocket, clock: Callable[[], float], patience: float = 0.0) -> None:
        self._socket = socket
        self._clock = clock
        self._patience = patience if socket.takes_runs else 0.0
        self._urgent: deque[Job | Change] = deque()
        self._video: deque[Job | Change] = deque()
        self._given_up: dict[int, int] = {}
        """By SSRC the timestamp of the picture of which a packet was not sent."""
        self._takes_runs = socket.takes_runs
        self._refused_runs = 0
        self.blocked = False
        self.waits = False
        self.sent = 0
        self.sent_bytes = 0
        self.expired = 0
        self.failed = 0

    @property
    def is_empty(self) -> bool:
        """Whether neither packets nor changes wait."""
        return not self._urgent and not self._video

    def put(self, job: Job) -> None:
        """Queues one packet for a group; drops one that has no room in a buffer."""
        if max(map(len, job.packets)) > ring.MAX_PACKET_BYTES:
            self.failed += len(job.group.members)
        elif job.frame is None:
            self._urgent.append(job)
        elif earlier := self._find(job):
            earlier.take(job)
        else:
            self._video.append(job)

    def _find(self, job: Job) -> Job | None:
        """Returns the waiting job that a video packet can go along with; layers of a picture come mixed."""
        for waiting in islice(reversed(self._video), LAYERS) if self._takes_runs else ():
            if not isinstance(waiting, Job):
                return None
            if waiting.group is job.group:
                return waiting if waiting.takes(job) else None
        return None

    def put_change(self, action: Change, *, urgent: bool) -> None:
        """Does something exactly between the packets put before and after, at once if none wait.

        Urgent is what concerns sound. Changes of who is in a group with shifts, and with which shift, belong
        here; they are never given up.
        """
        queue = self._urgent if urgent else self._video
        if queue:
            queue.append(action)
        else:
            action()

    def drop(self, group: Group) -> None:
        """Gives up all packets that wait for a group, also those that some of it have had."""
        for queue in (self._urgent, self._video):
            waiting = list(queue)
            queue.clear()
            for job in waiting:
                if isinstance(job, Job) and job.group is group:
                    job.round.end()
                else:
                    queue.append(job)

    def run(self) -> bool:
        """Sends what is queued, at most about one turn's worth; returns whether all is sent."""
        self.blocked = self.waits = False
        now = self._clock()
        goal = self.sent + PACKETS_PER_TURN
        while queue := self._urgent or self._video:
            job = queue[0]
            if not isinstance(job, Job):
                queue.popleft()
                job()
                continue
            if queue is self._video and self._keeps(job, now):
                self.waits = True
                return True
            if self.sent >= goal:
                return False
            if not self._is_stale(job, now) and not self._send(job, goal):
                return False
            job.round.end()
            queue.popleft()
        return True

    def _keeps(self, job: Job, now: float) -> bool:
        """Whether to wait for the rest of a picture: a message of all its packets costs little more."""
        waited = now - job.queued
        return not job.round.begun and not job.is_whole and waited < self._patience

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
            self.expired += job.round.rest() * len(job.packets)
        return stale

    def _send(self, job: Job, goal: int) -> bool:
        """Sends to the members from the job's position on; returns False if the kernel or the turn ends that.

        What is urgent may come in between.
        """
        job.group.set_run(len(job.packets))
        self._refused_runs = 0
        for overhead, control in controls.items():
            size = len(job.packets[0]) + overhead
            ffi.memmove(control, _CONTROL.pack(_CONTROL_LENGTH, SOL_UDP, UDP_SEGMENT, size), _CONTROL.size)
        if not job.round.begun:
            job.round.begin()
        while True:
            start, end = job.round.due()
            if start == end:
                return True
            if self.sent >= goal:
                return False
            for refused in self._encrypt(job, start, end):
                if not self._transmit(job, refused):
                    return False
                self.failed += len(job.packets)
                job.round.position += 1
            if not self._transmit(job, end):
                return False

    def _encrypt(self, job: Job, start: int, end: int) -> list[int]:
        """Encrypts for members of one chunk; returns those for whom libsrtp refuses it."""
        number, first = divmod(start, CHUNK)
        last, run = first + end - start, len(job.packets)
        chunk = job.group.chunk(number)
        ring.fill(job.packets, last)
        if chunk.offsets:
            ring.renumber(job.numbers, chunk.offsets)
        part = slice(first * run, last * run)
        status = list(map(job.protect, chunk.sessions(run)[part], ring.buffers[part], ring.lengths[part]))
        if not any(status):
            return []
        return sorted({start + i // run for i, problem in enumerate(status) if problem})

    def _transmit(self, job: Job, end: int) -> bool:
        """Sends what is encrypted for the next members; returns False when the kernel has no room.

        Nothing is encrypted anew for the rest when someone can't be sent to: a whole network may be gone.
        """
        while job.round.position < end:
            sent = self._socket.send_many(job.group.headers + job.round.position, end - job.round.position)
            self._count(sent, job)
            if sent < 0:
                sent = self._send_in_pieces(job)
            job.round.position += sent
            if not sent:
                self.blocked = True
                return False
        return True

    def _send_in_pieces(self, job: Job) -> int:
        """Sends the packets of a message that the kernel could not take apart, as for a small MTU."""
        place, member = job.round.position % CHUNK, job.group.members[job.round.position]
        if len(job.packets) > 1:
            run = len(job.packets)
            part = slice(place * run, (place + 1) * run)
            buffers = zip(ring.buffers[part], ring.lengths[part], strict=True)
            pieces = [bytes(ffi.buffer(buffer, length[0])) for buffer, length in buffers]
            taken = [len(piece) for piece in pieces if self._socket.send(piece, member.address)]
            self.sent += len(taken)
            self.sent_bytes += sum(taken)
            self._refuse_run(all_taken=len(taken) == len(pieces))
        return 1

    def _refuse_run(self, *, all_taken: bool) -> None:
        # One way may be narrow, but where nobody can be served by runs they are of no use.
        self._refused_runs += all_taken
        if self._refused_runs == MAX_REFUSED_RUNS:
            self._takes_runs = False
            fallbacks.tell(NO_SEGMENTS)

    def _count(self, messages: int, job: Job) -> None:
        if messages > 0:
            self._refused_runs = 0
            self.sent += messages * len(job.packets)
            self.sent_bytes += messages * sum(map(len, job.packets))


def media_job(group: Group, packet: bytes, frame: Frame | None, places: Places, now: float) -> Job:
    """Returns the job that sends an RTP packet, with the numbers of each member."""
    return Job(group, packet, ring.media_numbers(packet, places), dtls.protect, frame, now)


def control_job(group: Group, packet: bytes, now: float) -> Job:
    """Returns the job that sends an RTCP packet; the timestamp of a sender report is each member's own."""
    return Job(group, packet, ring.report_numbers(packet), dtls.protect_rtcp, None, now)
