"""One WebRTC connection of a load client: ICE as the controlling side, DTLS as the client, then SRTP."""

from __future__ import annotations

import contextlib
import os
import random
import socket

from aioice import stun
from OpenSSL import SSL

from bench.dtls import Handshake, Identity, Sessions, random_text
from bench.sdp import Local, Remote

CHECK_RETRY_SECONDS = 0.25
CONSENT_SECONDS = (2.5, 5.0)
"""RFC 7675 has 5 s ± 20 %, Chromium checks a good connection every 2.5 s."""
DTLS_TIMER_SECONDS = 0.1
RECEIVE_BUFFER_BYTES = 1 << 20
HOST_PRIORITY = 0x6EFFFFFF


class Peer:
    """The client's end of a connection with a relay, on a UDP socket of its own.

    The owner passes every waiting datagram to `receive_datagram` and calls `tick` about ten times a second.
    """

    def __init__(self, identity: Identity) -> None:
        self.local = Local(random_text(8), random_text(24), identity.fingerprint)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self.sessions: Sessions | None = None
        self.failure: str | None = None
        self._identity = identity
        self._remote: Remote | None = None
        self._handshake: Handshake | None = None
        self._tie_breaker = int.from_bytes(os.urandom(8), "big")
        self._transaction = b""
        self._next_check = 0.0
        self._next_dtls_timer = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether media may flow."""
        return self.sessions is not None

    def connect(self, remote: Remote, now: float) -> None:
        """Starts towards the relay."""
        self._remote = remote
        self.socket.connect(remote.address)
        self._send_check(now)

    def close(self) -> None:
        """Ends the connection without a word, as a browser that lost its network."""
        self.socket.close()

    def receive_datagram(self, data: bytes, now: float) -> None:
        """Takes one datagram that is not counted media."""
        if not data or self.failure:
            return
        if data[0] <= 3:
            self._receive_stun(data, now)
        elif 20 <= data[0] <= 63:
            self._receive_dtls(data)
        elif 128 <= data[0] <= 191 and self.sessions:
            self.receive_protected(data, now)

    def receive_protected(self, data: bytes, now: float) -> None:
        """Takes an SRTP or SRTCP packet; a subclass may care."""

    def tick(self, now: float) -> None:
        """Does what time demands."""
        if self._remote is None or self.failure:
            return
        if now >= self._next_check:
            self._send_check(now)
        if self._handshake and not self.sessions and now >= self._next_dtls_timer:
            self._next_dtls_timer = now + DTLS_TIMER_SECONDS
            self._handshake.handle_timeout()
            self._flush()

    def send(self, data: bytes) -> None:
        """Sends a datagram; one that the system has no room for is lost, as on any network."""
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self.socket.send(data)

    def _send_check(self, now: float) -> None:
        assert self._remote
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote.ufrag}:{self.local.ufrag}"
        request.attributes["PRIORITY"] = HOST_PRIORITY
        request.attributes["ICE-CONTROLLING"] = self._tie_breaker
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote.pwd.encode())
        self._transaction = request.transaction_id
        self._next_check = now + (
            random.uniform(*CONSENT_SECONDS) if self._handshake else CHECK_RETRY_SECONDS
        )
        self.send(bytes(request))

    def _receive_stun(self, data: bytes, now: float) -> None:
        assert self._remote
        reply = stun.parse_message(data)
        if reply.message_class == stun.Class.REQUEST:
            self._answer_check(reply)
            return
        ours = reply.message_class == stun.Class.RESPONSE and reply.transaction_id == self._transaction
        if not ours or not reply.check_message_integrity(self._remote.pwd.encode()):
            return
        if self._handshake is None:
            self._next_check = now + random.uniform(*CONSENT_SECONDS)
            self._handshake = Handshake(self._identity, self._remote.fingerprint)
            self._handshake.start()
            self._flush()

    def _answer_check(self, request: stun.Message) -> None:
        """Answers a full ICE agent, which checks the way, too."""
        assert self._remote
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = self._remote.address
        response.add_message_integrity(self.local.pwd.encode())
        self.send(bytes(response))

    def _receive_dtls(self, data: bytes) -> None:
        if self._handshake is None:
            return
        try:
            self._handshake.receive(data)
        except (SSL.Error, ValueError, KeyError) as error:
            self.failure = f"DTLS has failed: {error}"
        self._flush()
        self.sessions = self._handshake.sessions

    def _flush(self) -> None:
        assert self._handshake
        for datagram in self._handshake.datagrams():
            self.send(datagram)
