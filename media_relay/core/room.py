"""A room: who is permitted what, who is connected, and which source fills which slot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from media_relay.core.links import Connection, Link, Publisher, Source, Subscriber
from media_relay.core.slot import Slot


class Random(Protocol):
    """A source of randomness, like `os.urandom`."""

    def __call__(self, count: int, /) -> bytes: ...


# The sources whose sound and picture belong together, by the end of a slot's name.
_COMPANIONS = {"-microphone": "", "-camera": "", "-screen-audio": "-screen"}


def stream_name(slot: str) -> str:
    """Returns the name of the media stream of a slot: a browser keeps those of one stream in lip sync."""
    for end, replacement in _COMPANIONS.items():
        if slot.endswith(end):
            return slot.removesuffix(end) + replacement
    return slot


class Room:
    """Holds the whole truth of one room; every change of it is a new set of permits."""

    def __init__(self, name: str, random: Random) -> None:
        self.name = name
        self.cname = random(8).hex()
        self.generation = -1
        self.slots: dict[str, Slot] = {}
        self.slots_by_ssrc: dict[int, Slot] = {}
        self.viewers: frozenset[str] = frozenset()
        self.publishable: dict[str, frozenset[str]] = {}
        self.stage: dict[str, tuple[str, str]] = {}
        self.subscribers: dict[Connection, Subscriber] = {}
        self.publishers: dict[Connection, Publisher] = {}
        self.waiting: list[Subscriber] = []
        """Those whose keys are there but who have not joined yet."""
        self.joined = 0
        self._random = random

    @property
    def is_over(self) -> bool:
        """Whether nobody may be here any more."""
        return not self.viewers and not self.publishable

    def set_slots(self, permitted: tuple[tuple[str, str], ...]) -> None:
        """Adds and removes slots; those that stay keep their stream."""
        slots = {}
        for name, kind in permitted:
            known = self.slots.get(name)
            slots[name] = known if known and known.kind == kind else self._new_slot(name, kind)
        self.slots = slots
        self.slots_by_ssrc = {slot.ssrc: slot for slot in slots.values()}

    def _new_slot(self, name: str, kind: str) -> Slot:
        ssrc = 0
        while ssrc == 0 or ssrc in self.slots_by_ssrc:
            ssrc = int.from_bytes(self._random(4), "big")
        slot = Slot(name, kind, ssrc, int.from_bytes(self._random(8), "big"))
        self.slots_by_ssrc[ssrc] = slot
        return slot

    def forbidden(self) -> Iterator[Link]:
        """Yields the connections that the permits do not allow."""
        for link in self.subscribers.values():
            if link.connection.participant not in self.viewers:
                yield link
        for publisher in self.publishers.values():
            if not self.publishable.get(publisher.connection.participant):
                yield publisher

    def mark_permitted(self) -> None:
        """Tells each source whether its packets are still let in."""
        for publisher in self.publishers.values():
            allowed = self.publishable.get(publisher.connection.participant, frozenset())
            for source in publisher.sources.values():
                source.permitted = source.kind in allowed

    def cast(self) -> None:
        """Fills each slot with the source that the stage names, if it is there."""
        for slot in self.slots.values():
            source = self._source_for(slot)
            if source is not slot.source:
                slot.fill(source)

    def _source_for(self, slot: Slot) -> Source | None:
        participant, kind = self.stage.get(slot.name, ("", ""))
        # Of two pages of one person the one that connected last is the one being used.
        found: Source | None = None
        for publisher in self.publishers.values():
            source = publisher.sources.get(kind)
            if (
                publisher.connection.participant != participant
                or publisher.connected is None
                or source is None
            ):
                continue
            if source.permitted and source.is_video == slot.is_video:
                found = source
        return found
