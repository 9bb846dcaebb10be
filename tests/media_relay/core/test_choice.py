"""What a subscriber's reports change in what it is sent."""

from __future__ import annotations

import random

from media_relay.core import rtcp
from media_relay.core.choice import REVIEW_INTERVAL, ROUND_INTERVAL
from tests.media_relay.core.classroom import Classroom
from tests.media_relay.core.test_moves import TEACHER, Camera


def test_the_first_report_of_a_thin_link_lowers_the_layer_at_once() -> None:
    room = Classroom()
    room.permit()
    camera = Camera(room, TEACHER, random.Random(1))
    student = room.subscriber()
    for number in range(60):
        camera.frame(keyframe=number % 10 == 0)
        room.wait(1 / 30)
    assert student.chooser is None
    room.rtcp(student, rtcp.Remb(1, 1000, (room.slot_ssrc("teacher-camera"),)))
    assert student.chooser is not None
    assert student.chooser.limited == "link"


def test_who_reports_nothing_is_looked_at_all_the_same_and_nobody_more_often_than_needed() -> None:
    room = Classroom()
    room.permit()
    camera = Camera(room, TEACHER, random.Random(1))
    silent, talking = room.subscriber(client="silent"), room.subscriber(client="talking")
    camera.frame(keyframe=True)
    reported = room.now
    for number in range(300):
        camera.frame(keyframe=False)
        if number % 27 == 0:
            room.rtcp(talking, rtcp.Remb(1, 1_000_000, (room.slot_ssrc("teacher-camera"),)))
            reported = room.now
        room.wait(1 / 30)
        if number > 60:
            assert room.now - silent.reviewed <= REVIEW_INTERVAL + ROUND_INTERVAL + 0.1
            assert talking.reviewed == reported
