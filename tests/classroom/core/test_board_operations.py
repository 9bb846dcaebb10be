"""What a page may send to be drawn, and what not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import board_operations as operations

INK = {"id": "abcd", "type": "ink", "color": 0, "size": 60, "pen": False, "points": [[10, 20, 50, 1, -1, 60]]}
RECT = {"id": "rect", "type": "rect", "color": 7, "size": 60, "box": [0, 0, 100, 50]}
NOTE = {
    "id": "note",
    "type": "note",
    "color": 2,
    "size": 400,
    "box": [0, 0, 100, 50],
    "text": "Hi\n\tyou <b>",
}
GOOD: list[dict[str, Any]] = [
    {"do": "add", "element": INK},
    {"do": "add", "element": INK | {"type": "marker", "pen": True}},
    {"do": "add", "element": RECT},
    {"do": "add", "element": RECT | {"type": "ellipse"}},
    {"do": "add", "element": RECT | {"type": "line", "box": [100, 50, 0, 0]}},
    {"do": "add", "element": NOTE},
    {"do": "add", "element": NOTE | {"type": "text", "text": ""}},
    {"do": "append", "id": "abcd", "at": 1, "points": [1, 2, 3]},
    {"do": "set", "changes": {"abcd": {"color": 1, "fit": [-5, 5, 1000, 2000]}, "note": {"text": "x"}}},
    {"do": "remove", "ids": ["abcd", "rect"]},
    {"do": "restore", "ids": ["abcd"]},
]
LONG = operations.MAX_POINTS_IN_PART
BAD: list[Any] = [
    None,
    [],
    {},
    {"do": "explode"},
    {"do": "clear"},
    {"do": ["add"], "element": INK},
    {"do": "add"},
    {"do": "add", "element": INK, "more": 1},
    {"do": "add", "element": [INK]},
    {"do": "add", "element": INK | {"type": "video"}},
    {"do": "add", "element": INK | {"type": ["ink"]}},
    {"do": "add", "element": INK | {"by": "somebody"}},
    {"do": "add", "element": INK | {"z": 5}},
    {"do": "add", "element": INK | {"id": "abc"}},
    {"do": "add", "element": INK | {"id": "a" * 25}},
    {"do": "add", "element": INK | {"id": "ab cd"}},
    {"do": "add", "element": INK | {"id": 12345}},
    {"do": "add", "element": INK | {"color": operations.COLORS}},
    {"do": "add", "element": INK | {"color": True}},
    {"do": "add", "element": INK | {"size": 0}},
    {"do": "add", "element": INK | {"size": operations.MAX_SIZE + 1}},
    {"do": "add", "element": INK | {"pen": 1}},
    {"do": "add", "element": INK | {"points": []}},
    {"do": "add", "element": INK | {"points": [[1, 2, 3], [1, 2, 3]]}},
    {"do": "add", "element": INK | {"points": [[]]}},
    {"do": "add", "element": INK | {"points": [[1, 2]]}},
    {"do": "add", "element": INK | {"points": [[1.5, 2, 3]]}},
    {"do": "add", "element": INK | {"points": [["1", 2, 3]]}},
    {"do": "add", "element": INK | {"points": [[1, 2, operations.MAX_PRESSURE + 1]]}},
    {"do": "add", "element": INK | {"points": [[1, 2, -1]]}},
    {"do": "add", "element": INK | {"points": [[operations.MAX_COORDINATE + 1, 0, 0]]}},
    {"do": "add", "element": INK | {"points": [[operations.MAX_COORDINATE, 0, 0, 1, 0, 0]]}},
    {"do": "add", "element": INK | {"points": [[0, 0, 0] * (LONG + 1)]}},
    {"do": "add", "element": INK | {"points": [[10**400, 0, 0]]}},
    {"do": "add", "element": RECT | {"box": [0, 0, -1, 5]}},
    {"do": "add", "element": RECT | {"box": [0, 0, 5]}},
    {"do": "add", "element": RECT | {"box": [0, 0, 5, operations.MAX_COORDINATE + 1]}},
    {"do": "add", "element": NOTE | {"text": "x" * (operations.MAX_TEXT_LENGTH + 1)}},
    {"do": "add", "element": NOTE | {"text": "bell\a"}},
    {"do": "add", "element": NOTE | {"text": "half \ud800"}},
    {"do": "add", "element": NOTE | {"text": None}},
    {"do": "append", "id": "abcd", "at": 0, "points": [1, 2, 3]},
    {"do": "append", "id": "abcd", "at": operations.MAX_PARTS + 1, "points": [1, 2, 3]},
    {"do": "append", "id": "abcd", "at": 1, "points": []},
    {"do": "set", "changes": {}},
    {"do": "set", "changes": {"abcd": {}}},
    {"do": "set", "changes": {"abcd": {"by": "me"}}},
    {"do": "set", "changes": {"abcd": {"fit": [0, 0, 0, 1000]}}},
    {"do": "set", "changes": {"abcd": {"fit": [0, 0, 1000, operations.MAX_FACTOR + 1]}}},
    {"do": "set", "changes": {"abcd": {"fit": [operations.MAX_MOVE + 1, 0, 1000, 1000]}}},
    {"do": "set", "changes": {f"id-{n:04}": {"color": 1} for n in range(operations.MAX_IDS + 1)}},
    {"do": "remove", "ids": []},
    {"do": "remove", "ids": ["abcd", "abcd"]},
    {"do": "remove", "ids": [f"id-{n:04}" for n in range(operations.MAX_IDS + 1)]},
    {"do": "restore", "ids": "abcd"},
]


@pytest.mark.parametrize("operation", GOOD)
def test_an_operation_as_a_page_sends_it_is_taken_as_it_is(operation: dict[str, Any]) -> None:
    assert operations.parse([operation]) == (operation,)


@pytest.mark.parametrize("operation", BAD, ids=range(len(BAD)))
def test_anything_else_is_refused(operation: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        operations.parse([operation])


def test_a_message_holds_only_so_many_operations() -> None:
    assert len(operations.parse([GOOD[0]] * operations.MAX_OPERATIONS)) == operations.MAX_OPERATIONS
    for many in ([], [GOOD[0]] * (operations.MAX_OPERATIONS + 1), {"0": GOOD[0]}):
        with pytest.raises(ValueError, match="list of operations"):
            operations.parse(many)


def test_a_part_may_be_as_long_as_the_limit() -> None:
    element = INK | {"points": [[0, 0, 0] * LONG]}
    operations.parse([{"do": "add", "element": element}])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(operation=st.sampled_from(GOOD), value=JSON, data=st.data())
def test_whatever_stands_in_an_operation_is_taken_or_refused_in_words(
    operation: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    changed = json.loads(json.dumps(operation))
    place = changed
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    with contextlib.suppress(ValueError):
        assert operations.parse([changed]) == (changed,)


def test_changes_fit_the_type_of_the_element() -> None:
    operations.check_changes("ink", {"color": 1, "fit": [0, 0, 1000, 1000]})
    operations.check_changes("line", {"box": [5, 5, -5, -5]})
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("ink", {"box": [0, 0, 1, 1]}),
        ("rect", {"text": "x"}),
        ("rect", {"box": [0, 0, -1, 1]}),
        ("note", {"fit": [0, 0, 1000, 1000]}),
        ("ink", {"points": [[0, 0, 0]]}),
    ]
    for kind, changes in wrong:
        with pytest.raises(ValueError, match="expected"):
            operations.check_changes(kind, changes)


def test_what_takes_more_costs_more() -> None:
    long = {"do": "append", "id": "abcd", "at": 1, "points": [0, 0, 0] * LONG}
    many = {"do": "remove", "ids": [f"id-{n:04}" for n in range(operations.MAX_IDS)]}
    assert operations.cost(GOOD[2]) < 1.1
    assert operations.cost(long) > 10
    assert operations.cost(many) > 10
