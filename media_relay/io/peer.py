"""A connection to a browser: ICE-lite, then DTLS, then media; and the table that finds it for a datagram."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from media_relay.core.ice import LiteAgent, local_ufrag
from media_relay.core.links import Link
from media_relay.core.rtp import is_rtcp
from media_relay.core.stats import Counters
from media_relay.io.dtls import REPLAY_ERRORS, Certificate, DtlsSession, Fingerprints
from media_relay.io.udp import MAX_DATAGRAM_BYTES, Datagram, UdpSocket, ffi, unpack_address
from media_relay.protocol import NEVER_CONNECTED

CONSENT_SECONDS = 30.0
"""RFC 7675 section 5.1: without a check for so long, the browser no longer wants to hear from us."""
HANDSHAKE_SECONDS = 20.0
MAX_UNPROVEN_ADDRESSES = 4
MAX_BAD_CHECKS_PER_SECOND = 50
"""Checks of one host with a known ufrag and a wrong password; one that names nobody costs nothing."""
MAX_COUNTED_HOSTS = 4096
MAX_CHECKS_PER_SECOND = 100
"""Of one peer, with the right password: browsers send one every 50 ms at first, then one in seconds."""
MAX_CONTROLS_PER_SECOND = 200
"""RTCP datagrams of one peer: a browser on a very bad line sends some fifty."""
MAX_SSRCS = 64
"""libsrtp keeps each SSRC of a peer for good, in a list that it searches for every packet."""
HELD_SECONDS = 10.0
"""For so long after its last check nobody else can claim a peer's address: browsers check every 2.5 s."""

NEW, CONNECTED, CLOSED = "new", "connected", "closed"


class Owner(Protocol):
    """Whoever is told what happens to peers."""

    def peer_connected(self, peer: Peer) -> None:
        """The handshake is over and the peer is who its fingerprints say."""

    def peer_closed(self, peer: Peer, reason: str) -> None:
        """The peer is gone and will not come back."""

    def peer_moved(self, peer: Peer) -> None:
        """The peer is to be sent to at another address."""

    def peer_received(self, peer: Peer, data: bytes, rtcp: bool) -> None:
        """A protected packet has come from the peer's own address."""


class Peer:
    """The relay's end of one connection.

    Before a check nominates an address, data is taken from any address that has proven to know the password;
    after it from that one alone, until a check nominates another. `streams` are SSRCs that it will be sent.
    """

    def __init__(
        self,
        link: Link,
        agent: LiteAgent,
        certificate: Certificate,
        now: float,
        streams: Iterable[int] = (),
    ) -> None:
        self.link = link
        self.agent = agent
        self.state = NEW
        self.socket: UdpSocket | None = None
        self.address = b""
        self.nominated = False
        self.addresses: list[bytes] = []
        self.created = self.last_check = now
        self.dtls = DtlsSession(certificate, self._send_dtls, streams)
        self.remote_ufrag = ""
        self.ssrcs: set[bytes] = set()
        """Those of its authentic packets."""
        self._task: asyncio.Task[None] | None = None

    def _send_dtls(self, data: bytes) -> None:
        if self.socket is not None:
            self.socket.send(data, self.address)

    def start(self, owner: Owner, fingerprints: Fingerprints, *, server: bool) -> None:
        """Begins the handshake; the owner hears how it ends. Call it once."""
        self._task = asyncio.get_running_loop().create_task(self._run(owner, fingerprints, server))

    @property
    def started(self) -> bool:
        """Whether the other side's description has come."""
        return self._task is not None

    async def _run(self, owner: Owner, fingerprints: Fingerprints, server: bool) -> None:
        if not await self.dtls.handshake(fingerprints, server=server):
            owner.peer_closed(self, "the handshake failed")
        elif self.state == NEW:
            self.state = CONNECTED
            self.dtls.when_closed(lambda: owner.peer_closed(self, "the browser has left"))
            owner.peer_connected(self)

    async def stop(self) -> None:
        """Ends the connection and says so to the browser, if it still listens."""
        self.state = CLOSED
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        await self.dtls.stop()

    def send_control(self, packet: bytes) -> None:
        """Sends one RTCP packet."""
        self._send(self.dtls.protect_control(packet))

    def resend(self, packet: bytes) -> None:
        """Sends one RTP packet again."""
        self._send(self.dtls.protect_media(packet))

    def _send(self, data: bytes) -> None:
        if data and self.socket is not None:
            self.socket.send(data, self.address)

    def expiry(self, now: float) -> str:
        """Returns why the connection has come to its end, or nothing."""
        if self.state == NEW and now - self.created > HANDSHAKE_SECONDS:
            return NEVER_CONNECTED
        if self.state == CONNECTED and now - self.last_check > CONSENT_SECONDS:
            return "the browser is silent"
        return ""

    def holds(self, address: bytes, now: float) -> bool:
        """Whether the address is in use, and surely this peer's own."""
        return self.state == CONNECTED and self.address == address and now - self.last_check < HELD_SECONDS


class PeerTable:
    """Finds the peer of each datagram: a check by its ufrag, everything else by its address."""

    def __init__(self, owner: Owner, counters: Counters, clock: Callable[[], float]) -> None:
        self._owner = owner
        self._counters = counters
        self._clock = clock
        self._by_ufrag: dict[str, Peer] = {}
        self._by_address: dict[bytes, Peer] = {}
        self._by_link: dict[Link, Peer] = {}
        self._bad_checks: dict[bytes, int] = {}
        self._good_checks: dict[Peer, int] = {}
        self._controls: dict[Peer, int] = {}
        self.received = 0
        self.received_bytes = 0

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._by_link.values()))

    def __len__(self) -> int:
        return len(self._by_link)

    def add(self, peer: Peer) -> None:
        """Begins to listen for a peer."""
        self._by_ufrag[peer.agent.ufrag] = peer
        self._by_link[peer.link] = peer

    def find(self, link: Link) -> Peer | None:
        """Returns the peer of a connection."""
        return self._by_link.get(link)

    def discard(self, peer: Peer) -> None:
        """Stops listening for a peer; a handshake that ends just now comes too late."""
        peer.state = CLOSED
        self._by_ufrag.pop(peer.agent.ufrag, None)
        self._by_link.pop(peer.link, None)
        self._release(peer)

    def _release(self, peer: Peer) -> None:
        for address in peer.addresses:
            if self._by_address.get(address) is peer:
                del self._by_address[address]
        peer.addresses.clear()

    def handle_second(self) -> None:
        """Call it every second: limits count anew."""
        self._bad_checks.clear()
        self._good_checks.clear()
        self._controls.clear()

    def receive(self, socket: UdpSocket, datagram: Datagram) -> None:
        """Takes one datagram from anyone."""
        first = datagram.first_byte
        self.received += 1
        self.received_bytes += datagram.length
        if not 0 < datagram.length <= MAX_DATAGRAM_BYTES:
            self._counters.add("datagrams_of_bad_length")
        elif 128 <= first <= 191:
            self._receive_media(datagram)
        elif first <= 3:
            self._receive_check(socket, datagram)
        elif 20 <= first <= 63:
            self._receive_handshake(socket, datagram)
        else:
            self._counters.add("datagrams_of_unknown_kind")

    def _receive_media(self, datagram: Datagram) -> None:
        peer = self._by_address.get(datagram.address)
        if peer is None or peer.state != CONNECTED:
            self._counters.add("media_from_unknown_address")
            return
        head = ffi.buffer(datagram.pointer, datagram.length)[:12]
        rtcp = is_rtcp(head)
        ssrc = head[4:8] if rtcp else head[8:12]
        if rtcp and self._controls.get(peer, 0) >= MAX_CONTROLS_PER_SECOND:
            self._counters.add("rtcp_over_limit")
            return
        if ssrc not in peer.ssrcs and len(peer.ssrcs) >= MAX_SSRCS:
            self._counters.add("ssrcs_over_limit")
            return
        status, length = peer.dtls.unprotect(datagram.pointer, datagram.length, rtcp=rtcp)
        if status:
            self._counters.add("srtp_replayed" if status in REPLAY_ERRORS else "srtp_not_authentic")
            return
        peer.ssrcs.add(ssrc)
        if rtcp:
            self._controls[peer] = self._controls.get(peer, 0) + 1
        self._owner.peer_received(peer, bytes(ffi.buffer(datagram.pointer, length)), rtcp)

    def _receive_handshake(self, socket: UdpSocket, datagram: Datagram) -> None:
        peer = self._by_address.get(datagram.address)
        if peer is None:
            self._counters.add("dtls_from_unknown_address")
            return
        if not peer.nominated and peer.state == NEW:
            peer.socket, peer.address = socket, datagram.address
        if not peer.dtls.receive(datagram.copy()):
            self._counters.add("dtls_over_limit")

    def _receive_check(self, socket: UdpSocket, datagram: Datagram) -> None:
        data = datagram.copy()
        try:
            peer = self._by_ufrag.get(local_ufrag(data))
        except ValueError:
            self._counters.add("stun_malformed")
            return
        # After a restart many pages of one school may still ask for peers that are gone: that harms nobody.
        if peer is None:
            self._counters.add("stun_of_unknown_peer")
        elif self._good_checks.get(peer, 0) >= MAX_CHECKS_PER_SECOND or (
            datagram.address not in self._by_address and self._has_failed_often(datagram.address)
        ):
            self._counters.add("stun_over_limit")
        else:
            self._check(peer, socket, datagram.address, data)

    def _check(self, peer: Peer, socket: UdpSocket, address: bytes, data: bytes) -> None:
        try:
            check = peer.agent.receive(data, unpack_address(address))
        except ValueError:
            self._counters.add("stun_not_authentic")
            self._count_failure(address)
            return
        self._good_checks[peer] = self._good_checks.get(peer, 0) + 1
        socket.send(check.reply, address)
        other = self._by_address.get(address, peer)
        if other is not peer and other.holds(address, self._clock()):
            self._counters.add("addresses_in_use")
        elif check.accepted and check.remote_ufrag == (peer.remote_ufrag or check.remote_ufrag):
            self._accept(peer, socket, address, nominated=check.nominated)

    def _has_failed_often(self, address: bytes) -> bool:
        return self._bad_checks.get(_host(address), 0) >= MAX_BAD_CHECKS_PER_SECOND

    def _count_failure(self, address: bytes) -> None:
        host = _host(address)
        if len(self._bad_checks) < MAX_COUNTED_HOSTS or host in self._bad_checks:
            self._bad_checks[host] = self._bad_checks.get(host, 0) + 1

    def _accept(self, peer: Peer, socket: UdpSocket, address: bytes, *, nominated: bool) -> None:
        """Notes that the browser may be reached at an address."""
        listens = peer.address == address and self._by_address.get(address) is peer
        if nominated and not (peer.nominated and listens):
            self._nominate(peer, socket, address)
        elif not peer.nominated and address not in peer.addresses:
            if len(peer.addresses) >= MAX_UNPROVEN_ADDRESSES:
                return
            self._listen(peer, address)
            if not peer.address:
                peer.socket, peer.address = socket, address
        if address == peer.address or not peer.nominated:
            peer.last_check = self._clock()

    def _nominate(self, peer: Peer, socket: UdpSocket, address: bytes) -> None:
        self._release(peer)
        self._listen(peer, address)
        moved = peer.state == CONNECTED and peer.address != address
        peer.nominated, peer.socket, peer.address = True, socket, address
        if moved:
            self._counters.add("peers_moved")
            self._owner.peer_moved(peer)

    def _listen(self, peer: Peer, address: bytes) -> None:
        peer.addresses.append(address)
        self._by_address[address] = peer


def _host(address: bytes) -> bytes:
    """Returns the part of a `sockaddr` that one machine cannot change at will: of IPv6 its network's half."""
    return address[4:8] if len(address) == 8 else address[8:16]
