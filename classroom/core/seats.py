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
