"""What a file is, by its bytes alone, whatever its name says; pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

PDF = "application/pdf"
PNG, JPEG, WEBP, GIF = "image/png", "image/jpeg", "image/webp", "image/gif"
MP4, WEBM = "video/mp4", "video/webm"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODP = "application/vnd.oasis.opendocument.presentation"
ZIP = "application/zip"
OTHER = "application/octet-stream"
PROGRAM = "application/x-executable"

PICTURES = frozenset((PNG, JPEG, WEBP, GIF))
VIDEOS = frozenset((MP4, WEBM))
PRESENTATIONS = frozenset((PPTX, ODP))

HEAD_BYTES = 4096
"""So many bytes of a file's beginning `sniff` looks at."""
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every scanner takes for a virus, by agreement; in two halves, so that none takes this file for one."""
_BEGINNINGS = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\x1a\x45\xdf\xa3", WEBM),
    (b"PK\x03\x04", ZIP),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\xfe\xed\xfa\xce", PROGRAM),
    (b"\xfe\xed\xfa\xcf", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xce\xfa\xed\xfe", PROGRAM),
)

MAX_BOXES = 100_000
"""A film in fragments has two boxes for each second or so."""
MAX_MOOV_BYTES = 64 << 20
MP4_CODECS = (b"avc1", b"avc3", b"av01", b"vp09")
"""What Chromium, Firefox and Safari play: H.264, AV1, VP9."""

Read = Callable[[int, int], bytes]
"""Returns so many bytes (second) of a file from a place (first); fewer at its end."""


class DamagedError(ValueError):
    """A file isn't whole, or not what its beginning says."""


class UnplayableError(ValueError):
    """A film that browsers don't play."""


def sniff(head: bytes) -> str:
    """The media type that a file's beginning speaks of; WEBM and ZIP are families, to be looked at."""
    if EICAR in head:
        return PROGRAM
    if head[4:8] == b"ftyp":
        return MP4
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return next((kind for beginning, kind in _BEGINNINGS if head.startswith(beginning)), OTHER)


def office_type(names: Collection[str], mimetype: bytes) -> str:
    """What a ZIP archive is, by the names in it and the content of its `mimetype`."""
    if "ppt/presentation.xml" in names and "[Content_Types].xml" in names:
        return PPTX
    return ODP if mimetype == ODP.encode() and "content.xml" in names else ZIP


# MP4: ISO/IEC 14496-12


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an MP4: its type, and where its content begins and ends."""

    kind: bytes
    start: int
    end: int


def boxes(read: Read, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places; DamagedError unless they fill that exactly."""
    for _ in range(MAX_BOXES):
        if start == end:
            return
        header = read(start, 16)
        if len(header) < 8:
            raise DamagedError("a box has no header")
        size, kind = struct.unpack_from(">I4s", header)
        content = start + 8
        if size == 1:
            if len(header) < 16:
                raise DamagedError("a box has no header")
            size, content = struct.unpack_from(">Q", header, 8)[0], start + 16
        elif size == 0:
            size = end - start
        if size < content - start or start + size > end:
            raise DamagedError("a box is longer than its file")
        yield Box(kind, content, start + size)
        start += size
    raise DamagedError("there are too many boxes")


def mp4_seconds(read: Read, size: int) -> float:
    """How long a film lasts, 0 where it doesn't say; raises DamagedError or UnplayableError."""
    found = {box.kind: box for box in boxes(read, 0, size)}
    moov = found.get(b"moov")
    if b"ftyp" not in found or moov is None or moov.end - moov.start > MAX_MOOV_BYTES:
        raise DamagedError("the film has no index")
    index = read(moov.start, moov.end - moov.start)
    if not any(codec in index for codec in MP4_CODECS):
        raise UnplayableError("browsers don't play this film's pictures")
    header = next((box for box in boxes(read, moov.start, moov.end) if box.kind == b"mvhd"), None)
    return _mvhd_seconds(read(header.start, 32)) if header else 0.0


def _mvhd_seconds(content: bytes) -> float:
    try:
        layout = ">20xIQ" if content[:1] == b"\x01" else ">12xII"
        scale, duration = struct.unpack_from(layout, content)
    except struct.error:
        raise DamagedError("the film's header is cut off") from None
    unknown = duration in ((1 << 32) - 1, (1 << 64) - 1)
    return 0.0 if unknown or not scale else duration / scale


# WebM: RFC 8794 (EBML), RFC 9559 (Matroska)

_EBML, _DOC_TYPE, _SEGMENT = 0x1A45DFA3, 0x4282, 0x18538067
_INFO, _SCALE, _DURATION, _CLUSTER = 0x1549A966, 0x2AD7B1, 0x4489, 0x1F43B675
_DEFAULT_SCALE = 1_000_000
"""Nanoseconds."""
MAX_ELEMENTS = 1000
"""Before the first cluster; there are about ten."""


@dataclass(frozen=True, slots=True)
class Element:
    """A part of a WebM: its id, and where its content begins and ends."""

    id: int
    start: int
    end: int


def elements(read: Read, start: int, end: int) -> Iterator[Element]:
    """The elements between two places, as far as they are asked for; raises DamagedError."""
    for _ in range(MAX_ELEMENTS):
        if start >= end:
            return
        id, after_id = _number(read(start, 12), 0, keep_marker=True)
        size, length = _number(read(start + after_id, 8), 0, keep_marker=False)
        content = start + after_id + length
        unknown = size == (1 << 7 * length) - 1
        finish = end if unknown else content + size
        if finish > end:
            raise DamagedError("an element is longer than its file")
        yield Element(id, content, finish)
        start = finish


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-size integer and its length in bytes."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if not first or len(data) < at + length:
        raise DamagedError("an element has no header")
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length


def webm_seconds(read: Read, size: int) -> float:
    """How long a film lasts, 0 where it doesn't say; raises DamagedError or UnplayableError."""
    top = elements(read, 0, size)
    header = next(top, None)
    if header is None or header.id != _EBML:
        raise DamagedError("the film has no header")
    if not any(
        element.id == _DOC_TYPE and read(element.start, element.end - element.start).rstrip(b"\0") == b"webm"
        for element in elements(read, header.start, min(header.end, header.start + HEAD_BYTES))
    ):
        raise UnplayableError("browsers don't play this film's container")
    segment = next((element for element in top if element.id == _SEGMENT), None)
    if segment is None:
        raise DamagedError("the film is empty")
    return _segment_seconds(read, segment)


def _segment_seconds(read: Read, segment: Element) -> float:
    for element in elements(read, segment.start, segment.end):
        if element.id == _CLUSTER:
            break
        if element.id == _INFO:
            values = {
                part.id: read(part.start, min(8, part.end - part.start))
                for part in elements(read, element.start, element.end)
            }
            scale = int.from_bytes(values.get(_SCALE, b""), "big") or _DEFAULT_SCALE
            return _float(values.get(_DURATION, b"")) * scale / 1e9
    return 0.0


def _float(data: bytes) -> float:
    value = {4: ">f", 8: ">d"}.get(len(data))
    found = struct.unpack(value, data)[0] if value else 0.0
    return found if 0 <= found < 1e12 else 0.0
