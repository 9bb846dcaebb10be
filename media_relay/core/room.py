"""A room: who is permitted what, who is connected, and which source fills which slot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from media_relay.core.links import Connection, Link, Publisher, Source
from media_relay.core.slot import Slot
from media_relay.core.subscriber import Subscriber
from media_relay.core.view import View

NOT_PERMITTED = "not permitted any more"
SLOTS_CHANGED = "the slots have changed"


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
        self.pictures: tuple[Slot, ...] = ()
        """The slots of pictures, the most important first."""
        self.viewers: frozenset[str] = frozenset()
        self.staff: frozenset[str] = frozenset()
        self.publishable: dict[str, frozenset[str]] = {}
        self.stage: dict[str, tuple[str, str]] = {}
        self.subscribers: dict[Connection, Subscriber] = {}
        self.publishers: dict[Connection, Publisher] = {}
        self.recast: dict[Slot, None] = {}
        """The slots with another source, which everyone is still to be brought to."""
        self._random = random
        self._for_all = self._for_staff = View((), ())

    @property
    def is_over(self) -> bool:
        """Whether nobody may be here any more."""
        return not self.viewers and not self.publishable

    def set_slots(self, permitted: tuple[tuple[str, str], ...], for_staff: Collection[str] = ()) -> None:
        """Adds and removes slots; those that stay keep their stream."""
        slots: dict[str, Slot] = {}
        for name, kind in permitted:
            known = self.slots.get(name)
            slots[name] = known if known and known.kind == kind else self._new_slot(name, kind, slots)
            slots[name].for_staff = name in for_staff
        for slot in self.slots.values():
            if slot is not slots.get(slot.name):
                self.recast.pop(slot, None)
        self.slots = slots
        everything = View.of(slots.values())
        self.pictures = everything.pictures
        self._for_staff = everything
        self._for_all = View.of(slot for slot in slots.values() if not slot.for_staff)

    def view(self, participant: str) -> View:
        """Returns what a participant's side is offered."""
        return self._for_staff if participant in self.staff else self._for_all

    def _new_slot(self, name: str, kind: str, others: Mapping[str, Slot]) -> Slot:
        known = (*self.slots.values(), *others.values())
        taken = {ssrc for slot in known for ssrc in (slot.ssrc, slot.rtx_ssrc)}
        ssrcs: list[int] = []
        while len(ssrcs) < 2:
            ssrc = int.from_bytes(self._random(4), "big")
            if ssrc not in {0, *taken, *ssrcs}:
                ssrcs.append(ssrc)
        return Slot(name, kind, ssrcs[0], ssrcs[1], int.from_bytes(self._random(8), "big"))

    def knows(self, link: Link) -> bool:
        """Whether this very connection is still here, and its keys are."""
        known = self.subscribers.get(link.connection) or self.publishers.get(link.connection)
        return known is link and link.connected is not None

    def forbidden(self) -> Iterator[tuple[Link, str]]:
        """Yields the connections that the permits do not allow, and the reason."""
        for link in self.subscribers.values():
            participant = link.connection.participant
            if participant not in self.viewers:
                yield link, NOT_PERMITTED
            elif not link.fits(self.view(participant)):
                yield link, SLOTS_CHANGED
        for publisher in self.publishers.values():
            if not self.publishable.get(publisher.connection.participant):
                yield publisher, NOT_PERMITTED

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
                self.recast[slot] = None

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
