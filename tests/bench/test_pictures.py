from __future__ import annotations

import pytest

from bench.pictures import FirstPicture
from media_relay.core import rtp

VP8, OPUS = 96, 111
KEYFRAME = b"\x10\x00\x9d\x01\x2a"
"""A descriptor that begins a partition, and a first byte whose lowest bit says keyframe."""
DELTA = b"\x10\x01\x9d\x01\x2a"
MORE = b"\x00more"


def packet(
    sequence: int, payload: bytes, *, marker: bool = False, timestamp: int = 9, number: int = VP8
) -> bytes:
    """A decrypted packet."""
    return rtp.build_packet(number, sequence, timestamp, 1, payload, marker)


def shows(*packets: bytes) -> list[bool]:
    """What is said at each packet."""
    first = FirstPicture(VP8)
    return [first.receive(each) for each in packets]


def test_a_keyframe_of_one_packet_is_a_picture() -> None:
    assert shows(packet(7, KEYFRAME, marker=True)) == [True]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_keyframe_is_a_picture_with_the_last_of_its_packets_in_any_order(order: tuple[int, ...]) -> None:
    parts = [packet(65534, KEYFRAME), packet(65535, MORE), packet(0, MORE, marker=True)]
    assert shows(*(parts[index] for index in order)) == [False, False, True]


def test_a_keyframe_with_a_gap_and_one_without_its_beginning_are_none() -> None:
    assert shows(packet(1, KEYFRAME), packet(3, MORE, marker=True)) == [False, False]
    assert shows(packet(2, MORE), packet(3, MORE, marker=True)) == [False, False]


def test_neither_sound_nor_another_frame_is_a_picture() -> None:
    assert shows(packet(1, KEYFRAME, marker=True, number=OPUS)) == [False]
    assert shows(packet(1, DELTA, marker=True)) == [False]
    assert shows(packet(1, KEYFRAME), packet(2, DELTA, marker=True, timestamp=10)) == [False, False]
