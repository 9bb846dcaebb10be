"""Tables as CSV that a spreadsheet opens as they are and takes no cell of for a formula; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula, full-width signs too."""


def safe_cell(value: object) -> str:
    """The value as a text that is no formula: an apostrophe goes before one that could be."""
    text = "" if value is None else str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS) else text


def to_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows as CSV (RFC 4180) in UTF-8 with a byte order mark."""
    lines = [",".join(_quoted(safe_cell(value)) for value in row) + "\r\n" for row in rows]
    return "".join([BYTE_ORDER_MARK, *lines]).encode()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
