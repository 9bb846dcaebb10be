"""Every parser with random and mutated input: nothing but ValueError comes out, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media_relay import fuzzing
from tests.media_relay.core.descriptions import read
from tests.media_relay.fuzzing import SEED, TARGETS, Target, fuzz, inputs, kept, refusal

INPUTS = 30_000
"""Of the quickest parser; the others get fewer, so that each takes a few tenths of a second."""
BY_NAME = {target.name: target for target in TARGETS}

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@each_target
def test_hostile_bytes_are_read_or_refused(target: Target) -> None:
    count = INPUTS // target.cost
    refused = fuzz(target, SEED, count)
    # Were all refused, or nearly none, the changes would be of no use.
    assert count // 10 < refused < count or not target.sentences


@each_target
def test_a_seed_always_gives_the_same_inputs(target: Target) -> None:
    first, again, other = (list(inputs(target, seed, 50)) for seed in (1, 1, 2))
    assert first == again != other


@each_target
def test_what_once_broke_a_parser_does_so_no_more(target: Target) -> None:
    for path in kept(target):
        refusal(target, path.read_bytes())


def test_a_find_is_reported_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(data: bytes) -> None:
        if data[3:4] == b"\xff":
            raise IndexError

    monkeypatch.setattr(fuzzing, "CORPUS", tmp_path)
    broken = Target("broken", read, [b"12345678"], ("broken ",))
    with pytest.raises(AssertionError, match="broken: IndexError"):
        fuzz(broken, SEED, 10_000)
    (path,) = kept(broken)
    assert path.read_bytes()[3] == 0xFF


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
    sentence = refusal(BY_NAME["sdp"], data)
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
    assert refusal(BY_NAME["rtcp"], data).startswith("RTCP ")
