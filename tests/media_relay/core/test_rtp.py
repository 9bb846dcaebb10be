"""RTP headers, their extensions and serial arithmetic."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import rtp

# A packet of Chromium's: VP8, marker, extensions mid "1" (id 4) and abs-send-time (id 2).
CAPTURED = bytes.fromhex("90e0a1b20102030411223344" + "bede0002" + "22aabbcc" + "4031" + "0000" + "9080ff00")

sequences = st.integers(0, 0xFFFF)
timestamps = st.integers(0, 0xFFFFFFFF)
payloads = st.binary(max_size=100)
short_elements = st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=6)
long_elements = st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=255)), max_size=6)


def packet(first: int = 0x80, rest: bytes = b"") -> bytes:
    return bytes([first, 96]) + bytes(10) + rest


def test_a_captured_packet_is_read() -> None:
    header = rtp.parse_header(CAPTURED)
    assert header == rtp.Header(True, 96, 0xA1B2, 0x01020304, 0x11223344, 24, 0, 0xBEDE, 16, 8)
    assert list(rtp.extensions(CAPTURED, header)) == [(2, b"\xaa\xbb\xcc"), (4, b"1")]
    assert rtp.payload(CAPTURED, header) == bytes.fromhex("9080ff00")


def test_contributing_sources_and_padding_are_left_out_of_the_payload() -> None:
    data = packet(0xA2, bytes(8) + b"payload" + b"\0\0\3")
    header = rtp.parse_header(data)
    assert (header.payload_offset, header.padding) == (20, 3)
    assert rtp.payload(data, header) == b"payload"


def test_a_packet_may_be_padding_alone() -> None:
    data = packet(0xA0, b"\0\0\0\4")
    assert rtp.payload(data, rtp.parse_header(data)) == b""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "RTP packet is shorter than its header"),
        (packet()[:11], "RTP packet is shorter than its header"),
        (packet(0x81), "RTP packet is shorter than its header"),
        (packet(0x40), "RTP version is not 2"),
        (packet(0x90), "RTP header extension is truncated"),
        (packet(0x90, b"\xbe\xde\0\1"), "RTP packet is shorter than its header"),
        (packet(0xA0), "RTP padding length is invalid"),
        (packet(0xA0, b"\0"), "RTP padding length is invalid"),
        (packet(0xA0, b"\2"), "RTP padding length is invalid"),
    ],
)
def test_a_malformed_packet_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        rtp.parse_header(data)


@pytest.mark.parametrize(
    ("profile", "body"),
    [(0xBEDE, "330000"), (0xBEDE, "00000020"), (0x1000, "0103aabb"), (0x1000, "00000001")],
)
def test_an_extension_that_leaves_its_block_is_refused(profile: int, body: str) -> None:
    block = bytes.fromhex(body).ljust(4, b"\x2f")
    data = packet(0x90, struct.pack("!HH", profile, 1) + block)
    with pytest.raises(ValueError, match=r"^RTP header extension element is truncated$"):
        list(rtp.extensions(data, rtp.parse_header(data)))


@pytest.mark.parametrize("ending", [b"\xf0", b"\x01"])
def test_an_extension_of_id_15_or_0_ends_the_block(ending: bytes) -> None:
    data = packet(0x90, struct.pack("!HH", 0xBEDE, 1) + b"\x10a" + ending + b"\x10")
    assert list(rtp.extensions(data, rtp.parse_header(data))) == [(1, b"a")]


def test_extensions_of_another_profile_are_passed_over() -> None:
    data = packet(0x90, struct.pack("!HH", 0xABCD, 1) + b"\x10a\0\0")
    assert list(rtp.extensions(data, rtp.parse_header(data))) == []


def test_an_extension_that_fits_no_form_is_not_built() -> None:
    for element in ((0, b"a"), (256, b"a"), (1, bytes(256))):
        with pytest.raises(ValueError, match=r"^RTP header extension does not fit its header$"):
            rtp.build_extensions([element])
    with pytest.raises(ValueError, match=r"^RTP header extensions are too large$"):
        rtp.build_extensions([(1, bytes(255))] * 1100)


@given(st.integers(0, 127), sequences, timestamps, timestamps, payloads, st.booleans(), short_elements)
def test_a_built_packet_is_read_back(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    marker: bool,
    elements: list[tuple[int, bytes]],
) -> None:
    extension = rtp.build_extensions(elements)
    data = rtp.build_packet(payload_type, sequence, timestamp, ssrc, payload, marker, extension)
    header = rtp.parse_header(data)
    assert header[:5] == (marker, payload_type, sequence, timestamp, ssrc)
    assert rtp.payload(data, header) == payload
    assert list(rtp.extensions(data, header)) == elements
    assert not elements or header.extension_profile == rtp.ONE_BYTE_PROFILE


@given(long_elements)
def test_extensions_too_large_for_one_byte_headers_take_two(elements: list[tuple[int, bytes]]) -> None:
    data = rtp.build_packet(96, 1, 2, 3, b"payload", extension=rtp.build_extensions(elements))
    header = rtp.parse_header(memoryview(data))
    assert list(rtp.extensions(memoryview(data), header)) == elements
    assert rtp.payload(data, header) == b"payload"


@pytest.mark.parametrize(("second", "expected"), [(191, False), (192, True), (223, True), (224, False)])
def test_rtcp_is_told_from_rtp_by_the_second_byte(second: int, expected: bool) -> None:
    assert rtp.is_rtcp(bytes([0x80, second])) is expected


def test_nothing_shorter_than_two_bytes_is_rtcp() -> None:
    assert not rtp.is_rtcp(b"")
    assert not rtp.is_rtcp(b"\xc8")


@given(sequences, st.integers(-0x8000, 0x7FFF))
def test_sequence_numbers_are_compared_around_the_wrap(sequence: int, delta: int) -> None:
    assert rtp.seq_delta((sequence + delta) & 0xFFFF, sequence) == delta


@given(timestamps, st.integers(-(2**31), 2**31 - 1))
def test_timestamps_are_compared_around_the_wrap(timestamp: int, delta: int) -> None:
    assert rtp.timestamp_delta((timestamp + delta) & 0xFFFFFFFF, timestamp) == delta


@given(st.integers(0, 2**40), st.integers(-0x8000, 0x7FFF))
def test_unwrapping_finds_the_number_nearest_to_the_reference(reference: int, delta: int) -> None:
    assert rtp.unwrap((reference + delta) & 0xFFFF, reference) == reference + delta
