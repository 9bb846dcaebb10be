"""The register's arithmetic: who was there, from when to when; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

EXPECTED = "expected"
"""The lesson goes on, and they have not come yet."""
PRESENT = "present"
LATE = "late"
LEFT_EARLY = "left_early"
LATE_AND_EARLY = "late_and_early"
TRIED = "tried"
ABSENT = "absent"
ATTENDED = frozenset((PRESENT, LATE, LEFT_EARLY, LATE_AND_EARLY))

PAGE = "page"
SOCKET = "socket"
MEDIA = "media"
LOBBY = "lobby"
"""Waited to be let in, and never was."""
CHECK = "check"
"""Around the lesson their device check found that media doesn't come through."""
ATTEMPTS = (PAGE, SOCKET, MEDIA, LOBBY, CHECK)

GAP = timedelta(seconds=90)
"""A break no longer than this is a reconnect, not an absence."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A time from when to when; the end is never before the start."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as late, and as leaving early."""

    late_after: timedelta
    early_before: timedelta


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of one student in one lesson."""

    status: str
    intervals: tuple[Interval, ...] = ()
    attempts: tuple[str, ...] = ()

    @property
    def attended(self) -> timedelta:
        """How long they were there."""
        return sum((entry.end - entry.start for entry in self.intervals), timedelta())

    @property
    def arrived_at(self) -> datetime | None:
        """When they came first; None if never."""
        return self.intervals[0].start if self.intervals else None

    @property
    def left_at(self) -> datetime | None:
        """When they were there last; None if never."""
        return self.intervals[-1].end if self.intervals else None


def interval(start: datetime, end: datetime) -> Interval:
    """An interval; where a clock was set back meanwhile, it is a moment."""
    return Interval(start, max(start, end))


def lesson_window(
    starts_at: datetime, ends_at: datetime, went_live_at: datetime | None, ended_at: datetime | None
) -> Interval:
    """The time in which students were to be there.

    It begins with the timetable's time or, if that was later, with the teacher; it ends with the timetable's
    time or, if that was earlier, with the lesson. A lesson held after its time is as long as it was.
    """
    start = max(starts_at, went_live_at or starts_at)
    end = min(ends_at, ended_at or ends_at)
    return Interval(start, end) if start < end else interval(start, ended_at or start)


def merged(intervals: Iterable[Interval], gap: timedelta = GAP) -> tuple[Interval, ...]:
    """Joins what overlaps or is no further apart than the gap: two devices count once."""
    found: list[Interval] = []
    for entry in sorted(intervals):
        if found and entry.start - found[-1].end <= gap:
            found[-1] = Interval(found[-1].start, max(found[-1].end, entry.end))
        else:
            found.append(entry)
    return tuple(found)


def clipped(intervals: Iterable[Interval], window: Interval) -> tuple[Interval, ...]:
    """What of the intervals lies within the window."""
    return tuple(
        Interval(max(entry.start, window.start), min(entry.end, window.end))
        for entry in intervals
        if entry.start <= window.end and entry.end >= window.start
    )


def judge(
    intervals: Iterable[Interval],
    window: Interval,
    rules: Rules,
    attempts: Collection[str] = (),
    *,
    is_over: bool = True,
) -> Finding:
    """What the register says of a student; while the lesson goes on, nobody has left early or is absent."""
    there = clipped(merged(intervals), window)
    tried = tuple(kind for kind in ATTEMPTS if kind in attempts)
    if not there:
        return Finding(_missing(tried, is_over=is_over), (), tried)
    late = there[0].start > window.start + rules.late_after
    early = is_over and there[-1].end < window.end - rules.early_before
    status = {(True, True): LATE_AND_EARLY, (True, False): LATE, (False, True): LEFT_EARLY}.get((late, early))
    return Finding(status or PRESENT, there, tried)


def _missing(tried: Collection[str], *, is_over: bool) -> str:
    if tried:
        return TRIED
    return ABSENT if is_over else EXPECTED
