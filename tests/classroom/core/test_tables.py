"""Tables as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import tables

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def read(data: bytes) -> list[list[str]]:
    """The cells as a spreadsheet reads them."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("x")', "\uff1d1"]
)
def test_nothing_that_was_written_becomes_a_formula(text: str) -> None:
    assert read(tables.to_csv([[text]]))[0][0].startswith("'")


def test_numbers_and_names_stay_as_they_are() -> None:
    assert read(tables.to_csv([['Zoë; "Z", Müller', 12, -3, None]])) == [['Zoë; "Z", Müller', "12", "-3", ""]]


def test_a_spreadsheet_is_told_that_it_is_utf_8() -> None:
    assert tables.to_csv([]).startswith(b"\xef\xbb\xbf")


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=4))
def test_every_cell_comes_back(rows: list[list[str]]) -> None:
    assert read(tables.to_csv(rows)) == [[tables.safe_cell(cell) for cell in row] for row in rows]
