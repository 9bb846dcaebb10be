"""Whatever layers a subscriber is moved between, it gets one stream, and no number means two things."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay.core import rtcp, rtp
from media_relay.core.codecs import parse_vp8
from media_relay.core.layers import NO_LAYER
from media_relay.core.links import Publisher
from media_relay.core.outputs import Enter, Forward, Leave, Output, Resend
from media_relay.core.shift import Shift, shifted
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import Track
from tests.media_relay.core.classroom import (
    ASSISTANT,
    CAMERA,
    LAYERS,
    RTX,
    STUDENT,
    TEACHER,
    VP8,
    Classroom,
    keyframe_requests,
    offered,
    resent,
)

SLOT = "teacher-camera"
FRAME = 3000


def picture(picture_id: int, tl0: int, body: bytes, *, keyframe: bool = False, start: bool = True) -> bytes:
    """A packet of VP8 with a picture id of 15 bits and a TL0PICIDX."""
    head = bytes((0x90 if start else 0x80, 0xC0)) + (0x8000 | picture_id & 0x7FFF).to_bytes(2, "big")
    return head + bytes((tl0 & 0xFF, 0 if keyframe else 1)) + body


class Camera:
    """Sends three layers, each with numbers of its own, packets lost and out of order."""

    def __init__(self, room: Classroom, who: str, chance: random.Random) -> None:
        self.room = room
        self.link: Publisher = room.publisher(who, offered(CAMERA, rids=LAYERS))
        self.chance = chance
        self.ssrcs = [chance.randrange(1, 1 << 32) for _ in LAYERS]
        self.sequences = [chance.choice((0, 65_500, chance.randrange(1 << 16))) for _ in LAYERS]
        self.timestamps = [chance.randrange(1 << 32) for _ in LAYERS]
        self.pictures = [chance.randrange(1 << 15) for _ in LAYERS]
        self.late: list[tuple[int, int, int, bytes]] = []
        self.number = 0

    def frame(self, keyframe: bool) -> None:
        """Sends a picture of every layer; some packets come later, twice, or never."""
        self.number += 1
        for layer in range(len(LAYERS)):
            self.pictures[layer] += 1
            self.timestamps[layer] += FRAME
            for part in range(layer + 1):
                self.sequences[layer] += 1
                body = f"{id(self)} {layer} {self.number} {part}".encode()
                data = picture(
                    self.pictures[layer], self.number, body, keyframe=keyframe and not part, start=not part
                )
                entry = (layer, self.sequences[layer], self.timestamps[layer], data)
                fate = self.chance.random()
                if fate < 0.1:
                    self.late.append(entry)
                elif fate > 0.03:
                    self._send(*entry)
                    if fate > 0.95:
                        self._send(*entry)
        while self.late and self.chance.random() < 0.7:
            self._send(*self.late.pop(self.chance.randrange(len(self.late))))

    def _send(self, layer: int, sequence: int, timestamp: int, data: bytes) -> None:
        self.room.rtp(
            self.link, sequence, data, timestamp=timestamp, ssrc=self.ssrcs[layer], rid=LAYERS[layer]
        )


class Witness:
    """Stands for the fan-out and one subscriber: notes everything that it would encrypt for it."""

    def __init__(self, link: Subscriber) -> None:
        self.link = link
        self.tracks: dict[Track, Shift] = {}
        self.sent: dict[int, bytes] = {}
        """By own sequence number without wrap-around."""
        self.starts: list[int] = []
        self.highest = -1

    def see(self, outputs: list[Output], ssrc: int) -> None:
        for output in outputs:
            if isinstance(output, Enter) and output.link is self.link and output.track.ssrc == ssrc:
                assert not self.tracks
                self.tracks[output.track] = output.shift
                self.starts.append(self.highest + 1)
            elif isinstance(output, Leave) and output.link is self.link and output.track.ssrc == ssrc:
                del self.tracks[output.track]
            elif isinstance(output, Forward) and output.track in self.tracks:
                self.take(shifted(output.packet, output.places, self.tracks[output.track]))
            elif isinstance(output, Resend) and output.link is self.link:
                self.take(output.packet)

    def take(self, packet: bytes) -> None:
        sequence = rtp.parse_header(packet).sequence
        place = sequence if self.highest < 0 else rtp.unwrap(sequence, self.highest)
        assert self.sent.setdefault(place, packet) == packet, "one index, two plaintexts"
        self.highest = max(self.highest, place)


def check_order(witness: Witness) -> None:
    """Numbers grow together, and where nothing was lost there is no gap at a move."""
    packets = [witness.sent[place] for place in sorted(witness.sent)]
    numbers = []
    for packet in packets:
        header = rtp.parse_header(packet)
        descriptor = parse_vp8(bytes(rtp.payload(packet, header)))
        numbers.append((header.timestamp, descriptor.picture_id, descriptor.tl0_picture_index))
    for (time, pid, tl0), (later, next_pid, next_tl0) in pairwise(numbers):
        assert rtp.timestamp_delta(later, time) >= 0
        assert rtp.seq_delta(next_pid << 1, pid << 1) >= 0
        assert rtp.seq_delta(next_tl0 << 8, tl0 << 8) >= 0
        assert (later == time) == (next_pid == pid)


def run(seed: int, frames: int = 60) -> Witness:
    """One lesson by chance: layers, pauses, another teacher, wraps, loss and disorder."""
    chance = random.Random(seed)
    room = Classroom()
    room.permit()
    room.router._random = chance.randbytes
    cameras = {who: Camera(room, who, chance) for who in (TEACHER, ASSISTANT)}
    on_stage = TEACHER
    for _ in range(chance.randrange(5)):
        room.now += 1 / 30
        cameras[on_stage].frame(keyframe=True)
    link = room.subscriber(STUDENT)
    witness, seen = Witness(link), 0
    ssrc = room.slot_ssrc(SLOT)
    for _ in range(frames):
        room.now += 1 / 30
        fate = chance.random()
        seat = link.seats.get(ssrc)
        if fate < 0.15 and seat is not None:
            room.router._steering.aim(link, seat, chance.choice((NO_LAYER, 0, 1, 2)), room.now)
        elif fate < 0.2:
            on_stage = chance.choice((TEACHER, ASSISTANT))
            room.permit(on_stage=on_stage)
        for camera in cameras.values():
            camera.frame(keyframe=chance.random() < 0.25)
        room.router.handle_timer(room.now)
        room._drain()
        witness.see(room.outputs[seen:], ssrc)
        seen = len(room.outputs)
        if witness.highest > 0:
            lost = [n & 0xFFFF for n in range(max(0, witness.highest - 20), witness.highest + 3)]
            witness.see(room.rtcp(link, rtcp.Nack(9, ssrc, tuple(chance.sample(lost, 3)))), ssrc)
            seen = len(room.outputs)
    return witness


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_no_index_stands_for_two_plaintexts_and_all_numbers_grow(seed: int) -> None:
    check_order(run(seed))


def test_the_same_holds_for_a_hundred_lessons_that_everyone_can_repeat() -> None:
    moves = 0
    for seed in range(100):
        witness = run(seed)
        check_order(witness)
        moves += len(witness.starts)
    assert moves > 300


def layered(room: Classroom) -> Publisher:
    return room.publisher(TEACHER, offered(CAMERA, rids=LAYERS))


def send(room: Classroom, link: Publisher, layer: int, number: int, *, keyframe: bool = False) -> list[bytes]:
    data = picture(100 * layer + number, number, b"body", keyframe=keyframe)
    return room.rtp(
        link, 1000 * layer + number, data, timestamp=number * FRAME, ssrc=layer + 1, rid=LAYERS[layer]
    )


def test_a_move_waits_for_a_keyframe_of_the_new_layer_and_leaves_no_gap(room: Classroom) -> None:
    teacher = layered(room)
    for layer in range(3):
        send(room, teacher, layer, 1, keyframe=True)
    link = room.subscriber()
    witness = Witness(link)
    ssrc = room.slot_ssrc(SLOT)
    room.outputs = [o for o in room.outputs if isinstance(o, Enter)]
    seat = link.seats[ssrc]
    since = len(room.outputs)
    target = 0 if seat.track is None or seat.track.layer else 2
    for number in range(2, 10):
        room.now += 1 / 30
        if number == 4:
            room.router._steering.aim(link, seat, target, room.now)
            assert keyframe_requests(room._drain()) == 1
        for layer in range(3):
            send(room, teacher, layer, number, keyframe=number == 7)
    witness.see(room.outputs[:since] + room.outputs[since:], ssrc)
    places = sorted(witness.sent)
    assert places == list(range(places[0], places[0] + 8))
    assert len(witness.starts) == 2
    assert witness.starts[1] == places[5]
    check_order(witness)


def test_a_pause_is_at_once_and_ends_at_a_keyframe(room: Classroom) -> None:
    teacher = layered(room)
    send(room, teacher, 0, 1, keyframe=True)
    link = room.subscriber()
    seat = link.seats[room.slot_ssrc(SLOT)]
    room.router._steering.aim(link, seat, NO_LAYER, room.now)
    assert seat.track is None
    room.router._steering.aim(link, seat, 0, room.now)
    send(room, teacher, 0, 2)
    assert seat.track is None
    send(room, teacher, 0, 3, keyframe=True)
    assert seat.track is not None


@pytest.mark.parametrize(("before", "after"), [(1, 0), (0, 1)])
def test_what_was_lost_before_a_move_is_not_sent_again_since_a_keyframe_follows(
    room: Classroom, before: int, after: int
) -> None:
    teacher = layered(room)
    link = room.subscriber()
    seat = link.seats[room.slot_ssrc(SLOT)]
    for layer in (before, after):
        room.router._steering.aim(link, seat, layer, room.now)
        send(room, teacher, layer, 1, keyframe=True)
    send(room, teacher, after, 2)
    assert seat.track is not None
    assert seat.track.layer == after
    own = seat.numbers().sequence
    lost = tuple(own - back & 0xFFFF for back in (0, 2))
    assert len(resent(room.rtcp(link, rtcp.Nack(9, room.slot_ssrc(SLOT), lost)))) == 1


def test_what_a_publisher_sends_again_takes_the_place_of_what_was_lost(room: Classroom) -> None:
    teacher = layered(room)
    sent = send(room, teacher, 1, 1, keyframe=True) + send(room, teacher, 1, 3)
    lost = (1002).to_bytes(2, "big") + picture(102, 2, b"body")
    (found,) = room.rtp(
        teacher, 7, lost, timestamp=2 * FRAME, ssrc=99, payload_type=RTX[VP8], repaired=LAYERS[1]
    )
    first = rtp.parse_header(sent[0]).sequence
    assert [rtp.parse_header(packet).sequence - first for packet in (*sent, found)] == [0, 2, 1]
    assert room.rtp(teacher, 8, b"", ssrc=99, payload_type=RTX[VP8]) == []
    assert room.router.counters["rtx_padding"] == 1


def test_a_layer_without_its_name_goes_nowhere(room: Classroom) -> None:
    teacher = layered(room)
    assert room.rtp(teacher, 1, picture(1, 1, b"x", keyframe=True)) == []
    assert room.rtp(teacher, 1, picture(1, 1, b"x", keyframe=True), rid="q") == []
    assert room.router.counters["rtp_unroutable"] == 2


def test_a_publisher_hears_when_each_of_its_packets_came(room: Classroom) -> None:
    teacher = room.publisher()
    for number in (65_535, 0, 2):
        room.now += 0.01
        room.rtp(teacher, number, ssrc=1, transport=number)
    told = [
        packet
        for output in room.wait(0.2)
        for packet in rtcp.parse_compound(getattr(output, "packet", b"\x80\xc9\x00\x01\x00\x00\x00\x01"))
        if isinstance(packet, rtcp.TransportFeedback)
    ]
    (feedback,) = told
    assert feedback.arrivals.base == 65_535
    assert [tick is not None for tick in feedback.arrivals.ticks] == [True, True, False, True]
