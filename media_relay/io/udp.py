"""The media socket: whole batches of datagrams in one system call, in and out.

`recvmmsg` and `sendmmsg` are reached through cffi's ABI mode, so that no compiler is needed; where C library
or kernel lack them, one call a datagram does the same. An address is kept as the bytes of Linux's `sockaddr`:
they cost nothing to compare and nothing to send to.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from cffi import FFI

from media_relay.io import fallbacks

BATCH = 64
BUFFER_SIZE = 2048
MAX_DATAGRAM_BYTES = 1500
SOCKET_BUFFER_BYTES = 4 << 20
NAME_SIZE = 28

SOL_UDP, UDP_SEGMENT = 17, 103
_SO_MEMINFO = 55
_MEMINFO_DROPS = 8

ffi = FFI()
ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr { void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
                    void *msg_control; size_t msg_controllen; int msg_flags; };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
    int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
    """
)
_libc: Any = ffi.dlopen(None)


def _is_there(name: str, *arguments: Any) -> bool:
    """Whether there is a system call: asked about no socket, it complains of that and nothing else."""
    return (
        hasattr(_libc, name)
        and getattr(_libc, name)(-1, ffi.NULL, 0, 0, *arguments) < 0
        and (ffi.errno == errno.EBADF)
    )


HAS_BATCHES = _is_there("sendmmsg") and _is_there("recvmmsg", ffi.NULL)
NO_BATCHES = "There is no sendmmsg or recvmmsg here: every packet costs a system call"
NO_SEGMENTS = "The kernel takes no message apart (UDP_SEGMENT): every packet of a picture goes on its own"

Address = tuple[str, int]


class Datagram(NamedTuple):
    """One received datagram, valid until the next read: where it came from and where it lies."""

    address: bytes
    pointer: Any
    length: int
    first_byte: int

    def copy(self) -> bytes:
        """Returns the datagram's bytes to keep."""
        return bytes(ffi.buffer(self.pointer, self.length))


def pack_address(address: tuple[Any, ...]) -> bytes:
    """Returns an address of Python's socket module as the bytes of a `sockaddr`."""
    host, port = address[:2]
    if ":" not in host:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host)
    scope = address[3] if len(address) > 3 else 0
    head = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0)
    return head + socket.inet_pton(socket.AF_INET6, host.partition("%")[0]) + struct.pack("=I", scope)


def unpack_address(name: bytes) -> tuple[Any, ...]:
    """Returns the bytes of a `sockaddr` as an address of Python's socket module."""
    (port,) = struct.unpack_from("!H", name, 2)
    if len(name) == 8:
        return socket.inet_ntoa(name[4:8]), port
    (scope,) = struct.unpack_from("=I", name, 24)
    return socket.inet_ntop(socket.AF_INET6, name[8:24]), port, 0, scope


class UdpSocket:
    """One bound socket that never blocks."""

    def __init__(self, host: str, port: int) -> None:
        """Binds; raises OSError where the address cannot be had."""
        if not HAS_BATCHES:
            fallbacks.tell(NO_BATCHES)
        self.host = host
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._key_size = 28 if self.family == socket.AF_INET6 else 8
        self._name_size = 28 if self.family == socket.AF_INET6 else 16
        self._socket = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            self._configure(host, port)
        except OSError:
            self._socket.close()
            raise
        self.takes_runs = HAS_BATCHES and self._knows_segments()
        """Whether a message of several packets can be tried."""
        self.fileno = self._socket.fileno()
        self.port: int = self._socket.getsockname()[1]
        self._memory = ffi.new("char[]", BATCH * BUFFER_SIZE)
        self._bytes = ffi.buffer(self._memory)
        self._pointers = [self._memory + i * BUFFER_SIZE for i in range(BATCH)]
        self._names = ffi.buffer(ffi.new("char[]", BATCH * NAME_SIZE))
        self._headers, self._keep = _receive_headers(self._memory, self._names, self._name_size)
        self._template = bytes(ffi.buffer(self._headers))

    def _configure(self, host: str, port: int) -> None:
        if self.family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
        self._socket.setblocking(False)
        self._socket.bind((host, port))

    def _knows_segments(self) -> bool:
        try:
            self._socket.setsockopt(SOL_UDP, UDP_SEGMENT, 0)
        except OSError:
            fallbacks.tell(NO_SEGMENTS)
            return False
        return True

    def receive(self) -> Iterator[Datagram]:
        """Reads what has arrived, at most one batch, into memory that the next call reuses."""
        count = self._receive_batch() if HAS_BATCHES else self._receive_one_by_one()
        headers, names, data = self._headers, self._names, self._bytes
        for i in range(count):
            length = headers[i].msg_len
            start = i * NAME_SIZE
            first = data[i * BUFFER_SIZE][0] if length else -1
            yield Datagram(names[start : start + self._key_size], self._pointers[i], length, first)

    def _receive_batch(self) -> int:
        # The kernel overwrites the lengths of name and control, so every read starts from fresh headers.
        ffi.memmove(self._headers, self._template, len(self._template))
        return max(0, int(_libc.recvmmsg(self.fileno, self._headers, BATCH, 0, ffi.NULL)))

    def _receive_one_by_one(self) -> int:
        for i in range(BATCH):
            start = i * BUFFER_SIZE
            try:
                view = memoryview(self._bytes)[start : start + BUFFER_SIZE]
                self._headers[i].msg_len, address = self._socket.recvfrom_into(view)
            except OSError:
                return i
            name = pack_address(address)
            self._names[i * NAME_SIZE : i * NAME_SIZE + len(name)] = name
        return BATCH

    def send(self, data: bytes, address: bytes) -> bool:
        """Sends one datagram; tells whether the kernel took it."""
        try:
            self._socket.sendto(data, unpack_address(address))
        except OSError:
            return False
        return True

    def send_many(self, headers: Any, count: int) -> int:
        """Sends the messages of an array of `mmsghdr`; returns how many the kernel took, 0 if it is full.

        Returns -1 if the first one can't be sent at all: its network is gone, say, or can't take it in one.
        """
        if not HAS_BATCHES:
            return self._send_one_by_one(headers, count)
        sent = int(_libc.sendmmsg(self.fileno, headers, count, 0))
        if sent >= 0:
            return sent
        return 0 if ffi.errno == errno.EAGAIN else -1

    def _send_one_by_one(self, headers: Any, count: int) -> int:
        for i in range(count):
            header = headers[i].msg_hdr
            name = bytes(ffi.buffer(header.msg_name, self._key_size))
            data = ffi.buffer(header.msg_iov.iov_base, header.msg_iov.iov_len)
            try:
                self._socket.sendto(data, unpack_address(name))
            except BlockingIOError:
                return i
            except OSError:
                return i or -1
        return count

    def drops(self) -> int:
        """Returns how many datagrams the kernel had to throw away because we read too slowly."""
        try:
            info = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
        except OSError:
            return 0
        return int(struct.unpack_from("=I", info, 4 * _MEMINFO_DROPS)[0]) if len(info) == 36 else 0

    def close(self) -> None:
        """Gives the port back."""
        self._socket.close()


def _receive_headers(memory: Any, names: Any, name_size: int) -> tuple[Any, Any]:
    headers = ffi.new("struct mmsghdr[]", BATCH)
    vectors = ffi.new("struct iovec[]", BATCH)
    base = ffi.from_buffer(names)
    for i in range(BATCH):
        vectors[i].iov_base = memory + i * BUFFER_SIZE
        vectors[i].iov_len = BUFFER_SIZE
        headers[i].msg_hdr.msg_name = base + i * NAME_SIZE
        headers[i].msg_hdr.msg_namelen = name_size
        headers[i].msg_hdr.msg_iov = vectors + i
        headers[i].msg_hdr.msg_iovlen = 1
    return headers, (vectors, base)


def open_sockets(hosts: tuple[str, ...], port: int) -> list[UdpSocket]:
    """Binds every host to one port; raises OSError. A machine without IPv6 serves IPv4 alone."""
    sockets: list[UdpSocket] = []
    try:
        for host in hosts:
            try:
                sockets.append(UdpSocket(host, sockets[0].port if sockets else port))
            except OSError as error:
                if not (sockets and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)):
                    raise
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets
