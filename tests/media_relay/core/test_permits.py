"""Who may be in a room, send and watch, by the newest permits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from media_relay.core import rtcp, rtp
from media_relay.core.outputs import Close
from media_relay.core.router import PermitError
from tests.media_relay.core.classroom import (
    ASSISTANT,
    CAMERA,
    KEYFRAME,
    MICROPHONE,
    OTHER_STUDENT,
    OUTSIDER,
    RTX,
    STUDENT,
    TEACHER,
    VP8,
    Classroom,
    feedback,
    offered,
    resent,
)


def test_permits_that_are_out_of_date_end_every_room_until_newer_ones_come(room: Classroom) -> None:
    room.publisher()
    room.subscriber()
    room.router.expire("out of date")
    assert {output.reason for output in room.router.poll() if isinstance(output, Close)} == {"out of date"}
    with pytest.raises(PermitError):
        room.subscriber()
    assert not room.permit(generation=1)
    assert not room.router.rooms
    assert room.permit()
    room.publisher()
    room.subscriber()


@pytest.mark.parametrize("who", [OUTSIDER, ASSISTANT])
def test_nobody_watches_without_a_permit(room: Classroom, who: str) -> None:
    with pytest.raises(PermitError, match="no permit to watch"):
        room.subscriber(who)


@pytest.mark.parametrize("who", [OUTSIDER, STUDENT])
def test_nobody_sends_without_a_permit(room: Classroom, who: str) -> None:
    with pytest.raises(PermitError, match="no permit to publish"):
        room.publisher(who)


def test_a_source_that_is_offered_ahead_of_its_permit_flows_from_its_permit_on(room: Classroom) -> None:
    room.permit(publishers={TEACHER: ()})
    teacher, student = room.publisher(TEACHER, offered(MICROPHONE), offered(CAMERA)), room.subscriber()
    assert room.sound(teacher, 1) == room.rtp(teacher, 1, KEYFRAME) == []
    assert student.seats == {}
    room.permit(publishers={TEACHER: (MICROPHONE,)})
    assert len(room.sound(teacher, 2)) == 1
    assert room.rtp(teacher, 2, KEYFRAME) == []
    assert room.closed() == []


def test_whoever_is_no_longer_named_as_a_publisher_is_closed(room: Classroom) -> None:
    teacher = room.publisher()
    room.permit(publishers={TEACHER: ()})
    assert room.closed() == []
    room.permit(publishers={})
    assert [link for link, _ in room.closed()] == [teacher]


def test_a_source_that_is_let_in_again_goes_on_without_what_was_sent_meanwhile(room: Classroom) -> None:
    teacher = room.publisher()
    first = room.rtp(teacher, 1, KEYFRAME) + room.rtp(teacher, 2)
    for publishers in ({TEACHER: (MICROPHONE,)}, {TEACHER: (MICROPHONE, CAMERA)}):
        room.permit(publishers=publishers)
        for sequence in range(10, 20):
            if publishers == {TEACHER: (MICROPHONE,)}:
                assert room.rtp(teacher, sequence, KEYFRAME) == []
    since = len(room.outputs)
    assert room.rtp(teacher, 25) == []
    again = room.rtp(teacher, 26, KEYFRAME)
    # Nothing of what was kept out is asked for, nor taken if it is sent again.
    room.wait(1.0)
    assert not [each for each in feedback(room.outputs[since:]) if isinstance(each, rtcp.Nack)]
    late = (15).to_bytes(2, "big") + KEYFRAME
    assert room.rtp(teacher, 1, late, ssrc=99, payload_type=RTX[VP8]) == []
    assert room.rtp(teacher, 19, KEYFRAME) == []
    sequences = [rtp.parse_header(packet).sequence for packet in first + again]
    assert [rtp.seq_delta(b, a) for a, b in pairwise(sequences)] == [1, 1]


def test_what_was_sent_before_a_source_was_taken_is_not_sent_again(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    (packet,) = room.rtp(teacher, 1, KEYFRAME)
    lost = rtcp.Nack(9, room.slot_ssrc("teacher-camera"), (rtp.parse_header(packet).sequence,))
    assert len(resent(room.rtcp(student, lost))) == 1
    room.permit(publishers={TEACHER: (MICROPHONE,)})
    room.wait(0.2)
    assert resent(room.rtcp(student, lost)) == []


def test_a_source_that_is_kept_out_counts_as_nothing(room: Classroom) -> None:
    teacher = room.publisher()
    for sequence in range(100):
        room.wait(0.02)
        room.rtp(teacher, sequence, KEYFRAME + bytes(1000))
    room.permit(publishers={TEACHER: ()})
    for sequence in range(100, 300, 2):
        room.wait(0.04)
        room.rtp(teacher, sequence, KEYFRAME + bytes(1000))
    report = [link for output in room.outputs for link in getattr(output, "links", ())][-1]
    assert (report.link, report.kbps, report.loss) == (teacher, 0.0, 0.0)


def test_a_room_without_permits_is_there_for_nobody() -> None:
    with pytest.raises(PermitError):
        Classroom().subscriber()


@pytest.mark.parametrize("generation", [4, 5])
def test_a_generation_that_is_not_newer_changes_nothing(room: Classroom, generation: int) -> None:
    assert room.permit(generation=5)
    student = room.subscriber()
    assert not room.permit(viewers=(), generation=generation)
    assert room.closed() == []
    assert student.connection in room.router.rooms["room"].subscribers


def test_a_room_that_is_over_does_not_come_back_with_an_old_set(room: Classroom) -> None:
    room.permit(viewers=(), publishers={}, generation=9)
    assert "room" not in room.router.rooms
    assert not room.permit(generation=8)
    with pytest.raises(PermitError):
        room.subscriber()


def test_a_new_set_closes_what_it_does_not_allow(room: Classroom) -> None:
    teacher, student, other = room.publisher(), room.subscriber(), room.subscriber(OTHER_STUDENT)
    room.permit(viewers=(STUDENT,), publishers={})
    assert [link for link, _ in room.closed()] == [other, teacher]
    assert room.rtp(teacher, 1, KEYFRAME) == []
    assert student.connection in room.router.rooms["room"].subscribers


def test_a_newer_connection_of_a_page_replaces_the_older(room: Classroom) -> None:
    first, teacher = room.subscriber(), room.publisher()
    second, teacher_again = room.subscriber(), room.publisher()
    assert [link for link, _ in room.closed()] == [first, teacher]
    room.router.remove(first, room.now)
    room.router.remove(teacher, room.now)
    assert room.router.rooms["room"].subscribers == {second.connection: second}
    assert len(room.rtp(teacher_again, 1, KEYFRAME)) == 1


def test_another_page_of_a_person_is_another_connection(room: Classroom) -> None:
    room.subscriber(client="page"), room.subscriber(client="tab")
    assert room.closed() == []


def test_a_source_that_loses_its_permit_falls_silent_at_once(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    room.permit(publishers={TEACHER: (MICROPHONE,)})
    assert room.rtp(teacher, 2) == []
    assert len(room.sound(teacher, 1)) == 1
    assert room.router.counters["rtp_not_permitted"] == 1


def test_packets_of_a_subscriber_go_nowhere(room: Classroom) -> None:
    assert room.rtp(room.subscriber(), 1, KEYFRAME) == []
    assert room.router.counters["rtp_not_permitted"] == 1
