"""RTCP packets, one by one and in compounds."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import rtcp
from media_relay.core.rtcp import (
    Bye,
    FullIntra,
    Nack,
    PictureLoss,
    ReceiverReport,
    Remb,
    ReportBlock,
    SenderReport,
    SourceDescription,
    Unknown,
)

u32 = st.integers(0, 0xFFFFFFFF)
ssrc_lists = st.lists(u32, max_size=31).map(tuple)
blocks = st.builds(
    ReportBlock, u32, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), u32, u32, u32, u32
)
block_lists = st.lists(blocks, max_size=31).map(tuple)
names = st.text(st.characters(codec="utf-8"), max_size=60)
remb_rates = st.builds(
    lambda mantissa, exponent: mantissa << exponent, st.integers(0, 0x3FFFF), st.integers(0, 30)
)
any_packet = st.one_of(
    st.builds(SenderReport, u32, st.integers(0, 2**64 - 1), u32, u32, u32, block_lists),
    st.builds(ReceiverReport, u32, block_lists),
    st.builds(SourceDescription, st.lists(st.tuples(u32, names), max_size=31).map(tuple)),
    st.builds(Bye, ssrc_lists),
    st.builds(PictureLoss, u32, u32),
    st.builds(FullIntra, u32, st.lists(st.tuples(u32, st.integers(0, 255)), max_size=20).map(tuple)),
    st.builds(Remb, u32, remb_rates, ssrc_lists),
)


@given(st.lists(any_packet, min_size=1, max_size=8))
def test_a_compound_is_read_back(packets: list[Any]) -> None:
    assert rtcp.parse_compound(rtcp.build_compound(*packets)) == packets


@given(u32, u32, st.lists(st.integers(-300, 300), max_size=200, unique=True), st.integers(0, 0xFFFF))
def test_a_nack_asks_for_the_same_packets_when_read_back(
    sender: int, media: int, offsets: list[int], base: int
) -> None:
    asked = tuple((base + offset) & 0xFFFF for offset in sorted(offsets))
    (found,) = rtcp.parse_compound(Nack(sender, media, asked).to_bytes())
    assert found == Nack(sender, media, asked)


def test_neighbours_share_a_pair_in_a_nack_even_around_the_wrap() -> None:
    data = Nack(1, 2, (65535, 0, 15, 16)).to_bytes()
    assert data == bytes.fromhex("81cd00040000000100000002ffff800100100000")


def test_known_bytes_are_read() -> None:
    # From RFC 4585 and draft-alvestrand-rmcat-remb by hand: RR, PLI, REMB of 162143 << 1 for two sources.
    data = bytes.fromhex(
        "81c90007" "0000000a" "0000000b" "80ffffff" "00010002" "00000003" "00000004" "00000005"
        "81ce0002" "0000000a" "0000000b"
        "8fce0006" "0000000a" "00000000" "52454d42" "0206795f" "0000000b" "0000000c"
    )  # fmt: skip
    assert rtcp.parse_compound(data) == [
        ReceiverReport(10, (ReportBlock(11, 128, -1, 0x10002, 3, 4, 5),)),
        PictureLoss(10, 11),
        Remb(10, (0x2795F) << 1, (11, 12)),
    ]


def test_a_large_bitrate_keeps_its_leading_bits() -> None:
    (found,) = rtcp.parse_compound(Remb(1, 123_456_789, ()).to_bytes())
    assert isinstance(found, Remb)
    assert 0 <= 123_456_789 - found.bitrate < 1 << (123_456_789).bit_length() - 18


def test_an_absurd_bitrate_is_bounded() -> None:
    data = bytes.fromhex("8fce00040000000a0000000052454d4200ffffff")
    assert rtcp.parse_compound(data) == [Remb(10, rtcp.MAX_REMB_BITRATE, ())]


def test_a_last_packet_may_be_padded() -> None:
    data = bytes.fromhex("a1cb00020000000100000004")
    assert rtcp.parse_compound(data) == [Bye((1,))]


def test_other_items_than_the_canonical_name_are_passed_over() -> None:
    chunk = struct.pack("!I", 7) + b"\x02\x02ab" + b"\x01\x03abc" + b"\0" * 3
    data = struct.pack("!BBH", 0x81, 202, len(chunk) // 4) + chunk
    assert rtcp.parse_compound(data) == [SourceDescription(((7, "abc"),))]


def test_what_the_relay_has_no_use_for_is_unknown() -> None:
    data = bytes.fromhex("80cf0001000000018ecd0002000000010000000282ce000100000001")
    assert rtcp.parse_compound(data) == [Unknown(207, 0), Unknown(205, 14), Unknown(206, 2)]
    application = bytes.fromhex("8fce0003000000010000000241424344")
    assert rtcp.parse_compound(application) == [Unknown(206, 15)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "RTCP packet is shorter than its header"),
        ("80c900", "RTCP packet is shorter than its header"),
        ("00c90000", "RTCP version is not 2"),
        ("80c90001", "RTCP packet is truncated"),
        ("80c80001 00000001", "RTCP sender report length is invalid"),
        ("80c90000", "RTCP receiver report length is invalid"),
        ("81c90001 00000001", "RTCP receiver report length is invalid"),
        ("81ca0000", "RTCP source description is truncated"),
        ("81ca0002 00000001 01ff6161", "RTCP source description is truncated"),
        ("82ca0002 00000001 00000000", "RTCP source description is truncated"),
        ("81cb0000", "RTCP bye length is invalid"),
        ("a1cb0001 00000000", "RTCP padding length is invalid"),
        ("a1cb0001 00000005", "RTCP padding length is invalid"),
        ("a1cb0000", "RTCP padding length is invalid"),
        ("81cd0001 00000001", "RTCP nack length is invalid"),
        ("81ce0001 00000001", "RTCP payload feedback length is invalid"),
        ("84ce0003 00000001 00000002 00000003", "RTCP full intra request length is invalid"),
        ("8fce0003 00000001 00000002 52454d42", "RTCP remb length is invalid"),
        ("8fce0004 00000001 00000002 52454d42 01000000", "RTCP remb length is invalid"),
    ],
)
def test_a_malformed_packet_is_refused(data: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        rtcp.parse_compound(bytes.fromhex(data))


def test_a_datagram_of_too_many_packets_is_refused() -> None:
    most = Bye(()).to_bytes() * rtcp.MAX_PACKETS
    assert len(rtcp.parse_compound(most)) == rtcp.MAX_PACKETS
    with pytest.raises(ValueError, match=r"^RTCP datagram has too many packets$"):
        rtcp.parse_compound(most + Bye(()).to_bytes())


def test_a_nack_for_too_many_packets_is_refused() -> None:
    most = tuple(range(rtcp.MAX_NACK_SEQUENCES))
    assert rtcp.parse_compound(Nack(1, 2, most).to_bytes()) == [Nack(1, 2, most)]
    for data in (
        Nack(1, 2, (*most, len(most))).to_bytes(),
        Nack(1, 2, most).to_bytes() + Nack(1, 2, (1,)).to_bytes(),
        Nack(1, 2, tuple(range(0, 65536, 32))).to_bytes(),
    ):
        with pytest.raises(ValueError, match=r"^RTCP nack asks for too many packets$"):
            rtcp.parse_compound(data)


def test_nothing_is_built_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"^RTCP packet has too many entries$"):
        Bye((1,) * 32).to_bytes()
    with pytest.raises(ValueError, match=r"^RTCP canonical name is too long$"):
        SourceDescription(((1, "a" * 256),)).to_bytes()
