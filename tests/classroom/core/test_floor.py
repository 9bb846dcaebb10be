"""The floor's rules: slots by format, and who may send what to whom."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from classroom.core import floor, formats
from classroom.core.floor import Member, OpenTurn, Permitted, Room
from media_relay import protocol

TEACHER = Member("teacher", is_staff=True, is_admitted=True)
ASSISTANT = Member("assistant", is_staff=True, is_admitted=True)
STUDENTS = [Member(f"student-{number}", is_staff=False, is_admitted=number != 4) for number in range(5)]
"""The last of them waits in the lobby."""
CLASS = [TEACHER, ASSISTANT, *STUDENTS]
PEOPLE = [member.id for member in CLASS]
IS_STAFF = {member.id: member.is_staff for member in CLASS}

turns = st.lists(
    st.builds(
        OpenTurn,
        person=st.sampled_from([*PEOPLE, "stranger"]),
        kind=st.sampled_from(list(floor.KINDS)),
        place=st.integers(1, 16),
        sources=st.lists(st.sampled_from(floor.SOURCES), unique=True).map(tuple),
        is_accepted=st.booleans(),
        is_muted=st.booleans(),
    ),
    unique_by=(lambda turn: (turn.person, turn.kind), lambda turn: (turn.kind, turn.place)),
    max_size=12,
)
rooms = st.builds(
    Room,
    format=st.sampled_from(formats.FORMATS),
    asks_for_cameras=st.booleans(),
    is_live=st.booleans(),
    is_supervised=st.booleans(),
    holder=st.sampled_from(["", *PEOPLE, "stranger"]),
)


def room(format: str = formats.LECTURE, **changes: Any) -> Room:
    """A live, supervised lesson that the teacher conducts."""
    usual = Room(format, asks_for_cameras=True, is_live=True, is_supervised=True, holder="teacher")
    return replace(usual, **changes)


def names(format: str, *, for_staff: bool = False, asks: bool = True) -> list[str]:
    """The names of a format's slots for one audience."""
    return [slot.name for slot in floor.slots(format, asks) if slot.is_for_staff == for_staff]


def allowed(found: Permitted, person: str) -> tuple[str, ...] | None:
    """What may flow from a person; None where they may not even connect."""
    return found.publishers.get(person)


def test_a_lecture_has_four_places_on_the_floor_and_a_gallery_only_if_the_course_asks() -> None:
    assert [name for name in names(formats.LECTURE) if name.endswith("-microphone")] == [
        "teacher-microphone",
        *(f"floor-{place}-microphone" for place in range(1, 5)),
    ]
    assert len(names(formats.LECTURE, for_staff=True)) == 31
    assert names(formats.LECTURE, for_staff=True, asks=False) == ["staff-screen"]


def test_a_seminar_seats_fifteen_beside_the_teacher_and_office_hours_one() -> None:
    seats = [name for name in names(formats.SEMINAR) if name.startswith("seat-")]
    assert len(seats) == 2 * 15
    assert "floor-1-camera" not in names(formats.SEMINAR)
    assert [name for name in names(formats.OFFICE_HOURS) if name.startswith("floor-")] == [
        "floor-screen",
        "floor-screen-audio",
        "floor-1-microphone",
        "floor-1-camera",
    ]


def test_the_slots_of_every_format_are_what_a_relay_takes() -> None:
    for format in formats.FORMATS:
        for asks in (False, True):
            found = floor.slots(format, asks)
            assert len({slot.name for slot in found}) == len(found) <= protocol.MAX_SLOTS
            assert all(slot.source in protocol.SOURCE_KINDS for slot in found)
            assert [slot.name for slot in found[:4]] == list(floor.STAGE_SLOTS.values())


def test_what_a_speaker_has_on_fills_the_slots_of_their_place() -> None:
    turn = OpenTurn("student-1", floor.FLOOR, 2, (floor.MICROPHONE,), is_accepted=True)
    found = floor.permitted(room(), CLASS, [turn])
    assert allowed(found, "student-1") == (floor.MICROPHONE,)
    assert ("floor-2-microphone", "student-1", floor.MICROPHONE) in found.stage
    assert ("teacher-camera", "teacher", floor.CAMERA) in found.stage


def test_a_camera_for_the_teachers_does_not_fill_a_place_on_the_floor() -> None:
    gallery = OpenTurn("student-1", floor.GALLERY, 7, (floor.CAMERA,), is_accepted=True)
    speaking = OpenTurn("student-1", floor.FLOOR, 1, (floor.MICROPHONE,), is_accepted=True)
    found = floor.permitted(room(), CLASS, [gallery, speaking])
    assert allowed(found, "student-1") == (floor.MICROPHONE, floor.CAMERA)
    slots = [slot for slot, person, _ in found.stage if person == "student-1"]
    assert slots == ["gallery-7-camera", "floor-1-microphone"]


def test_a_place_that_the_format_does_not_have_is_none() -> None:
    seat = OpenTurn("student-1", floor.SEAT, 1, (floor.MICROPHONE,), is_accepted=True)
    found = floor.permitted(room(), CLASS, [seat])
    assert allowed(found, "student-1") == ()


def test_a_muted_speaker_stays_connected_and_is_not_heard() -> None:
    both = (floor.MICROPHONE, floor.CAMERA)
    turn = OpenTurn("student-1", floor.FLOOR, 1, both, is_accepted=True, is_muted=True)
    assert allowed(floor.permitted(room(), CLASS, [turn]), "student-1") == (floor.CAMERA,)


def test_without_a_teacher_only_staff_goes_on_sending() -> None:
    student = OpenTurn("student-1", floor.FLOOR, 1, (floor.MICROPHONE,), is_accepted=True)
    assistant = OpenTurn("assistant", floor.FLOOR, 2, (floor.MICROPHONE,), is_accepted=True)
    found = floor.permitted(room(is_supervised=False), CLASS, [student, assistant])
    assert allowed(found, "student-1") == ()
    assert allowed(found, "assistant") == (floor.MICROPHONE,)


def test_in_office_hours_only_staff_and_the_one_whose_turn_it_is_watch() -> None:
    found = floor.permitted(room(formats.OFFICE_HOURS), CLASS, [OpenTurn("student-2", floor.FLOOR, 1)])
    assert found.viewers == ("assistant", "student-2", "teacher")
    assert floor.permitted(room(formats.OFFICE_HOURS), CLASS, []).viewers == ("assistant", "teacher")


@given(rooms, turns)
def test_nobody_sends_without_a_right_to(lesson: Room, given_turns: list[OpenTurn]) -> None:
    found = floor.permitted(lesson, CLASS, given_turns)
    accepted = {turn.person for turn in given_turns if turn.is_accepted}
    for person, sources in found.publishers.items():
        assert lesson.is_live
        assert person in IS_STAFF
        if person == lesson.holder and IS_STAFF[person]:
            continue
        assert person in accepted
        assert lesson.is_supervised or IS_STAFF[person] or sources == ()
        muted = all(turn.is_muted for turn in given_turns if turn.person == person)
        assert not (muted and floor.MICROPHONE in sources)
    assert "student-4" not in found.viewers
    assert "student-4" not in found.publishers or lesson.holder == "student-4"


@given(rooms, turns)
def test_every_slot_is_filled_once_by_what_its_sender_may_send(
    lesson: Room, given_turns: list[OpenTurn]
) -> None:
    found = floor.permitted(lesson, CLASS, given_turns)
    by_name = {slot.name: slot for slot in found.slots}
    assert len({slot for slot, _, _ in found.stage}) == len(found.stage)
    for slot, person, source in found.stage:
        assert by_name[slot].source == source
        assert source in (allowed(found, person) or ())
    for person in {person for _, person, _ in found.stage}:
        kinds = [re.sub(r"\d+", "", slot) for slot, owner, _ in found.stage if owner == person]
        assert len(set(kinds)) == len(kinds), "nobody is in two places of a kind"


@given(turns)
def test_in_office_hours_no_other_student_watches(given_turns: list[OpenTurn]) -> None:
    found = floor.permitted(room(formats.OFFICE_HOURS), CLASS, given_turns)
    inside = {turn.person for turn in given_turns if turn.kind == floor.FLOOR}
    assert {viewer for viewer in found.viewers if not IS_STAFF[viewer]} <= inside


@given(st.integers(0, 20), st.sets(st.integers(1, 20)))
def test_a_free_place_is_the_first_that_nobody_has(count: int, taken: set[int]) -> None:
    place = floor.free_place(count, taken)
    if place is None:
        assert set(range(1, count + 1)) <= taken
    else:
        assert 1 <= place <= count
        assert place not in taken
        assert set(range(1, place)) <= taken


def test_a_week_begins_on_monday_where_the_school_is() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 31, 22, 30, tzinfo=UTC).astimezone(berlin)
    assert floor.week_start(now) == datetime(2026, 3, 30, 0, 0, tzinfo=berlin)
