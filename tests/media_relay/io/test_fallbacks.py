"""Where the quick way is missing a slower one serves everyone, and the log says so once."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest

from media_relay.io import fallbacks, udp
from media_relay.io.fanout import MAX_REFUSED_RUNS, Lane
from media_relay.io.udp import UdpSocket
from tests.media_relay.io.receivers import (
    SSRC,
    Counting,
    Receiver,
    group_of,
    lane_of,
    media_job,
    packet,
    run_all,
)


@pytest.fixture(autouse=True)
def untold() -> Iterator[None]:
    """Nothing has been said yet, and afterwards is again."""
    fallbacks.tell.cache_clear()
    yield
    fallbacks.tell.cache_clear()


def put_picture(lane: Lane, receivers: list[Receiver], number: int) -> list[bytes]:
    """Sends all of a picture in three packets to everyone."""
    group, sent = group_of(receivers), [packet(3 * number + i, 500) for i in range(3)]
    for data in sent:
        lane.put(media_job(group, data, (SSRC, number), 0.0))
    run_all(lane)
    return sent


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("UDP_SEGMENT", 9999, udp.NO_SEGMENTS), ("HAS_BATCHES", False, udp.NO_BATCHES)],
)
def test_a_picture_goes_in_single_packets_where_the_kernel_knows_nothing_better(
    name: str,
    value: object,
    sentence: str,
    receivers: list[Receiver],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(udp, name, value)
    opened = [UdpSocket("127.0.0.1", 0) for _ in range(2)]
    try:
        counting = Counting(opened[0])
        counting.takes_runs = opened[0].takes_runs
        sent = put_picture(lane_of(counting), receivers, 1)
        assert all(receiver.received() == sent for receiver in receivers)
        assert counting.messages == 3 * len(receivers)
        assert caplog.messages == [sentence]
    finally:
        for one in opened:
            one.close()


def test_where_nobody_can_be_served_by_runs_they_are_tried_no_more(
    ours: UdpSocket, receivers: list[Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    counting = Counting(ours, refuse_runs=True)
    lane = lane_of(counting)
    sent = put_picture(lane, receivers, 1)
    assert counting.messages == 0
    sent += put_picture(lane, receivers, 2)
    assert all(receiver.received() == sent for receiver in receivers)
    assert counting.messages == 3 * len(receivers)
    assert lane.sent == 6 * len(receivers)
    assert caplog.messages == [udp.NO_SEGMENTS]


def test_a_few_narrow_paths_cost_the_others_no_runs(ours: UdpSocket, receivers: list[Receiver]) -> None:
    counting = Counting(ours, refuse_runs=True)
    lane = lane_of(counting)
    few = receivers[: MAX_REFUSED_RUNS - 1]
    for number in range(3):
        put_picture(lane, few, number)
    counting.refuse_runs = False
    put_picture(lane, few, 3)
    assert counting.messages == len(few)


NUMBERS = {"x86_64": (307, 299), "aarch64": (269, 243)}
"""Of sendmmsg and recvmmsg."""
WITHOUT_BATCHES = """
import ctypes, socket, struct, sys
codes = [(0x20, 0, 0, 0)]
codes += [(0x15, 0, 1, number) if i == 0 else (0x06, 0, 0, 0x50000 | 38) for number in map(int, sys.argv[1:])
          for i in range(2)]
codes += [(0x06, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *code) for code in codes))
filters = ctypes.create_string_buffer(struct.pack("@HP", len(codes), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
refused = libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(filters)))
if refused:
    sys.exit(77)
from media_relay.io.udp import HAS_BATCHES, UdpSocket, pack_address
ours, other = UdpSocket("127.0.0.1", 0), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.sendto(b"question", ("127.0.0.1", ours.port))
(datagram,) = ours.receive()
assert ours.send(datagram.copy() + b" and answer", datagram.address)
print(HAS_BATCHES, ours.takes_runs, other.recv(100).decode())
"""


@pytest.mark.skipif(platform.machine() not in NUMBERS, reason="the numbers of the calls are not known here")
def test_a_kernel_that_refuses_the_calls_for_batches_is_noticed() -> None:
    numbers = map(str, NUMBERS[platform.machine()])
    command = [sys.executable, "-c", WITHOUT_BATCHES, *numbers]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode == 77:
        pytest.skip("no filter can be set for system calls")
    assert done.stdout.split(maxsplit=2) == ["False", "False", "question and answer\n"], done.stderr
    assert done.stderr.strip() == udp.NO_BATCHES
