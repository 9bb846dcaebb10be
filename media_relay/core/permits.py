"""What the web tier allows in a room, in the router's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Permits:
    """The whole truth of a room.

    `slots` are names with their kind in the order of their importance, `staff_slots` the names of those that
    the viewers among `staff` get alone; `publishers` are by participant the sources that may flow now,
    `stage` by slot the participant and the source that fill it.
    """

    room: str
    generation: int
    slots: tuple[tuple[str, str], ...] = ()
    viewers: tuple[str, ...] = ()
    publishers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stage: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    staff: tuple[str, ...] = ()
    staff_slots: frozenset[str] = frozenset()
