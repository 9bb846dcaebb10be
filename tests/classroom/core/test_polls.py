"""What can be asked and answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import polls
from classroom.core.polls import CHOICE, CHOICES, QUIZ, SCALE, TEXT

OPTIONS = ("Red", "Green", "Blue")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)


def ask(**changes: Any) -> None:
    """Checks a poll that differs from a good one."""
    good: dict[str, Any] = {
        "kind": CHOICE,
        "question": "Which?",
        "options": OPTIONS,
        "right": None,
        "explanation": "",
    }
    polls.check_poll(**{**good, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": CHOICES, "options": tuple(str(number) for number in range(polls.MAX_OPTIONS))},
        {"kind": SCALE, "options": ()},
        {"kind": TEXT, "options": ()},
        {"kind": QUIZ, "right": 2, "explanation": "It is the sky's."},
        {"question": "x" * polls.MAX_QUESTION_LENGTH},
    ],
)
def test_what_can_be_asked_is_taken(changes: dict[str, Any]) -> None:
    ask(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "vote"},
        {"question": "  "},
        {"question": "x" * (polls.MAX_QUESTION_LENGTH + 1)},
        {"options": ("Red",)},
        {"options": tuple(str(number) for number in range(polls.MAX_OPTIONS + 1))},
        {"options": ("Red", "Red ")},
        {"options": ("Red", " ")},
        {"options": ("Red", "x" * (polls.MAX_OPTION_LENGTH + 1))},
        {"kind": SCALE},
        {"kind": TEXT},
        {"right": 0},
        {"kind": QUIZ},
        {"kind": QUIZ, "right": 3},
        {"explanation": "Because."},
        {"kind": QUIZ, "right": 0, "explanation": "x" * (polls.MAX_EXPLANATION_LENGTH + 1)},
    ],
)
def test_what_cannot_be_asked_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"poll|option|quiz|right"):
        ask(**changes)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (CHOICE, []),
        (CHOICE, [0, 1]),
        (CHOICE, [3]),
        (CHOICE, [-1]),
        (CHOICE, [True]),
        (CHOICE, "Red"),
        (CHOICES, []),
        (CHOICES, [1, 1]),
        (SCALE, [5]),
        (SCALE, [0, 1]),
        (TEXT, [0]),
        (TEXT, "   "),
        (TEXT, "x" * (polls.MAX_TEXT_LENGTH + 1)),
        (QUIZ, [0, 2]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(kind: str, answer: Any) -> None:
    with pytest.raises(ValueError, match="wanted"):
        polls.check_answer(kind, OPTIONS, answer)


@given(kind=st.sampled_from(polls.KINDS), answer=ANYTHING)
def test_whatever_is_answered_is_taken_in_its_final_shape_or_refused(kind: str, answer: Any) -> None:
    try:
        fitting = polls.check_answer(kind, OPTIONS, answer)
    except ValueError:
        return
    assert polls.check_answer(kind, OPTIONS, fitting) == fitting


@given(answers=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)))
def test_counts_are_those_of_the_answers_in_any_order(answers: list[list[int]]) -> None:
    counted = polls.tally(CHOICES, OPTIONS, [(answer, 1) for answer in answers])
    assert counted == {"counts": [sum(index in answer for answer in answers) for index in range(3)]}
    assert polls.tally(CHOICES, OPTIONS, [(answer, 1) for answer in reversed(answers)]) == counted


def test_the_same_text_in_another_case_is_counted_once_and_the_commonest_comes_first() -> None:
    given_texts: list[tuple[polls.Answer, int]] = [("berlin", 1), ("Paris", 1), ("Berlin", 2)]
    assert polls.tally(TEXT, (), given_texts) == {"texts": [["Berlin", 3], ["Paris", 1]]}


def test_only_so_many_texts_are_told() -> None:
    many: list[tuple[polls.Answer, int]] = [(f"text {number}", 1) for number in range(polls.MAX_TEXTS + 1)]
    assert len(polls.tally(TEXT, (), many)["texts"]) == polls.MAX_TEXTS


@given(st.lists(st.tuples(st.text("abcdef", min_size=4, max_size=4), st.just([0])), unique_by=lambda b: b[0]))
def test_ballots_do_not_tell_in_which_order_they_were_cast(cast: list[tuple[str, list[int]]]) -> None:
    def box(order: list[tuple[str, list[int]]]) -> list[str]:
        ballots: dict[str, polls.Answer] = {}
        for digest, answer in order:
            ballots = polls.cast_ballot(ballots, digest, answer)
        return list(ballots)

    assert box(cast) == box(cast[::-1]) == sorted(digest for digest, _answer in cast)
