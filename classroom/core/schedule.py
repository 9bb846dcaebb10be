"""When a lesson may be entered: the phases of a lesson, from what is stored and the time."""

from datetime import datetime, timedelta

SCHEDULED = "scheduled"
LOBBY = "lobby"
LIVE = "live"
ENDED = "ended"
CANCELLED = "cancelled"
PHASES = (SCHEDULED, LOBBY, LIVE, ENDED, CANCELLED)
STORED_STATES = (SCHEDULED, LIVE, ENDED, CANCELLED)
"""What a row says; the lobby follows from the time."""

OPEN_BEFORE = timedelta(minutes=15)
"""How long before its start a student may enter a lesson."""
PREPARE_BEFORE = timedelta(minutes=60)
"""How long before its start a teacher may enter a lesson."""
OPEN_AFTER = timedelta(minutes=30)
"""How long after its end a lesson that nobody took live stays open."""
LIVE_AFTER = timedelta(hours=4)
"""How long after its end a lesson that was left live is still live."""


def phase(state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> str:
    """The lesson's phase at a time; times are aware, the state is one of STORED_STATES."""
    if state == LIVE:
        return LIVE if now < ends_at + LIVE_AFTER else ENDED
    if state != SCHEDULED:
        return state
    if now < starts_at - OPEN_BEFORE:
        return SCHEDULED
    return LOBBY if now < ends_at + OPEN_AFTER else ENDED


def may_prepare(state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether a teacher may be in the room: from an hour before, and after the end to open it once more."""
    return state != CANCELLED and starts_at - PREPARE_BEFORE <= now < ends_at + LIVE_AFTER


def closes_at(ends_at: datetime) -> datetime:
    """When a lesson's room is closed for good, however long the lesson is left live."""
    return ends_at + LIVE_AFTER
