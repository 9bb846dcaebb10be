"""Subscribers with keys and sockets of their own, and sockets to them that are full or refuse."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from pylibsrtp import Policy, Session

from media_relay.core import rtp
from media_relay.core.shift import Places
from media_relay.io.fanout import Frame, Job, Lane
from media_relay.io.fanout import media_job as job_with_places
from media_relay.io.group import Group, Member
from media_relay.io.ring import CHUNK
from media_relay.io.udp import UdpSocket, pack_address

PROFILES = (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, Policy.SRTP_PROFILE_AES128_CM_SHA1_80)
OVERHEAD = dict(zip(PROFILES, (16, 10), strict=True))
COUNT = 2 * CHUNK + 5
SSRC = 77


class Receiver:
    """A subscriber: keys, and a socket of its own."""

    def __init__(self, profile: int) -> None:
        key = os.urandom(30)
        out = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        out.allow_repeat_tx = True
        self.outbound = Session(out)
        self._inbound = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.member = Member(
            self.outbound._srtp[0], OVERHEAD[profile], pack_address(self._socket.getsockname())
        )

    def received(self, *, rtcp: bool = False) -> list[bytes]:
        """Everything that has come, decrypted."""
        found: list[bytes] = []
        while True:
            try:
                data = self._socket.recv(2000)
            except BlockingIOError:
                return found
            found.append(self._inbound.unprotect_rtcp(data) if rtcp else self._inbound.unprotect(data))

    def close(self) -> None:
        self._socket.close()


class Full:
    """A socket that takes so many messages and no more."""

    takes_runs = True

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = 0

    def send_many(self, headers: object, count: int) -> int:
        sent = min(count, self.room - self.taken)
        self.taken += sent
        return sent


class Counting:
    """Passes everything on to a real socket, and may refuse messages of several packets."""

    takes_runs = True

    def __init__(self, inner: UdpSocket, *, refuse_runs: bool = False) -> None:
        self._inner = inner
        self.refuse_runs = refuse_runs
        self.messages = 0

    def send_many(self, headers: Any, count: int) -> int:
        if self.refuse_runs and headers[0].msg_hdr.msg_iovlen > 1:
            return -1
        sent = self._inner.send_many(headers, count)
        self.messages += max(0, sent)
        return sent

    def send(self, data: bytes, address: bytes) -> bool:
        return self._inner.send(data, address)


def packet(sequence: int, size: int = 1000) -> bytes:
    return rtp.build_packet(96, sequence, 0, SSRC, os.urandom(size))


def media_job(group: Group, data: bytes, frame: Frame | None, now: float) -> Job:
    return job_with_places(group, data, frame, Places(), now)


def group_of(receivers: list[Receiver]) -> Group:
    group = Group()
    for receiver in receivers:
        group.add(receiver.member)
    return group


def lane_of(socket: Any, clock: Callable[[], float] = lambda: 0.0) -> Lane:
    """A lane into what stands for a socket."""
    return Lane(socket, clock)


def run_all(lane: Lane) -> None:
    while not lane.run():
        assert not lane.blocked
