"""The bad line that other tests put before the relay does what they take it to do."""

from __future__ import annotations

import socket
from itertools import pairwise

import pytest

from tests.support.path import Conditions, Line, UdpPath
from tests.support.processes import wait_until

WAIT = 20.0


def arrivals(line: Line, count: int = 1000, *, size: int = 1000, every: float = 0.01) -> list[float | None]:
    """When so many datagrams, sent one after the other, arrive."""
    return [line.send(size, number * every) for number in range(count)]


def came(times: list[float | None]) -> list[float]:
    """Those that did arrive."""
    return [time for time in times if time is not None]


def test_a_line_without_conditions_changes_nothing() -> None:
    assert arrivals(Line(1), 3) == [0.0, 0.01, 0.02]


def test_a_line_loses_as_many_as_it_is_told_and_always_the_same_ones() -> None:
    bad = Conditions(loss=0.05)
    first, second, other = (arrivals(Line(seed, bad)) for seed in (1, 1, 2))
    assert first == second != other
    assert 30 < first.count(None) < 70


def test_what_is_lost_does_not_depend_on_the_other_conditions() -> None:
    plain = arrivals(Line(1, Conditions(loss=0.1)))
    late = arrivals(Line(1, Conditions(loss=0.1, delay_ms=30, jitter_ms=10, reordered=0.1)))
    assert [time is None for time in plain] == [time is None for time in late]


def test_delay_and_jitter_keep_the_order() -> None:
    times = came(arrivals(Line(1, Conditions(delay_ms=30, jitter_ms=25))))
    assert times == sorted(times)
    delays = [time - number * 0.01 for number, time in enumerate(times)]
    assert 0.03 <= min(delays) < 0.032
    assert 0.05 < max(delays) <= 0.055 + 1e-9


def test_reordered_datagrams_are_overtaken() -> None:
    times = came(arrivals(Line(1, Conditions(reordered=0.1, reordered_ms=15))))
    overtaken = sum(after < before for before, after in pairwise(times))
    assert 60 < overtaken < 140


def test_a_limited_line_queues_and_then_drops() -> None:
    """2,000 kbps by 800 kbps of datagrams of 1,000 bytes each 4 ms, with a queue of 20 of them."""
    line = Line(1, Conditions(kbps=800, queue_ms=200))
    times = arrivals(line, 1000, every=0.004)
    gaps = [after - before for before, after in pairwise(came(times))]
    assert gaps == pytest.approx([0.01] * len(gaps))
    waits = [time - number * 0.004 for number, time in enumerate(times) if time is not None]
    assert 0.19 < max(waits) <= 0.21 + 1e-9
    assert line.counts.overflowed == times.count(None) == 1000 - line.counts.carried
    assert line.counts.carried == pytest.approx(420, abs=2)


def test_a_line_that_recovers_empties_its_queue_at_the_new_rate() -> None:
    line = Line(1, Conditions(kbps=80))
    assert came([line.send(1000, 0.0) for _ in range(3)]) == pytest.approx([0.1, 0.2, 0.3])
    line.change(Conditions(kbps=800), 0.1)
    assert line.send(1000, 0.1) == pytest.approx(0.1 + 0.02 + 0.01)
    line.change(Conditions(), 0.1)
    assert line.send(1000, 0.2) == pytest.approx(0.2)


def test_every_datagram_is_counted_once() -> None:
    line = Line(1, Conditions(loss=0.1, kbps=500, queue_ms=50))
    arrivals(line)
    counts = line.counts
    assert counts.offered == 1000 == counts.lost + counts.overflowed + counts.carried
    assert counts.carried_bytes == 1000 * counts.carried
    assert min(counts.lost, counts.overflowed, counts.carried) > 0


def test_datagrams_go_there_and_back_through_a_real_path() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        relay.bind(("127.0.0.1", 0))
        for each in (relay, first, second):
            each.settimeout(WAIT)
        with UdpPath(relay.getsockname()[1], seed=1) as path:
            for own, text in ((first, b"one"), (second, b"two")):
                own.sendto(text, ("127.0.0.1", path.port))
                data, behind = relay.recvfrom(2048)
                assert data == text
                relay.sendto(data + b" back", behind)
                assert own.recv(2048) == text + b" back"
            path.change(down=Conditions(loss=1.0), up=Conditions(delay_ms=5))
            first.sendto(b"lost", ("127.0.0.1", path.port))
            data, behind = relay.recvfrom(2048)
            relay.sendto(data, behind)
            wait_until(lambda: path.down.offered == 3, WAIT, "the path has not read it")
            path.change(down=Conditions())
            relay.sendto(b"seen", behind)
            assert first.recv(2048) == b"seen"
            assert (path.up.carried, path.down.lost, path.down.carried) == (3, 1, 3)
