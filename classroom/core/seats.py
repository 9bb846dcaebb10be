"""A seat: one page of one person in one room; pure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Seat:
    """One page (tab) of a person in a lesson's room; a reload keeps it."""

    lesson_id: UUID
    user_id: UUID
    client: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is told of a lesson what they may see of it."""

    user_id: UUID
    is_staff: bool


DEVICE_PREFIXES = ("whip-", "whep-")
"""Of what comes in by the standard doors and has no page."""


def is_device(client: str) -> bool:
    """Whether a seat of this client is a device's, such as an encoder's or a wall screen's."""
    return client.startswith(DEVICE_PREFIXES)
