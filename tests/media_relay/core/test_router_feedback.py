"""What goes back and forth beside the media: keyframe requests, retransmission, reports, joining."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay.core import codecs, rtcp, rtp
from media_relay.core.downlink import TWICE_SECONDS
from media_relay.core.outputs import Forward, SendControl
from media_relay.core.rewriter import MAX_LATE
from media_relay.core.seat import MAX_TRIES
from media_relay.core.shift import NO_PLACES, NO_SHIFT, shifted
from media_relay.core.subscriber import MIN_RESEND_BPS, PICTURE_LOSS_BURST, PICTURE_LOSSES_PER_SECOND
from media_relay.core.throttles import KEYFRAME_INTERVAL
from media_relay.core.track import NEAR_WRAP
from media_relay.core.uplink import PUBLISHER_BITRATE
from tests.media_relay.core.classroom import (
    DELTA,
    KEYFRAME,
    NTP_OFFSET,
    Classroom,
    feedback,
    keyframe_requests,
    resent,
    sender_reports,
)


def ntp(seconds: float) -> int:
    return int(seconds * 2**32)


# Keyframes.


def test_a_subscriber_that_joins_gets_a_keyframe(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    assert keyframe_requests(room.outputs) == 0
    room.subscriber()
    assert feedback(room.outputs) == [rtcp.PictureLoss(room.router._outbox.ssrc, 1)]


def test_nobody_asks_for_a_keyframe_that_nobody_sees(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1)
    student = room.subscriber()
    room.router.subscribe(student.connection)
    since = len(room.outputs)
    room.rtp(teacher, 2)
    room.wait(2)
    assert keyframe_requests(room.outputs[since:]) == 0


def test_many_requests_become_one_and_a_late_one_is_queued(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    students = [room.subscriber(client=str(i)) for i in range(50)]
    camera = room.slot_ssrc("teacher-camera")
    for student in students:
        room.rtcp(student, rtcp.PictureLoss(9, camera))
        room.rtcp(student, rtcp.FullIntra(9, ((camera, 1),)))
    assert keyframe_requests(room.outputs) == 1
    room.rtp(teacher, 2, KEYFRAME)
    room.wait(KEYFRAME_INTERVAL / 2)
    assert keyframe_requests(room.outputs) == 1
    room.rtcp(students[0], rtcp.PictureLoss(9, camera))
    assert keyframe_requests(room.outputs) == 1
    room.wait(KEYFRAME_INTERVAL / 2 + 0.01)
    assert keyframe_requests(room.outputs) == 2
    room.wait(5)
    assert keyframe_requests(room.outputs) == 2


def test_one_subscriber_cannot_have_keyframes_forever(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    student, other = room.subscriber(), room.subscriber(client="other")
    camera, asked = room.slot_ssrc("teacher-camera"), 0
    for i in range(1000):
        asked += keyframe_requests(room.rtcp(student, rtcp.PictureLoss(9, camera)) + room.wait(0.02))
        room.rtp(teacher, i + 2, KEYFRAME)
    assert asked <= PICTURE_LOSS_BURST + PICTURE_LOSSES_PER_SECOND * 20 + 1
    room.wait(KEYFRAME_INTERVAL)
    assert keyframe_requests(room.rtcp(other, rtcp.PictureLoss(9, camera))) == 1


# Retransmission.


def test_a_nack_is_answered_with_the_very_same_packet(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    (packet,) = room.rtp(teacher, 1, KEYFRAME)
    lost = rtp.parse_header(packet).sequence
    outputs = room.rtcp(student, rtcp.Nack(9, room.slot_ssrc("teacher-camera"), (lost, (lost + 1) & 0xFFFF)))
    assert resent(outputs) == [packet]


def test_nothing_is_resent_from_before_a_subscriber_joined(room: Classroom) -> None:
    teacher = room.publisher()
    (packet,) = room.rtp(teacher, 1, KEYFRAME)
    room.now += 0.1
    student = room.subscriber()
    lost = rtp.parse_header(packet).sequence
    assert resent(room.rtcp(student, rtcp.Nack(9, room.slot_ssrc("teacher-camera"), (lost,)))) == []


def test_one_subscriber_cannot_have_more_resent_than_a_part_of_what_is_sent(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    packets = [room.rtp(teacher, i, (DELTA if i else KEYFRAME) + bytes(1000))[0] for i in range(100)]
    lost = tuple(rtp.parse_header(packet).sequence for packet in packets)
    again = resent(room.rtcp(student, rtcp.Nack(9, room.slot_ssrc("teacher-camera"), lost)))
    assert 0 < len(again) < 100
    assert sum(map(len, again)) <= MIN_RESEND_BPS / 8
    assert room.router.counters["resends_over_limit"] == 1


def test_one_packet_is_resent_only_so_often(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    (packet,) = room.rtp(teacher, 1, KEYFRAME)
    lost = rtcp.Nack(9, room.slot_ssrc("teacher-camera"), (rtp.parse_header(packet).sequence,))
    assert sum(len(resent(room.rtcp(student, lost))) for _ in range(3 * MAX_TRIES)) == MAX_TRIES


def test_what_must_be_under_way_still_is_not_sent_again(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    (packet,) = room.rtp(teacher, 1, KEYFRAME)
    lost = rtcp.Nack(9, room.slot_ssrc("teacher-camera"), (rtp.parse_header(packet).sequence,))
    student.rtt = 0.4
    found = []
    for _ in range(8):
        found.append(len(resent(room.rtcp(student, lost))))
        room.now += 0.1
    assert found == [1, 0, 0, 0, 1, 0, 0, 0]


def test_who_takes_retransmissions_gets_them_in_a_stream_of_their_own(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    student.takes_rtx = True
    (packet,) = room.rtp(teacher, 1, KEYFRAME, timestamp=9000, marker=True)
    sent = rtp.parse_header(packet)
    lost = rtcp.Nack(9, sent.ssrc, (sent.sequence,))
    (first, second) = (resent(room.rtcp(student, lost))[0] for _ in range(2))
    header = rtp.parse_header(first)
    slot = room.router.rooms["room"].slots["teacher-camera"]
    assert (header.ssrc, header.payload_type) == (slot.rtx_ssrc, codecs.RTX_PAYLOAD_TYPES["vp8"])
    assert (header.timestamp, header.marker) == (sent.timestamp, True)
    assert rtp.payload(first, header) == sent.sequence.to_bytes(2, "big") + KEYFRAME
    assert rtp.parse_header(second).sequence == header.sequence + 1


def test_what_is_sent_again_is_sent_twice_where_one_time_might_be_lost_too(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    student.takes_rtx = True
    (packet,) = room.rtp(teacher, 1, KEYFRAME)
    sent = rtp.parse_header(packet)
    (first,) = resent(room.rtcp(student, rtcp.Nack(9, sent.ssrc, (sent.sequence,))))
    assert resent(room.wait(TWICE_SECONDS / 2)) == []
    (second,) = resent(room.wait(TWICE_SECONDS))
    headers = rtp.parse_header(first), rtp.parse_header(second)
    assert headers[1].sequence == headers[0].sequence + 1
    assert rtp.payload(second, headers[1]) == rtp.payload(first, headers[0])
    assert resent(room.wait(1.0)) == []


@pytest.mark.parametrize("case", ["a line that is too thin", "gone meanwhile", "no stream of its own"])
def test_nothing_is_sent_twice_that_would_do_harm(room: Classroom, case: str) -> None:
    teacher, student = room.publisher(), room.subscriber()
    student.takes_rtx = case != "no stream of its own"
    student.loss = 0.2 if case == "a line that is too thin" else 0.0
    sent = rtp.parse_header(*room.rtp(teacher, 1, KEYFRAME))
    assert len(resent(room.rtcp(student, rtcp.Nack(9, sent.ssrc, (sent.sequence,))))) == 1
    if case == "gone meanwhile":
        room.router.remove(student, room.now)
    assert resent(room.wait(1.0)) == []


def test_what_is_too_old_to_be_encrypted_again_is_sent_in_a_stream_of_its_own_alone(room: Classroom) -> None:
    teacher, student = room.publisher(), room.subscriber()
    sent = [rtp.parse_header(*room.rtp(teacher, 0, KEYFRAME))]
    for number in range(1, MAX_LATE + 1):
        room.now += 0.001
        sent += [rtp.parse_header(*room.rtp(teacher, number))]
    lost = rtcp.Nack(9, sent[0].ssrc, (sent[0].sequence, sent[1].sequence))
    (again,) = resent(room.rtcp(student, lost))
    assert rtp.parse_header(again).sequence == sent[1].sequence
    room.now += 1.0
    student.takes_rtx = True
    assert len(resent(room.rtcp(student, lost))) == 2


def test_the_round_trip_is_taken_from_receiver_reports(room: Classroom) -> None:
    student = room.subscriber()
    room.rtp(room.publisher(), 1, KEYFRAME)
    lsr = int((room.now - 0.3 + NTP_OFFSET) * 65536) & 0xFFFFFFFF
    block = rtcp.ReportBlock(room.slot_ssrc("teacher-camera"), 26, 0, 0, 0, lsr, int(0.2 * 65536))
    room.rtcp(student, rtcp.ReceiverReport(9, (block,)))
    assert student.rtt == pytest.approx(0.1, abs=0.001)
    assert student.loss == pytest.approx(0.1, abs=0.01)


def test_what_the_publisher_loses_is_asked_for_once_for_all(room: Classroom) -> None:
    for i in range(5):
        room.subscriber(client=str(i))
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    room.rtp(teacher, 4)
    asked = [packet for packet in feedback(room.wait(0.05)) if isinstance(packet, rtcp.Nack)]
    assert asked == [rtcp.Nack(room.router._outbox.ssrc, 1, (2, 3))]
    (late,) = room.rtp(teacher, 2)
    (first, *_, last) = (
        rtp.parse_header(output.packet).sequence for output in room.outputs if isinstance(output, Forward)
    )
    assert rtp.seq_delta(rtp.parse_header(late).sequence, first) == 1
    assert last == rtp.parse_header(late).sequence


# Reports.


def test_sound_and_picture_of_a_publisher_share_a_clock(room: Classroom) -> None:
    room.subscriber()
    teacher = room.publisher()
    (picture,) = room.rtp(teacher, 1, KEYFRAME, timestamp=90_000)
    (sound,) = room.sound(teacher, 1, timestamp=48_000)
    # On the teacher's clock the picture was taken 0.2 s before the sound.
    room.rtcp(teacher, rtcp.SenderReport(1, ntp(5000.0), 90_000, 1, 1))
    room.rtcp(teacher, rtcp.SenderReport(2, ntp(5000.2), 48_000, 1, 1))
    room.now += 0.01
    reports = {report.ssrc: report for report in sender_reports(room.wait(0.02))}
    camera, microphone = (reports[room.slot_ssrc(slot)] for slot in ("teacher-camera", "teacher-microphone"))

    def taken(report: rtcp.SenderReport, packet: bytes, rate: int) -> float:
        ago = rtp.timestamp_delta(report.rtp_time, rtp.parse_header(packet).timestamp) / rate
        return report.ntp / 2**32 - ago

    assert taken(microphone, sound, 48_000) - taken(camera, picture, 90_000) == pytest.approx(0.2, abs=1e-3)
    assert camera.ntp / 2**32 == pytest.approx(room.now + NTP_OFFSET, abs=0.03)
    assert (camera.packets, camera.octets) == (1, len(KEYFRAME))


def test_sender_reports_come_once_a_second_while_something_is_sent(room: Classroom) -> None:
    room.subscriber()
    teacher = room.publisher()
    for i in range(100):
        room.sound(teacher, i, timestamp=i * 1920)
        room.rtcp(teacher, rtcp.SenderReport(2, ntp(50 + i * 0.04), i * 1920, 1, 1))
        room.wait(0.04)
    reports = sender_reports(room.outputs)
    assert 4 <= len(reports) <= 5
    ratio = (reports[-1].rtp_time - reports[0].rtp_time) / ((reports[-1].ntp - reports[0].ntp) / 2**32)
    assert ratio == pytest.approx(48_000, rel=0.02)
    since = len(room.outputs)
    room.wait(20)
    assert len(sender_reports(room.outputs[since:])) <= 5


def test_a_publisher_hears_how_it_is_received(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    room.rtp(teacher, 3)
    (output,) = [o for o in room.wait(0.2) if isinstance(o, SendControl) and b"REMB" in o.packet]
    report, remb = rtcp.parse_compound(output.packet)
    assert isinstance(report, rtcp.ReceiverReport)
    assert (report.reports[0].ssrc, report.reports[0].highest, report.reports[0].lost) == (1, 3, 1)
    assert isinstance(remb, rtcp.Remb)
    assert remb.ssrcs == (1,)
    assert remb.bitrate == pytest.approx(PUBLISHER_BITRATE, rel=1e-4)
    assert 4 <= len([o for o in room.wait(5) if isinstance(o, SendControl) and b"REMB" in o.packet]) <= 5


def test_malformed_rtcp_is_counted(room: Classroom) -> None:
    room.router.receive_rtcp(room.subscriber(), b"\x81\xc9\x00\xff", room.now)
    assert room.router.counters["rtcp_malformed"] == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.binary(max_size=80)), max_size=20))
def test_no_bytes_bring_the_router_down(datagrams: list[tuple[bool, bool, bytes]]) -> None:
    room = Classroom()
    room.permit()
    teacher, student = room.publisher(), room.subscriber()
    for from_teacher, control, data in datagrams:
        receive = room.router.receive_rtcp if control else room.router.receive_rtp
        receive(teacher if from_teacher else student, data, room.now)
        room.wait(0.02)
    assert len(room.rtp(teacher, 1, KEYFRAME, ssrc=0xABCDEF)) == 1


# Joining near a wrap of the sequence numbers.


@pytest.mark.parametrize("before", [NEAR_WRAP, 1, 0, -NEAR_WRAP + 1])
def test_who_joins_near_a_wrap_begins_with_numbers_that_are_far_from_it(room: Classroom, before: int) -> None:
    teacher = room.publisher()
    start = rtp.parse_header(room.sound(teacher, 0)[0]).sequence
    room.sound(teacher, 30_000)
    room.sound(teacher, 50_000)
    last = 65_536 - start - before - 1
    room.sound(teacher, last)
    room.subscriber()
    (entry,) = room.entered("teacher-microphone")
    (packet,) = room.sound(teacher, last + 1)
    own = rtp.parse_header(shifted(packet, NO_PLACES, entry.shift)).sequence
    assert NEAR_WRAP <= own <= 3 * NEAR_WRAP


@pytest.mark.parametrize("before", [NEAR_WRAP + 1, -NEAR_WRAP, 10_000])
def test_who_joins_far_from_a_wrap_shares_the_numbers_of_others(room: Classroom, before: int) -> None:
    teacher = room.publisher()
    start = rtp.parse_header(room.sound(teacher, 0)[0]).sequence
    room.sound(teacher, 30_000)
    room.sound(teacher, 65_536 - start - before - 1)
    room.subscriber()
    assert [entry.shift for entry in room.entered("teacher-microphone")] == [NO_SHIFT]
