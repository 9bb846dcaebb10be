"""What is written to a peer comes whole and in its order, however little the peer takes at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.tcp import Connection

from config.connections import write_at_once

NARROW = 4_096
"""So many bytes, or as few as the kernel allows, wait in the kernel between the two."""
READ, GO_ON = "read", "go on"
"""That the peer takes what has come, and that Twisted writes what waits."""


class Reactor:
    """Remembers who waits for their peer to take more."""

    def __init__(self) -> None:
        self.writers: set[Connection] = set()

    def addWriter(self, writer: Connection) -> None:  # noqa: N802 (Twisted's name)
        """Is told to call `doWrite` as soon as the peer takes more."""
        self.writers.add(writer)

    def removeWriter(self, writer: Connection) -> None:  # noqa: N802 (Twisted's name)
        """Is told that nothing waits any more."""
        self.writers.discard(writer)


@contextmanager
def narrow_line() -> Iterator[tuple[Connection, Reactor, socket.socket]]:
    """Twisted's end of a line that takes little at once, and the other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)
        theirs.setblocking(False)
        reactor = Reactor()
        parts: Any = (None, reactor)
        connection = Connection(ours, *parts)
        connection.connected = True
        yield connection, reactor, theirs


def read_from(peer: socket.socket) -> bytes:
    """What has come."""
    try:
        return peer.recv(1 << 20)
    except BlockingIOError:
        return b""


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(1, 20_000), st.sampled_from((READ, GO_ON))), max_size=40))
def test_whatever_is_written_comes_whole_and_in_its_order(steps: list[int | str]) -> None:
    numbers = count()
    written, heard = bytearray(), bytearray()
    with narrow_line() as (connection, reactor, peer):
        for step in steps:
            if isinstance(step, int):
                data = b"".join(next(numbers).to_bytes(4, "big") for _ in range(step // 4 + 1))[:step]
                written += data
                write_at_once(connection, data)
            elif step == READ:
                heard += read_from(peer)
            elif reactor.writers:
                connection.doWrite()
        while reactor.writers:
            heard += read_from(peer)
            connection.doWrite()
        while more := read_from(peer):
            heard += more
    assert heard == written


def test_what_the_peer_takes_at_once_waits_for_no_reactor() -> None:
    with narrow_line() as (connection, reactor, peer):
        write_at_once(connection, b"at once")
        assert read_from(peer) == b"at once"
        assert not reactor.writers


def test_what_is_written_to_a_lost_peer_is_left_to_twisted_to_find_out() -> None:
    with narrow_line() as (connection, reactor, peer):
        peer.close()
        write_at_once(connection, b"to nobody")
        assert not reactor.writers
