"""Names, parts and ranges of materials."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from classroom.core.library import (
    MAX_NAME_LENGTH,
    PART_BYTES,
    UnsatisfiableRangeError,
    clean_name,
    count_parts,
    parse_range,
    part_size,
)


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("Optics.pdf", "Optics.pdf"),
        ("Übung 3 (Linsen).pdf", "Übung 3 (Linsen).pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("\uff0e\uff0e\uff0fsecret\uff0fkey", "key"),
        ("/", "file"),
        ("", "file"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ('"><script>.html', "___script_.html"),
        ("x" * 300 + ".pdf", "x" * (MAX_NAME_LENGTH - 4) + ".pdf"),
        ("\ud800.pdf", "pdf"),
    ],
)
def test_a_name_keeps_what_is_harmless(given_name: str, cleaned: str) -> None:
    assert clean_name(given_name) == cleaned


@given(st.text(st.characters()))
@example("\u2100/..\u2024/x")
def test_no_name_holds_a_folder_or_anything_invisible(name: str) -> None:
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= MAX_NAME_LENGTH
    assert not set(cleaned) & set('/\\<>:"|?*\r\n\0')
    assert cleaned not in (".", "..")
    assert cleaned.isprintable()
    assert clean_name(cleaned) == cleaned


def test_parts_add_up_to_the_file() -> None:
    for size in (1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 7):
        assert sum(part_size(size, number) for number in range(count_parts(size))) == size
        for number in (-1, count_parts(size)):
            with pytest.raises(ValueError, match="there is no such part"):
                part_size(size, number)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", None),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_a_range_is_read(header: str, wanted: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == wanted


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_without_a_byte_is_told_from_none(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, 100)


@given(st.text(), st.integers(1, 1000))
def test_whatever_is_asked_lies_within_the_file(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        try:
            found = parse_range(text, size)
        except UnsatisfiableRangeError:
            continue
        assert found is None or 0 <= found[0] < found[1] <= size
