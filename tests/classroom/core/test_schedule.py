"""The phases of a lesson, at their very edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from classroom.core import schedule

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
END = START + timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
OPENS = START - schedule.OPEN_BEFORE
CLOSES = END + schedule.OPEN_AFTER
LAST = END + schedule.LIVE_AFTER


@pytest.mark.parametrize(
    ("state", "now", "phase"),
    [
        (schedule.SCHEDULED, OPENS - MOMENT, schedule.SCHEDULED),
        (schedule.SCHEDULED, OPENS, schedule.LOBBY),
        (schedule.SCHEDULED, CLOSES - MOMENT, schedule.LOBBY),
        (schedule.SCHEDULED, CLOSES, schedule.ENDED),
        (schedule.LIVE, OPENS - timedelta(days=1), schedule.LIVE),
        (schedule.LIVE, LAST - MOMENT, schedule.LIVE),
        (schedule.LIVE, LAST, schedule.ENDED),
        (schedule.ENDED, START, schedule.ENDED),
        (schedule.CANCELLED, START, schedule.CANCELLED),
    ],
)
def test_a_phase_begins_and_ends_at_its_moment(state: str, now: datetime, phase: str) -> None:
    assert schedule.phase(state, START, END, now) == phase


def test_a_teacher_may_prepare_from_an_hour_before_until_long_after() -> None:
    first = START - schedule.PREPARE_BEFORE
    for state in (schedule.SCHEDULED, schedule.LIVE, schedule.ENDED):
        times = (first - MOMENT, first, LAST - MOMENT, LAST)
        allowed = [schedule.may_prepare(state, START, END, now) for now in times]
        assert allowed == [False, True, True, False]
    assert not schedule.may_prepare(schedule.CANCELLED, START, END, START)
