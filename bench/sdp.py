"""The little of SDP that a load client needs: read a relay's description, answer its offer, make an offer."""

from __future__ import annotations

import re
from dataclasses import dataclass

MEDIA_CODECS = ("opus", "vp8", "h264")
MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"

# Attributes of an offer that an answerer repeats; all others are the offerer's own business.
_ECHOED = ("a=mid:", "a=rtcp-mux", "a=rtcp-rsize", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:", "c=")


@dataclass(frozen=True, slots=True)
class Local:
    """A client's side of a connection."""

    ufrag: str
    pwd: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Remote:
    """What a client must know of the relay."""

    ufrag: str
    pwd: str
    fingerprint: str
    address: tuple[str, int]
    payload_types: frozenset[int]
    vp8: int
    """The payload type of VP8."""
    ssrcs: tuple[int, ...]
    """Of the streams that the relay announces."""


def read_remote(sdp: str) -> Remote:
    """Reads the relay's description; raises ValueError if something needed is missing."""
    return Remote(
        ufrag=_first(r"a=ice-ufrag:(\S+)", sdp),
        pwd=_first(r"a=ice-pwd:(\S+)", sdp),
        fingerprint=_first(r"a=fingerprint:sha-256 (\S+)", sdp),
        address=_host_candidate(sdp),
        payload_types=_media_payload_types(sdp),
        vp8=int(_first(r"(?i)a=rtpmap:(\d+) VP8/", sdp)),
        ssrcs=tuple(dict.fromkeys(map(int, re.findall(r"(?m)^a=ssrc:(\d+)", sdp)))),
    )


def answer_to(offer: str, local: Local) -> str:
    """Returns the answer that receives everything the offer has."""
    head, *sections = re.split(r"(?m)^(?=m=)", offer.replace("\r\n", "\n"))
    group = re.findall(r"(?m)^a=group:.*$", head)
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", *group, "a=msid-semantic: WMS"]
    for section in sections:
        lines += _answer_section(section.splitlines(), local)
    return "\r\n".join(lines) + "\r\n"


def publisher_offer(local: Local, audio_ssrc: int, video_ssrc: int, mid_extension: int) -> str:
    """Returns an offer of Opus (mid 0, payload type 111) and VP8 (mid 1, payload type 96)."""
    audio = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"]
    feedback = ("goog-remb", "ccm fir", "nack", "nack pli")
    video = ["a=rtpmap:96 VP8/90000", *(f"a=rtcp-fb:96 {name}" for name in feedback)]
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
    for mid, kind, payload_type, ssrc, own in (
        (0, "audio", 111, audio_ssrc, audio),
        (1, "video", 96, video_ssrc, video),
    ):
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}",
            "c=IN IP4 0.0.0.0",
            "a=rtcp:9 IN IP4 0.0.0.0",
        ]
        lines += [*_transport(local), f"a=mid:{mid}", f"a=extmap:{mid_extension} {MID_URI}"]
        lines += ["a=sendonly", f"a=msid:bench {kind}", "a=rtcp-mux", "a=rtcp-rsize", *own]
        lines += [f"a=ssrc:{ssrc} cname:bench"]
    return "\r\n".join(lines) + "\r\n"


def _answer_section(lines: list[str], local: Local) -> list[str]:
    echoed = [line for line in lines if line.startswith(_ECHOED)]
    direction = "a=recvonly" if "a=sendonly" in lines or "a=sendrecv" in lines else "a=inactive"
    return [lines[0], *echoed, direction, *_transport(local)]


def _transport(local: Local) -> list[str]:
    """The client's side: it begins the DTLS handshake, and its checks say where it is."""
    return [
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.pwd}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:active",
    ]


def _first(pattern: str, sdp: str) -> str:
    found = re.search(pattern, sdp)
    if not found:
        raise ValueError(f"the description has no {pattern}")
    return found.group(1)


def _host_candidate(sdp: str) -> tuple[str, int]:
    """The first that is of loopback, or else the first of IPv4."""
    found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\d+\.\S+) (\d+) typ host", sdp, re.IGNORECASE)
    if not found:
        raise ValueError("the description has no host candidate of IPv4")
    address, port = min(found, key=lambda candidate: not candidate[0].startswith("127."))
    return address, int(port)


def _media_payload_types(sdp: str) -> frozenset[int]:
    """The payload types of media proper, without those of retransmission."""
    names = re.findall(r"a=rtpmap:(\d+) ([\w-]+)/", sdp)
    return frozenset(int(number) for number, name in names if name.lower() in MEDIA_CODECS)
