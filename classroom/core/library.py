"""Names, parts and byte ranges of materials; pure."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_LENGTH = 120
PLAIN_NAME = "file"
PART_BYTES = 4_000_000
"""Of each part of an upload but the last: the web tier takes bodies of up to 5 MiB."""

_HOSTILE = re.compile(r'[<>:"|?*%;\'`$&]')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}\Z")
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def clean_name(name: str) -> str:
    """What is left of a name that somebody gave to a file: no folders, nothing invisible, bounded.

    Nothing is ever stored under it; it is shown, and offered where the file is kept by a browser.
    """
    # Compatibility forms first: some characters become slashes and dots only by that.
    name = unicodedata.normalize("NFKC", name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if char.isspace() else char for char in name if not _is_invisible(char))
    name = " ".join(_HOSTILE.sub("_", name).split()).strip(". ")
    found = _EXTENSION.search(name)
    extension = found[0] if found else ""
    stem = name.removesuffix(extension)[: MAX_NAME_LENGTH - len(extension)].rstrip(". ")
    return (stem or PLAIN_NAME) + extension


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in _INVISIBLE and not char.isspace()


def count_parts(size: int) -> int:
    """How many parts a file of so many bytes comes in."""
    return -(-size // PART_BYTES)


def part_size(size: int, number: int) -> int:
    """How many bytes the part of that number has, counted from 0; ValueError where there is none."""
    if not 0 <= number < count_parts(size):
        raise ValueError("there is no such part")
    return min(PART_BYTES, size - number * PART_BYTES)


class UnsatisfiableRangeError(ValueError):
    """Nothing of the file lies in the range that is asked for."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last that a `Range` asks for (RFC 9110, section 14).

    None stands for the whole: where there is no range, several, or one that can't be read.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        wanted = min(int(found[2]), size)
        if not wanted:
            raise UnsatisfiableRangeError("the range is empty")
        return size - wanted, size
    start = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError("the range lies after the end")
    return start, min(last + 1, size)
