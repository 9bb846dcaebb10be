from __future__ import annotations

import os
import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from media_relay.core import rtp
from media_relay.core.outputs import NO_SHIFT, Places, Shift
from media_relay.io import dtls, ring, udp
from media_relay.io.fanout import (
    MAX_DELAY,
    MAX_VIDEO_DELAY,
    PACKETS_PER_TURN,
    Frame,
    Job,
    Lane,
    control_job,
)
from media_relay.io.fanout import media_job as job_with_places
from media_relay.io.group import Group, Member
from media_relay.io.ring import CHUNK, MAX_PACKET_BYTES, RUN
from media_relay.io.udp import UdpSocket, pack_address

PROFILES = (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, Policy.SRTP_PROFILE_AES128_CM_SHA1_80)
OVERHEAD = dict(zip(PROFILES, (16, 10), strict=True))
COUNT = 2 * CHUNK + 5
SSRC = 77


class Receiver:
    """A subscriber: keys, and a socket of its own."""

    def __init__(self, profile: int) -> None:
        key = os.urandom(30)
        out = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        out.allow_repeat_tx = True
        self.outbound = Session(out)
        self._inbound = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.member = Member(
            self.outbound._srtp[0], OVERHEAD[profile], pack_address(self._socket.getsockname())
        )

    def received(self, *, rtcp: bool = False) -> list[bytes]:
        """Everything that has come, decrypted."""
        found: list[bytes] = []
        while True:
            try:
                data = self._socket.recv(2000)
            except BlockingIOError:
                return found
            found.append(self._inbound.unprotect_rtcp(data) if rtcp else self._inbound.unprotect(data))

    def close(self) -> None:
        self._socket.close()


class Full:
    """A socket that takes so many messages and no more."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = 0

    def send_many(self, headers: object, count: int) -> int:
        sent = min(count, self.room - self.taken)
        self.taken += sent
        return sent


@pytest.fixture
def ours() -> Iterator[UdpSocket]:
    opened = UdpSocket("127.0.0.1", 0)
    yield opened
    opened.close()


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    """Enough subscribers for three chunks, with both kinds of encryption."""
    made = [Receiver(PROFILES[i % 2]) for i in range(COUNT)]
    yield made
    for receiver in made:
        receiver.close()


def packet(sequence: int, size: int = 1000) -> bytes:
    return rtp.build_packet(96, sequence, 0, SSRC, os.urandom(size))


def media_job(group: Group, data: bytes, frame: Frame | None, now: float) -> Job:
    return job_with_places(group, data, frame, Places(), now)


def group_of(receivers: list[Receiver]) -> Group:
    group = Group()
    for receiver in receivers:
        group.add(receiver.member)
    return group


def run_all(lane: Lane) -> None:
    while not lane.run():
        assert not lane.blocked


@pytest.mark.parametrize("batches", [True, False])
def test_everyone_gets_every_packet(
    ours: UdpSocket, receivers: list[Receiver], batches: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp, "HAS_BATCHES", batches)
    lane, group = Lane(ours, lambda: 0.0), group_of(receivers)
    sent = [packet(1), packet(2, 40), packet(3, 1400), packet(4, 1)]
    for data in sent:
        lane.put(media_job(group, data, None, 0.0))
    run_all(lane)
    assert all(receiver.received() == sent for receiver in receivers)
    assert (lane.sent, lane.failed, lane.expired) == (4 * COUNT, 0, 0)


def test_a_packet_without_room_in_a_buffer_is_dropped_and_the_next_one_sent(
    ours: UdpSocket, receivers: list[Receiver]
) -> None:
    lane, group = Lane(ours, lambda: 0.0), group_of(receivers)
    lane.put(media_job(group, packet(1, MAX_PACKET_BYTES), None, 0.0))
    lane.put(media_job(group, packet(2), None, 0.0))
    run_all(lane)
    assert all(len(receiver.received()) == 1 for receiver in receivers)
    assert (lane.sent, lane.failed) == (COUNT, COUNT)


class Counting:
    """Passes everything on to a real socket, and may refuse messages of several packets."""

    def __init__(self, inner: UdpSocket, *, refuse_runs: bool = False) -> None:
        self._inner = inner
        self._refuse_runs = refuse_runs
        self.messages = 0

    def send_many(self, headers: Any, count: int) -> int:
        if self._refuse_runs and headers[0].msg_hdr.msg_iovlen > 1:
            return -1
        sent = self._inner.send_many(headers, count)
        self.messages += max(0, sent)
        return sent

    def send(self, data: bytes, address: bytes) -> bool:
        return self._inner.send(data, address)


@pytest.mark.parametrize(
    ("sizes", "messages"),
    [
        ([1000, 1000, 1000], 1),
        ([1000, 1000, 400], 1),
        ([1000, 400, 400], 2),
        ([400, 1000], 2),
        ([100] * RUN, 1),
        ([100] * (RUN + 1), 2),
    ],
)
def test_packets_of_a_picture_go_as_one_message_where_they_can(
    ours: UdpSocket, receivers: list[Receiver], sizes: list[int], messages: int
) -> None:
    counting = Counting(ours)
    lane, group = Lane(counting, lambda: 0.0), group_of(receivers)  # type: ignore[arg-type]
    sent = [packet(i, size) for i, size in enumerate(sizes)]
    for data in sent:
        lane.put(media_job(group, data, (SSRC, 1), 0.0))
    run_all(lane)
    assert all(receiver.received() == sent for receiver in receivers)
    assert counting.messages == messages * COUNT
    assert lane.sent == len(sizes) * COUNT


def test_pictures_groups_and_sound_are_never_mixed(ours: UdpSocket, receivers: list[Receiver]) -> None:
    counting = Counting(ours)
    lane = Lane(counting, lambda: 0.0)  # type: ignore[arg-type]
    group, other = group_of(receivers[:2]), group_of(receivers[2:4])
    sent = [packet(i) for i in range(5)]
    lane.put(media_job(group, sent[0], (SSRC, 1), 0.0))
    lane.put(media_job(group, sent[1], (SSRC, 2), 0.0))
    lane.put(media_job(other, sent[2], (SSRC, 2), 0.0))
    lane.put(media_job(group, sent[3], None, 0.0))
    lane.put(media_job(group, sent[4], None, 0.0))
    run_all(lane)
    assert receivers[0].received() == [sent[3], sent[4], sent[0], sent[1]]
    assert receivers[2].received() == [sent[2]]
    assert counting.messages == 10


def test_a_message_that_the_kernel_cannot_take_apart_goes_in_pieces(
    ours: UdpSocket, receivers: list[Receiver]
) -> None:
    lane = Lane(Counting(ours, refuse_runs=True), lambda: 0.0)  # type: ignore[arg-type]
    group, sent = group_of(receivers), [packet(i) for i in range(4)]
    for data in sent[:3]:
        lane.put(media_job(group, data, (SSRC, 1), 0.0))
    lane.put(media_job(group, sent[3], (SSRC, 2), 0.0))
    run_all(lane)
    assert all(receiver.received() == sent for receiver in receivers)


def test_control_packets_are_encrypted_as_such(ours: UdpSocket, receivers: list[Receiver]) -> None:
    lane, report = Lane(ours, lambda: 0.0), b"\x80\xc9\x00\x01\x00\x00\x00\x4d"
    lane.put(control_job(group_of(receivers), report, 0.0))
    run_all(lane)
    assert all(receiver.received(rtcp=True) == [report] for receiver in receivers)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, COUNT - 1), max_size=COUNT + 20, unique=True), st.randoms(use_true_random=False)
)
def test_those_who_leave_get_nothing_and_those_who_stay_everything(
    leaving: list[int], chance: object
) -> None:
    ours, receivers = UdpSocket("127.0.0.1", 0), [Receiver(PROFILES[i % 2]) for i in range(COUNT)]
    try:
        lane, group = Lane(ours, lambda: 0.0), group_of(receivers)
        for index in leaving:
            group.remove(receivers[index].member)
        back = leaving[::2]
        for index in back:
            group.add(receivers[index].member)
        data = packet(1)
        lane.put(media_job(group, data, None, 0.0))
        run_all(lane)
        gone = set(leaving) - set(back)
        for index, receiver in enumerate(receivers):
            assert receiver.received() == ([] if index in gone else [data])
    finally:
        ours.close()
        for receiver in receivers:
            receiver.close()


def test_one_whose_keys_fail_gets_nothing_and_disturbs_nobody(
    ours: UdpSocket, receivers: list[Receiver]
) -> None:
    broken = receivers[CHUNK + 3]
    # Without a stream for this SSRC, libsrtp refuses.
    other = Policy(key=os.urandom(30), ssrc_type=Policy.SSRC_SPECIFIC, ssrc_value=SSRC + 1)
    broken.outbound = Session(other)
    broken.member.session = broken.outbound._srtp[0]
    lane, data = Lane(ours, lambda: 0.0), packet(1)
    lane.put(media_job(group_of(receivers), data, None, 0.0))
    run_all(lane)
    assert broken.received() == []
    assert all(receiver.received() == [data] for receiver in receivers if receiver is not broken)
    assert (lane.sent, lane.failed) == (COUNT - 1, 1)


def test_those_who_cannot_be_reached_cost_no_more_than_others(
    ours: UdpSocket, receivers: list[Receiver]
) -> None:
    for receiver in receivers[: COUNT - 5]:
        receiver.member.address = pack_address(("127.0.0.1", 0))
    lane, data, encrypted = Lane(ours, lambda: 0.0), packet(1), 0

    def protect(session: object, buffer: object, length: object) -> int:
        nonlocal encrypted
        encrypted += 1
        return int(dtls.protect(session, buffer, length))

    lane.put(Job(group_of(receivers), data, ring.media_numbers(data, Places()), protect, None, 0.0))
    run_all(lane)
    assert encrypted == COUNT
    assert all(receiver.received() == [data] for receiver in receivers[COUNT - 5 :])
    assert lane.sent == 5


def test_a_turn_is_bounded(ours: UdpSocket, receivers: list[Receiver]) -> None:
    lane, group = Lane(ours, lambda: 0.0), group_of(receivers)
    jobs = 2 * PACKETS_PER_TURN // COUNT + 2
    for sequence in range(jobs):
        lane.put(media_job(group, packet(sequence, 20), None, 0.0))
    assert not lane.run()
    assert not lane.blocked
    assert lane.sent < PACKETS_PER_TURN + COUNT
    run_all(lane)
    assert lane.sent == jobs * COUNT


def test_when_the_network_is_full_sound_goes_first_and_nothing_twice(receivers: list[Receiver]) -> None:
    full = Full(COUNT // 2)
    lane, group = Lane(full, lambda: 0.0), group_of(receivers)  # type: ignore[arg-type]
    lane.put(media_job(group, packet(1), (SSRC, 1), 0.0))
    assert not lane.run()
    assert lane.blocked
    lane.put(media_job(group, packet(2), None, 0.0))
    full.room += COUNT + 3
    assert not lane.run()
    assert lane.sent == full.taken == COUNT // 2 + COUNT + 3
    full.room = 10_000
    assert lane.run()
    assert lane.sent == full.taken == 2 * COUNT


def test_a_picture_that_waited_too_long_is_given_up_to_its_end(receivers: list[Receiver]) -> None:
    now = 100.0
    full = Full(10)
    lane, group = Lane(full, lambda: now), group_of(receivers)  # type: ignore[arg-type]
    lane.put(media_job(group, packet(1), (SSRC, 1), now))
    assert not lane.run()
    now += MAX_VIDEO_DELAY + 0.01
    lane.put(media_job(group, packet(2), (SSRC, 1), now))
    lane.put(media_job(group, packet(3), (SSRC + 1, 1), now))
    lane.put(media_job(group, packet(4), (SSRC, 2), now))
    full.room = 10_000
    assert lane.run()
    assert lane.expired == COUNT - 10 + COUNT
    assert lane.sent == 10 + 2 * COUNT


def test_sound_waits_longer_than_a_picture_but_not_forever(receivers: list[Receiver]) -> None:
    now = 100.0
    full = Full(0)
    lane, group = Lane(full, lambda: now), group_of(receivers)  # type: ignore[arg-type]
    lane.put(media_job(group, packet(1), None, now))
    now += MAX_VIDEO_DELAY + 0.01
    assert not lane.run()
    now += MAX_DELAY
    assert lane.run()
    assert lane.expired == COUNT


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
        self.lane = Lane(Trickling(self._ours, chance), lambda: 0.0)  # type: ignore[arg-type]
        self.group = Group()
        self.inside: dict[Receiver, Shift] = {}
        """Who is to get what is put next, and with which shift."""
        self.expected: dict[Receiver, list[bytes]] = {receiver: [] for receiver in self.receivers}

    def move(self, receiver: Receiver, shift: Shift | None) -> None:
        """Lets one in with a shift, or out, when it is its turn among the packets."""
        self.inside.pop(receiver, None)
        if shift is not None:
            self.inside[receiver] = shift
        self.lane.put_change(lambda: self._place(receiver.member, shift))

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
    lane.put_change(lambda: done.append(1))
    assert done == [1]


def test_a_change_is_done_even_when_the_packets_before_it_are_given_up(receivers: list[Receiver]) -> None:
    now, done = 100.0, []
    lane, group = Lane(Full(0), lambda: now), group_of(receivers)  # type: ignore[arg-type]
    lane.put(media_job(group, packet(1), (SSRC, 1), now))
    lane.put_change(lambda: done.append(1))
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
    lane = Lane(Watching(0), lambda: 0.0)  # type: ignore[arg-type]
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
