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

# By place in a run and by member; the iovecs of a member follow each other.
_memory = ffi.new("char[]", RUN * CHUNK * STRIDE)
vectors = ffi.new("struct iovec[]", CHUNK * RUN)
# Of the very type that libsrtp takes: any other costs a conversion for each packet.
buffers = [
    [ffi.cast("void *", _memory + (run * CHUNK + i) * STRIDE) for i in range(CHUNK)] for run in range(RUN)
]
for _run in range(RUN):
    for _i in range(CHUNK):
        vectors[_i * RUN + _run].iov_base = buffers[_run][_i]
lengths = [
    [ffi.cast("int *", ffi.addressof(vectors[i * RUN + run], "iov_len")) for i in range(CHUNK)]
    for run in range(RUN)
]
_words = memoryview(ffi.buffer(vectors)).cast("Q")
_length_views = [_words[1 + 2 * run :: 2 * RUN] for run in range(RUN)]
_bytes = memoryview(ffi.buffer(_memory)).cast("B")
_views = [_bytes[run * CHUNK * STRIDE : (run + 1) * CHUNK * STRIDE] for run in range(RUN)]

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
    columns: list[tuple[slice, slice]]
    """Bytes of all buffers, and the bytes of the lanes that belong there."""


def _lane(sequence: int, timestamp: int, picture_id: int, tl0: int) -> bytes:
    number = (tl0 & 0xFF) << 112 | (picture_id & 0x7FFF) << 80 | (sequence & 0xFFFF) << 48
    return (number | timestamp & 0xFFFFFFFF).to_bytes(_LANE, "big")


def lane(shift: Shift) -> bytes:
    """Returns what a member adds to a packet's numbers."""
    return _lane(*shift)


def join_lanes(lanes: Iterable[bytes]) -> int:
    """Returns what the members of a chunk add; 0 if none of them has a shift."""
    return int.from_bytes(b"".join(lanes).ljust(CHUNK * _LANE, b"\0"), "big")


def _column(place: int, origin: int) -> tuple[slice, slice]:
    return slice(place, None, STRIDE), slice(origin, None, _LANE)


def _numbers(lane: bytes, fields: tuple[tuple[int, int, int], ...]) -> Numbers:
    columns = [
        _column(place + i, origin + i) for place, origin, size in fields if place >= 0 for i in range(size)
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


def fill(run: int, packet: bytes, count: int) -> None:
    """Puts the packet into the first buffers by doubling: log2(n) copies, not n."""
    places = buffers[run]
    ffi.memmove(places[0], packet, len(packet))
    filled = 1
    while filled < count:
        more = min(filled, count - filled)
        ffi.memmove(places[filled], places[0], more * STRIDE)
        filled += more
    _length_views[run][:count] = array("Q", [len(packet)]) * count


def renumber(run: int, numbers: Numbers, offsets: int) -> None:
    """Adds to the numbers in all buffers what each member adds, modulo the size of each field."""
    sums = numbers.lanes + offsets | _MARKS
    lanes = memoryview(sums.to_bytes(CHUNK * _LANE, "big"))
    view = _views[run]
    for target, origin in numbers.columns:
        view[target] = lanes[origin]
