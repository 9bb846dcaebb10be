"""What may be written in a chat."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import chat

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_a_text_keeps_its_lines_and_loses_what_cannot_be_seen_around_it() -> None:
    assert chat.clean("  one\r\ntwo\rthree\tfour \n") == "one\ntwo\nthree\tfour"


def test_control_characters_are_taken_out() -> None:
    assert chat.clean("a\x00b\x1b[31mc\x7f\x85d") == "ab[31mcd"


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "\u200b\u200d", "\u202e", "\u0301\u0301", "\x00"])
def test_a_text_without_anything_to_see_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="can be seen"):
        chat.clean(text)


def test_a_text_over_its_length_is_refused() -> None:
    assert chat.clean("x" * chat.MAX_TEXT) == "x" * chat.MAX_TEXT
    with pytest.raises(ValueError, match="bounded length"):
        chat.clean("x" * (chat.MAX_TEXT + 1))


@given(st.text(max_size=300))
def test_whatever_comes_is_refused_or_kept_clean_once_and_for_all(text: str) -> None:
    try:
        kept = chat.clean(text)
    except ValueError:
        return
    assert chat.clean(kept) == kept == kept.strip()
    assert not {c for c in kept if unicodedata.category(c) == "Cc"} - {"\n", "\t"}


def test_a_slow_chat_lets_one_wait_for_whole_seconds() -> None:
    assert chat.seconds_to_wait(None, NOW) == 0
    assert chat.seconds_to_wait(NOW, NOW) == 30
    assert chat.seconds_to_wait(NOW, NOW + timedelta(seconds=0.1)) == 30
    assert chat.seconds_to_wait(NOW, NOW + timedelta(seconds=29.5)) == 1
    assert chat.seconds_to_wait(NOW, NOW + timedelta(seconds=30)) == 0
