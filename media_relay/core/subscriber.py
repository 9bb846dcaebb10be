"""Someone who watches, as the router knows them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from media_relay.core.codecs import PAGE_PROFILE, Profile
from media_relay.core.layers import Chooser
from media_relay.core.links import Connection, Link
from media_relay.core.seat import Seat
from media_relay.core.slot import Slot
from media_relay.core.throttles import TokenBucket
from media_relay.core.view import View

RESEND_PART = 0.5
"""Of the rate of what is sent: to who loses more, sending again would only add to what is too much."""
MIN_RESEND_BPS = 100_000.0
PICTURE_LOSSES_PER_SECOND = 0.3
PICTURE_LOSS_BURST = 6
"""Keyframes cost everyone: who asks without end gets no more than three in ten seconds."""


class Subscriber(Link):
    """Someone who watches; `joined` is since when packets are forwarded to it, `seats` are by SSRC.

    `view` is what it was offered: all that its side gets, or for a player (WHEP) what that has asked for.
    `takes_rtx` and `takes_trains` are what its answer agreed to; `rtt` is in seconds and `loss` from 0 to 1.
    """

    __slots__ = (
        "chooser",
        "is_player",
        "joined",
        "limits",
        "loss",
        "picture_losses",
        "profile",
        "resends",
        "reviewed",
        "rtt",
        "seats",
        "takes_rtx",
        "takes_trains",
        "told",
        "transport_sequence",
        "view",
    )

    def __init__(
        self,
        connection: Connection,
        view: View,
        profile: Profile = PAGE_PROFILE,
        *,
        is_player: bool = False,
    ) -> None:
        super().__init__(connection)
        self.view = view
        self.is_player = is_player
        self.profile = profile
        self.joined: float | None = None
        self.seats: dict[int, Seat] = {}
        self.chooser: Chooser | None = None
        """Made with the first report: who says nothing of its line gets all there is."""
        self.reviewed = -math.inf
        """When it was looked at last which layers it should have."""
        self.limits: Mapping[str, int] = {}
        self.takes_rtx = self.takes_trains = False
        self.transport_sequence = 0
        self.rtt = self.loss = 0.0
        self.told: tuple[tuple[tuple[str, int], ...], str] | None = None
        """Which layers it had, and why not more, when that was last reported."""
        self.resends = TokenBucket(MIN_RESEND_BPS / 8, MIN_RESEND_BPS / 8)
        self.picture_losses = TokenBucket(PICTURE_LOSSES_PER_SECOND, PICTURE_LOSS_BURST)

    def may_resend(self, size: int, now: float) -> bool:
        """Counts so many bytes as sent again; returns whether they are not too many."""
        sent = sum(seat.slot.rate(seat.track.layer) for seat in self.seats.values() if seat.track is not None)
        rate = max(sent * RESEND_PART, MIN_RESEND_BPS) / 8
        self.resends.set(rate, rate)
        return self.resends.take(size, now)

    def sees(self, slot: Slot) -> bool:
        """Whether a slot is among those that it was offered."""
        return slot in self.view.slots

    def gets(self, slot: Slot) -> bool:
        """Whether what fills a slot now is for it: pages never get back what comes of their own person.

        A player does: a teacher's wall screen shows the teacher.
        """
        source = slot.source
        if source is None:
            return False
        return self.is_player or source.publisher.connection.participant != self.connection.participant

    def fits(self, view: View) -> bool:
        """Whether what it was offered is still what its side gets, or of a player's still a part of that."""
        own, there = set(self.view.slots), set(view.slots)
        return own <= there if self.is_player else own == there
