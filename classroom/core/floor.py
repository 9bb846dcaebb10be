"""The floor: which slots a lesson has, who may send into which, who is next; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from classroom.core import formats

MICROPHONE, CAMERA, SCREEN, SCREEN_AUDIO = "microphone", "camera", "screen", "screen_audio"
SOURCES = (MICROPHONE, CAMERA, SCREEN, SCREEN_AUDIO)
PICTURES = frozenset({CAMERA, SCREEN})
SPOKEN = (MICROPHONE, CAMERA)
"""What is sent from a place to speak from."""

FLOOR, SEAT, SHARED_SCREEN, STAFF_SCREEN, GALLERY = "floor", "seat", "screen", "staff_screen", "gallery"
"""The kinds of places beside the stage."""
KINDS: Mapping[str, tuple[str, ...]] = {
    FLOOR: SPOKEN,
    SEAT: SPOKEN,
    SHARED_SCREEN: (SCREEN, SCREEN_AUDIO),
    STAFF_SCREEN: (SCREEN,),
    GALLERY: (CAMERA,),
}
"""What may be sent from a place of each kind."""
SPEAKING = (FLOOR, SEAT)
"""The kinds of places that somebody speaks from."""
FOR_STAFF = frozenset({STAFF_SCREEN, GALLERY})
"""The kinds whose pictures go to the staff alone."""

FLOOR_PLACES = 4
SEATS = 15
"""With the teacher there are 16 in a seminar."""
GALLERY_PLACES = 30
SCREENS = {SHARED_SCREEN: 1, STAFF_SCREEN: 1}

STAGE_SLOTS: Mapping[str, str] = {
    MICROPHONE: "teacher-microphone",
    CAMERA: "teacher-camera",
    SCREEN: "teacher-screen",
    SCREEN_AUDIO: "teacher-screen-audio",
}
"""Which slot each source of the stage fills."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the connection of everybody, or of the staff alone, that one source at a time can fill."""

    name: str
    source: str
    """What kind of source it is for: one of SOURCES."""
    is_for_staff: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """What of a lesson decides who may send."""

    format: str
    """One of `formats.FORMATS`."""
    asks_for_cameras: bool
    is_live: bool
    is_supervised: bool
    holder: str = ""
    """Who has the stage."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has a standing in the lesson."""

    id: str
    is_staff: bool
    is_admitted: bool


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A place that somebody was given and still has; they send once it is accepted."""

    person: str
    kind: str
    place: int
    sources: tuple[str, ...] = ()
    """What their page says that it sends."""
    is_accepted: bool = False
    is_muted: bool = False

    @property
    def heard_and_seen(self) -> tuple[str, ...]:
        """The sources that may flow from it."""
        if not self.is_accepted:
            return ()
        allowed = (source for source in KINDS[self.kind] if source in self.sources)
        return tuple(source for source in allowed if not (self.is_muted and source == MICROPHONE))


@dataclass(frozen=True, slots=True)
class Permitted:
    """All that holds in a room: `stage` is slot, person, source; `publishers` the sources by person."""

    slots: tuple[Slot, ...]
    viewers: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    publishers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stage: tuple[tuple[str, str, str], ...] = ()


# Places and their slots


def places(format: str, asks_for_cameras: bool) -> dict[str, int]:
    """How many places of each kind a lesson of this format has."""
    if format == formats.SEMINAR:
        return {SEAT: SEATS, **SCREENS}
    if format == formats.OFFICE_HOURS:
        return {FLOOR: 1, **SCREENS}
    return {FLOOR: FLOOR_PLACES, **SCREENS, **({GALLERY: GALLERY_PLACES} if asks_for_cameras else {})}


def speaking_kind(format: str) -> str:
    """The kind of place that one speaks from beside the stage of a lesson of this format."""
    return SEAT if format == formats.SEMINAR else FLOOR


def slot_name(kind: str, place: int, source: str) -> str:
    """The name of the slot that a source fills from a place."""
    word = source.replace("_", "-")
    if kind == SHARED_SCREEN:
        return f"floor-{word}"
    return "staff-screen" if kind == STAFF_SCREEN else f"{kind}-{place}-{word}"


def slots(format: str, asks_for_cameras: bool) -> tuple[Slot, ...]:
    """The slots of a lesson of this format, the most important first."""
    counts = places(format, asks_for_cameras)
    found = [Slot(name, source) for source, name in STAGE_SLOTS.items()]
    for kind in (SHARED_SCREEN, FLOOR, SEAT, STAFF_SCREEN, GALLERY):
        found += (
            Slot(slot_name(kind, place, source), source, kind in FOR_STAFF)
            for place in range(1, counts.get(kind, 0) + 1)
            for source in KINDS[kind]
        )
    return tuple(found)


ALL_SLOTS: tuple[Slot, ...] = tuple(
    {slot.name: slot for format in formats.FORMATS for slot in slots(format, True)}.values()
)
"""The slots of all formats."""


def free_place(count: int, taken: Collection[int]) -> int | None:
    """The first place that nobody has; None where all are taken."""
    return next((place for place in range(1, count + 1) if place not in taken), None)


# Who may send what


def permitted(room: Room, members: Collection[Member], turns: Iterable[OpenTurn]) -> Permitted:
    """Who watches, who sends what, and which slot it fills.

    Somebody with an accepted turn may connect in any case, so that muting and unmuting costs no connection.
    """
    known = {member.id: member for member in members}
    all_slots = slots(room.format, room.asks_for_cameras)
    counts = places(room.format, room.asks_for_cameras)
    valid = [turn for turn in turns if turn.person in known and turn.person != room.holder]
    viewers = _viewers(room, members, valid)
    staff = tuple(sorted(member.id for member in members if member.is_staff))
    if not room.is_live:
        return Permitted(all_slots, viewers, staff)
    publishers: dict[str, tuple[str, ...]] = {}
    stage: list[tuple[str, str, str]] = []
    if room.holder in known and known[room.holder].is_staff:
        publishers[room.holder] = SOURCES
        stage += ((slot, room.holder, source) for source, slot in STAGE_SLOTS.items())
    for turn in valid:
        if not (turn.is_accepted and known[turn.person].is_admitted):
            continue
        is_safe = room.is_supervised or known[turn.person].is_staff
        exists = turn.place <= counts.get(turn.kind, 0)
        flows = turn.heard_and_seen if is_safe and exists else ()
        stage += ((slot_name(turn.kind, turn.place, source), turn.person, source) for source in flows)
        sources = {*publishers.get(turn.person, ()), *flows}
        publishers[turn.person] = tuple(source for source in SOURCES if source in sources)
    return Permitted(all_slots, viewers, staff, publishers, tuple(stage))


def _viewers(room: Room, members: Iterable[Member], turns: Iterable[OpenTurn]) -> tuple[str, ...]:
    """Who may watch: in office hours of the students only the one whose turn it is."""
    admitted = [member for member in members if member.is_admitted]
    if room.format == formats.OFFICE_HOURS:
        inside = {turn.person for turn in turns if turn.kind == FLOOR}
        admitted = [member for member in admitted if member.is_staff or member.id in inside]
    return tuple(sorted(member.id for member in admitted))


# Whose turn it was


def week_start(now: datetime) -> datetime:
    """Monday's midnight of the week of an aware time, in that time's own zone."""
    monday = now - timedelta(days=now.weekday())
    return monday.replace(hour=0, minute=0, second=0, microsecond=0)
