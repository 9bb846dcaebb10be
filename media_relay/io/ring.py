"""The buffers in which a packet is copied, numbered and encrypted for the members of one chunk.

There are few of them, used again for every chunk, so that they stay in the processor's cache. On a
little-endian machine the low half of `size_t iov_len` is libsrtp's `int`, and its high half stays 0.

Members that have a shift get numbers of their own in one addition of two long integers, in which each member
has a lane of sixteen bytes; the bytes of the sum go into all buffers by strides.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import NamedTuple

from media_relay.core.shift import Places, Shift
from media_relay.io.udp import ffi

CHUNK = 64
RUN = 8
"""The most packets that go as one message."""
STRIDE = 1536
MAX_PACKET_BYTES = STRIDE - 32
"""What has room in a buffer with all that encryption adds; what is larger is dropped and counted."""

# A member's packets follow each other: of a run of n, the member at place i has the n buffers from i * n on.
_memory = ffi.new("char[]", CHUNK * RUN * STRIDE)
_vectors = ffi.new("struct iovec[]", CHUNK * RUN)
# Of the very type that libsrtp takes: any other costs a conversion for each packet.
buffers = [ffi.cast("void *", _memory + i * STRIDE) for i in range(CHUNK * RUN)]
lengths = [ffi.cast("int *", ffi.addressof(_vectors[i], "iov_len")) for i in range(CHUNK * RUN)]
for _i, _buffer in enumerate(buffers):
    _vectors[_i].iov_base = _buffer
_lengths = memoryview(ffi.buffer(_vectors)).cast("Q")[1::2]
_bytes = memoryview(ffi.buffer(_memory)).cast("B")
_first_vector = int(ffi.cast("size_t", _vectors))
_VECTOR_BYTES = ffi.sizeof("struct iovec")

# A lane, first byte first: TL0PICIDX in byte 1, picture id in 4 and 5, sequence number in 8 and 9, timestamp
# in 12 to 15. What a sum carries out of its field ends in the gap before it.
_LANE = 16
_EVERY_LANE = int.from_bytes(bytes((*[0] * 15, 1)) * CHUNK, "big")
_MARKS = int.from_bytes(bytes.fromhex("00000000800000000000000000000000") * CHUNK, "big")
"""The bit that says that a picture id has 15 bits (RFC 7741 section 4.2)."""
_SENDER_REPORT = 200


class Numbers(NamedTuple):
    """The numbers of one packet, which are shifted for each member, and where they go."""

    lanes: int
    """The same lane for everyone."""
    columns: list[tuple[int, slice]]
    """The places of bytes in the packet, and the bytes of all lanes that belong there."""


def _lane(sequence: int, timestamp: int, picture_id: int, tl0: int) -> bytes:
    number = (tl0 & 0xFF) << 112 | (picture_id & 0x7FFF) << 80 | (sequence & 0xFFFF) << 48
    return (number | timestamp & 0xFFFFFFFF).to_bytes(_LANE, "big")


def lane(shift: Shift) -> bytes:
    """Returns what a member adds to a packet's numbers."""
    return _lane(*shift)


def join_lanes(lanes: Iterable[bytes]) -> int:
    """Returns what the members of a chunk add; 0 if none of them has a shift."""
    return int.from_bytes(b"".join(lanes).ljust(CHUNK * _LANE, b"\0"), "big")


def _numbers(lane: bytes, fields: tuple[tuple[int, int, int], ...]) -> Numbers:
    columns = [
        (place + i, slice(origin + i, None, _LANE))
        for place, origin, size in fields
        if place >= 0
        for i in range(size)
    ]
    return Numbers(int.from_bytes(lane, "big") * _EVERY_LANE, columns)


def media_numbers(packet: bytes, places: Places) -> Numbers:
    """Returns the numbers of an RTP packet."""
    picture_id = tl0 = 0
    if places.picture_id >= 0:
        picture_id = int.from_bytes(packet[places.picture_id : places.picture_id + 2], "big")
    if places.tl0 >= 0:
        tl0 = packet[places.tl0]
    sequence, timestamp = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
    return _numbers(
        _lane(sequence, timestamp, picture_id, tl0),
        ((2, 8, 2), (4, 12, 4), (places.picture_id, 4, 2), (places.tl0, 1, 1)),
    )


def report_numbers(packet: bytes) -> Numbers:
    """Returns the RTP timestamp of a compound packet that begins with a sender report, none of another."""
    if packet[1] != _SENDER_REPORT:
        return Numbers(0, [])
    return _numbers(_lane(0, int.from_bytes(packet[16:20], "big"), 0, 0), ((16, 12, 4),))


def vectors(run: int) -> array[int]:
    """Returns where the iovecs of each member begin when every member has so many packets."""
    step = run * _VECTOR_BYTES
    return array("Q", range(_first_vector, _first_vector + CHUNK * step, step))


def fill(packets: list[bytes], members: int) -> None:
    """Puts the packets into the first members' buffers by doubling: log2(n) copies, not n."""
    for buffer, packet in zip(buffers, packets, strict=False):
        ffi.memmove(buffer, packet, len(packet))
    filled, count = len(packets), len(packets) * members
    while filled < count:
        more = min(filled, count - filled)
        ffi.memmove(buffers[filled], buffers[0], more * STRIDE)
        filled += more
    _lengths[:count] = array("Q", map(len, packets)) * members


def renumber(numbers: list[Numbers], offsets: int) -> None:
    """Adds to each packet's numbers in all buffers what each member adds, modulo the size of each field."""
    step = len(numbers) * STRIDE
    for start, (lanes, columns) in zip(range(0, step, STRIDE), numbers, strict=True):
        sums = memoryview((lanes + offsets | _MARKS).to_bytes(CHUNK * _LANE, "big"))
        for place, origin in columns:
            _bytes[start + place : CHUNK * step : step] = sums[origin]
