"""What a subscriber's reports say of its link: REMB (draft-alvestrand-rmcat-remb) and the loss of RFC 3550.

libwebrtc's receiver lowers REMB only when it sees delay grow, to 0.85 of what arrives. Otherwise it raises it
by about 8 % a second, up to 1.5 times what arrives. So a low REMB alone says nothing: one that sinks, or that
stays below what is sent, tells of a link that is too thin.
"""

from __future__ import annotations

import math

REMB_LIFETIME = 5.0
"""Seconds; browsers send one at least every second while pictures flow."""
DROP = 0.97
"""libwebrtc sends a REMB at once that is below this part of the last one."""
CLEARLY_BELOW = 0.7
"""A REMB below this part of what is sent is more than one false alarm can cause, which leaves 0.85."""
BELOW = 0.95
CONFIRMING_SECONDS = 3.0
GROWTH = 1.005
HIGH_LOSS = 0.10
"""Random loss up to here is repaired by retransmission."""
LOSS_SECONDS = 1.0
LOSS_WEIGHT = 0.6
"""Of the last second: a thin stream's loss varies much."""
CERTAIN_LOSS = 0.25
"""So much is no chance."""


class Congestion:
    """One subscriber's reports; rates are bits per second of pictures."""

    __slots__ = (
        "_grown",
        "_loss_time",
        "_lost",
        "_overused",
        "_reference",
        "_remb",
        "_remb_time",
        "_seconds",
        "_shadow",
        "loss",
    )

    def __init__(self) -> None:
        self._remb = self._reference = math.inf
        self._remb_time = self._overused = self._grown = self._shadow = -math.inf
        self._loss_time = -math.inf
        self._lost = self._seconds = 0.0
        self.loss = 0.0
        """The smoothed part of packets that was lost, 0 to 1."""

    def receive_remb(self, bps: float, sent: float, now: float) -> bool:
        """Takes an estimate of the browser's; returns whether it tells of too much being sent."""
        known = now - self._remb_time <= REMB_LIFETIME
        dropped = bps < (self._remb * DROP if known else sent * CLEARLY_BELOW if self.is_new else 0.0)
        self._remb, self._remb_time = bps, now
        if bps > self._reference * GROWTH or dropped or not known:
            self._reference, self._grown = bps, now
        if not dropped or now < self._shadow:
            return False
        again = now - self._overused <= CONFIRMING_SECONDS
        self._overused = now
        return bps < sent * (BELOW if again else CLEARLY_BELOW)

    def receive_loss(self, fraction: float, now: float) -> float | None:
        """Takes the part of packets that was lost since the last report; returns that of about a second.

        Browsers report up to five times a second: the few packets of one report say little.
        """
        passed = min(now - self._loss_time, LOSS_SECONDS)
        self._loss_time = now
        self._lost += min(max(fraction, 0.0), 1.0) * passed
        self._seconds += passed
        if self._seconds < LOSS_SECONDS * 0.99:
            return None
        recent = self._lost / self._seconds
        self._lost = self._seconds = 0.0
        self.loss += (recent - self.loss) * (1.0 if recent > CERTAIN_LOSS else LOSS_WEIGHT)
        return recent

    def forget_loss(self, now: float) -> None:
        """What follows is sent at another rate: earlier loss doesn't count."""
        self.loss = self._lost = self._seconds = 0.0
        self._loss_time = now

    def shadow(self, until: float) -> None:
        """Until then we ourselves are why delay grows."""
        self._shadow = until

    def remb(self, now: float) -> float:
        """The browser's last word, infinite if that is long ago."""
        return self._remb if now - self._remb_time <= REMB_LIFETIME else math.inf

    def is_stalled(self, rate: float, now: float) -> bool:
        """Whether the browser's estimate has been below `rate` for a while without growing."""
        return self.remb(now) < rate and now >= self._shadow and now - self._grown > CONFIRMING_SECONDS

    def overused_since(self, time: float) -> bool:
        """Whether delay grew by what was sent since then."""
        return self._overused >= time

    @property
    def is_new(self) -> bool:
        """Whether there was no REMB yet."""
        return self._remb_time == -math.inf
