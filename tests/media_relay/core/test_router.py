"""Whose packets go where: forwarding, and switching what fills a slot."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay.core import codecs, rtp
from media_relay.core.links import MAX_AUDIO_BITRATE, MAX_VIDEO_BITRATE, MIN_PACKET_CHARGE
from media_relay.core.outputs import Forward
from media_relay.core.rewriter import MAX_LATE
from media_relay.core.room import stream_name
from tests.media_relay.core.classroom import (
    ASSISTANT,
    CAMERA,
    DELTA,
    H264,
    KEYFRAME,
    KEYFRAMES,
    MICROPHONE,
    OPUS,
    SCREEN,
    SLOTS,
    TEACHER,
    VP8,
    Classroom,
    keyframe_requests,
    offered,
    payload,
)

# Forwarding.


def test_a_packet_becomes_the_relays_own(room: Classroom) -> None:
    teacher = room.publisher()
    (packet,) = room.rtp(teacher, 7, KEYFRAME, timestamp=9000, marker=True)
    header = rtp.parse_header(packet)
    assert header.ssrc == room.slot_ssrc("teacher-camera")
    assert header.payload_type == codecs.VP8_PAYLOAD_TYPE
    assert header.sequence < 1 << 14
    assert header.marker
    assert payload(packet) == KEYFRAME


def test_h264_is_forwarded_as_such(room: Classroom) -> None:
    teacher = room.publisher()
    assert room.rtp(teacher, 1, b"\x41delta", payload_type=H264) == []
    (packet,) = room.rtp(teacher, 2, KEYFRAMES[H264], payload_type=H264)
    assert rtp.parse_header(packet).payload_type == codecs.H264_PAYLOAD_TYPE
    assert payload(packet) == KEYFRAMES[H264]


def test_the_audio_level_is_passed_on_and_the_mid_is_not(room: Classroom) -> None:
    (packet,) = room.sound(room.publisher(), 1, level=b"\x85")
    header = rtp.parse_header(packet)
    assert list(rtp.extensions(packet, header)) == [(codecs.AUDIO_LEVEL_ID, b"\x85")]


def test_padding_is_left_out_but_keeps_its_place(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 1, KEYFRAME)
    bare = rtp.build_header(VP8, 2, 0, 1)
    room.router.receive_rtp(teacher, bytes((bare[0] | 0x20,)) + bare[1:] + bytes(199) + b"\xc8", room.now)
    (output,) = room.router.poll()
    assert isinstance(output, Forward)
    assert (payload(output.packet), len(output.packet)) == (b"", 32)


def test_camera_and_screen_of_one_payload_type_are_told_apart_by_mid(room: Classroom) -> None:
    teacher = room.publisher(TEACHER, offered(CAMERA), offered(SCREEN))
    (camera,) = room.rtp(teacher, 1, KEYFRAME, ssrc=1, mid=CAMERA)
    (screen,) = room.rtp(teacher, 1, KEYFRAME, ssrc=2, mid=SCREEN)
    assert rtp.parse_header(camera).ssrc == room.slot_ssrc("teacher-camera")
    assert rtp.parse_header(screen).ssrc == room.slot_ssrc("teacher-screen")
    # Once learned, a packet needs no mid.
    assert rtp.parse_header(room.rtp(teacher, 2, ssrc=2, mid="")[0]).ssrc == rtp.parse_header(screen).ssrc


def test_without_mid_the_ssrc_lines_tell(room: Classroom) -> None:
    teacher = room.publisher(
        TEACHER, offered(CAMERA, (11,), with_mid=False), offered(SCREEN, (22,), with_mid=False)
    )
    (screen,) = room.rtp(teacher, 1, KEYFRAME, ssrc=22, mid="")
    assert rtp.parse_header(screen).ssrc == room.slot_ssrc("teacher-screen")


def test_without_mid_and_ssrc_lines_a_payload_type_of_one_source_tells(room: Classroom) -> None:
    teacher = room.publisher(TEACHER, offered(CAMERA, with_mid=False), offered(MICROPHONE, with_mid=False))
    assert len(room.rtp(teacher, 1, KEYFRAME, ssrc=5, mid="")) == 1
    assert len(room.sound(teacher, 1, ssrc=6, mid="")) == 1


@pytest.mark.parametrize(
    "fields", [{"mid": "nobody"}, {"mid": "", "ssrc": 77}, {"payload_type": 3}, {"payload_type": OPUS}]
)
def test_a_packet_of_no_known_source_is_dropped(room: Classroom, fields: dict[str, Any]) -> None:
    teacher = room.publisher(TEACHER, offered(CAMERA), offered(SCREEN))
    assert room.rtp(teacher, 1, KEYFRAME, **fields) == []
    assert room.router.counters["rtp_unroutable"] == 1


def test_a_stream_that_was_replaced_stays_replaced(room: Classroom) -> None:
    teacher = room.publisher()
    (first,) = room.rtp(teacher, 100, KEYFRAME, ssrc=1)
    assert room.rtp(teacher, 5, DELTA, ssrc=3) == []
    (second,) = room.rtp(teacher, 6, KEYFRAME, ssrc=3)
    assert room.rtp(teacher, 101, KEYFRAME, ssrc=1) == []
    assert rtp.seq_delta(rtp.parse_header(second).sequence, rtp.parse_header(first).sequence) == 1


def test_a_source_that_is_not_on_stage_is_not_forwarded(room: Classroom) -> None:
    assistant = room.publisher(ASSISTANT)
    assert room.rtp(assistant, 1, KEYFRAME) == []


def test_of_two_pages_of_one_person_the_newer_is_shown(room: Classroom) -> None:
    first, second = room.publisher(client="page"), room.publisher(client="tab")
    assert room.rtp(first, 1, KEYFRAME) == []
    assert len(room.rtp(second, 1, KEYFRAME)) == 1
    room.router.remove(second, room.now)
    assert len(room.rtp(first, 2, KEYFRAME)) == 1


@pytest.mark.parametrize("packet", [b"", b"\x80", bytes(12), b"\x90" + bytes(11), b"\xff" * 40])
def test_a_malformed_packet_is_counted(room: Classroom, packet: bytes) -> None:
    room.router.receive_rtp(room.publisher(), packet, room.now)
    assert room.router.counters["rtp_malformed"] == 1
    assert room.router.poll() == []


def test_a_sender_at_twenty_times_its_bitrate_is_limited(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 0, KEYFRAME)
    content, sent, forwarded = DELTA + bytes(1100), 0, 0
    for i in range(1, 40_000):
        room.now += 1100 * 8 / (MAX_VIDEO_BITRATE * 20)
        sent += 1
        forwarded += len(room.rtp(teacher, i, content))
    seconds = sent * 1100 * 8 / (MAX_VIDEO_BITRATE * 20)
    assert forwarded * 1100 * 8 / seconds < MAX_VIDEO_BITRATE * 1.7
    assert room.router.counters["rtp_over_bitrate"] == sent - forwarded
    assert len(room.sound(teacher, 1)) == 1


def test_a_sender_of_countless_small_packets_is_limited(room: Classroom) -> None:
    teacher, forwarded = room.publisher(), 0
    for i in range(20_000):
        room.now += 0.0001
        forwarded += len(room.sound(teacher, i))
    assert forwarded < 3 * MAX_AUDIO_BITRATE / 8 / MIN_PACKET_CHARGE + 1


def test_a_packet_that_is_too_late_to_be_encrypted_is_left_out(room: Classroom) -> None:
    teacher = room.publisher()
    room.rtp(teacher, 0, KEYFRAME)
    room.rtp(teacher, 2000)
    assert len(room.rtp(teacher, 2001 - MAX_LATE)) == 1
    assert room.rtp(teacher, 2000 - MAX_LATE) == []


@pytest.mark.parametrize("shorter", range(16))
def test_packets_of_a_picture_have_one_size(room: Classroom, shorter: int) -> None:
    teacher = room.publisher()
    contents = [KEYFRAME + bytes(1000), DELTA + bytes(1003 - shorter), DELTA + bytes(1003)]
    packets = [room.rtp(teacher, i, content)[0] for i, content in enumerate(contents)]
    assert [payload(packet) for packet in packets] == contents
    assert all(len(packet) % 16 == 0 for packet in packets)


def test_a_packet_that_fills_the_path_grows_no_more(room: Classroom) -> None:
    content = KEYFRAME + bytes(1400)
    assert len(room.rtp(room.publisher(), 1, content)[0]) == 20 + len(content)


# Switching.


def test_a_switch_of_the_stage_is_seamless(room: Classroom) -> None:
    teacher, assistant = room.publisher(), room.publisher(ASSISTANT)
    out = room.rtp(teacher, 65_534, KEYFRAME, timestamp=10) + room.rtp(teacher, 65_535, timestamp=3010)
    room.now += 1 / 30
    room.permit(on_stage=ASSISTANT)
    assert room.rtp(teacher, 0, timestamp=6010) == []
    assert room.rtp(assistant, 700, timestamp=999) == []
    out += room.rtp(assistant, 701, KEYFRAME, timestamp=999) + room.rtp(assistant, 702, timestamp=3999)
    headers = [rtp.parse_header(packet) for packet in out]
    assert [rtp.seq_delta(b.sequence, a.sequence) for a, b in pairwise(headers)] == [1, 1, 1]
    assert [rtp.timestamp_delta(b.timestamp, a.timestamp) for a, b in pairwise(headers)] == [3000, 3000, 3000]
    assert len({header.ssrc for header in headers}) == 1


def test_a_switch_asks_for_a_keyframe_until_one_comes(room: Classroom) -> None:
    room.subscriber()
    assistant = room.publisher(ASSISTANT)
    room.rtp(assistant, 1)
    room.wait(1.0)
    since = len(room.outputs)
    room.permit(on_stage=ASSISTANT)
    for sequence in range(2, 102):
        room.wait(0.02)
        room.rtp(assistant, sequence)
    assert 4 <= keyframe_requests(room.outputs[since:]) <= 5
    since = len(room.outputs)
    room.rtp(assistant, 102, KEYFRAME)
    room.wait(2.0)
    assert keyframe_requests(room.outputs[since:]) == 0


def test_sound_goes_on_at_once_after_a_switch(room: Classroom) -> None:
    teacher, assistant = room.publisher(), room.publisher(ASSISTANT)
    room.sound(teacher, 1)
    room.permit(on_stage=ASSISTANT)
    assert len(room.sound(assistant, 1)) == 1
    assert room.sound(teacher, 2) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([TEACHER, ASSISTANT]), st.integers(1, 12), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.randoms(use_true_random=False),
)
def test_whatever_happens_a_slot_is_one_unbroken_stream(
    scenes: list[tuple[str, int, bool]], sequence: int, timestamp: int, shuffle: random.Random
) -> None:
    """Publishers take turns, restart and send in disorder: what goes out has no gap and no way back."""
    room = Classroom()
    room.permit()
    links = {who: room.publisher(who) for who in (TEACHER, ASSISTANT)}
    ssrc, out = 1, []
    for who, frames, restart in scenes:
        room.permit(on_stage=who)
        if restart:
            links[who] = room.publisher(who)
        ssrc += 1
        order = list(range(1, frames + 1))
        shuffle.shuffle(order)
        for i in [0, *order]:
            room.now += 1 / 30
            content = DELTA if i else KEYFRAME
            out += room.rtp(links[who], sequence + i, content, timestamp=timestamp + i * 3000, ssrc=ssrc)
        sequence, timestamp = sequence + 30_000, timestamp + 2**31
    headers = [rtp.parse_header(packet) for packet in out]
    first = headers[0].sequence
    assert sorted(rtp.unwrap(h.sequence, first) for h in headers) == list(range(first, first + len(headers)))
    headers.sort(key=lambda h: rtp.unwrap(h.sequence, first))
    assert all(rtp.timestamp_delta(b.timestamp, a.timestamp) > 0 for a, b in pairwise(headers))


def test_slots_are_kept_when_the_permits_name_them_again(room: Classroom) -> None:
    before = {name: room.slot_ssrc(name) for name, _ in SLOTS}
    room.permit(slots=(*SLOTS[1:], ("floor-1", "audio")))
    after = room.router.rooms["room"].slots
    assert list(after) == ["teacher-camera", "teacher-screen", "floor-1"]
    assert after["teacher-camera"].ssrc == before["teacher-camera"]
    assert len({slot.ssrc for slot in after.values()}) == 3


@pytest.mark.parametrize(
    ("slot", "stream"),
    [
        ("teacher-microphone", "teacher"),
        ("teacher-camera", "teacher"),
        ("teacher-screen", "teacher-screen"),
        ("teacher-screen-audio", "teacher-screen"),
        ("floor-1-microphone", "floor-1"),
        ("floor-1-camera", "floor-1"),
        ("floor-screen", "floor-screen"),
        ("staff-screen", "staff-screen"),
        ("seat-12-camera", "seat-12"),
        ("gallery-7-camera", "gallery-7"),
        ("anything", "anything"),
    ],
)
def test_sound_and_picture_that_belong_together_are_one_stream(slot: str, stream: str) -> None:
    assert stream_name(slot) == stream
