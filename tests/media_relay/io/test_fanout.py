"""What is put reaches everyone, in order, once, and in time or not at all."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from media_relay.core import rtp
from media_relay.core.shift import Places
from media_relay.io import dtls, fanout, ring, udp
from media_relay.io.fanout import MAX_DELAY, MAX_VIDEO_DELAY, PACKETS_PER_TURN, Job, Lane, control_job
from media_relay.io.ring import CHUNK, MAX_PACKET_BYTES, RUN
from media_relay.io.udp import UdpSocket, pack_address
from tests.media_relay.io.receivers import (
    COUNT,
    PROFILES,
    SSRC,
    Counting,
    Full,
    Receiver,
    group_of,
    lane_of,
    media_job,
    packet,
    run_all,
)


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
    lane, group = lane_of(counting), group_of(receivers)
    sent = [packet(i, size) for i, size in enumerate(sizes)]
    for data in sent:
        lane.put(media_job(group, data, (SSRC, 1), 0.0))
    run_all(lane)
    assert all(receiver.received() == sent for receiver in receivers)
    assert counting.messages == messages * COUNT
    assert lane.sent == len(sizes) * COUNT


def test_pictures_groups_and_sound_are_never_mixed(ours: UdpSocket, receivers: list[Receiver]) -> None:
    counting = Counting(ours)
    lane = lane_of(counting)
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


def test_sound_comes_between_the_receivers_of_a_long_picture(
    ours: UdpSocket, receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "PACKETS_PER_TURN", RUN * CHUNK)
    lane, group = Lane(ours, lambda: 0.0), group_of(receivers)
    picture, sound = [packet(i, 100) for i in range(RUN)], packet(99, 50)
    for data in picture:
        lane.put(media_job(group, data, (SSRC, 1), 0.0))
    assert not lane.run()
    assert not lane.blocked
    late = [receiver for receiver in receivers if not receiver.received()]
    assert 0 < len(late) < COUNT
    lane.put(media_job(group, sound, None, 0.0))
    run_all(lane)
    assert all(receiver.received() == [sound, *picture] for receiver in late)


def test_layers_that_come_mixed_go_as_one_message_each(ours: UdpSocket, receivers: list[Receiver]) -> None:
    counting = Counting(ours)
    lane = lane_of(counting)
    groups = group_of(receivers[:2]), group_of(receivers[2:4])
    sent = [packet(i) for i in range(6)]
    for i, data in enumerate(sent):
        lane.put(media_job(groups[i % 2], data, (SSRC, i % 2), 0.0))
    run_all(lane)
    assert [receivers[i].received() for i in (0, 2)] == [sent[::2], sent[1::2]]
    assert counting.messages == 4


def test_no_packet_overtakes_a_change_to_go_along(ours: UdpSocket, receivers: list[Receiver]) -> None:
    lane, group = Lane(ours, lambda: 0.0), group_of(receivers[:1])
    sent = [packet(i) for i in range(3)]
    lane.put(media_job(group, sent[0], (SSRC, 1), 0.0))
    lane.put_change(lambda: group.add(receivers[1].member), urgent=False)
    for data in sent[1:]:
        lane.put(media_job(group, data, (SSRC, 1), 0.0))
    run_all(lane)
    assert [receivers[i].received() for i in (0, 1)] == [sent, sent[1:]]


def test_who_comes_in_between_two_sounds_hears_the_second_alone(
    ours: UdpSocket, receivers: list[Receiver]
) -> None:
    lane, group = Lane(ours, lambda: 0.0), group_of(receivers[:1])
    sent = [packet(i, 100) for i in range(2)]
    lane.put(media_job(group, sent[0], None, 0.0))
    lane.put_change(lambda: group.add(receivers[1].member), urgent=True)
    lane.put(media_job(group, sent[1], None, 0.0))
    run_all(lane)
    assert [receivers[i].received() for i in (0, 1)] == [sent, sent[1:]]


def test_what_waits_for_a_group_can_be_given_up_amid_its_receivers(receivers: list[Receiver]) -> None:
    network, done = Full(2), []
    lane, group, other = lane_of(network), group_of(receivers), group_of(receivers[:1])
    for index in range(3):
        lane.put(media_job(group, packet(index, 100), None, 0.0))
        lane.put(media_job(group, packet(index), (SSRC, index), 0.0))
    lane.put_change(lambda: done.append(1), urgent=True)
    lane.put(media_job(other, packet(9, 100), None, 0.0))
    assert not lane.run()
    assert lane.sent == 2
    lane.drop(group)
    assert group.rounds == []
    network.room = 100
    run_all(lane)
    assert (lane.sent, done) == (3, [1])
    assert lane.is_empty


@pytest.mark.parametrize("ending", ["the last packet", "time", "sound behind it"])
def test_the_begin_of_a_picture_waits_for_the_rest_but_not_for_long(
    ours: UdpSocket, receivers: list[Receiver], ending: str
) -> None:
    now = 5.0
    lane, group = Lane(ours, lambda: now, patience=0.002), group_of(receivers[:1])
    begin, last, sound = packet(1), rtp.build_packet(96, 2, 0, SSRC, bytes(1000), marker=True), packet(9, 50)
    lane.put(media_job(group, begin, (SSRC, 1), now))
    assert lane.run()
    assert lane.waits
    assert receivers[0].received() == []
    if ending == "the last packet":
        lane.put(media_job(group, last, (SSRC, 1), now))
    elif ending == "time":
        now += 0.003
    else:
        lane.put(media_job(group, sound, None, now))
    assert lane.run()
    assert lane.waits == (ending == "sound behind it")
    assert receivers[0].received() == {"the last packet": [begin, last], "time": [begin]}.get(ending, [sound])


def test_a_message_that_the_kernel_cannot_take_apart_goes_in_pieces(
    ours: UdpSocket, receivers: list[Receiver]
) -> None:
    lane = lane_of(Counting(ours, refuse_runs=True))
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
    lane, group = lane_of(full), group_of(receivers)
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
    lane, group = lane_of(full, lambda: now), group_of(receivers)
    lane.put(media_job(group, packet(1), (SSRC, 1), now))
    assert not lane.run()
    now += MAX_VIDEO_DELAY + 0.01
    lane.put(media_job(group, packet(2), (SSRC, 1), now))
    lane.put(media_job(group, packet(3), (SSRC + 1, 1), now))
    lane.put(media_job(group, packet(4), (SSRC, 2), now))
    full.room = 10_000
    run_all(lane)
    assert lane.expired == COUNT - 10 + COUNT
    assert lane.sent == 10 + 2 * COUNT


def test_sound_waits_longer_than_a_picture_but_not_forever(receivers: list[Receiver]) -> None:
    now = 100.0
    full = Full(0)
    lane, group = lane_of(full, lambda: now), group_of(receivers)
    lane.put(media_job(group, packet(1), None, now))
    now += MAX_VIDEO_DELAY + 0.01
    assert not lane.run()
    now += MAX_DELAY
    assert lane.run()
    assert lane.expired == COUNT
