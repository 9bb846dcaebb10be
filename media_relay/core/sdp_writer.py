"""The relay's own session descriptions: offers to subscribers, answers to publishers and to watching players.

One bundled transport, ICE-lite, the relay as DTLS server (RFC 8829, 8839, 8843).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from media_relay.core.codecs import RTX, TRANSPORT_CC, URI_TRANSPORT_CC, VIDEO_CLOCK_RATE, choose
from media_relay.core.sdp import Codec, Description, Media

FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")
DISCARD_PORT = 9
START_BITRATE = "x-google-start-bitrate"
NOTHING_ACCEPTED = "SDP has nothing that can be accepted"


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """The relay's end of a connection.

    `fingerprint` are the hex pairs of the certificate's SHA-256, `candidates` lines of `ice.host_candidate`.
    """

    ufrag: str
    pwd: str
    fingerprint: str
    candidates: tuple[str, ...]
    session_id: int


@dataclass(frozen=True, slots=True)
class OfferSection:
    """An m-line that the relay sends on; sections of one `stream` are kept in lip sync by browsers.

    `rtx_ssrc` is the SSRC that retransmissions come from, 0 if there are none.
    """

    mid: str
    kind: str
    ssrc: int
    cname: str
    stream: str
    track: str
    codecs: tuple[Codec, ...]
    extensions: Mapping[str, int]
    rtx_ssrc: int = 0


def make_offer(transport: LocalTransport, sections: Iterable[OfferSection]) -> str:
    """Returns the offer of a subscriber's connection: `sendonly` m-lines with their SSRCs.

    Certificate and candidates are said once: there may be dozens of m-lines, and who can't bundle them can't
    be served.
    """
    sections = tuple(sections)
    lines = [*_session(transport, [section.mid for section in sections]), _fingerprint(transport)]
    for index, section in enumerate(sections):
        lines += _media_head(section.kind, "UDP/TLS/RTP/SAVPF", section.codecs)
        lines += [f"a=mid:{section.mid}", *_credentials(transport, "actpass")]
        lines += _candidates(transport) if not index else ()
        lines += _sending(section)
    return _text(lines)


def make_watch_answer(
    remote: Description, transport: LocalTransport, sections: Iterable[OfferSection]
) -> str:
    """Returns the answer to a player's offer (draft-ietf-wish-whep): `sendonly` m-lines with their SSRCs.

    The mids of `sections` are the player's, their codecs and extensions under its numbers. Other m-lines are
    inactive, since not every player understands one that is rejected, or rejected if there is no codec for
    them. Raises ValueError if there is no section, or no connection could come of it.
    """
    _check_transport(remote)
    by_mid = {section.mid: section for section in sections}
    codecs = {media.mid: choose(media) for media in remote.media if media.mid in remote.bundle}
    codecs |= {mid: section.codecs for mid, section in by_mid.items()}
    accepted = [mid for mid in remote.bundle if codecs[mid]]
    if not by_mid.keys() & set(accepted):
        raise ValueError(NOTHING_ACCEPTED)

    def describe(media: Media) -> list[str]:
        return _sending(by_mid[media.mid]) if media.mid in by_mid else _idle(codecs[media.mid])

    return _answer(remote, transport, accepted, codecs, describe)


def _answer(
    remote: Description,
    transport: LocalTransport,
    accepted: Sequence[str],
    codecs: Mapping[str, tuple[Codec, ...]],
    describe: Callable[[Media], list[str]],
) -> str:
    """Returns an answer in which every m-line that is not accepted is rejected (RFC 8829 section 5.3.1)."""
    lines = _session(transport, accepted)
    for media in remote.media:
        if media.mid in accepted:
            lines += _media_head(media.kind, media.protocol, codecs[media.mid])
            lines += [f"a=mid:{media.mid}", *_credentials(transport, "passive")]
            lines.append(_fingerprint(transport))
            lines += _candidates(transport) if media.mid == accepted[0] else ()
            lines += describe(media)
        else:
            lines += _rejected(media)
    return _text(lines)


def _idle(codecs: Iterable[Codec]) -> list[str]:
    """Returns what is said where nothing is sent, either way."""
    return ["a=inactive", "a=rtcp-mux", *(line for codec in codecs for line in _codec(codec, ()))]


def _sending(section: OfferSection) -> list[str]:
    """Returns what is said of media that the relay sends."""
    lines = _extmaps(section.extensions)
    lines += ["a=sendonly", f"a=msid:{section.stream} {section.track}", "a=rtcp-mux", "a=rtcp-rsize"]
    for codec in section.codecs:
        lines += _codec(codec, codec.feedback)
    if section.rtx_ssrc:
        lines.append(f"a=ssrc-group:FID {section.ssrc} {section.rtx_ssrc}")
    for ssrc in (section.ssrc, section.rtx_ssrc):
        if ssrc:
            lines.append(f"a=ssrc:{ssrc} cname:{section.cname}")
    return lines


def make_answer(
    remote: Description,
    transport: LocalTransport,
    codecs: Mapping[str, tuple[Codec, ...]],
    extensions: Collection[str] = (),
    start_bitrate_kbps: int = 0,
    rids: Mapping[str, tuple[str, ...]] | None = None,
) -> str:
    """Returns the answer to a publisher's offer.

    `codecs` are the chosen ones by mid, the first is what the publisher will send: its m-line is `recvonly`,
    or `inactive` if the publisher doesn't send there. Every other m-line is rejected (RFC 8829 section
    5.3.1). Of `extensions` those that the publisher offers are accepted, under its ids, and with the one of
    transport-wide congestion control its feedback. `rids` are the layers taken, by mid. Raises ValueError if
    nothing would be accepted, or no connection could come of it.
    """
    _check_transport(remote)
    accepted = [mid for mid in remote.bundle if codecs.get(mid)]
    if not accepted:
        raise ValueError(NOTHING_ACCEPTED)

    def describe(media: Media) -> list[str]:
        taken = {uri: number for uri, number in media.extensions.items() if uri in extensions}
        lines = [*_extmaps(taken), "a=recvonly" if media.sends else "a=inactive", "a=rtcp-mux"]
        lines += ["a=rtcp-rsize"] if media.rtcp_rsize else []
        feedback = (*FEEDBACK, TRANSPORT_CC) if URI_TRANSPORT_CC in taken else FEEDBACK
        for codec in codecs[media.mid]:
            lines += _codec(codec, [name for name in codec.feedback if name in feedback], start_bitrate_kbps)
        return lines + _layers((rids or {}).get(media.mid, ()) if media.sends else ())

    return _answer(remote, transport, accepted, codecs, describe)


def _check_transport(remote: Description) -> None:
    if remote.ice_lite:
        raise ValueError("SDP is of an ICE-lite agent, which waits for the other side as we do")
    if not remote.can_be_dtls_client:
        raise ValueError("SDP has no usable setup role")


def _layers(rids: tuple[str, ...]) -> list[str]:
    """Returns the lines that take these layers (RFC 8853 section 5.3.2), in the order of the offer."""
    if not rids:
        return []
    return [*(f"a=rid:{rid} recv" for rid in rids), f"a=simulcast:recv {';'.join(rids)}"]


def _session(transport: LocalTransport, mids: Iterable[str]) -> list[str]:
    return [
        "v=0",
        f"o=- {transport.session_id} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
    ]


def _media_head(kind: str, protocol: str, codecs: Iterable[Codec]) -> list[str]:
    formats = " ".join(str(codec.payload_type) for codec in codecs)
    return [f"m={kind} {DISCARD_PORT} {protocol} {formats}", "c=IN IP4 0.0.0.0"]


def _rejected(media: Media) -> list[str]:
    lines = [f"m={media.kind} 0 {media.protocol} {' '.join(media.formats)}", "c=IN IP4 0.0.0.0"]
    return [*lines, *([f"a=mid:{media.mid}"] if media.mid else []), "a=inactive"]


def _credentials(transport: LocalTransport, setup: str) -> list[str]:
    return [f"a=ice-ufrag:{transport.ufrag}", f"a=ice-pwd:{transport.pwd}", f"a=setup:{setup}"]


def _fingerprint(transport: LocalTransport) -> str:
    return f"a=fingerprint:sha-256 {transport.fingerprint}"


def _candidates(transport: LocalTransport) -> list[str]:
    return [*(f"a={candidate}" for candidate in transport.candidates), "a=end-of-candidates"]


def _extmaps(extensions: Mapping[str, int]) -> list[str]:
    return [f"a=extmap:{number} {uri}" for uri, number in extensions.items()]


def _codec(codec: Codec, feedback: Iterable[str], start_bitrate_kbps: int = 0) -> list[str]:
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    parameters = dict(codec.parameters)
    # Chromium reads it from any video codec's line; it has no meaning for sound.
    if start_bitrate_kbps and codec.clock_rate == VIDEO_CLOCK_RATE and codec.name.lower() != RTX:
        parameters[START_BITRATE] = str(start_bitrate_kbps)
    lines = [f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}"]
    lines += [f"a=rtcp-fb:{number} {value}" for value in feedback]
    if parameters:
        text = ";".join(f"{name}={value}" if value else name for name, value in parameters.items())
        lines.append(f"a=fmtp:{number} {text}")
    return lines


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)
