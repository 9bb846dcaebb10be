"""What a door must know of a session description; the relay reads the rest; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_OFFER_BYTES = 64 << 10
MAX_FRAGMENT_BYTES = 16 << 10
AUDIO = "audio"
VIDEO = "video"
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
SENDING = frozenset({"sendrecv", "sendonly"})
RECEIVING = frozenset({"sendrecv", "recvonly"})

_LINE = re.compile(r"[a-z]=[^\x00-\x08\x0a-\x1f\x7f]*")
_MEDIA = re.compile(r"m=([A-Za-z0-9_-]+) (\d{1,5}) \S")
# RFC 8839 section 5.4 bounds both.
_UFRAG = re.compile(r"a=ice-ufrag:([A-Za-z0-9+/=_-]{4,256})")
_PWD = re.compile(r"a=ice-pwd:[A-Za-z0-9+/=_-]{22,256}")


@dataclass(frozen=True, slots=True)
class Outline:
    """An offer's m-lines of sound and pictures, each with its direction, and its ICE username fragment."""

    lines: tuple[tuple[str, str], ...]
    ufrag: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the m-lines, in their order."""
        return tuple(kind for kind, _ in self.lines)

    @property
    def directions(self) -> frozenset[str]:
        """The directions of all m-lines."""
        return frozenset(direction for _, direction in self.lines)


def outline(body: bytes) -> Outline:
    """Reads an offer's outline; raises ValueError for what is no session description (RFC 8866)."""
    lines = _lines(body)
    if lines[0] != "v=0":
        raise ValueError("the body is no session description")
    return Outline(_media(lines), _ufrag(lines))


def fragment_ufrag(body: bytes) -> str:
    """The ICE username fragment of a trickle-ice-sdpfrag; raises ValueError for what is none.

    RFC 8840 section 4.4: username fragment and password are always there.
    """
    lines = _lines(body)
    if not any(_PWD.fullmatch(line) for line in lines):
        raise ValueError("the fragment has no ICE password")
    return _ufrag(lines)


def _lines(body: bytes) -> list[str]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise ValueError("the body is not UTF-8") from None
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if not all(_LINE.fullmatch(line) for line in lines):
        raise ValueError("the body has a line that is not of a session description")
    return lines


def _media(lines: list[str]) -> tuple[tuple[str, str], ...]:
    session = "sendrecv"
    sections: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("m="):
            match = _MEDIA.match(line)
            if not match:
                raise ValueError("the body has a malformed m-line")
            sections.append((match[1], session))
        elif line.startswith("a=") and line[2:] in DIRECTIONS:
            if sections:
                sections[-1] = sections[-1][0], line[2:]
            else:
                session = line[2:]
    return tuple(section for section in sections if section[0] in (AUDIO, VIDEO))


def _ufrag(lines: list[str]) -> str:
    for line in lines:
        if match := _UFRAG.fullmatch(line):
            return match[1]
    raise ValueError("the body has no ICE username fragment")
