"""Every page that applies a sheet's effects in their order has the same elements, whatever it missed."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import board
from classroom.core.board import BROKEN, FULL, NOT_YOURS, Ledger, RefusedError, apply
from classroom.core.board_operations import MAX_POINTS_IN_PART, MAX_POINTS_IN_STROKE, parse

ANNA, BEN, TEACHER = "anna", "ben", "teacher"


def ink(id: str, points: int = 1) -> dict[str, Any]:
    """A new stroke."""
    element = {"id": id, "type": "ink", "color": 0, "size": 60, "pen": False, "points": [[0, 0, 50] * points]}
    return {"do": "add", "element": element}


def rect(id: str) -> dict[str, Any]:
    """A new rectangle."""
    return {
        "do": "add",
        "element": {"id": id, "type": "rect", "color": 0, "size": 60, "box": [0, 0, 9, 9]},
    }


def append(id: str, at: int, points: int = 1) -> dict[str, Any]:
    """More of a stroke."""
    return {"do": "append", "id": id, "at": at, "points": [at, at, 50] * points}


def take(ledger: Ledger, by: str, *operations: dict[str, Any]) -> list[dict[str, Any]]:
    """What the operations of a message come to."""
    return ledger.take(parse(list(operations)), by, is_staff=by == TEACHER)


def refused(ledger: Ledger, by: str, *operations: dict[str, Any]) -> str:
    """Why a message does nothing, having seen that it does nothing."""
    before = (ledger.version, ledger.count, ledger.points, dict(ledger.elements), dict(ledger.removed))
    with pytest.raises(RefusedError) as caught:
        take(ledger, by, *operations)
    assert before == (ledger.version, ledger.count, ledger.points, ledger.elements, ledger.removed)
    return caught.value.reason


def test_what_is_drawn_is_there_with_who_drew_it() -> None:
    ledger = Ledger()
    take(ledger, ANNA, rect("one1"), ink("two2"))
    take(ledger, ANNA, append("two2", 1))
    assert ledger.elements["one1"] == rect("one1")["element"] | {"by": ANNA, "z": 1}
    assert ledger.elements["two2"]["points"] == [[0, 0, 50], [1, 1, 50]]
    assert (ledger.version, ledger.count, ledger.points) == (3, 2, 2)


def test_students_change_and_remove_only_what_is_their_own() -> None:
    ledger = Ledger()
    take(ledger, ANNA, rect("anna1"), ink("anna2"))
    take(ledger, BEN, rect("ben1"))
    for operation in (
        {"do": "remove", "ids": ["ben1", "anna1"]},
        {"do": "set", "changes": {"ben1": {"color": 1}, "anna1": {"color": 1}}},
        append("anna2", 1),
        rect("anna1"),
    ):
        assert refused(ledger, BEN, rect("more"), operation) == NOT_YOURS
    take(
        ledger, TEACHER, {"do": "set", "changes": {"anna1": {"color": 3}}}, {"do": "remove", "ids": ["ben1"]}
    )
    assert ledger.elements["anna1"]["color"] == 3
    assert "ben1" not in ledger.elements


def test_what_a_teacher_removed_only_a_teacher_brings_back() -> None:
    ledger = Ledger()
    take(ledger, ANNA, rect("one1"), rect("two2"))
    take(ledger, TEACHER, {"do": "remove", "ids": ["one1"]})
    take(ledger, ANNA, {"do": "remove", "ids": ["two2"]})
    assert refused(ledger, ANNA, {"do": "restore", "ids": ["one1"]}) == NOT_YOURS
    assert refused(ledger, BEN, {"do": "restore", "ids": ["two2"]}) == NOT_YOURS
    take(ledger, ANNA, {"do": "restore", "ids": ["two2"]})
    take(ledger, TEACHER, {"do": "restore", "ids": ["one1"]})
    assert {id: element["z"] for id, element in ledger.elements.items()} == {"one1": 1, "two2": 2}


def test_what_comes_twice_does_nothing_the_second_time() -> None:
    ledger = Ledger()
    messages = [[ink("one1")], [append("one1", 1)], [{"do": "remove", "ids": ["one1"]}]]
    for message in messages:
        assert take(ledger, ANNA, *message)
    for message in messages:
        assert take(ledger, ANNA, *message) == []
    assert ledger.version == 3


def test_a_stroke_with_a_part_missing_goes_no_further() -> None:
    ledger = Ledger()
    take(ledger, ANNA, ink("one1"), rect("two2"))
    assert refused(ledger, ANNA, append("one1", 2)) == BROKEN
    assert refused(ledger, ANNA, append("two2", 1)) == BROKEN
    assert refused(ledger, ANNA, {"do": "set", "changes": {"two2": {"text": "x"}}}) == BROKEN


def test_a_stroke_has_only_so_many_points() -> None:
    ledger = Ledger()
    take(ledger, ANNA, ink("one1", MAX_POINTS_IN_PART))
    parts = MAX_POINTS_IN_STROKE // MAX_POINTS_IN_PART
    take(ledger, ANNA, *(append("one1", at, MAX_POINTS_IN_PART) for at in range(1, parts)))
    assert refused(ledger, ANNA, append("one1", parts)) == BROKEN


def test_a_sheet_has_only_so_many_elements_and_points() -> None:
    ledger = Ledger(count=board.MAX_ELEMENTS - 1)
    take(ledger, ANNA, rect("one1"))
    assert refused(ledger, ANNA, rect("two2")) == FULL
    take(ledger, ANNA, {"do": "remove", "ids": ["one1"]}, rect("two2"))
    assert refused(ledger, ANNA, {"do": "restore", "ids": ["one1"]}) == FULL
    ledger = Ledger(points=board.MAX_POINTS - 1)
    take(ledger, ANNA, ink("one1"))
    assert refused(ledger, ANNA, append("one1", 1)) == FULL
    assert refused(ledger, ANNA, ink("two2")) == FULL


# Convergence: people who draw anything at all, and pages that join late, miss events and hear some twice.

IDS = [f"id-{n}" for n in range(6)]
PEOPLE = [ANNA, BEN, TEACHER]
OPERATIONS = st.one_of(
    st.sampled_from(IDS).map(ink),
    st.sampled_from(IDS).map(rect),
    st.builds(append, st.sampled_from(IDS), st.integers(1, 4)),
    st.builds(
        lambda ids, color: {"do": "set", "changes": {id: {"color": color} for id in ids}},
        st.sets(st.sampled_from(IDS), min_size=1),
        st.integers(0, 7),
    ),
    st.builds(
        lambda do, ids: {"do": do, "ids": sorted(ids)},
        st.sampled_from(["remove", "restore"]),
        st.sets(st.sampled_from(IDS), min_size=1),
    ),
)
MESSAGES = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.lists(OPERATIONS, min_size=1, max_size=4)), max_size=40
)


class Page:
    """A page's copy of a sheet."""

    def __init__(self, version: int, elements: dict[str, Any]) -> None:
        self.version = version
        self.elements = dict(elements)

    def hear(self, log: list[tuple[str, dict[str, Any]]], since: int) -> None:
        """Applies all effects from a version on, those it has among them."""
        assert since <= self.version
        for version, (by, effect) in enumerate(log[since:], since + 1):
            apply(self.elements, effect, by, version)
        self.version = len(log)


@given(messages=MESSAGES, seed=st.integers(0, 2**32))
def test_all_pages_have_the_same_elements(
    messages: list[tuple[str, list[dict[str, Any]]]], seed: int
) -> None:
    chance = random.Random(seed)
    ledger, log, pages = Ledger(), [], [Page(0, {})]
    for by, operations in messages:
        with contextlib.suppress(RefusedError):
            log += [(by, effect) for effect in take(ledger, by, *operations)]
        if chance.random() < 0.3:
            pages.append(Page(len(log), ledger.elements))
        if chance.random() < 0.3:
            # Elements that are newer than the version that was read before them.
            pages.append(Page(chance.randint(0, len(log)), ledger.elements))
        for page in pages:
            if chance.random() < 0.5:
                page.hear(log, page.version)
    for page in pages:
        page.hear(log, page.version)
        assert page.elements == ledger.elements
    assert ledger.version == len(log)
    assert ledger.count == len(ledger.elements)
