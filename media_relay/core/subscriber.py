"""Someone who watches, as the router knows them."""

from __future__ import annotations

from media_relay.core.bandwidth import Estimate
from media_relay.core.codecs import PAGE_PROFILE, Profile
from media_relay.core.links import Connection, Link
from media_relay.core.seat import Seat
from media_relay.core.throttles import TokenBucket

RESENDS_PER_SECOND = 150
RESEND_BURST = 300
PICTURE_LOSSES_PER_SECOND = 0.3
PICTURE_LOSS_BURST = 6
"""Keyframes cost everyone: who asks without end gets no more than three in ten seconds."""


class Subscriber(Link):
    """Someone who watches; `joined` is since when packets are forwarded to it, `seats` are by SSRC."""

    __slots__ = ("estimate", "joined", "picture_losses", "profile", "resends", "seats")

    def __init__(self, connection: Connection, profile: Profile = PAGE_PROFILE) -> None:
        super().__init__(connection)
        self.profile = profile
        self.joined: float | None = None
        self.seats: dict[int, Seat] = {}
        self.estimate = Estimate()
        self.resends = TokenBucket(RESENDS_PER_SECOND, RESEND_BURST)
        self.picture_losses = TokenBucket(PICTURE_LOSSES_PER_SECOND, PICTURE_LOSS_BURST)
