"""The register's arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import attendance
from classroom.core.attendance import GAP, Interval, Rules

NINE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
RULES = Rules(timedelta(minutes=5), timedelta(minutes=5))


def at(minutes: float) -> datetime:
    """So many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


def span(start: float, end: float) -> Interval:
    """From when to when, in minutes after nine."""
    return Interval(at(start), at(end))


LESSON = span(0, 45)
MINUTES = st.floats(-30, 90, allow_nan=False)
INTERVALS = st.lists(
    st.tuples(MINUTES, MINUTES).map(lambda pair: attendance.interval(at(pair[0]), at(pair[1]))), max_size=12
)


@given(INTERVALS, st.randoms())
def test_the_order_of_intervals_does_not_matter(intervals: list[Interval], chance: Random) -> None:
    shuffled = list(intervals)
    chance.shuffle(shuffled)
    assert attendance.merged(shuffled) == attendance.merged(intervals)
    assert attendance.judge(shuffled, LESSON, RULES) == attendance.judge(intervals, LESSON, RULES)


@given(INTERVALS)
def test_what_is_merged_lies_apart_and_covers_everything(intervals: list[Interval]) -> None:
    found = attendance.merged(intervals)
    assert all(later.start - earlier.end > GAP for earlier, later in pairwise(found))
    for entry in intervals:
        assert any(whole.start <= entry.start and entry.end <= whole.end for whole in found)
    assert attendance.merged(found) == found


@given(INTERVALS)
def test_nobody_attends_longer_than_the_lesson_lasts(intervals: list[Interval]) -> None:
    finding = attendance.judge(intervals, LESSON, RULES)
    assert timedelta() <= finding.attended <= LESSON.end - LESSON.start
    assert (finding.status in attendance.ATTENDED) == bool(finding.intervals)


@given(INTERVALS, INTERVALS)
def test_another_device_never_makes_it_less(first: list[Interval], second: list[Interval]) -> None:
    alone = attendance.judge(first, LESSON, RULES).attended
    assert attendance.judge([*first, *second], LESSON, RULES).attended >= alone


@pytest.mark.parametrize(
    ("intervals", "status", "minutes"),
    [
        ([span(-10, 50)], attendance.PRESENT, 45),
        ([span(5, 45)], attendance.PRESENT, 40),
        ([span(5.1, 45)], attendance.LATE, 39.9),
        ([span(0, 40)], attendance.PRESENT, 40),
        ([span(0, 39.9)], attendance.LEFT_EARLY, 39.9),
        ([span(10, 20)], attendance.LATE_AND_EARLY, 10),
        ([span(0, 20), span(21, 45)], attendance.PRESENT, 45),
        ([span(0, 20), span(25, 45)], attendance.PRESENT, 40),
        ([span(0, 45), span(10, 30)], attendance.PRESENT, 45),
        ([span(-20, -5)], attendance.ABSENT, 0),
        ([span(50, 60)], attendance.ABSENT, 0),
        ([], attendance.ABSENT, 0),
    ],
)
def test_what_is_found_of_a_student(intervals: list[Interval], status: str, minutes: float) -> None:
    finding = attendance.judge(intervals, LESSON, RULES)
    assert finding.status == status
    assert finding.attended == timedelta(minutes=minutes)


def test_while_the_lesson_goes_on_nobody_is_absent_or_has_left_early() -> None:
    so_far = span(0, 20)
    assert attendance.judge([], so_far, RULES, is_over=False).status == attendance.EXPECTED
    assert attendance.judge([span(0, 5)], so_far, RULES, is_over=False).status == attendance.PRESENT


@pytest.mark.parametrize("kind", attendance.ATTEMPTS)
def test_whoever_tried_is_not_absent(kind: str) -> None:
    finding = attendance.judge([], LESSON, RULES, [kind])
    assert (finding.status, finding.attempts) == (attendance.TRIED, (kind,))


def test_whoever_came_after_trying_is_present() -> None:
    assert attendance.judge([LESSON], LESSON, RULES, [attendance.PAGE]).status == attendance.PRESENT


def test_a_clock_that_was_set_back_leaves_a_moment() -> None:
    assert attendance.interval(at(10), at(-60)) == span(10, 10)


@pytest.mark.parametrize(
    ("went_live", "ended", "window"),
    [
        (None, None, span(0, 45)),
        (-5, 50, span(0, 45)),
        (10, None, span(10, 45)),
        (0, 30, span(0, 30)),
        (60, 90, span(60, 90)),
        (60, None, span(60, 60)),
    ],
)
def test_a_lesson_is_as_long_as_timetable_and_teacher_together_made_it(
    went_live: float | None, ended: float | None, window: Interval
) -> None:
    live_at = None if went_live is None else at(went_live)
    ended_at = None if ended is None else at(ended)
    assert attendance.lesson_window(at(0), at(45), live_at, ended_at) == window
