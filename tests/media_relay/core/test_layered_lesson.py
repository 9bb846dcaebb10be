"""Each subscriber gets the layer that its line carries and its page wants; publishers send what is seen."""

from __future__ import annotations

import pytest

from media_relay.core import rtcp, rtp
from media_relay.core.layers import NO_LAYER
from media_relay.core.links import Publisher
from media_relay.core.outputs import LinkReport, Output, ReportLinks, Resend, WantLayers
from media_relay.core.reports import REPORT_INTERVAL
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import Track
from media_relay.core.wants import STOP_DELAY
from tests.media_relay.core.classroom import (
    CAMERA,
    LAYERS,
    RTX,
    TEACHER,
    VP8,
    Classroom,
    keyframe_requests,
    offered,
)
from tests.media_relay.core.test_moves import FRAME, picture

SLOT = "teacher-camera"
SIZES = (600, 2000, 7000)
"""Bytes of a picture of each layer: at 30 a second some 150, 500 and 1,700 kbps."""


class Lesson:
    """A teacher's camera of three layers, which goes on as time goes by; a keyframe comes when asked for."""

    def __init__(self) -> None:
        self.room = Classroom()
        self.room.permit()
        self.teacher: Publisher = self.room.publisher(TEACHER, offered(CAMERA, rids=LAYERS))
        self.number = 0
        self.stopped: set[int] = set()
        self.sizes = list(SIZES)
        self.sequences = [0, 0, 0]
        self.go_on(3)

    def go_on(self, seconds: float) -> list[Output]:
        """The lesson goes on; returns everything that comes of it."""
        since = len(self.room.outputs)
        keyframe = self.number == 0
        for _ in range(int(seconds * 30)):
            self.number += 1
            begin = len(self.room.outputs)
            self.room.wait(1 / 30)
            for layer in {0, 1, 2} - self.stopped:
                self._send(layer, keyframe)
            keyframe = keyframe_requests(self.room.outputs[begin:]) > 0
        return self.room.outputs[since:]

    def _send(self, layer: int, keyframe: bool) -> None:
        left, start = self.sizes[layer], True
        while left > 0:
            data = picture(
                self.number, self.number, bytes(min(left, 1000)), keyframe=keyframe and start, start=start
            )
            self.sequences[layer] += 1
            self.room.rtp(
                self.teacher,
                self.sequences[layer],
                data,
                timestamp=self.number * FRAME,
                ssrc=layer + 1,
                rid=LAYERS[layer],
            )
            left, start = left - 1000, False

    def layer(self, link: Subscriber) -> int:
        """The layer that someone gets now."""
        track: Track | None = link.seats[self.room.slot_ssrc(SLOT)].track
        return track.layer if track is not None else NO_LAYER

    def say(self, link: Subscriber, bitrate: int, loss: float = 0.0) -> list[Output]:
        """A subscriber's browser reports."""
        ssrc = self.room.slot_ssrc(SLOT)
        block = rtcp.ReportBlock(ssrc, int(loss * 256), 0, 0, 0, 0, 0)
        return self.room.rtcp(link, rtcp.ReceiverReport(9, (block,)), rtcp.Remb(9, bitrate, (ssrc,)))


@pytest.fixture
def lesson() -> Lesson:
    """A lesson that has gone on for some seconds."""
    return Lesson()


def wanted(outputs: list[Output]) -> list[tuple[str, ...]]:
    return [output.rids for output in outputs if isinstance(output, WantLayers)]


def links(outputs: list[Output]) -> list[LinkReport]:
    return [link for output in outputs if isinstance(output, ReportLinks) for link in output.links]


def test_who_says_nothing_gets_the_best_layer(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    lesson.go_on(1)
    assert lesson.layer(student) == 2


def test_a_line_that_grows_thin_gets_a_lower_layer_and_nobody_else_does(lesson: Lesson) -> None:
    student, other = lesson.room.subscriber(), lesson.room.subscriber(client="other")
    for bitrate in (4_000_000, 4_000_000, 400_000, 330_000):
        lesson.say(student, bitrate)
        lesson.say(other, 4_000_000)
        lesson.go_on(1)
    assert (lesson.layer(student), lesson.layer(other)) == (0, 2)
    assert student.chooser is not None
    assert student.chooser.limited == "link"


def test_a_page_gets_no_more_than_it_wants_until_it_wants_more(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    for limit, layer in ((0, 0), (NO_LAYER, NO_LAYER), (1, 1), (2, 2)):
        lesson.room.router.prefer(student.connection, {SLOT: limit}, lesson.room.now)
        lesson.go_on(2)
        assert lesson.layer(student) == layer


def test_a_wish_from_before_the_join_holds(lesson: Lesson) -> None:
    room = lesson.room
    link = room.router.subscribe(room.subscriber().connection)
    room.router.prefer(link.connection, {SLOT: 0}, room.now)
    room.router.connected(link, room.now)
    assert lesson.layer(link) == 0
    lesson.go_on(2)
    assert lesson.layer(link) == 0


def test_a_layer_that_nobody_watches_stops_after_a_while_and_starts_at_once(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    lesson.room.router.prefer(student.connection, {SLOT: 0}, lesson.room.now)
    assert wanted(lesson.go_on(STOP_DELAY / 2)) == []
    assert wanted(lesson.go_on(STOP_DELAY)) == [("l", "h"), ("l",)]
    lesson.stopped = {1, 2}
    lesson.go_on(10)
    lesson.room.router.prefer(student.connection, {}, lesson.room.now)
    assert wanted(lesson.go_on(0.1)) == [("l", "h")]
    lesson.stopped = {1}
    lesson.go_on(1)
    assert lesson.layer(student) == 2
    lesson.room.router.repeat_news()
    assert wanted(lesson.room._drain()) == [("l", "h")]


def test_a_layer_that_stops_by_itself_is_left(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    lesson.go_on(1)
    lesson.stopped = {2}
    lesson.go_on(8)
    assert lesson.layer(student) == 1


def test_a_layer_that_stops_and_starts_slowly_needs_as_much_as_before(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    lesson.room.router.prefer(student.connection, {SLOT: 0}, lesson.room.now)
    lesson.go_on(STOP_DELAY + 2)
    lesson.stopped = {1, 2}
    lesson.go_on(30)
    lesson.room.router.prefer(student.connection, {}, lesson.room.now)
    lesson.stopped, lesson.sizes = set(), [600, 60, 60]
    lesson.go_on(4)
    slot = lesson.room.router.rooms["room"].slots[SLOT]
    assert slot.rates[2] < 50e3
    assert slot.needs[1:] == pytest.approx((500e3, 1700e3), rel=0.2)


def test_copies_that_try_out_a_publisher_s_line_are_not_part_of_a_layer(lesson: Lesson) -> None:
    slot = lesson.room.router.rooms["room"].slots[SLOT]
    rates = slot.rates
    for number in range(90):
        lesson.go_on(1 / 30)
        for copy in range(3):
            again = (lesson.sequences[0] - copy).to_bytes(2, "big") + bytes(1000)
            lesson.room.rtp(
                lesson.teacher, number * 3 + copy, again, ssrc=99, payload_type=RTX[VP8], repaired=LAYERS[0]
            )
    assert lesson.room.router.counters["rtx_padding"] == 3 * 90
    assert slot.rates == pytest.approx(rates, rel=0.1)


def test_every_link_is_reported_every_few_seconds(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    lesson.say(student, 4_000_000, loss=0.02)
    reports = links(lesson.go_on(REPORT_INTERVAL + 0.5))
    assert {report.link for report in reports} == {lesson.teacher, student}
    own = next(report for report in reports if report.link is student)
    assert (own.layers, own.limited) == ({SLOT: 2}, "")
    assert own.kbps == pytest.approx(1700, rel=0.1)
    assert own.loss == pytest.approx(0.02, abs=0.005)


def test_a_change_of_layers_is_reported_soon(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    lesson.go_on(REPORT_INTERVAL + 0.5)
    lesson.room.router.prefer(student.connection, {SLOT: NO_LAYER}, lesson.room.now)
    (report,) = links(lesson.go_on(0.3))
    assert (report.layers, report.limited) == ({SLOT: NO_LAYER}, "choice")


def test_a_train_is_sent_to_prove_that_the_next_layer_fits(lesson: Lesson) -> None:
    student = lesson.room.subscriber()
    student.takes_rtx = student.takes_trains = True
    for bitrate in (4_000_000, 4_000_000, 400_000, 330_000):
        lesson.say(student, bitrate)
        lesson.go_on(1)
    assert lesson.layer(student) == 0
    sent: list[bytes] = []
    for _ in range(20):
        lesson.say(student, 4_000_000)
        outputs = lesson.go_on(1)
        sent += [output.packet for output in outputs if isinstance(output, Resend)]
    headers = [rtp.parse_header(packet) for packet in sent]
    slot = lesson.room.router.rooms["room"].slots[SLOT]
    assert len(sent) >= 8
    assert {header.ssrc for header in headers} == {slot.rtx_ssrc}
    assert len({header.sequence for header in headers}) == len(headers)
    assert all(header.extension_length for header in headers)
