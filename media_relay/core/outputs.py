"""What the router wants done: the shell drains it with `Router.poll` after every input.

One object stands for a packet and all of its receivers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from media_relay.core.links import Link


class Shift(NamedTuple):
    """What one subscriber's numbers differ by from those of the packets it shares with others.

    Each is added modulo the size of its field: 16, 32, 15 and 8 bits.
    """

    sequence: int = 0
    timestamp: int = 0
    picture_id: int = 0
    tl0: int = 0


NO_SHIFT = Shift()


class Places(NamedTuple):
    """Where in a packet the 15-bit picture id and TL0PICIDX of VP8 begin; -1 for what it has not."""

    picture_id: int = -1
    tl0: int = -1


@dataclass(frozen=True, slots=True)
class Join:
    """From now on the subscriber gets what is forwarded to its room."""

    link: Link


class Forward(NamedTuple):
    """Send an RTP packet to every subscriber of the room that has joined."""

    room: str
    packet: bytes
    frame: tuple[int, int] | None
    """The same for all packets of a picture, which is useless without any of them; None for sound."""


class ForwardControl(NamedTuple):
    """Send an RTCP packet to every subscriber of the room that has joined."""

    room: str
    packet: bytes


class Resend(NamedTuple):
    """Send one subscriber an RTP packet again."""

    link: Link
    packet: bytes


class SendControl(NamedTuple):
    """Send an RTCP packet to one publisher or subscriber."""

    link: Link
    packet: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """End a connection at once and say why."""

    link: Link
    reason: str


Output = Join | Forward | ForwardControl | Resend | SendControl | Close
