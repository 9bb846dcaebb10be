"""Who gets what while members come, move and go."""

from __future__ import annotations

import random
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay.core.shift import NO_SHIFT, Places, Shift
from media_relay.io.fanout import MAX_VIDEO_DELAY, Frame, Lane, control_job
from media_relay.io.fanout import media_job as job_with_places
from media_relay.io.group import Group, Member
from media_relay.io.ring import CHUNK
from media_relay.io.udp import UdpSocket
from tests.media_relay.io.receivers import (
    COUNT,
    PROFILES,
    SSRC,
    Full,
    Receiver,
    group_of,
    lane_of,
    media_job,
    packet,
    run_all,
)


def shifted(data: bytes, shift: Shift, places: Places) -> bytes:
    """The packet as one with this shift should see it."""
    sequence, timestamp = struct.unpack_from("!HI", data, 2)
    changed = bytearray(data)
    struct.pack_into(
        "!HI", changed, 2, (sequence + shift.sequence) % 2**16, (timestamp + shift.timestamp) % 2**32
    )
    if places.picture_id >= 0:
        (picture_id,) = struct.unpack_from("!H", data, places.picture_id)
        struct.pack_into("!H", changed, places.picture_id, 0x8000 | (picture_id + shift.picture_id) % 2**15)
    if places.tl0 >= 0:
        changed[places.tl0] = (data[places.tl0] + shift.tl0) % 256
    return bytes(changed)


def with_ids(data: bytes, places: Places) -> bytes:
    """The packet with the mark of a long picture id at its place."""
    if places.picture_id < 0:
        return data
    return data[: places.picture_id] + bytes([data[places.picture_id] | 0x80]) + data[places.picture_id + 1 :]


class Trickling:
    """A socket that takes some messages of a call, and often none."""

    takes_runs = True

    def __init__(self, inner: UdpSocket, chance: random.Random) -> None:
        self._inner = inner
        self._chance = chance

    def send_many(self, headers: Any, count: int) -> int:
        room = min(count, self._chance.choice((0, 1, 7, 64)))
        return self._inner.send_many(headers, room) if room else 0


SHIFTS = st.builds(
    Shift,
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**15 - 1),
    st.integers(0, 255),
)
PLACES = st.sampled_from([Places(), Places(14, 16), Places(15, 17), Places(15, -1), Places(-1, 14)])


class Class:
    """All receivers, a trickling way to them, and what each is to have received."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._ours = UdpSocket("127.0.0.1", 0)
        self.receivers = [Receiver(PROFILES[i % 2]) for i in range(COUNT)]
        self.lane = lane_of(Trickling(self._ours, chance))
        self.group = Group()
        self.inside: dict[Receiver, Shift] = {}
        """Who is to get what is put next, and with which shift."""
        self.expected: dict[Receiver, list[bytes]] = {receiver: [] for receiver in self.receivers}

    def move(self, receiver: Receiver, shift: Shift | None) -> None:
        """Lets one in with a shift, or out, when it is its turn among the packets."""
        self.inside.pop(receiver, None)
        if shift is not None:
            self.inside[receiver] = shift
        self.lane.put_change(lambda: self._place(receiver.member, shift), urgent=False)

    def _place(self, member: Member, shift: Shift | None) -> None:
        if member.index >= 0:
            self.group.remove(member)
        if shift is not None:
            self.group.add(member, shift)

    def put(self, data: bytes, frame: Frame | None, places: Places) -> None:
        """Puts a packet, and sends a little."""
        self.lane.put(job_with_places(self.group, data, frame, places, 0.0))
        for receiver, shift in self.inside.items():
            self.expected[receiver].append(shifted(data, shift, places))
        self.lane.run()

    def finish(self) -> None:
        """Sends all that is left."""
        while not self.lane.run():
            pass

    def close(self) -> None:
        self._ours.close()
        for receiver in self.receivers:
            receiver.close()


@settings(max_examples=40, deadline=None)
@given(st.data(), st.lists(st.just(NO_SHIFT) | SHIFTS, min_size=1, max_size=4), st.integers(0, 999))
def test_each_gets_every_packet_from_its_move_on_once_and_with_its_own_numbers(
    data: st.DataObject, shifts: list[Shift], seed: int
) -> None:
    chance = random.Random(seed)
    lesson = Class(chance)
    own = {receiver: chance.choice(shifts) for receiver in lesson.receivers}
    try:
        for receiver in lesson.receivers:
            lesson.move(receiver, own[receiver])
        for sequence in range(1, 8):
            places = data.draw(PLACES)
            size = data.draw(st.sampled_from([500, 500, 90]))
            lesson.put(with_ids(packet(sequence, size), places), (SSRC, sequence // 4), places)
            for receiver in chance.sample(lesson.receivers, data.draw(st.integers(0, 20))):
                # The numbers of each only go up, as those of any sender.
                ahead = own[receiver].sequence + chance.choice((0, 0, 1, 300))
                own[receiver] = chance.choice(shifts)._replace(sequence=ahead % 2**16)
                lesson.move(receiver, chance.choice((None, own[receiver])))
        lesson.finish()
        for receiver in lesson.receivers:
            assert receiver.received() == lesson.expected[receiver]
    finally:
        lesson.close()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999))
def test_when_one_leaves_amid_packets_on_their_way_all_others_get_them_once(seed: int) -> None:
    chance = random.Random(seed)
    lesson = Class(chance)
    staying = set(lesson.receivers)
    try:
        for receiver in lesson.receivers:
            lesson.group.add(receiver.member)
        sound = [packet(sequence) for sequence in range(0, 10, 2)]
        video = [packet(sequence) for sequence in range(1, 11, 2)]
        for one, other in zip(sound, video, strict=True):
            lesson.put(other, (SSRC, 1), Places())
            lesson.put(one, None, Places())
            for receiver in chance.sample(sorted(staying, key=id), chance.randrange(20)):
                staying.discard(receiver)
                lesson.group.remove(receiver.member)
                if chance.random() < 0.3:
                    lesson.group.add(receiver.member)
        lesson.finish()
        for receiver in staying:
            assert sorted(receiver.received()) == sorted(sound + video)
        assert not lesson.group.rounds
    finally:
        lesson.close()


def test_a_change_is_done_at_once_where_no_video_waits(ours: UdpSocket, receivers: list[Receiver]) -> None:
    lane, done = Lane(ours, lambda: 0.0), []
    lane.put(media_job(group_of(receivers), packet(1), None, 0.0))
    lane.put_change(lambda: done.append(1), urgent=False)
    assert done == [1]


def test_a_change_is_done_even_when_the_packets_before_it_are_given_up(receivers: list[Receiver]) -> None:
    now, done = 100.0, []
    lane, group = lane_of(Full(0), lambda: now), group_of(receivers)
    lane.put(media_job(group, packet(1), (SSRC, 1), now))
    lane.put_change(lambda: done.append(1), urgent=False)
    assert not lane.run()
    assert done == []
    now += MAX_VIDEO_DELAY + 0.01
    assert lane.run()
    assert done == [1]


def test_nobody_is_always_served_last(receivers: list[Receiver]) -> None:
    last: list[int] = []

    class Watching(Full):
        def send_many(self, headers: Any, count: int) -> int:
            last.append(int(headers - group.headers) + count - 1)
            return count

    group = group_of(receivers)
    lane = lane_of(Watching(0))
    for sequence in range(3):
        lane.put(media_job(group, packet(sequence), None, 0.0))
        run_all(lane)
    assert sorted(last[2::3]) == [CHUNK - 1, 2 * CHUNK - 1, COUNT - 1]


def test_a_sender_report_tells_each_its_own_timestamp(ours: UdpSocket, receivers: list[Receiver]) -> None:
    group, shift = Group(), Shift(timestamp=2**32 - 5)
    for receiver in receivers[:2]:
        group.add(receiver.member, NO_SHIFT if receiver is receivers[0] else shift)
    report = bytes.fromhex("80c80006 0000004d 0000000100000002 00000003 00000004 00000005")
    lane = Lane(ours, lambda: 0.0)
    lane.put(control_job(group, report, 0.0))
    lane.put(control_job(group, b"\x80\xc9\x00\x01\x00\x00\x00\x4d", 0.0))
    run_all(lane)
    theirs = receivers[1].received(rtcp=True)
    assert theirs[0] == report[:16] + b"\xff\xff\xff\xfe" + report[20:]
    assert receivers[0].received(rtcp=True) == [report, theirs[1]]
