"""Who is offered which slot: staff what is for staff, too, and nobody keeps what is theirs no more."""

from __future__ import annotations

from typing import Any

import pytest

from media_relay.core import rtp
from media_relay.core.outputs import Enter
from media_relay.core.room import SLOTS_CHANGED
from media_relay.core.subscriber import Subscriber
from tests.media_relay.core.classroom import (
    CAMERA,
    KEYFRAME,
    MICROPHONE,
    OTHER_STUDENT,
    SLOTS,
    STUDENT,
    TEACHER,
    Classroom,
    offered,
)

GALLERY = "gallery-1-camera"
ALL_SLOTS = (*SLOTS, (GALLERY, "video"))
SENDING = {TEACHER: (MICROPHONE, CAMERA), OTHER_STUDENT: (CAMERA,)}


def permit(room: Classroom, **changes: Any) -> None:
    """A lecture with one student's camera for the teacher alone."""
    fields: dict[str, Any] = {
        "publishers": SENDING,
        "slots": ALL_SLOTS,
        "staff": (TEACHER,),
        "staff_slots": (GALLERY,),
        "also_on_stage": {GALLERY: (OTHER_STUDENT, CAMERA)},
    }
    room.permit(**{**fields, **changes})


@pytest.fixture
def room() -> Classroom:
    """The lecture, with nobody in it."""
    classroom = Classroom()
    permit(classroom)
    return classroom


def names(link: Subscriber) -> list[str]:
    return [slot.name for slot in link.view.slots]


def closed(room: Classroom) -> list[tuple[str, str]]:
    return [(link.connection.participant, reason) for link, reason in room.closed()]


def test_staff_are_offered_what_is_for_staff_and_others_are_not(room: Classroom) -> None:
    assert names(room.subscriber(TEACHER)) == [name for name, _ in ALL_SLOTS]
    assert names(room.subscriber()) == [name for name, _ in SLOTS]


def test_a_picture_for_staff_reaches_nobody_else(room: Classroom) -> None:
    teacher, student = room.subscriber(TEACHER), room.subscriber()
    player = room.subscriber(STUDENT, "player", [name for name, _ in ALL_SLOTS])
    camera = room.publisher(OTHER_STUDENT, offered(CAMERA))
    (packet,) = room.rtp(camera, 1, KEYFRAME)
    assert rtp.parse_header(packet).ssrc == room.slot_ssrc(GALLERY)
    assert [entry.link for entry in room.entered(GALLERY)] == [teacher]
    room.wait(3.0)
    for other in (student, player):
        assert not [each for each in room.outputs if isinstance(each, Enter) and each.link is other]


def test_a_player_gets_what_it_asked_for_of_its_own_side_only(room: Classroom) -> None:
    asked = ("teacher-camera", GALLERY)
    assert names(room.subscriber(STUDENT, "player", asked)) == ["teacher-camera"]
    assert names(room.subscriber(TEACHER, "player", asked)) == ["teacher-camera", GALLERY]


@pytest.mark.parametrize(("before", "after"), [((TEACHER,), ()), ((), (TEACHER,))])
def test_whoever_changes_sides_subscribes_anew(
    room: Classroom, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    permit(room, staff=before)
    room.subscriber(TEACHER), room.subscriber()
    permit(room, staff=after)
    assert closed(room) == [(TEACHER, SLOTS_CHANGED)]
    assert GALLERY in names(room.subscriber(TEACHER)) or not after


def test_a_player_goes_on_while_all_that_it_asked_for_is_there(room: Classroom) -> None:
    room.subscriber(TEACHER, "player", ("teacher-camera",)), room.subscriber(TEACHER, "wall", (GALLERY,))
    permit(room, staff=())
    assert [link.connection.client for link, _ in room.closed()] == ["wall"]


def test_a_change_of_the_slots_for_staff_closes_nobody_else(room: Classroom) -> None:
    room.subscriber(TEACHER), room.subscriber()
    permit(room, slots=(*ALL_SLOTS, ("gallery-2-camera", "video")), staff_slots=(GALLERY, "gallery-2-camera"))
    assert closed(room) == [(TEACHER, SLOTS_CHANGED)]


def test_a_slot_that_becomes_everybodys_is_offered_to_who_lacks_it(room: Classroom) -> None:
    room.subscriber(TEACHER), room.subscriber()
    permit(room, staff_slots=())
    assert closed(room) == [(STUDENT, SLOTS_CHANGED)]
    permit(room)
    assert GALLERY not in names(room.subscriber())


def test_whoever_sees_a_slot_that_becomes_the_staffs_is_closed_at_once(room: Classroom) -> None:
    permit(room, staff_slots=())
    room.subscriber()
    permit(room)
    assert closed(room) == [(STUDENT, SLOTS_CHANGED)]


def test_every_subscription_is_closed_where_everybodys_slots_change(room: Classroom) -> None:
    room.subscriber(TEACHER), room.subscriber()
    permit(room, slots=ALL_SLOTS[1:])
    assert closed(room) == [(TEACHER, SLOTS_CHANGED), (STUDENT, SLOTS_CHANGED)]


def test_the_same_slots_in_another_order_close_nobody(room: Classroom) -> None:
    room.subscriber(TEACHER), room.subscriber()
    permit(room, slots=ALL_SLOTS[::-1])
    assert room.closed() == []


def test_a_slot_that_nothing_fills_has_neither_seat_nor_track(room: Classroom) -> None:
    permit(room, slots=(*ALL_SLOTS, *((f"seat-{number}-camera", "video") for number in range(32))))
    room.publisher()
    student = room.subscriber()
    assert len(student.seats) == 2
    slots = room.router.rooms["room"].slots.values()
    assert [slot.name for slot in slots if slot.tracks()] == ["teacher-microphone", "teacher-camera"]
