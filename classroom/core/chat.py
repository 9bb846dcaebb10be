"""What may be written in a chat, and how often; pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

ALL = "all"
STAFF = "staff"
PERSON = "person"

MAX_TEXT = 2_000
"""Characters of a message."""
NONCE_LENGTH = 36
SLOW = timedelta(seconds=30)
"""In a slow chat a student writes one message to all in so long."""
EMOJI = ("👍", "❤️", "😄", "🎉", "🤔", "👀")
"""What one can react with."""

_INVISIBLE = frozenset({"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp"})
_KEPT_CONTROLS = "\n\t"


def clean(text: str) -> str:
    """The text as it is kept: one kind of line end, no control characters, no space around.

    Raises ValueError when nothing to be seen is left, or more than MAX_TEXT characters.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        character
        for character in lines
        if character in _KEPT_CONTROLS or unicodedata.category(character) != "Cc"
    ).strip()
    if all(unicodedata.category(character) in _INVISIBLE for character in kept):
        raise ValueError("expected a text that can be seen")
    if len(kept) > MAX_TEXT:
        raise ValueError("expected a text of bounded length")
    return kept


def seconds_to_wait(last: datetime | None, now: datetime) -> int:
    """How many seconds a student still waits in a slow chat, whose last message to all was then."""
    left = (last + SLOW - now).total_seconds() if last else 0.0
    return max(0, -int(-left // 1))
