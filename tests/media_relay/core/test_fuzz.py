"""Every parser with random and mutated input: nothing but ValueError comes out, and soon."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from media_relay.core import codecs, ice, rtcp, rtp, sdp
from media_relay.core.sdp_writer import make_answer
from tests.media_relay.core.descriptions import ANSWERS, OFFERS, TRANSPORT, read, subscriber_offer
from tests.media_relay.core.test_ice import ADDRESS, PWD, RFC_REQUEST, UFRAG, request, signed
from tests.media_relay.core.test_rtp import CAPTURED

SEED = 20261120
MAX_CPU_SECONDS = 0.25
"""For one input: a hundred times what the slowest takes on a quiet machine."""

RTP = [
    CAPTURED,
    rtp.build_packet(
        96, 1, 2, 3, b"\x90\xf0\x92\x34\x07\xa5\x00", extension=rtp.build_extensions([(200, b"mid")])
    ),
    b"\xa2" + CAPTURED[1:] + b"\0\0\3",
]
RTCP = [
    rtcp.build_compound(
        rtcp.SenderReport(1, 2, 3, 4, 5, (rtcp.ReportBlock(1, 2, 3, 4, 5, 6, 7),)),
        rtcp.SourceDescription(((1, "lectern"), (2, "other"))),
        rtcp.Bye((1, 2)),
    ),
    rtcp.build_compound(
        rtcp.ReceiverReport(1, (rtcp.ReportBlock(1, 2, 3, 4, 5, 6, 7),)),
        rtcp.Nack(1, 2, (1, 2, 3, 50)),
        rtcp.PictureLoss(1, 2),
        rtcp.FullIntra(1, ((2, 3),)),
        rtcp.Remb(1, 1_000_000, (1, 2)),
    ),
]
STUN = [request(), RFC_REQUEST, request(attributes={"ICE-CONTROLLED": 5, "USE-CANDIDATE": None})]
SDP = [read(name) for name in OFFERS + ANSWERS] + [subscriber_offer().encode()]


def mutations(source: random.Random, originals: list[bytes], count: int) -> Iterator[bytes]:
    """Random bytes, and originals with a few random changes each."""
    for _ in range(count):
        if source.random() < 0.1:
            yield source.randbytes(source.randrange(200))
            continue
        data = bytearray(source.choice(originals))
        for _ in range(source.randrange(1, 5)):
            change(source, data, source.choice(originals))
        yield bytes(data)


def change(source: random.Random, data: bytearray, other: bytes) -> None:
    """Makes one change: a byte, a cut, a hole, a repetition, or a piece of another message."""
    at = source.randrange(len(data) + 1)
    length = source.randrange(1, 40)
    match source.randrange(6):
        case 0 | 1 if at < len(data):
            data[at] = source.choice((0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)))
        case 2:
            del data[at:]
        case 3:
            del data[at : at + length]
        case 4:
            data[at:at] = data[at : at + length] * source.randrange(1, 4)
        case _:
            start = source.randrange(len(other))
            data[at:at] = other[start : start + length]


def read_rtp(data: bytes) -> None:
    header = rtp.parse_header(data)
    payload = rtp.payload(data, header)
    assert header.payload_offset + len(payload) + header.padding == len(data)
    for name in codecs.PAYLOAD_TYPES:
        codecs.is_keyframe(name, payload)
    for identifier, value in rtp.extensions(data, header):
        assert 1 <= identifier <= 255
        assert len(value) <= 255
    codecs.parse_vp8(payload)


def read_rtcp(data: bytes) -> None:
    packets = rtcp.parse_compound(data)
    assert 1 <= len(packets) <= rtcp.MAX_PACKETS


def read_stun(data: bytes) -> None:
    ice.local_ufrag(data)
    ice.LiteAgent(UFRAG, PWD).receive(data, ADDRESS)


def read_signed_stun(data: bytes) -> None:
    """As `read_stun`, of someone who knows the password."""
    forged = signed(data[:4] + b"\x21\x12\xa4\x42" + data[8:-32])
    check = ice.LiteAgent(UFRAG, PWD).receive(forged, ADDRESS)
    assert len(check.reply) <= 3 * len(forged)


def read_sdp(data: bytes) -> None:
    description = sdp.parse(data)
    chosen = {media.mid: codecs.choose(media) for media in description.media}
    answer = sdp.parse(make_answer(description, TRANSPORT, chosen, codecs.PUBLISHER_EXTENSIONS))
    assert len(answer.media) == len(description.media)


def refusal(parser: Callable[[bytes], None], data: bytes) -> str:
    """The sentence with which the input is refused, if it is; any other exception gets through."""
    begun = time.process_time()
    sentence = ""
    try:
        parser(data)
    except ValueError as error:
        sentence = str(error)
    assert time.process_time() - begun < MAX_CPU_SECONDS, data
    return sentence


PARSERS = [
    (read_rtp, RTP, 15_000),
    (read_rtcp, RTCP, 15_000),
    (read_stun, STUN, 5_000),
    (read_signed_stun, STUN, 5_000),
    (read_sdp, SDP, 800),
]


@pytest.mark.parametrize(
    ("parser", "originals", "count"), PARSERS, ids=[parser[0].__name__ for parser in PARSERS]
)
def test_hostile_bytes_are_read_or_refused(
    parser: Callable[[bytes], None], originals: list[bytes], count: int
) -> None:
    refused = 0
    for data in mutations(random.Random(SEED), originals, count):
        sentence = refusal(parser, data)
        refused += bool(sentence)
        assert not sentence or sentence.startswith(("RTP ", "RTCP ", "STUN ", "SDP ", "VP8 ")), data
    # A signature leaves hardly a change unnoticed.
    assert count > refused > count // 10 or parser is read_stun


def lines(*parts: str) -> bytes:
    """An offer that is filled with a line up to its limits."""
    head, filling = parts
    offer = read("aiortc-publish-no-tracks-offer.sdp").decode()
    section = offer.index("m=audio")
    filled = (filling + "\r\n") * min(440, 50_000 // len(filling))
    return (
        offer[:section] + offer[section:].replace("a=rtcp-mux\r\n", f"a=rtcp-mux\r\n{head}{filled}", 1)
    ).encode()


WORST = [
    lines("", "a=rtcp-fb:* nack"),
    lines("", "a=fmtp:96 " + ";" * 100),
    lines("", "a=ssrc-group:FID " + "1 " * 50),
    lines("", "a=extmap:1 urn:" + "a" * 90),
    lines("", "a=rid:a send"),
    lines("a=rid:a send\r\n", "a=simulcast:send " + "a;" * 50),
    lines("", "a=fingerprint:sha-256 " + "AB:" * 30),
    b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF" + b" 1" * 2000 + b"x",
    b"v=0\r\n" + b"a" * 60_000,
    b"\n" * 60_000,
    b"v=0\n" + b"a=\n" * 20_000,
]


@pytest.mark.parametrize("data", WORST, ids=range(len(WORST)))
def test_no_description_takes_long(data: bytes) -> None:
    sentence = refusal(read_sdp, data)
    assert not sentence or sentence.startswith("SDP ")


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("80c90001 00000000") * 8000,
        bytes.fromhex("81cd3fff") + b"\xff" * 65_532,
        bytes.fromhex("9fca3fff") + b"\x01\x00" * 32_766,
        bytes.fromhex("bfcb0000") * 16_000,
    ],
)
def test_no_feedback_takes_long(data: bytes) -> None:
    assert refusal(read_rtcp, data).startswith("RTCP ")
