from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aioice import stun

from media_relay.core import rtcp, rtp
from media_relay.core.ice import LiteAgent
from media_relay.core.links import Connection, Link
from media_relay.core.stats import Counters
from media_relay.io.dtls import Certificate, DtlsSession
from media_relay.io.peer import (
    CONNECTED,
    CONSENT_SECONDS,
    HANDSHAKE_SECONDS,
    HELD_SECONDS,
    MAX_BAD_CHECKS_PER_SECOND,
    MAX_CHECKS_PER_SECOND,
    MAX_CONTROLS_PER_SECOND,
    MAX_SSRCS,
    MAX_UNPROVEN_ADDRESSES,
    Peer,
    PeerTable,
)
from media_relay.io.udp import Datagram, ffi, pack_address

HOME, CAFE, STRANGER = (pack_address((host, 5000)) for host in ("192.0.2.1", "192.0.2.2", "198.51.100.9"))


class Wire:
    """A socket that remembers what is sent, and reads nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, bytes]] = []
        self.deliver: Callable[[bytes], object] | None = None

    def send(self, data: bytes, address: bytes) -> bool:
        self.sent.append((data, address))
        if self.deliver is not None and 20 <= data[0] <= 63:
            self.deliver(data)
        return True


@dataclass
class Notes:
    """An owner that writes down what it is told."""

    moved: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    connected: list[Peer] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def peer_connected(self, peer: Peer) -> None:
        self.connected.append(peer)

    def peer_received(self, peer: Peer, data: bytes, rtcp: bool) -> None:
        self.received.append(data)

    def peer_closed(self, peer: Peer, reason: str) -> None:
        self.closed.append(reason)

    def peer_moved(self, peer: Peer) -> None:
        self.moved.append(peer.address)


class House:
    """A table with one peer, a clock and a wire."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wire = Wire()
        self.notes = Notes()
        self.counters = Counters()
        self.table = PeerTable(self.notes, self.counters, lambda: self.now)
        link = Link(Connection("room", "student", "page", "subscribe"))
        self.peer = Peer(link, LiteAgent("ours", "password-of-the-peer-00"), CERTIFICATE, self.now)
        self.table.add(self.peer)
        self._keep: list[object] = []

    def neighbour(self, name: str) -> Peer:
        """Another peer at the same table, whose ufrag and password are made of its name."""
        link = Link(Connection("room", name, "page", "subscribe"))
        peer = Peer(link, LiteAgent(name, f"password-of-{name}".ljust(22, "0")), CERTIFICATE, self.now)
        self.table.add(peer)
        return peer

    def check_of(self, peer: Peer, address: bytes) -> None:
        """A neighbour's check nominates an address."""
        name = peer.agent.ufrag
        self.check(
            address, user=f"{name}:theirs", password=f"password-of-{name}".ljust(22, "0"), nominate=True
        )

    def datagram(self, address: bytes, data: bytes) -> None:
        memory = ffi.new("char[]", data + b"\0")
        self._keep.append(memory)
        self.table.receive(
            self.wire,  # type: ignore[arg-type]  # it stands for a socket
            Datagram(address, memory, len(data), data[0] if data else -1),
        )

    def check(
        self,
        address: bytes,
        *,
        nominate: bool = False,
        password: str = "password-of-the-peer-00",
        user: str = "ours:theirs",
    ) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes.update({"USERNAME": user, "PRIORITY": 1, "ICE-CONTROLLING": 1})
        if nominate:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(password.encode())
        self.datagram(address, bytes(request))


CERTIFICATE = Certificate.generateCertificate()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    await made.peer.stop()


@pytest.fixture
def addresses() -> list[bytes]:
    return [pack_address(("192.0.2.1", port)) for port in range(6000, 6010)]


async def test_a_check_is_answered_where_it_came_from(house: House) -> None:
    house.check(HOME)
    ((reply, address),) = house.wire.sent
    assert address == HOME
    assert stun.parse_message(reply).attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.1", 5000)


async def test_a_check_with_a_wrong_password_proves_nothing(house: House) -> None:
    house.check(STRANGER, password="guessed", nominate=True)
    house.datagram(STRANGER, b"\x16hello")
    assert house.wire.sent == []
    assert house.peer.address == b""
    assert house.counters == {"stun_not_authentic": 1, "dtls_from_unknown_address": 1}


async def test_a_check_of_another_browser_proves_nothing(house: House) -> None:
    house.peer.remote_ufrag = "theirs"
    house.check(STRANGER, user="ours:another", nominate=True)
    assert house.peer.address == b""


async def test_guesses_of_one_host_are_limited_and_its_neighbours_are_not(house: House) -> None:
    for _ in range(MAX_BAD_CHECKS_PER_SECOND + 7):
        house.check(STRANGER, password="guessed")
    assert house.counters["stun_over_limit"] == 7
    house.check(HOME)
    assert house.peer.address == HOME
    house.table.handle_second()
    house.check(STRANGER)
    assert len(house.wire.sent) == 2


async def test_checks_for_peers_that_are_gone_use_up_no_limit(house: House) -> None:
    for _ in range(20 * MAX_BAD_CHECKS_PER_SECOND):
        house.check(HOME, user="gone:theirs")
    house.check(HOME)
    assert house.peer.address == HOME


async def test_dtls_is_taken_from_proven_addresses_and_answered_there(house: House) -> None:
    house.check(HOME)
    house.check(CAFE)
    house.datagram(CAFE, b"\x16hello")
    assert house.peer.address == CAFE
    house.check(HOME, nominate=True)
    house.datagram(CAFE, b"\x16hello")
    assert house.peer.address == HOME
    assert house.counters["dtls_from_unknown_address"] == 1


async def test_dtls_does_not_move_a_connected_peer(house: House) -> None:
    house.check(HOME)
    house.check(CAFE)
    house.datagram(HOME, b"\x16hello")
    house.peer.state = CONNECTED
    house.datagram(CAFE, b"\x16hello")
    assert house.peer.address == HOME


async def test_addresses_that_no_check_nominates_are_bounded(house: House, addresses: list[bytes]) -> None:
    for address in addresses:
        house.check(address)
    assert house.peer.addresses == addresses[:MAX_UNPROVEN_ADDRESSES]
    house.check(addresses[-1], nominate=True)
    assert house.peer.addresses == [addresses[-1]]


async def test_a_connected_peer_moves_with_a_nomination_alone(house: House) -> None:
    house.check(HOME, nominate=True)
    house.peer.state = CONNECTED
    house.check(CAFE)
    assert (house.peer.address, house.notes.moved) == (HOME, [])
    house.check(CAFE, nominate=True)
    assert (house.peer.address, house.notes.moved) == (CAFE, [CAFE])
    house.datagram(HOME, b"\x80media")
    assert house.counters["media_from_unknown_address"] == 1


async def test_a_peer_that_does_not_connect_expires(house: House) -> None:
    assert house.peer.expiry(house.now + HANDSHAKE_SECONDS - 1) == ""
    assert house.peer.expiry(house.now + HANDSHAKE_SECONDS + 1) == "the browser did not connect in time"


async def test_consent_lasts_as_long_as_checks_come_to_the_address_in_use(house: House) -> None:
    house.check(HOME, nominate=True)
    house.peer.state = CONNECTED
    house.now += CONSENT_SECONDS - 1
    house.check(HOME)
    house.now += CONSENT_SECONDS - 1
    assert house.peer.expiry(house.now) == ""
    house.check(CAFE)
    house.now += 2
    assert house.peer.expiry(house.now) == "the browser is silent"


async def test_nothing_is_left_of_a_peer_that_is_gone(house: House) -> None:
    house.check(HOME, nominate=True)
    house.table.discard(house.peer)
    house.wire.sent.clear()
    house.check(HOME)
    house.datagram(HOME, b"\x16hello")
    assert house.wire.sent == []
    assert len(house.table) == 0
    assert house.table.find(house.peer.link) is None


async def test_a_browser_that_gets_the_port_of_another_is_not_taken_for_it(house: House) -> None:
    house.check(HOME, nominate=True)
    other = house.neighbour("other")
    house.check_of(other, HOME)
    house.table.discard(house.peer)
    house.datagram(HOME, b"\x16hello")
    assert house.counters == {}
    await other.stop()
    await asyncio.sleep(0)


async def test_nobody_takes_an_address_that_is_in_use(house: House) -> None:
    house.check(HOME, nominate=True)
    house.peer.state = CONNECTED
    other = house.neighbour("other")
    house.check_of(other, HOME)
    assert house.counters == {"addresses_in_use": 1}
    assert other.address == b""
    house.now += HELD_SECONDS + 1
    house.check_of(other, HOME)
    assert other.address == HOME
    await other.stop()


async def test_a_peer_whose_address_was_taken_has_it_back_with_its_next_check(house: House) -> None:
    house.check(HOME, nominate=True)
    house.peer.state = CONNECTED
    house.now += HELD_SECONDS + 1
    other = house.neighbour("other")
    house.check_of(other, HOME)
    house.check(HOME, nominate=True)
    assert house.table._by_address == {HOME: house.peer}
    assert house.notes.moved == []
    await other.stop()


async def test_checks_of_one_peer_are_limited(house: House) -> None:
    for _ in range(MAX_CHECKS_PER_SECOND + 5):
        house.check(HOME)
    assert len(house.wire.sent) == MAX_CHECKS_PER_SECOND
    assert house.counters == {"stun_over_limit": 5}
    house.table.handle_second()
    house.check(HOME)
    assert len(house.wire.sent) == MAX_CHECKS_PER_SECOND + 1


class Browser:
    """The other end of the house's peer: real DTLS and SRTP, straight into the table."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.certificate = Certificate.generateCertificate()
        self.dtls = DtlsSession(self.certificate, self.send)
        self.leaves_at_the_end = False
        house.wire.deliver = self.dtls.receive

    def send(self, data: bytes) -> None:
        self.house.datagram(HOME, data)
        if self.leaves_at_the_end and _is_last_flight(data):
            self.house.table.discard(self.house.peer)

    async def connect(self) -> None:
        self.house.check(HOME, nominate=True)
        self.house.peer.start(self.house.notes, (self.certificate.fingerprint(),), server=True)
        assert await self.dtls.handshake((CERTIFICATE.fingerprint(),), server=False)

    def media(self, ssrc: int, sequence: int = 0) -> bytes:
        return self.dtls.protect_media(rtp.build_packet(96, sequence, 0, ssrc, b"media"))

    def control(self, ssrc: int = 1) -> bytes:
        return self.dtls.protect_control(rtcp.build_compound(rtcp.ReceiverReport(ssrc)))


def _is_last_flight(data: bytes) -> bool:
    """Whether a DTLS datagram has an encrypted record, of epoch 1."""
    while data:
        if data[3:5] == b"\0\1":
            return True
        data = data[13 + int.from_bytes(data[11:13], "big") :]
    return False


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    made = Browser(house)
    yield made
    await made.dtls.stop()


async def test_a_handshake_that_ends_when_its_peer_has_been_discarded_connects_nobody(
    house: House, browser: Browser
) -> None:
    browser.leaves_at_the_end = True
    await browser.connect()
    assert house.peer.dtls.outbound is not None
    assert house.notes.connected == []


async def test_a_peer_cannot_make_up_ssrcs_without_end(house: House, browser: Browser) -> None:
    await browser.connect()
    for ssrc in range(1000):
        house.datagram(HOME, rtp.build_packet(96, 0, 0, ssrc, b"forged" * 5))
    assert house.counters == {"srtp_not_authentic": 1000}
    for ssrc in range(MAX_SSRCS + 3):
        house.datagram(HOME, browser.media(ssrc) if ssrc % 2 else browser.control(ssrc))
    assert house.counters["ssrcs_over_limit"] == 3
    house.datagram(HOME, browser.media(1, sequence=1))
    assert len(house.notes.received) == MAX_SSRCS + 1


async def test_control_packets_of_one_peer_are_limited(house: House, browser: Browser) -> None:
    await browser.connect()
    for _ in range(MAX_CONTROLS_PER_SECOND + 9):
        house.datagram(HOME, browser.control())
    assert len(house.notes.received) == MAX_CONTROLS_PER_SECOND
    assert house.counters == {"rtcp_over_limit": 9}
    house.datagram(HOME, browser.media(1))
    house.table.handle_second()
    house.datagram(HOME, browser.control())
    assert len(house.notes.received) == MAX_CONTROLS_PER_SECOND + 2


@pytest.mark.parametrize(
    ("data", "counter"),
    [
        (b"", "datagrams_of_bad_length"),
        (bytes(1501), "datagrams_of_bad_length"),
        (b"\x13" * 20, "datagrams_of_unknown_kind"),
        (b"\x40" * 20, "datagrams_of_unknown_kind"),
        (b"\x7f" * 20, "datagrams_of_unknown_kind"),
        (b"\xc0" * 20, "datagrams_of_unknown_kind"),
        (b"\x00" * 20, "stun_malformed"),
        (b"\x16" * 20, "dtls_from_unknown_address"),
        (b"\x80" * 20, "media_from_unknown_address"),
    ],
)
async def test_what_belongs_to_nobody_is_counted(house: House, data: bytes, counter: str) -> None:
    house.datagram(STRANGER, data)
    assert house.counters == {counter: 1}
