"""What one side of a room is offered: everyone the slots for all, staff those for staff, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from media_relay.core.slot import Slot


class View(NamedTuple):
    """Slots in the order of a room; `pictures` are those of them that show something, the important first.

    The last so many pictures are the `gallery`.
    """

    slots: tuple[Slot, ...]
    pictures: tuple[Slot, ...]
    gallery: int = 0

    @staticmethod
    def of(slots: Iterable[Slot]) -> View:
        """Returns the view of these slots."""
        slots = tuple(slots)
        pictures = [slot for slot in slots if slot.is_video]
        # What is written must be read: a screen comes before a face.
        pictures.sort(key=lambda slot: (slot.is_gallery, not slot.is_screen))
        return View(slots, tuple(pictures), sum(slot.is_gallery for slot in pictures))

    def only(self, names: Collection[str]) -> View:
        """Returns the view of those slots that are named."""
        return View.of(slot for slot in self.slots if slot.name in names)
