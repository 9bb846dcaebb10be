"""RTP packets: RFC 3550 section 5, header extensions of RFC 8285, demultiplexing of RFC 5761."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEADER_SIZE = 12

ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000
MAX_ONE_BYTE_ID = 14
MAX_ONE_BYTE_SIZE = 16
MAX_TWO_BYTE_ID = 255
MAX_TWO_BYTE_SIZE = 255

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")

Data = bytes | bytearray | memoryview


class Header(NamedTuple):
    """The header of a packet; offsets and lengths are bytes within the packet it was read from."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload_offset: int
    padding: int
    extension_profile: int
    extension_offset: int
    extension_length: int


def is_rtcp(data: Data) -> bool:
    """Tells RTCP from RTP where both share a port (RFC 5761 section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def parse_header(data: Data) -> Header:
    """Reads the header of a packet (RFC 3550 section 5.1); raises ValueError."""
    size = len(data)
    if size < HEADER_SIZE:
        raise ValueError("RTP packet is shorter than its header")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first & 0xC0 != 0x80:
        raise ValueError("RTP version is not 2")
    offset = HEADER_SIZE + ((first & 0x0F) << 2)
    profile = extension_offset = extension_length = padding = 0
    if first & 0x10:
        if offset + 4 > size:
            raise ValueError("RTP header extension is truncated")
        profile, words = _EXTENSION.unpack_from(data, offset)
        extension_offset = offset + 4
        extension_length = words << 2
        offset = extension_offset + extension_length
    if offset > size:
        raise ValueError("RTP packet is shorter than its header")
    if first & 0x20:
        padding = data[-1]
        if padding == 0 or offset + padding > size:
            raise ValueError("RTP padding length is invalid")
    return Header(
        second >= 0x80,
        second & 0x7F,
        sequence,
        timestamp,
        ssrc,
        offset,
        padding,
        profile,
        extension_offset,
        extension_length,
    )


def extensions(data: Data, header: Header) -> Iterator[tuple[int, bytes]]:
    """Yields the id and value of each header extension (RFC 8285 section 4); raises ValueError.

    An extension block of another profile than RFC 8285's yields nothing.
    """
    start, end = header.extension_offset, header.extension_offset + header.extension_length
    if header.extension_profile == ONE_BYTE_PROFILE:
        return _one_byte_extensions(data, start, end)
    if header.extension_profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _two_byte_extensions(data, start, end)
    return iter(())


def extension(data: Data, header: Header, identifier: int) -> bytes:
    """Returns the value of one header extension, nothing if it isn't there; raises ValueError."""
    for number, value in extensions(data, header):
        if number == identifier:
            return value
    return b""


def _one_byte_extensions(data: Data, position: int, end: int) -> Iterator[tuple[int, bytes]]:
    while position < end:
        lead = data[position]
        position += 1
        if lead == 0:
            continue
        identifier = lead >> 4
        # Section 4.2: 15 ends the block; 0 with a length is no padding, and nothing sure can follow it.
        if identifier in (0, 15):
            return
        stop = position + (lead & 0x0F) + 1
        if stop > end:
            raise ValueError("RTP header extension element is truncated")
        yield identifier, bytes(data[position:stop])
        position = stop


def _two_byte_extensions(data: Data, position: int, end: int) -> Iterator[tuple[int, bytes]]:
    while position < end:
        identifier = data[position]
        position += 1
        if identifier == 0:
            continue
        if position >= end:
            raise ValueError("RTP header extension element is truncated")
        stop = position + 1 + data[position]
        if stop > end:
            raise ValueError("RTP header extension element is truncated")
        yield identifier, bytes(data[position + 1 : stop])
        position = stop


def build_extensions(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """Returns the extension block with its four leading bytes, or nothing for no element.

    The one-byte form is used where all elements fit it; raises ValueError for what fits neither form.
    """
    elements = tuple(elements)
    if not elements:
        return b""
    one_byte = all(
        1 <= identifier <= MAX_ONE_BYTE_ID and 1 <= len(value) <= MAX_ONE_BYTE_SIZE
        for identifier, value in elements
    )
    body = b"".join(_one_byte(*item) if one_byte else _two_byte(*item) for item in elements)
    body += bytes(-len(body) % 4)
    profile = ONE_BYTE_PROFILE if one_byte else TWO_BYTE_PROFILE
    if len(body) >> 2 > 0xFFFF:
        raise ValueError("RTP header extensions are too large")
    return _EXTENSION.pack(profile, len(body) >> 2) + body


def _one_byte(identifier: int, value: bytes) -> bytes:
    return bytes((identifier << 4 | len(value) - 1,)) + value


def _two_byte(identifier: int, value: bytes) -> bytes:
    if not 1 <= identifier <= MAX_TWO_BYTE_ID or len(value) > MAX_TWO_BYTE_SIZE:
        raise ValueError("RTP header extension does not fit its header")
    return bytes((identifier, len(value))) + value


def build_header(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    marker: bool = False,
    extension: bytes = b"",
) -> bytes:
    """Returns a header; `extension` is a block of `build_extensions`."""
    first = 0x90 if extension else 0x80
    second = payload_type | 0x80 if marker else payload_type
    return _HEADER.pack(first, second, sequence, timestamp, ssrc) + extension


def build_packet(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: Data,
    marker: bool = False,
    extension: bytes = b"",
) -> bytes:
    """Returns a packet without padding; `extension` is a block of `build_extensions`."""
    return b"".join(
        (build_header(payload_type, sequence, timestamp, ssrc, marker, extension), payload),
    )


def payload(data: Data, header: Header) -> Data:
    """Returns the payload without padding, a copy unless `data` is a memoryview."""
    return data[header.payload_offset : len(data) - header.padding]


def seq_delta(a: int, b: int) -> int:
    """Returns how far sequence number `a` is after `b`: -32768..32767 (RFC 1982)."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def timestamp_delta(a: int, b: int) -> int:
    """Returns how far timestamp `a` is after `b`: -2**31..2**31-1 (RFC 1982)."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def unwrap(sequence: int, reference: int) -> int:
    """Returns the number without wrap-around that is nearest to `reference`; negative before its start."""
    return reference + seq_delta(sequence, reference)
