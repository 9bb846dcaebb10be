"""What the class is asked and may answer; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CHOICE = "choice"
CHOICES = "choices"
SCALE = "scale"
TEXT = "text"
QUIZ = "quiz"
KINDS = (CHOICE, CHOICES, SCALE, TEXT, QUIZ)
WITH_OPTIONS = frozenset((CHOICE, CHOICES, QUIZ))

MAX_POLLS = 60
"""Of one lesson."""
MAX_QUESTION_LENGTH = 300
MAX_OPTIONS = 9
"""Each has a key of its own: 1 to 9."""
MAX_OPTION_LENGTH = 120
MAX_EXPLANATION_LENGTH = 600
MAX_TEXT_LENGTH = 200
MAX_TEXTS = 100
"""So many different texts are told of a poll; the commonest first."""
SCALE_STEPS = 5

Answer = list[int] | str
"""Which options, from 0, in their order (of a scale the step, from 0), or a text."""


def check_poll(kind: str, question: str, options: Sequence[str], right: int | None, explanation: str) -> None:
    """Raises ValueError with a sentence unless a poll like this can be asked."""
    if kind not in KINDS:
        raise ValueError("there is no such kind of poll")
    if not question.strip() or len(question) > MAX_QUESTION_LENGTH:
        raise ValueError("a poll has a question of bounded length")
    if kind in WITH_OPTIONS:
        _check_options(options)
    elif options:
        raise ValueError("this kind of poll has no options")
    if (kind == QUIZ) != (right is not None):
        raise ValueError("a quiz, and nothing else, has a right answer")
    if right is not None and not 0 <= right < len(options):
        raise ValueError("the right answer is one of the options")
    if len(explanation) > MAX_EXPLANATION_LENGTH or (explanation and kind != QUIZ):
        raise ValueError("a quiz, and nothing else, has an explanation of bounded length")


def _check_options(options: Sequence[str]) -> None:
    if not 2 <= len(options) <= MAX_OPTIONS:
        raise ValueError("a poll has 2 to 9 options")
    if any(not option.strip() or len(option) > MAX_OPTION_LENGTH for option in options):
        raise ValueError("an option has a text of bounded length")
    if len({option.strip() for option in options}) != len(options):
        raise ValueError("the options of a poll differ")


def check_answer(kind: str, options: Sequence[str], answer: Any) -> Answer:
    """Returns the answer in its final shape; raises ValueError unless it answers a poll of this kind."""
    if kind == TEXT:
        if not isinstance(answer, str) or not 0 < len(answer.strip()) <= MAX_TEXT_LENGTH:
            raise ValueError("a text of bounded length is wanted")
        return " ".join(answer.split())
    count = SCALE_STEPS if kind == SCALE else len(options)
    if not isinstance(answer, list) or not all(type(index) is int and 0 <= index < count for index in answer):
        raise ValueError("some of the options are wanted")
    chosen = sorted(set(answer))
    if len(chosen) != len(answer) or not 1 <= len(chosen) <= (count if kind == CHOICES else 1):
        raise ValueError("as many options are wanted as may be chosen, each once")
    return chosen


def tally(kind: str, options: Sequence[str], answers: Iterable[tuple[Answer, int]]) -> dict[str, Any]:
    """Counts answers, each with how often it was given.

    Returns `counts`, one for each option or step, or `texts`: pairs of a text and its count.
    """
    if kind == TEXT:
        return {"texts": _texts((str(answer), number) for answer, number in answers)}
    counts = [0] * (SCALE_STEPS if kind == SCALE else len(options))
    for answer, number in answers:
        for index in answer:
            counts[int(index)] += number
    return {"counts": counts}


def _texts(answers: Iterable[tuple[str, int]]) -> list[list[Any]]:
    """Texts that differ in upper and lower case alone are one, in the spelling given most."""
    spellings: dict[str, Counter[str]] = {}
    for text, number in answers:
        spellings.setdefault(text.casefold(), Counter())[text] += number
    rows = [
        (-sum(found.values()), key, min(found, key=lambda text: (-found[text], text)))
        for key, found in spellings.items()
    ]
    return [[text, -count] for count, _key, text in sorted(rows)[:MAX_TEXTS]]


def cast_ballot(ballots: Mapping[str, Answer], digest: str, answer: Answer) -> dict[str, Answer]:
    """Returns the ballots with one added or replaced, in the order of their digests and of nothing else."""
    return dict(sorted({**ballots, digest: answer}.items()))
