from __future__ import annotations

import errno
import select
import socket
from collections.abc import Iterator

import pytest

from media_relay.io import udp
from media_relay.io.udp import UdpSocket, open_sockets, pack_address, unpack_address

HOSTS = ("127.0.0.1", "::1")


@pytest.fixture(params=HOSTS)
def ours(request: pytest.FixtureRequest) -> Iterator[UdpSocket]:
    opened = UdpSocket(request.param, 0)
    yield opened
    opened.close()


@pytest.fixture
def other(ours: UdpSocket) -> Iterator[socket.socket]:
    with socket.socket(ours.family, socket.SOCK_DGRAM) as opened:
        opened.bind((ours.host, 0))
        opened.settimeout(2)
        yield opened


@pytest.fixture(params=[True, False], ids=["batches", "one by one"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both with the system calls for batches and where there are none."""
    monkeypatch.setattr(udp, "HAS_BATCHES", request.param)


def read(ours: UdpSocket, count: int) -> list[tuple[bytes, bytes, int]]:
    """Reads so many datagrams: bytes, address, first byte."""
    found: list[tuple[bytes, bytes, int]] = []
    while len(found) < count:
        assert select.select([ours.fileno], [], [], 2)[0]
        found += [(d.copy(), d.address, d.first_byte) for d in ours.receive()]
    return found


@pytest.mark.usefixtures("either_way")
def test_a_batch_is_read_whole_with_addresses(ours: UdpSocket, other: socket.socket) -> None:
    sent = [bytes((i,)) * i for i in range(1, 100)] + [b""]
    for data in sent:
        other.sendto(data, (ours.host, ours.port))
    found = read(ours, len(sent))
    assert [data for data, _, _ in found] == sent
    assert {unpack_address(address)[:2] for _, address, _ in found} == {other.getsockname()[:2]}
    assert [first for _, _, first in found] == [*range(1, 100), -1]
    assert list(ours.receive()) == []


@pytest.mark.usefixtures("either_way")
def test_what_comes_can_be_answered(ours: UdpSocket, other: socket.socket) -> None:
    other.sendto(b"question", (ours.host, ours.port))
    (_, address, _) = read(ours, 1)[0]
    assert address == pack_address(other.getsockname())
    assert ours.send(b"answer", address)
    assert other.recv(100) == b"answer"


@pytest.mark.parametrize("address", [("192.0.2.1", 7400), ("2001:db8::1", 65535, 0, 3)])
def test_addresses_survive_packing(address: tuple[object, ...]) -> None:
    assert unpack_address(pack_address(address)) == address


def test_all_hosts_share_one_port() -> None:
    opened = open_sockets(HOSTS, 0)
    try:
        assert [udp_socket.host for udp_socket in opened] == list(HOSTS)
        assert len({udp_socket.port for udp_socket in opened}) == 1
        with pytest.raises(OSError, match="in use") as error:
            open_sockets(HOSTS, opened[0].port)
        assert error.value.errno == errno.EADDRINUSE
    finally:
        for udp_socket in opened:
            udp_socket.close()


def test_what_the_kernel_throws_away_is_counted(ours: UdpSocket, other: socket.socket) -> None:
    data = bytes(1400)
    for _ in range(20_000):
        other.sendto(data, (ours.host, ours.port))
    assert ours.drops() > 0
