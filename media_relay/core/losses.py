"""What is missing of a received stream: to be asked for again (RFC 4585) and to be reported (RFC 3550)."""

from __future__ import annotations

from collections import OrderedDict

from media_relay.core.rtcp import ReportBlock
from media_relay.core.rtp import seq_delta

# Packets that overtake each other on the way are mostly this close together.
REORDER_WAIT = 0.01
# About the round trip of a connection within a country: asking sooner only doubles the answer.
REPEAT_INTERVAL = 0.1
MAX_REQUESTS = 5
# A gap or a step back beyond this is another start of the stream. Also the most that is asked for at once.
WINDOW = 256

# RFC 3550 appendix A.1.
MAX_DROPOUT = 3000
MAX_MISORDER = 100
SEQUENCE_MODULO = 1 << 16


class _Jump:
    """Believes a jump of the sequence number only when the packet after it follows (RFC 3550 A.1)."""

    def __init__(self) -> None:
        self._expected = -1

    def confirms(self, sequence: int) -> bool:
        confirmed = sequence == self._expected
        self._expected = -1 if confirmed else (sequence + 1) & 0xFFFF
        return confirmed


class LossDetector:
    """Finds which packets to ask for again, a bounded number of times each."""

    def __init__(
        self,
        reorder_wait: float = REORDER_WAIT,
        repeat_interval: float = REPEAT_INTERVAL,
        max_requests: int = MAX_REQUESTS,
    ) -> None:
        self._reorder_wait = reorder_wait
        self._repeat_interval = repeat_interval
        self._max_requests = max_requests
        self._highest = -1
        self._jump = _Jump()
        self._missing: OrderedDict[int, tuple[float, int]] = OrderedDict()
        """By sequence number in order of the stream: when to ask next, and how often was asked."""

    @property
    def missing(self) -> int:
        """How many packets are still hoped for."""
        return len(self._missing)

    def lacks(self, sequence: int) -> bool:
        """Whether a packet has not come yet and is still of use."""
        if self._highest < 0:
            return False
        return sequence in self._missing or 0 < seq_delta(sequence, self._highest) <= WINDOW

    def receive(self, sequence: int, now: float) -> None:
        """Notes a packet; what was skipped before it becomes missing."""
        highest = self._highest
        if highest < 0:
            self._highest = sequence
            return
        delta = seq_delta(sequence, highest)
        if delta == 1:
            self._highest = sequence
        elif -WINDOW <= delta <= 0:
            self._missing.pop(sequence, None)
        elif 0 < delta <= WINDOW:
            self._skip(highest, delta, now)
            self._highest = sequence
        else:
            self._leap(sequence)
            return
        if self._missing or delta != 1:
            self._forget_older()

    def _skip(self, highest: int, delta: int, now: float) -> None:
        due = now + self._reorder_wait
        for step in range(1, delta):
            self._missing[(highest + step) & 0xFFFF] = due, 0

    def _leap(self, sequence: int) -> None:
        if self._jump.confirms(sequence):
            self._missing.clear()
            self._highest = sequence

    def _forget_older(self) -> None:
        """Gives up what has left the window.

        A plain dictionary would do, but takes ever longer to find its first entry where many were removed.
        """
        missing = self._missing
        while missing:
            oldest = next(iter(missing))
            if seq_delta(self._highest, oldest) < WINDOW:
                return
            del missing[oldest]

    def due(self, now: float) -> list[int]:
        """Returns the sequence numbers to ask for now, in the order of the stream; counts them as asked."""
        if not self._missing:
            return []
        asked = [sequence for sequence, (due, _) in self._missing.items() if due <= now]
        for sequence in asked:
            requests = self._missing[sequence][1] + 1
            if requests > self._max_requests:
                del self._missing[sequence]
            else:
                self._missing[sequence] = now + self._repeat_interval, requests
        return [sequence for sequence in asked if sequence in self._missing]


class Reception:
    """The statistics of a received stream (RFC 3550 appendix A.1, A.3, A.8).

    The stream's packets are authenticated, so the first one counts at once, without A.1's probation.
    """

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.received = 0
        self._clock_rate = clock_rate
        self._started = False
        self._base = 0
        self._highest = 0
        self._cycles = 0
        self._jump = _Jump()
        self._expected_before = 0
        self._received_before = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._lsr = 0
        self._report_time = 0.0
        self.fraction_lost = 0.0
        """The part of packets, 0 to 1, that was lost before the latest report."""

    @property
    def expected(self) -> int:
        """How many packets were sent since the first one received, as far as is known."""
        return self._cycles + self._highest - self._base + 1 if self._started else 0

    @property
    def lost(self) -> int:
        """How many packets are missing; negative if more came twice."""
        return self.expected - self.received

    def receive(self, sequence: int, timestamp: int, now: float) -> None:
        """Notes a packet that arrived now."""
        if not self._started:
            self._start(sequence)
        elif not self._advance(sequence):
            return
        self.received += 1
        self._measure_jitter(timestamp, now)

    def _start(self, sequence: int) -> None:
        self._started = True
        self._base = self._highest = sequence
        self._cycles = self.received = 0
        self._expected_before = self._received_before = 0
        self._transit = None

    def _advance(self, sequence: int) -> bool:
        """Follows the sequence number (A.1); tells whether the packet counts."""
        delta = (sequence - self._highest) & 0xFFFF
        if delta < MAX_DROPOUT:
            if sequence < self._highest:
                self._cycles += SEQUENCE_MODULO
            self._highest = sequence
        elif delta <= SEQUENCE_MODULO - MAX_MISORDER:
            if not self._jump.confirms(sequence):
                return False
            self._start(sequence)
        return True

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        """A.8, with the difference of transits taken modulo the timestamp's 32 bits."""
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            difference = (transit - self._transit + 2**31) % 2**32 - 2**31
            self._jitter += (abs(difference) - self._jitter) / 16
        self._transit = transit

    def receive_sender_report(self, ntp: int, now: float) -> None:
        """Notes the NTP time of the source's latest sender report, for the round trip."""
        self._lsr = ntp >> 16 & 0xFFFFFFFF
        self._report_time = now

    def report(self, now: float) -> ReportBlock:
        """Returns the block to send; its fraction is of the time since the last one."""
        expected = self.expected - self._expected_before
        lost = expected - (self.received - self._received_before)
        self._expected_before, self._received_before = self.expected, self.received
        fraction = (lost << 8) // expected if expected > 0 and lost > 0 else 0
        self.fraction_lost = fraction / 256
        return ReportBlock(
            self.ssrc,
            fraction,
            max(-0x800000, min(self.lost, 0x7FFFFF)),
            (self._cycles + self._highest) & 0xFFFFFFFF,
            min(int(self._jitter), 0xFFFFFFFF),
            self._lsr,
            min(int((now - self._report_time) * 65536), 0xFFFFFFFF) if self._lsr else 0,
        )
