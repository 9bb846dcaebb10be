"""What the router wants done: the shell drains it with `Router.poll` after every input.

One object stands for a packet and all of its receivers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from media_relay.core.links import Link
from media_relay.core.shift import Places, Shift
from media_relay.core.track import Track


class Enter(NamedTuple):
    """From now on the subscriber gets what is forwarded in the track, its numbers shifted."""

    link: Link
    track: Track
    shift: Shift


class Leave(NamedTuple):
    """From now on the subscriber gets nothing more of the track; a link that is closed leaves all by that."""

    link: Link
    track: Track


class Cut(NamedTuple):
    """Send nothing more of what was forwarded in the track until now, also where that waits to be sent."""

    track: Track


class Forward(NamedTuple):
    """Send an RTP packet to every subscriber in the track."""

    track: Track
    packet: bytes
    frame: tuple[int, int] | None
    """The same for all packets of a picture, which is useless without any of them; None for sound."""
    places: Places


class ForwardControl(NamedTuple):
    """Send an RTCP packet to every subscriber in the track."""

    track: Track
    packet: bytes


class Resend(NamedTuple):
    """Send an RTP packet to one subscriber."""

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


class LinkReport(NamedTuple):
    """How one connection fares: seconds, 0 to 1, kilobits per second, layers by slot, and why not more."""

    link: Link
    rtt: float
    loss: float
    kbps: float
    layers: Mapping[str, int]
    limited: str


class ReportLinks(NamedTuple):
    """Say how connections of a room fare."""

    room: str
    links: tuple[LinkReport, ...]


class WantLayers(NamedTuple):
    """Have a publisher send these layers of a source and no others."""

    link: Link
    source: str
    rids: tuple[str, ...]


class TellSpeakers(NamedTuple):
    """Say who speaks in a room, the dominant one first."""

    room: str
    participants: tuple[str, ...]


News = ReportLinks | WantLayers | TellSpeakers
"""What is to be told to whoever looks after the rooms."""
Output = Enter | Leave | Cut | Forward | ForwardControl | Resend | SendControl | Close | News
