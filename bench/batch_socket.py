"""Many datagrams for one system call: `recvmmsg` through cffi's ABI mode, no compiler needed."""

from __future__ import annotations

import os

from cffi import FFI

BATCH = 64
STRIDE = 2048

_ffi = FFI()
_ffi.cdef("""
    struct iovec { void *base; size_t length; };
    struct msghdr {
        void *name; unsigned int name_length; struct iovec *vectors; size_t vector_count;
        void *control; size_t control_length; int flags;
    };
    struct mmsghdr { struct msghdr header; unsigned int length; };
    int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
""")
_libc = _ffi.dlopen(None)
_MSG_DONTWAIT = 0x40


class BatchReader:
    """Reads up to `BATCH` waiting datagrams of a connected socket at a time.

    The datagram `i` lies at `memory[i * STRIDE:]` until the next `read`.
    """

    def __init__(self) -> None:
        self._buffer = _ffi.new("char[]", BATCH * STRIDE)
        self._vectors = _ffi.new("struct iovec[]", BATCH)
        self._messages = _ffi.new("struct mmsghdr[]", BATCH)
        for index in range(BATCH):
            self._vectors[index].base = self._buffer + index * STRIDE
            self._vectors[index].length = STRIDE
            self._messages[index].header.vectors = self._vectors + index
            self._messages[index].header.vector_count = 1
        self.memory = memoryview(_ffi.buffer(self._buffer))

    def read(self, fileno: int) -> int:
        """Returns how many datagrams came; 0 for none or for an error that the socket had waiting."""
        count: int = _libc.recvmmsg(fileno, self._messages, BATCH, _MSG_DONTWAIT, _ffi.NULL)
        return max(0, count)

    def datagram(self, index: int) -> bytes:
        """Returns a copy of one datagram of the last batch."""
        start = index * STRIDE
        return bytes(self.memory[start : start + self._messages[index].length])


def allow_open_files(wanted: int) -> None:
    """Raises the process's limit of open files to what a load of many sockets needs."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if hard < wanted:
        raise OSError(f"{os.getpid()}: {wanted} open files are needed, the system allows {hard}")
