"""Session descriptions, as far as a relay with one bundled transport needs them.

RFC 8866 (grammar), 8829 (JSEP), 8839 (ICE attributes), 8843 (BUNDLE), 8853 (simulcast), 8285 (extmap),
4585 (rtcp-fb), 5576 (ssrc). `sdp_writer.py` writes what this module reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

MAX_BYTES = 64 << 10
MAX_MEDIA = 48
"""As many as a room has slots at most."""
MAX_SECTION_LINES = 500
MAX_LINE_LENGTH = 4096
MAX_MID_LENGTH = 32
MAX_SSRCS = 64
MAX_RIDS = 8
MAX_FINGERPRINTS = 8
MAX_FEEDBACK = 16

AUDIO = "audio"
VIDEO = "video"
RTP_KINDS = (AUDIO, VIDEO)
RTP_PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "RTP/SAVPF")
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
SETUPS = ("actpass", "active", "passive")

# RFC 8122 section 5; SHA-1 is left out on purpose.
FINGERPRINT_BYTES: Mapping[str, int] = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

_LINE = re.compile(r"([a-z])=([^\x00-\x08\x0a-\x1f\x7f]*)")
_MEDIA = re.compile(r"([A-Za-z0-9_-]{1,16}) (\d{1,5}) ([A-Z/]{1,32}) ([!-~]+(?: [!-~]+)*) *", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_ICE_CHARACTERS = re.compile(r"[A-Za-z0-9+/=_-]+")
_RTPMAP = re.compile(r"(\d{1,3}) ([A-Za-z0-9_.-]{1,32})/(\d{1,7})(?:/(\d{1,2}))?", re.ASCII)
_EXTMAP = re.compile(r"(\d{1,5})(?:/[a-z]+)? ([!-~]{1,256})(?: .*)?", re.ASCII)
_SSRC = re.compile(r"(\d{1,10})(?: .*)?", re.ASCII)
_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16}) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)")


@dataclass(frozen=True, slots=True)
class Codec:
    """A payload type of an m-line; `feedback` are values of `a=rtcp-fb`, like `nack pli`."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    parameters: Mapping[str, str] = field(default_factory=dict)
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """An m-line with its attributes; `codecs` in order of preference, `rtx` by the SSRC it repairs.

    `rids` are the layers that the other side would send, `simulcast` those of them in its simulcast line.
    """

    mid: str
    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    direction: str
    codecs: tuple[Codec, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()
    rtx: Mapping[int, int] = field(default_factory=dict)
    rids: tuple[str, ...] = ()
    simulcast: tuple[str, ...] = ()
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    bundle_only: bool = False

    @property
    def is_rtp(self) -> bool:
        """Whether this is audio or video over DTLS-SRTP, and not e.g. a data channel."""
        return self.kind in RTP_KINDS and self.protocol in RTP_PROTOCOLS

    @property
    def is_rejected(self) -> bool:
        """Whether the m-line is off: port 0 (RFC 8829 section 5.3.1), which bundle-only takes back."""
        return self.port == 0 and not self.bundle_only

    @property
    def sends(self) -> bool:
        """Whether the side that wrote this sends media here."""
        return not self.is_rejected and self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """Whether the side that wrote this takes media here."""
        return not self.is_rejected and self.direction in ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True)
class Description:
    """An offer or an answer with one transport: the attributes of the m-line that BUNDLE names first."""

    ice_ufrag: str
    ice_pwd: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: str
    ice_lite: bool
    bundle: tuple[str, ...]
    media: tuple[Media, ...]

    @property
    def can_be_dtls_client(self) -> bool:
        """Whether the other side lets us be the DTLS server (RFC 8842 section 5.2)."""
        return self.setup in ("actpass", "active")


class _Section:
    """The lines before the first m-line, or one m-line and those below it."""

    def __init__(self, head: str) -> None:
        self.head = head
        self.lines = 1
        self.attributes: dict[str, list[str]] = {}

    def add(self, kind: str, value: str) -> None:
        self.lines += 1
        if self.lines > MAX_SECTION_LINES:
            raise ValueError("SDP has too many lines in one section")
        if kind == "a":
            name, _, rest = value.partition(":")
            self.attributes.setdefault(name, []).append(rest)

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])

    def first(self, name: str, default: str = "") -> str:
        values = self.attributes.get(name)
        return values[0].strip() if values else default

    def __contains__(self, name: str) -> bool:
        return name in self.attributes


def parse(text: str | bytes) -> Description:
    """Reads an offer or answer; raises ValueError with a sentence that is fit for its sender."""
    session, *sections = _split(_decode(text))
    media = tuple(_media(section, session) for section in sections)
    mids = [item.mid for item in media if item.mid]
    if len(set(mids)) != len(mids):
        raise ValueError("SDP uses a mid twice")
    bundle = _bundle(session, media)
    tagged = next(section for section, item in zip(sections, media, strict=True) if item.mid == bundle[0])
    ufrag, pwd = _ice(tagged, session)
    return Description(
        ufrag,
        pwd,
        _fingerprints(tagged, session),
        _setup(tagged, session),
        "ice-lite" in session,
        bundle,
        media,
    )


def _decode(text: str | bytes) -> str:
    if len(text) > MAX_BYTES:
        raise ValueError("SDP is too large")
    try:
        data = text.encode() if isinstance(text, str) else text
        decoded = data.decode()
    except UnicodeError:
        raise ValueError("SDP is not UTF-8") from None
    if len(data) > MAX_BYTES:
        raise ValueError("SDP is too large")
    return decoded


def _split(text: str) -> list[_Section]:
    # Not splitlines(): it also takes characters for line ends that a browser doesn't.
    lines = [line.removesuffix("\r") for line in text.rstrip("\r\n").split("\n")]
    if lines[0] != "v=0":
        raise ValueError("SDP does not begin with its version")
    sections = [_Section("")]
    for line in lines[1:]:
        match = _LINE.fullmatch(line) if len(line) <= MAX_LINE_LENGTH else None
        if match is None:
            raise ValueError("SDP has a malformed line")
        kind, value = match.groups()
        if kind != "m":
            sections[-1].add(kind, value)
        elif len(sections) > MAX_MEDIA:
            raise ValueError("SDP has too many m-lines")
        else:
            sections.append(_Section(value))
    if len(sections) == 1:
        raise ValueError("SDP has no m-line")
    return sections


def _media(section: _Section, session: _Section) -> Media:
    match = _MEDIA.fullmatch(section.head)
    if match is None:
        raise ValueError("SDP has a malformed m-line")
    kind, port, protocol, formats = match.groups()
    if int(port) > 0xFFFF:
        raise ValueError("SDP has a malformed m-line")
    media = Media(
        _mid(section),
        kind,
        int(port),
        protocol,
        tuple(formats.split()),
        _direction(section, session),
        rtcp_mux="rtcp-mux" in section,
        rtcp_rsize="rtcp-rsize" in section,
        bundle_only="bundle-only" in section,
    )
    return _with_rtp(media, section) if media.is_rtp and not media.is_rejected else media


def _with_rtp(media: Media, section: _Section) -> Media:
    if not media.rtcp_mux:
        raise ValueError("SDP has media without rtcp-mux")
    ssrcs = _ssrcs(section)
    rids = _rids(section)
    return replace(
        media,
        codecs=_codecs(section, media.formats),
        extensions=_extensions(section),
        ssrcs=ssrcs,
        rtx=_rtx(section, ssrcs),
        rids=rids,
        simulcast=_simulcast(section, rids),
    )


def _mid(section: _Section) -> str:
    mid = section.first("mid")
    if mid and (len(mid) > MAX_MID_LENGTH or not _TOKEN.fullmatch(mid)):
        raise ValueError("SDP has a malformed mid")
    return mid


def _direction(section: _Section, session: _Section) -> str:
    for level in (section, session):
        for direction in DIRECTIONS:
            if direction in level:
                return direction
    return "sendrecv"


def _codecs(section: _Section, formats: Iterable[str]) -> tuple[Codec, ...]:
    names = _by_format(section.all("rtpmap"))
    parameters = _by_format(section.all("fmtp"))
    feedback = _feedback(section)
    codecs = []
    for payload_type in dict.fromkeys(formats):
        match = _RTPMAP.fullmatch(f"{payload_type} {names.get(payload_type, '')}")
        if match is None or int(payload_type) > 127 or not int(match[3]):
            continue
        codecs.append(
            Codec(
                int(payload_type),
                match[2],
                int(match[3]),
                int(match[4] or 1),
                _parameters(parameters.get(payload_type, "")),
                tuple(dict.fromkeys(feedback.get("*", []) + feedback.get(payload_type, [])))[:MAX_FEEDBACK],
            ),
        )
    return tuple(codecs)


def _by_format(values: Iterable[str]) -> dict[str, str]:
    """Returns what follows the format by the format; the first line of a format counts."""
    found: dict[str, str] = {}
    for value in values:
        name, _, rest = value.partition(" ")
        found.setdefault(name, rest.strip())
    return found


def _parameters(text: str) -> dict[str, str]:
    """Returns the parameters of an fmtp line by lower-case name (RFC 4855 section 3)."""
    parameters = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        if name:
            parameters[name.lower()] = value
    return parameters


def _feedback(section: _Section) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in section.all("rtcp-fb"):
        name, _, rest = value.partition(" ")
        found.setdefault(name, []).append(" ".join(rest.split()))
    return found


def _extensions(section: _Section) -> dict[str, int]:
    extensions: dict[str, int] = {}
    for value in section.all("extmap"):
        match = _EXTMAP.fullmatch(value)
        if match is None:
            raise ValueError("SDP has a malformed extmap")
        # RFC 8285 section 6: ids from 4096 are proposals that nobody has to take; 256 to 4095 can't be sent.
        if 1 <= int(match[1]) <= 255:
            extensions.setdefault(match[2], int(match[1]))
    if len(set(extensions.values())) != len(extensions):
        raise ValueError("SDP uses a header extension id twice")
    return extensions


def _ssrc(text: str) -> int:
    match = _SSRC.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= 0xFFFFFFFF:
        raise ValueError("SDP has a malformed ssrc")
    return int(match[1])


def _ssrcs(section: _Section) -> tuple[int, ...]:
    ssrcs = tuple(dict.fromkeys(_ssrc(value) for value in section.all("ssrc")))
    if len(ssrcs) > MAX_SSRCS:
        raise ValueError("SDP has too many ssrcs")
    return ssrcs


def _rtx(section: _Section, ssrcs: tuple[int, ...]) -> dict[int, int]:
    """Returns the retransmission SSRC by that of the media it repairs (RFC 5576 section 4.2, RFC 4588)."""
    pairs = {}
    for value in section.all("ssrc-group"):
        semantics, *members = value.split()[: MAX_SSRCS + 1] or [""]
        if semantics == "FID" and len(members) == 2:
            media, repair = map(_ssrc, members)
            if media in ssrcs and repair in ssrcs and media != repair:
                pairs[media] = repair
    return pairs


def _rids(section: _Section) -> tuple[str, ...]:
    """Returns the ids of the layers that the other side sends (RFC 8851)."""
    rids = []
    for value in section.all("rid"):
        words = value.split()
        if len(words) >= 2 and words[1] == "send" and re.fullmatch("[A-Za-z0-9]{1,16}", words[0]):
            rids.append(words[0])
    if len(rids) > MAX_RIDS:
        raise ValueError("SDP has too many rids")
    return tuple(dict.fromkeys(rids))


def _simulcast(section: _Section, rids: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the first alternative of each sent layer (RFC 8853 section 5.1); `~` only means paused."""
    words = section.first("simulcast").split()
    if "send" not in words[:-1]:
        return ()
    layers = words[words.index("send") + 1].split(";")
    names = (layer.split(",")[0].removeprefix("~") for layer in layers)
    return tuple(name for name in dict.fromkeys(names) if name in rids)


def _bundle(session: _Section, media: tuple[Media, ...]) -> tuple[str, ...]:
    """Returns the BUNDLE group of m-lines that are on (RFC 8843); everything that is on must be in it."""
    groups = [value.split() for value in session.all("group")]
    members = next((group[1:] for group in groups if group[:1] == ["BUNDLE"]), [])
    on = [item.mid for item in media if not item.is_rejected]
    bundle = tuple(mid for mid in dict.fromkeys(members) if mid in on)
    if not on:
        raise ValueError("SDP has no m-line that is on")
    if not bundle:
        raise ValueError("SDP has no BUNDLE group")
    if set(on) != set(bundle):
        raise ValueError("SDP has media outside the BUNDLE group")
    return bundle


def _ice(tagged: _Section, session: _Section) -> tuple[str, str]:
    ufrag = tagged.first("ice-ufrag", session.first("ice-ufrag"))
    pwd = tagged.first("ice-pwd", session.first("ice-pwd"))
    if not ufrag or not pwd:
        raise ValueError("SDP has no ICE credentials")
    if not (4 <= len(ufrag) <= 256 and 22 <= len(pwd) <= 256):
        raise ValueError("SDP has malformed ICE credentials")
    if not (_ICE_CHARACTERS.fullmatch(ufrag) and _ICE_CHARACTERS.fullmatch(pwd)):
        raise ValueError("SDP has malformed ICE credentials")
    return ufrag, pwd


def _fingerprints(tagged: _Section, session: _Section) -> tuple[tuple[str, str], ...]:
    """Returns algorithm and hex pairs of the certificate, without algorithms that are unknown or weak."""
    values = tagged.all("fingerprint") or session.all("fingerprint")
    if not values:
        raise ValueError("SDP has no fingerprint")
    if len(values) > MAX_FINGERPRINTS:
        raise ValueError("SDP has too many fingerprints")
    usable = []
    for value in values:
        match = _FINGERPRINT.fullmatch(value.strip())
        if match is None:
            raise ValueError("SDP has a malformed fingerprint")
        algorithm, digest = match[1].lower(), match[2].upper()
        if len(digest) == FINGERPRINT_BYTES.get(algorithm, 0) * 3 - 1:
            usable.append((algorithm, digest))
    if not usable:
        raise ValueError("SDP has no usable fingerprint")
    return tuple(usable)


def _setup(tagged: _Section, session: _Section) -> str:
    setup = tagged.first("setup", session.first("setup"))
    if setup not in SETUPS:
        raise ValueError("SDP has no usable setup role")
    return setup
