"""The relay's end of a connection and the descriptions that browsers wrote, as tests use them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from media_relay.core import codecs, ice, sdp
from media_relay.core.sdp_writer import (
    LocalTransport,
    OfferSection,
    make_answer,
    make_offer,
    make_watch_answer,
)
from media_relay.core.watching import choose_watched

FIXTURES = Path(__file__).parent / "fixtures"
OFFERS = sorted(path.name for path in FIXTURES.glob("*-offer.sdp"))
ANSWERS = sorted(path.name for path in FIXTURES.glob("*-answer.sdp"))

TRANSPORT = LocalTransport(
    ufrag="lecternU",
    pwd="passwordpasswordpassword",
    fingerprint=":".join(["AB"] * 32),
    candidates=(ice.host_candidate("192.0.2.7", 7400, 0), ice.host_candidate("2001:db8::7", 7400, 1)),
    session_id=4711,
)
SLOTS = (
    ("audio", "teacher", "teacher-microphone"),
    ("video", "teacher", "teacher-camera"),
    ("video", "teacher-screen", "teacher-screen"),
    ("audio", "teacher-screen", "teacher-screen-audio"),
)
SLOT_KINDS = [(track, kind) for kind, _, track in SLOTS]
CODECS = {"audio": codecs.SUBSCRIBER_AUDIO_CODECS, "video": codecs.SUBSCRIBER_VIDEO_CODECS}
EXTENSIONS = {"audio": codecs.SUBSCRIBER_AUDIO_EXTENSIONS, "video": codecs.SUBSCRIBER_VIDEO_EXTENSIONS}


def read(name: str) -> bytes:
    """A description as it came."""
    return (FIXTURES / name).read_bytes()


def sections() -> list[OfferSection]:
    """The m-lines of a lesson, one for each slot."""
    return [
        OfferSection(
            mid=str(index),
            kind=kind,
            ssrc=1001 + index,
            rtx_ssrc=2001 + index if kind == "video" else 0,
            cname="lectern",
            stream=stream,
            track=track,
            codecs=CODECS[kind],
            extensions=EXTENSIONS[kind],
        )
        for index, (kind, stream, track) in enumerate(SLOTS)
    ]


def subscriber_offer() -> str:
    """What a subscriber of a lesson gets."""
    return make_offer(TRANSPORT, sections())


def publisher_answer(offer: str | bytes, without: Collection[str] = ()) -> str:
    """What a publisher gets who offers that, with all its audio and video but some mids."""
    remote = sdp.parse(offer)
    taken = [item for item in remote.media if item.mid not in without]
    chosen = {item.mid: codecs.choose(item) for item in taken}
    with_rtx = {item.mid: (*chosen[item.mid], *codecs.choose_rtx(item, chosen[item.mid])) for item in taken}
    return make_answer(
        remote,
        TRANSPORT,
        with_rtx,
        {*codecs.PUBLISHER_EXTENSIONS, codecs.URI_TRANSPORT_CC},
        start_bitrate_kbps=1500,
        rids={item.mid: item.simulcast for item in taken},
    )


def watch_answer(offer: str, slots: Collection[tuple[str, str]]) -> str:
    """What a player gets who offers that."""
    remote = sdp.parse(offer)
    _, watched = choose_watched(remote, slots)
    kinds = dict(slots)
    return make_watch_answer(
        remote,
        TRANSPORT,
        [
            OfferSection(
                mid=item.mid,
                kind=kinds[item.slot],
                ssrc=1001 + index,
                cname="lectern",
                stream="stream",
                track=item.slot,
                codecs=item.codecs,
                extensions=item.extensions,
                rtx_ssrc=2001 + index if kinds[item.slot] == "video" else 0,
            )
            for index, item in enumerate(watched)
        ],
    )
