"""DTLS handshakes and SRTP sessions; the only file that touches aiortc or pylibsrtp.

What it relies on, and `tests/media_relay/io/test_dtls.py` holds the libraries to:

- aiortc 1.16: `RTCDtlsTransport(ice, [certificate])` with `_set_role`, `start`, `stop`, `state` and the event
  `statechange`; that it asks nothing of its ICE transport but `role`, `state`, `_recv()`, `_send()`; its
  `_srtp_profiles`, `_ssl`, `_role`, and that `_setup_srtp` is where the sessions `_rx_srtp` and
  `_tx_srtp` are made; `RTCCertificate._create_ssl_context(srtp_profiles)`.
- pylibsrtp 1.0: `Session._srtp`, the cffi binding, error numbers; that a sender's session may repeat packets.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    State,
)
from OpenSSL import SSL
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from media_relay.core.rtcp import ReceiverReport
from media_relay.io import fallbacks

MAX_QUEUED_DATAGRAMS = 16
NO_GCM = "libsrtp has no AES-GCM here: AES-CM with SHA-1 takes its place, which costs twice as much"
FINGERPRINT_ALGORITHM = "sha-256"
RTCP_TRAILER_BYTES = 4 + 16
RECEIVED_WINDOW, SENT_WINDOW = 1024, 256
"""How many packets back a session knows what it has had. What is older is not taken, or not encrypted.

Of what is sent that is as much as ever comes late: libsrtp moves all these bits with every packet.
"""
REPLAY_ERRORS = (9, 10)
"""libsrtp's replay_fail and replay_old: a packet that came twice, or far too late."""

_SUPPORTED = {"aiortc": "1.16.", "pylibsrtp": "1.0."}

# AES-128-GCM is the cheapest to compute by far; being the server, our order decides.
_PROFILES = [
    profile
    for profile in (SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80)
    if profile in SRTP_PROFILES
]

# What each adds to an RTP packet: the authentication tag.
_OVERHEAD = {SRTP_AEAD_AES_128_GCM: 16, SRTP_AEAD_AES_256_GCM: 16, SRTP_AES128_CM_SHA1_80: 10}
OVERHEADS = frozenset(_OVERHEAD.values())

_senders = ThreadPoolExecutor(1, "senders")
"""Makes senders' sessions: glibc gives a thread memory of its own, so that these lie together.

Strewn among what handshakes leave behind they would make each packet a fifth dearer.
"""

protect = lib.srtp_protect
protect_rtcp = lib.srtp_protect_rtcp

Fingerprints = tuple[tuple[str, str], ...]


def check_versions() -> None:
    """Raises RuntimeError unless the libraries are the ones whose inner names this file knows."""
    for package, prefix in _SUPPORTED.items():
        version = importlib.metadata.version(package)
        if not version.startswith(prefix):
            raise RuntimeError(f"{package} {version} is installed, but the relay knows {prefix}x only")


check_versions()


class Certificate(RTCCertificate):
    """A certificate that lives as long as the process, and its one TLS context for all peers."""

    _context: Any = None
    _fingerprint: tuple[str, str] | None = None

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> Any:
        # A context of its own would cost every connection some 60 kB and a third of a millisecond.
        if self._context is None:
            if SRTP_AEAD_AES_128_GCM not in srtp_profiles:
                fallbacks.tell(NO_GCM)
            self._context = super()._create_ssl_context(srtp_profiles)
            # After the handshake hardly anything is ever read or written: that is 9 kB for each connection.
            self._context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        return self._context

    def fingerprint(self) -> tuple[str, str]:
        """Returns the algorithm and the value for an SDP."""
        if self._fingerprint is None:
            values = {item.algorithm: item.value for item in self.getFingerprints()}
            self._fingerprint = FINGERPRINT_ALGORITHM, values[FINGERPRINT_ALGORITHM]
        return self._fingerprint


def _discard(data: bytes) -> None:
    """Sends nothing to nobody."""


class _IceStandIn:
    """What `RTCDtlsTransport` takes for its ICE transport: a bounded queue in, a function out."""

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._datagrams: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._transmit = send
        self._stopped = False

    def put(self, data: bytes) -> bool:
        if len(self._datagrams) >= MAX_QUEUED_DATAGRAMS:
            return False
        self._datagrams.append(data)
        self._wake()
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _recv(self) -> bytes:
        while not self._datagrams:
            if self._stopped:
                raise ConnectionError("the peer is closed")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._datagrams.popleft()

    async def _send(self, data: bytes) -> None:
        self._transmit(data)

    async def stop(self) -> None:
        self._stopped = True
        # Without this the peer would be part of a cycle, and stay until the garbage collector comes by.
        self._transmit = _discard
        self._wake()


class _Transport(RTCDtlsTransport):
    """Makes its SRTP sessions with windows of our size, the sender's with streams of these SSRCs."""

    overhead = 0
    streams: tuple[int, ...] = ()

    def _setup_srtp(self) -> None:
        ssl = cast(Any, self._ssl)
        selected = ssl.get_selected_srtp_profile()
        profile = next((one for one in self._srtp_profiles if one.openssl_profile == selected), None)
        if profile is None:
            self._set_state(State.FAILED)
            return
        self.overhead = _OVERHEAD[profile]
        # RFC 5764 section 4.2: the keys of the client come first.
        size = 2 * (profile.key_length + profile.salt_length)
        material = ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        own = self._role == "server"
        received, sent = (profile.get_key_and_salt(material, index) for index in (not own, own))
        self._rx_srtp = _srtp(profile, Policy.SSRC_ANY_INBOUND, received, RECEIVED_WINDOW)
        self._tx_srtp = _senders.submit(_sender, profile, sent, self.streams).result()


def _srtp(profile: Any, kind: int, key: bytes, window: int) -> Session:
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile.libsrtp_profile)
    policy.allow_repeat_tx = True
    policy.window_size = window
    return Session(policy)


def _sender(profile: Any, key: bytes, streams: tuple[int, ...]) -> Session:
    """Returns a sender's session with these streams, which libsrtp makes when each has its first packet.

    That is a report here, which nobody gets. libsrtp numbers reports itself, so that no index comes twice.
    """
    session = _srtp(profile, Policy.SSRC_ANY_OUTBOUND, key, SENT_WINDOW)
    for ssrc in streams:
        # The main thread, whose buffer that is, waits meanwhile.
        _protect(lib.srtp_protect_rtcp, session._srtp[0], ReceiverReport(ssrc).to_bytes())
    return session


class DtlsSession:
    """One peer's handshake and, after it, its keys.

    Any SSRC can be sent, but those of `streams`, which are known before, lie together with the keys.
    """

    def __init__(
        self, certificate: Certificate, send: Callable[[bytes], None], streams: Iterable[int] = ()
    ) -> None:
        self._ice = _IceStandIn(send)
        self._transport = _Transport(cast(Any, self._ice), [certificate])
        self._transport._srtp_profiles = _PROFILES
        self._transport.streams = tuple(streams)
        self.outbound: Any = None
        self.overhead = 0
        self._inbound: Any = None
        self._length = ffi.new("int *")

    def receive(self, data: bytes) -> bool:
        """Takes a DTLS record from the peer's own address; tells whether there was room for it."""
        return self._ice.put(data)

    async def handshake(self, fingerprints: Fingerprints, *, server: bool) -> bool:
        """Runs the handshake to its end; tells whether the peer is who its fingerprints say."""
        transport = self._transport
        transport._set_role("server" if server else "client")
        await transport.start(
            RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints])
        )
        if transport.state != "connected":
            return False
        self.outbound = transport._tx_srtp._srtp[0]
        self.overhead = transport.overhead
        self._inbound = transport._rx_srtp._srtp[0]
        return True

    def when_closed(self, callback: Callable[[], None]) -> None:
        """Calls back when the peer says good-bye (close_notify)."""
        transport = self._transport

        def changed() -> None:
            if transport.state == "closed":
                callback()

        transport.on("statechange", changed)

    async def stop(self) -> None:
        """Says good-bye to the peer and ends the session; the keys go with it."""
        self._transport.remove_all_listeners()
        await self._transport.stop()
        await self._ice.stop()

    def unprotect(self, pointer: Any, length: int, *, rtcp: bool) -> tuple[int, int]:
        """Decrypts a packet in place; returns libsrtp's error (0 for none) and the new length."""
        self._length[0] = length
        function = lib.srtp_unprotect_rtcp if rtcp else lib.srtp_unprotect
        status = function(self._inbound, pointer, self._length)
        return status, self._length[0]

    def protect_control(self, packet: bytes) -> bytes:
        """Encrypts one RTCP packet for the peer; returns nothing if it cannot be."""
        return _protect(lib.srtp_protect_rtcp, self.outbound, packet)

    def protect_media(self, packet: bytes) -> bytes:
        """Encrypts one RTP packet for the peer, even one that it was sent before."""
        return _protect(lib.srtp_protect, self.outbound, packet)


_scratch = ffi.new("char[]", 2048)
_scratch_length = ffi.new("int *")


def _protect(function: Any, session: Any, packet: bytes) -> bytes:
    if len(packet) > len(_scratch) - RTCP_TRAILER_BYTES:
        return b""
    ffi.memmove(_scratch, packet, len(packet))
    _scratch_length[0] = len(packet)
    if function(session, _scratch, _scratch_length):
        return b""
    return bytes(ffi.buffer(_scratch, _scratch_length[0]))
