"""Nobody gets back what comes of themselves, and their streams go on unbroken when the slot is another's."""

from __future__ import annotations

import pytest

from media_relay.core import rtcp
from media_relay.core.links import Publisher
from media_relay.core.subscriber import Subscriber
from tests.media_relay.core.classroom import (
    CAMERA,
    DELTA,
    KEYFRAME,
    MICROPHONE,
    OTHER_STUDENT,
    STUDENT,
    TEACHER,
    Classroom,
    payload,
)
from tests.media_relay.core.test_moves import Witness

SOUND, PICTURE = "seat-1-microphone", "seat-1-camera"
SLOTS = ((SOUND, "audio"), (PICTURE, "video"))
BOTH = (MICROPHONE, CAMERA)


def seat(room: Classroom, who: str) -> None:
    """Gives the one seat there is to somebody."""
    room.permit(
        publishers={STUDENT: BOTH, OTHER_STUDENT: BOTH},
        slots=SLOTS,
        also_on_stage={SOUND: (who, MICROPHONE), PICTURE: (who, CAMERA)},
    )


class Seminar:
    """Two students who send at the same time, and what one of them gets."""

    def __init__(self) -> None:
        self.room = Classroom()
        seat(self.room, OTHER_STUDENT)
        self.links = {who: self.room.publisher(who) for who in (STUDENT, OTHER_STUDENT)}
        self.student: Subscriber = self.room.subscriber()
        self.sound, self.picture = Witness(self.student), Witness(self.student)
        self._number = 0

    def talk(self, count: int, *, keyframe: bool = True) -> None:
        """Both send so many packets of each kind."""
        for index in range(count):
            self._number += 1
            self.room.now += 0.02
            for who, link in self.links.items():
                self._send(who, link, keyframe=keyframe and not index)
            self.room.router.handle_timer(self.room.now)
            self.room._drain()

    def _send(self, who: str, link: Publisher, *, keyframe: bool) -> None:
        body = f" {who} {self._number}".encode()
        self.room.rtp(link, self._number, b"opus" + body, ssrc=2, mid=MICROPHONE, payload_type=110,
                      timestamp=self._number * 960)  # fmt: skip
        picture = (KEYFRAME if keyframe else DELTA) + body
        self.room.rtp(link, self._number, picture, timestamp=self._number * 1800)

    def give(self, who: str) -> None:
        """Gives the seat to one of them."""
        seat(self.room, who)

    def heard(self, witness: Witness, slot: str) -> list[bytes]:
        """All that the student has got of a slot, in the order of its own numbers, which must have no gap."""
        witness.see(self.room.outputs, self.room.slot_ssrc(slot))
        places = sorted(witness.sent)
        assert places == list(range(places[0], places[0] + len(places))) if places else True
        return [payload(witness.sent[place]) for place in places]


@pytest.fixture
def seminar() -> Seminar:
    """The other student has the seat."""
    return Seminar()


@pytest.mark.parametrize("with_reports", [False, True])
def test_a_seat_that_goes_round_is_one_unbroken_stream_without_ones_own(
    seminar: Seminar, with_reports: bool
) -> None:
    for who in (OTHER_STUDENT, STUDENT, OTHER_STUDENT, STUDENT, OTHER_STUDENT):
        seminar.give(who)
        if with_reports:
            seminar.room.rtcp(seminar.student, rtcp.Remb(1, 5_000_000, (1,)))
        seminar.talk(30)
        seminar.talk(60)
    for witness, slot in ((seminar.sound, SOUND), (seminar.picture, PICTURE)):
        got = seminar.heard(witness, slot)
        assert not [each for each in got if f" {STUDENT} ".encode() in each]
        turns = {int(each.split()[-1]) // 90 for each in got}
        assert turns >= {0, 2, 4}
        assert len(witness.starts) == 3
        assert not slot.endswith("microphone") or len(got) >= 3 * 90 - 3


def test_whoever_has_the_seat_from_the_start_is_sent_nothing(seminar: Seminar) -> None:
    seminar.give(STUDENT)
    late = seminar.room.subscriber(STUDENT, "tab")
    seminar.talk(90)
    assert late.seats == {}
    seminar.give(OTHER_STUDENT)
    seminar.talk(2)
    assert len(late.seats) == 2


def test_ones_own_picture_is_not_among_what_is_chosen_from(seminar: Seminar) -> None:
    seminar.room.rtcp(seminar.student, rtcp.Remb(1, 5_000_000, (1,)))
    seminar.talk(60)
    seminar.give(STUDENT)
    seminar.talk(60)
    (report,) = [
        report
        for output in seminar.room.wait(4.0)
        for report in getattr(output, "links", ())
        if report.link is seminar.student
    ][-1:]
    assert report.layers == {}
    assert report.limited == ""


def test_the_other_tab_of_a_person_gets_nothing_of_them_either(seminar: Seminar) -> None:
    tab = seminar.room.subscriber(STUDENT, "tab")
    seminar.give(STUDENT)
    seminar.talk(60)
    assert all(each.track is None for each in tab.seats.values())


def test_a_player_shows_its_own_person_since_a_wall_screen_is_the_teachers() -> None:
    room = Classroom()
    room.permit()
    wall, teacher = room.subscriber(TEACHER, "whep-1", ("teacher-camera",)), room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    assert [entry.link for entry in room.entered()] == [wall]
