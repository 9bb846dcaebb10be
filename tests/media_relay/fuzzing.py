"""Seeded fuzzing of the relay's parsers: what real peers send, with changes; only ValueError may come out.

`tests/media_relay/core/test_fuzz.py` fuzzes for seconds, `tests/media_relay/test_fuzz.py` for most of a
minute. To search for longer: `python -m tests.media_relay.fuzzing [inputs] [seed]`, as many of each parser.
An input that breaks a parser is kept in `corpus/<parser>/`, and every kept one is read again by the tests.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from media_relay import protocol
from media_relay.core import codecs, ice, rtcp, rtp, sdp, twcc
from media_relay.core.sdp_writer import make_answer
from tests.media_relay.core.descriptions import ANSWERS, OFFERS, TRANSPORT, read, subscriber_offer
from tests.media_relay.core.test_ice import ADDRESS, PWD, RFC_REQUEST, UFRAG, request, signed
from tests.media_relay.core.test_rtp import CAPTURED
from tests.media_relay.test_protocol import MESSAGES

CORPUS = Path(__file__).parent / "corpus"
MAX_CPU_SECONDS = 0.25
"""For one input: a hundred times what the slowest takes on a quiet machine."""
MAX_INPUT_BYTES = 64 << 10
SEED = 20261120
DEEP_INPUTS = 100_000

NUMBERS = (b"0", b"-1", b"255", b"256", b"65535", b"65536", b"4294967295", b"4294967296", b"9" * 30, b"1e9")
NAMES = b"l;m;h,~l;;,l m=recv send \0 \xff \r\n a= * urn: {}[]\"' \\ud800 null true NaN 1e999".split(b" ")


@dataclass(frozen=True)
class Target:
    """A parser: `read` takes one input, and refuses with one of `sentences`; never where there are none."""

    name: str
    read: Callable[[bytes], None]
    originals: Sequence[bytes]
    sentences: tuple[str, ...]
    text: bool = False
    cost: int = 1
    """How long one input takes, in units of the quickest parser's."""


def _read_rtp(data: bytes) -> None:
    header = rtp.parse_header(data)
    payload = rtp.payload(data, header)
    assert header.payload_offset + len(payload) + header.padding == len(data)
    for identifier, value in rtp.extensions(data, header):
        assert 1 <= identifier <= 255
        assert len(value) <= 255


def _read_payload(data: bytes) -> None:
    for name in codecs.PAYLOAD_TYPES:
        codecs.is_keyframe(name, data)
    descriptor = codecs.parse_vp8(data)
    assert 0 < descriptor.size <= len(data)


def _read_rtcp(data: bytes) -> None:
    packets = rtcp.parse_compound(data)
    assert 1 <= len(packets) <= rtcp.MAX_PACKETS


def _read_twcc(data: bytes) -> None:
    arrivals = twcc.parse(data)
    assert len(arrivals.ticks) <= twcc.MAX_STATUSES
    train = twcc.Train()
    for number, _ in enumerate(data):
        train.add(arrivals.base + number & 0xFFFF, 1000, number / 1000)
    train.receive(arrivals)
    train.delivered()
    assert twcc.parse(arrivals.to_bytes()) == arrivals


def _read_arrivals(data: bytes) -> None:
    """Takes each four bytes as a publisher's sequence number and the milliseconds that it came later."""
    log, now = twcc.Log(), 0.0
    for sequence, wait in struct.iter_unpack("!HH", data[: len(data) // 4 * 4]):
        log.receive(sequence, now)
        now += wait / 1000
        if wait & 1:
            messages = log.build(now)
            assert len(messages) <= twcc.MAX_MESSAGES
            assert all(twcc.parse(message.to_bytes()) == message for message in messages)


def _read_stun(data: bytes) -> None:
    ice.local_ufrag(data)
    ice.LiteAgent(UFRAG, PWD).receive(data, ADDRESS)


def _read_signed_stun(data: bytes) -> None:
    """As `_read_stun`, of someone who knows the password."""
    forged = signed(data[:4] + b"\x21\x12\xa4\x42" + data[8:-32])
    check = ice.LiteAgent(UFRAG, PWD).receive(forged, ADDRESS)
    assert len(check.reply) <= 3 * len(forged)


def _read_sdp(data: bytes) -> None:
    description = sdp.parse(data)
    chosen = {media.mid: codecs.choose(media) for media in description.media}
    answer = sdp.parse(make_answer(description, TRANSPORT, chosen, codecs.PUBLISHER_EXTENSIONS))
    assert len(answer.media) == len(description.media)
    for media in description.media:
        assert set(media.simulcast) <= set(media.rids)


def _read_control(data: bytes) -> None:
    message = protocol.decode(data)
    assert protocol.decode(protocol.encode(message)) == message


RTP = (
    CAPTURED,
    rtp.build_packet(
        96, 1, 2, 3, b"\x90\xf0\x92\x34\x07\xa5\x00", extension=rtp.build_extensions([(200, b"mid")])
    ),
    b"\xa2" + CAPTURED[1:] + b"\0\0\3",
)
PAYLOADS = tuple(
    bytes.fromhex(text)
    for text in (
        "90f0923407a500ffff",
        "90907f1f01",
        "1000",
        "9080ff00",
        "67640028",
        "7800046764001f000468ee3c80",
        "7c8567",
        "18000167000168000165",
    )
)
ARRIVALS = twcc.Arrivals(65_530, 1 << 20, 7, (0, 1, None, 300, 299, *[None] * 40, 4000, 4001) * 3)
TWCC = (ARRIVALS.to_bytes(), bytes.fromhex("000a0005000001072002e1000408fffc02"))
SEQUENCES = tuple(
    b"".join(struct.pack("!HH", number * step + 65_000 & 0xFFFF, number % 50) for number in range(200))
    for step in (1, 2, 300)
)
RTCP = (
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
        rtcp.TransportFeedback(1, 2, ARRIVALS),
    ),
)
STUN = (request(), RFC_REQUEST, request(attributes={"ICE-CONTROLLED": 5, "USE-CANDIDATE": None}))
SDP = (*(read(name) for name in OFFERS + ANSWERS), subscriber_offer().encode())
SIMULCAST = tuple(read(name) for name in OFFERS if "simulcast" in name)
CONTROL = tuple(protocol.encode(message).encode() for message in MESSAGES)
KINDS = tuple(type(message).__name__ for message in MESSAGES)

TARGETS = (
    Target("rtp", _read_rtp, RTP, ("RTP ",)),
    Target("payload", _read_payload, PAYLOADS, ("VP8 ",)),
    Target("rtcp", _read_rtcp, RTCP, ("RTCP ",)),
    Target("twcc", _read_twcc, TWCC, ("RTCP ",), cost=3),
    Target("arrivals", _read_arrivals, SEQUENCES, (), cost=60),
    Target("stun", _read_stun, STUN, ("STUN ",), cost=3),
    Target("signed_stun", _read_signed_stun, STUN, ("STUN ",), cost=5),
    Target("sdp", _read_sdp, SDP, ("SDP ",), text=True, cost=60),
    Target("simulcast", _read_sdp, SIMULCAST, ("SDP ",), text=True, cost=60),
    Target("control", _read_control, CONTROL, ("the message ", *KINDS), text=True, cost=3),
)


def inputs(target: Target, seed: int, count: int) -> Iterator[bytes]:
    """Random bytes, and originals with a few changes each; the same ones for the same seed."""
    source = random.Random(f"{target.name} {seed}")
    for _ in range(count):
        if source.random() < 0.05:
            yield source.randbytes(source.randrange(200))
            continue
        data = bytearray(source.choice(target.originals))
        for _ in range(source.randrange(1, 5)):
            other = source.choice(target.originals)
            if target.text and source.random() < 0.7:
                _change_text(source, data, other)
            else:
                _change_bytes(source, data, other)
        yield bytes(data[:MAX_INPUT_BYTES])


def _change_bytes(source: random.Random, data: bytearray, other: bytes) -> None:
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


def _change_text(source: random.Random, data: bytearray, other: bytes) -> None:
    """Makes one change to a line or a word, so that the text stays one for a while."""
    lines = bytes(data).split(b"\r\n")
    at = source.randrange(len(lines))
    match source.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[at]] * source.choice((1, 1, 2, 100))
        case 2:
            lines[at:at] = [source.choice(other.split(b"\r\n"))]
        case 3:
            lines.insert(source.randrange(len(lines) + 1), lines.pop(at))
        case _:
            lines[at] = _with_another_word(source, lines[at])
    data[:] = b"\r\n".join(lines)


def _with_another_word(source: random.Random, line: bytes) -> bytes:
    separator = source.choice((b" ", b":", b";", b"=", b",", b'"', b"/"))
    words = line.split(separator)
    words[source.randrange(len(words))] = source.choice((*NUMBERS, *NAMES, b"", *words))
    return separator.join(words)


def refusal(target: Target, data: bytes) -> str:
    """The sentence with which the input is refused, if it is; AssertionError where it does anything else."""
    begun = time.process_time()
    sentence = ""
    try:
        target.read(data)
    except ValueError as error:
        sentence = str(error)
    except Exception as error:
        raise AssertionError(f"{target.name}: {error!r} from {keep(target, data)}") from error
    if time.process_time() - begun > MAX_CPU_SECONDS:
        raise AssertionError(f"{target.name}: takes too long over {keep(target, data)}")
    if sentence and not sentence.startswith(target.sentences):
        raise AssertionError(f"{target.name}: refused with {sentence!r}: {keep(target, data)}")
    return sentence


def keep(target: Target, data: bytes) -> Path:
    """Puts an input into the corpus; returns where."""
    path = CORPUS / target.name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def kept(target: Target) -> list[Path]:
    """The inputs of the corpus."""
    return sorted((CORPUS / target.name).glob("*"))


def fuzz(target: Target, seed: int, count: int) -> int:
    """Reads so many inputs; returns how many of them were refused."""
    return sum(bool(refusal(target, data)) for data in inputs(target, seed, count))


def main() -> None:
    """Fuzzes every parser from a seed that it prints, and goes on with the next after a find."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEEP_INPUTS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    for target in TARGETS:
        try:
            refused = fuzz(target, seed, count // target.cost)
        except AssertionError as find:
            print(f"seed {seed}: {find}")
        else:
            print(
                json.dumps(
                    {"parser": target.name, "seed": seed, "inputs": count // target.cost, "refused": refused}
                )
            )


if __name__ == "__main__":
    main()
