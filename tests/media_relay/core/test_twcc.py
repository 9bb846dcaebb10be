"""Transport-wide feedback, written and read, and what trains of packets tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import rtcp, twcc
from media_relay.core.rtcp import TransportFeedback
from media_relay.core.twcc import TICKS_PER_SECOND, Arrivals, Log, Train

deltas = st.lists(
    st.one_of(st.none(), st.integers(0, 255), st.integers(-0x8000, 0x7FFF)), min_size=1, max_size=300
) | st.lists(st.sampled_from([None, 1, 300]), min_size=1, max_size=60)


def arrivals_of(base: int, deltas: list[int | None], reference: int = 0, count: int = 0) -> Arrivals:
    """Arrivals by the time since the one before."""
    ticks, last = [], 0
    for delta in deltas:
        last += delta or 0
        ticks.append(None if delta is None else last)
    return Arrivals(base, reference, count, tuple(ticks))


feedback = st.builds(
    TransportFeedback,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.builds(
        arrivals_of, st.integers(0, 0xFFFF), deltas, st.integers(0, twcc.REFERENCE_MASK), st.integers(0, 255)
    ),
)


@given(feedback)
def test_what_is_written_is_read(message: TransportFeedback) -> None:
    data = message.to_bytes()
    assert rtcp.parse_compound(data) == [message]
    assert len(data) % 4 == 0


@given(feedback, st.data())
def test_every_truncation_is_refused(message: TransportFeedback, data: st.DataObject) -> None:
    whole = message.arrivals.to_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match=r"^RTCP transport feedback is truncated$"):
        twcc.parse(whole[:cut])
    datagram = message.to_bytes()
    with pytest.raises(ValueError, match=r"^RTCP "):
        rtcp.parse_compound(datagram[: data.draw(st.integers(0, len(datagram) - 1))])


def test_a_message_of_the_draft_s_form_is_read() -> None:
    # A run of two small deltas, then a vector of pairs: large, missing, small and four that are not there.
    body = bytes.fromhex("000a 0005 000001 07 2002 e100") + bytes((4, 8)) + b"\xff\xfc" + bytes((2,))
    assert twcc.parse(body) == Arrivals(10, 1, 7, (4, 12, 8, None, 10))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("0000 0401 000001 00", "RTCP transport feedback tells of too many packets"),
        ("0000 0001 000001 00 0000", "RTCP transport feedback has an empty run"),
        ("0000 0001 000001 00 6001", "RTCP transport feedback has an unknown status"),
    ],
)
def test_a_malformed_message_is_refused(body: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        twcc.parse(bytes.fromhex(body))


def test_one_datagram_tells_of_a_bounded_number_of_packets() -> None:
    half = TransportFeedback(1, 2, Arrivals(0, 0, 0, (0,) * (twcc.MAX_STATUSES // 2)))
    assert len(rtcp.parse_compound(rtcp.build_compound(half, half))) == 2
    one = TransportFeedback(1, 2, Arrivals(0, 0, 0, (0,)))
    with pytest.raises(ValueError, match=r"^RTCP transport feedback tells of too many packets$"):
        rtcp.parse_compound(rtcp.build_compound(half, half, one))


def test_feedback_without_its_ssrcs_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^RTCP transport feedback is truncated$"):
        rtcp.parse_compound(bytes.fromhex("8fcd0001 00000001"))


def test_arrivals_too_far_apart_are_not_written() -> None:
    with pytest.raises(ValueError, match=r"^RTCP transport feedback has arrivals that are too far apart$"):
        Arrivals(0, 0, 0, (0, 0x8000)).to_bytes()


def told(messages: list[Arrivals]) -> dict[int, float | None]:
    """The seconds of arrival by sequence number."""
    return {
        (message.base + index) & 0xFFFF: None
        if tick is None
        else (message.reference * twcc.TICKS_PER_REFERENCE + tick) / TICKS_PER_SECOND
        for message in messages
        for index, tick in enumerate(message.ticks)
    }


def test_packets_are_told_of_once_with_the_missing_between_them() -> None:
    log = Log()
    for sequence in (10, 11, 13):
        log.receive(sequence, sequence / 10)
    assert told(log.build(1.3)) == {10: 1.0, 11: 1.1, 12: None, 13: 1.3}
    assert log.build(1.4) == []
    log.receive(16, 1.5)
    assert told(log.build(1.5)) == {14: None, 15: None, 16: 1.5}


def test_a_straggler_is_told_of_with_its_neighbours() -> None:
    log = Log()
    for sequence in (10, 12):
        log.receive(sequence, 1.0)
    log.build(1.0)
    log.receive(11, 1.25)
    log.receive(11, 1.5)
    assert told(log.build(1.25)) == {11: 1.25, 12: 1.0}


def test_the_numbers_wrap_around() -> None:
    log = Log()
    for sequence in (0xFFFE, 0, 0xFFFF, 1):
        log.receive(sequence, 2.0)
    (message,) = log.build(2.0)
    assert (message.base, message.count) == (0xFFFE, 1)
    assert told([message]) == {0xFFFE: 2.0, 0xFFFF: 2.0, 0: 2.0, 1: 2.0}


def test_the_time_wraps_around() -> None:
    log = Log()
    log.receive(1, 2**24 * 0.064 + 0.5)
    (message,) = log.build(0.0)
    assert told([message]) == {1: 0.5}


def test_a_message_is_of_limited_size() -> None:
    log = Log()
    for sequence in range(1000):
        log.receive(sequence, 1.0 + sequence * 0.07)
    messages = log.build(100.0)
    assert [len(message.ticks) for message in messages] == [400, 400, 200]
    assert [message.count for message in messages] == [1, 2, 3]
    largest = TransportFeedback(1, 2, messages[0])
    assert len(largest.to_bytes()) < 1200
    assert rtcp.parse_compound(largest.to_bytes()) == [largest]


def test_a_large_gap_begins_a_new_message() -> None:
    log = Log()
    log.receive(1, 1.0)
    log.receive(2 + twcc.MAX_GAP, 1.0)
    log.receive(500, 1.0)
    assert [message.base for message in log.build(1.0)] == [1, 500]
    log.receive(501, 20.0)
    log.receive(502, 40.0)
    assert [message.base for message in log.build(40.0)] == [501, 502]


def test_what_is_kept_is_bounded() -> None:
    log = Log()
    for sequence in range(twcc.MAX_PENDING + 10):
        log.receive(sequence, 1.0)
    assert set(told(log.build(1.0))) == set(range(twcc.MAX_PENDING, twcc.MAX_PENDING + 10))
    for jump in range(100):
        log.receive(jump * (twcc.MAX_GAP + 1) & 0xFFFF, 2.0)
    assert len(log.build(2.0)) <= twcc.MAX_MESSAGES


@given(st.lists(st.tuples(st.integers(-40, 300), st.floats(0, 0.2), st.booleans()), max_size=200))
def test_every_message_of_a_log_can_be_sent_and_is_true(
    steps: list[tuple[int, float, bool]],
) -> None:
    log, now, sequence = Log(), 100.0, 65_000
    arrived: dict[int, float] = {}
    for step, pause, build in steps:
        now += pause
        sequence += step
        log.receive(sequence & 0xFFFF, now)
        arrived.setdefault(sequence & 0xFFFF, now)
        for message in log.build(now) if build else ():
            assert twcc.parse(message.to_bytes()) == message
            for time in told([message]).values():
                assert time is None or time <= now


def sent(sizes: list[int], first: int = 0, pause: float = 0.01) -> Train:
    """A train of these packets."""
    train = Train()
    for index, size in enumerate(sizes):
        train.add((first + index) & 0xFFFF, size, 5.0 + index * pause)
    return train


def test_a_train_tells_the_rates_at_which_it_went_and_came() -> None:
    train = sent([1000] * 9, first=0xFFFC, pause=0.005)
    assert train.delivered() is None
    train.receive(Arrivals(0xFFFC, twcc.REFERENCE_MASK, 0, tuple(range(240, 240 + 9 * 40, 40))))
    # Eight packets in 80 ms, the first one's time is not known.
    assert train.delivered() == pytest.approx((1_600_000, 800_000))
    assert train.is_over(5.0)


def test_a_train_may_be_answered_in_pieces_and_out_of_order() -> None:
    train = sent([1000] * 4)
    train.receive(Arrivals(2, 1, 1, (0, 40)))
    assert not train.is_over(5.9)
    train.receive(Arrivals(0, 0, 0, (200, 160)))
    train.receive(Arrivals(90, 0, 2, (999,)))
    assert train.delivered() == pytest.approx((800_000, 3 * 8000 / (136 / 4000)))


def test_a_train_with_much_loss_or_no_answer_proves_nothing() -> None:
    train = sent([1000] * 8)
    assert train.is_over(5.07 + twcc.TRAIN_TIMEOUT)
    assert train.delivered() is None
    train.receive(Arrivals(0, 0, 0, (0, 40, 80, 120, 160, None, None, None)))
    assert train.delivered() is None
    train.receive(Arrivals(5, 0, 0, (200,)))
    assert train.delivered() == pytest.approx((800_000, 5 * 8000 / 0.05))


def test_a_train_that_goes_and_comes_at_once_has_finite_rates() -> None:
    train = sent([1000] * 4, pause=0)
    train.receive(Arrivals(0, 0, 0, (7, 7, 7, 7)))
    assert train.delivered() == pytest.approx((3 * 8000 * TICKS_PER_SECOND, 3 * 8000 * TICKS_PER_SECOND))


def test_a_train_without_packets_is_over() -> None:
    assert Train().is_over(0.0)
    assert Train().delivered() is None
