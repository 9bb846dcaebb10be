"""What one side of a room is offered: everyone the slots for all, staff those for staff, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from media_relay.core.slot import Slot


class View(NamedTuple):
    """Slots in the order of a room; `pictures` are those of them that show something, the important first."""

    slots: tuple[Slot, ...]
    pictures: tuple[Slot, ...]

    @staticmethod
    def of(slots: Iterable[Slot]) -> View:
        """Returns the view of these slots."""
        slots = tuple(slots)
        # What is written must be read: a screen comes before a face.
        pictures = sorted((slot for slot in slots if slot.is_video), key=lambda slot: not slot.is_screen)
        return View(slots, tuple(pictures))

    def only(self, names: Collection[str]) -> View:
        """Returns the view of those slots that are named."""
        return View.of(slot for slot in self.slots if slot.name in names)
