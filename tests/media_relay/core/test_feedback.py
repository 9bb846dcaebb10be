"""What subscribers say every second, read in one pass, means what the parser of all RTCP takes it for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import feedback, rtcp
from media_relay.core.feedback import MAX_BYTES, Feedback
from media_relay.core.rtcp import (
    Bye,
    Nack,
    PictureLoss,
    ReceiverReport,
    Remb,
    ReportBlock,
    SourceDescription,
    build_compound,
)

u32 = st.integers(0, 0xFFFFFFFF)
blocks = st.builds(
    ReportBlock, u32, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), u32, u32, u32, u32
)
usual = st.one_of(
    st.builds(ReceiverReport, u32, st.lists(blocks, max_size=6).map(tuple)),
    st.builds(Remb, u32, st.integers(0, 2**31), st.lists(u32, max_size=6).map(tuple)),
    st.builds(SourceDescription, st.lists(st.tuples(u32, st.text(max_size=20)), max_size=2).map(tuple)),
)
REPORT = ReceiverReport(1, (ReportBlock(7, 64, 1, 2, 3, 4, 5),))
USUAL = build_compound(REPORT, SourceDescription(((1, "name"),)), Remb(1, 1_000_000, (7,)))


def spoilt(position: int, noise: bytes) -> bytes:
    """The usual datagram with other bytes in it."""
    return USUAL[:position] + noise + USUAL[position + len(noise) :]


def as_parsed(data: bytes) -> Feedback:
    """The same from the parser of all RTCP."""
    receptions, bitrate = [], -1
    for packet in rtcp.parse_compound(data):
        if isinstance(packet, ReceiverReport):
            receptions += [
                (block.ssrc, block.fraction_lost, block.lsr, block.dlsr) for block in packet.reports
            ]
        elif isinstance(packet, Remb):
            bitrate = packet.bitrate
    return Feedback(receptions, bitrate)


def test_a_browsers_usual_datagram_is_read() -> None:
    found = feedback.read(USUAL)
    assert found is not None
    assert found.receptions == [(7, 64, 4, 5)]
    assert found.bitrate == pytest.approx(1_000_000, rel=1e-5)


@given(st.lists(usual, min_size=1, max_size=4))
def test_what_is_read_is_what_the_parser_of_all_rtcp_says(packets: list[rtcp.Sendable]) -> None:
    data = build_compound(*packets)
    assert feedback.read(data) == (as_parsed(data) if len(data) <= MAX_BYTES else None)


@given(st.binary(max_size=80) | st.builds(spoilt, st.integers(0, len(USUAL)), st.binary(max_size=12)))
def test_nothing_is_read_from_hostile_bytes_but_what_is_there(data: bytes) -> None:
    found = feedback.read(data)
    try:
        parsed = as_parsed(data)
    except ValueError:
        # A malformed name, which nobody reads, is passed over.
        assert found is None or bytes((rtcp.SOURCE_DESCRIPTION,)) in data
    else:
        assert found in (None, parsed)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        build_compound(REPORT, Nack(1, 7, (5,))),
        build_compound(REPORT, PictureLoss(1, 7)),
        build_compound(REPORT, Bye((1,))),
        USUAL[:-4],
        USUAL[:-1],
        USUAL + b"\xc0\xc9\x00\x00",
    ],
)
def test_all_else_is_left_to_the_parser_of_all_rtcp(data: bytes) -> None:
    assert feedback.read(data) is None


def test_a_datagram_that_is_too_long_is_left_to_it() -> None:
    data = build_compound(*[ReceiverReport(1)] * (MAX_BYTES // 8))
    assert feedback.read(data) == Feedback([], -1)
    assert feedback.read(data + build_compound(ReceiverReport(1))) is None
