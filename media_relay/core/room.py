"""A room: who is permitted what, who is connected, and which source fills which slot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from media_relay.core.links import Connection, Link, Publisher, Source
from media_relay.core.slot import Slot
from media_relay.core.speakers import SOURCE as SPEECH
from media_relay.core.speakers import Speakers
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
    """Returns the name of the media stream of a slot: a browser keeps those of one stream in lip sync.

    So one person's source is to fill all slots of a stream.
    """
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
        """By who may be connected to send what of theirs is let in now."""
        self.stage: dict[str, tuple[str, str]] = {}
        self.subscribers: dict[Connection, Subscriber] = {}
        self.publishers: dict[Connection, Publisher] = {}
        self.recast: dict[Slot, None] = {}
        """The slots with another source, which everyone is still to be brought to."""
        self.speakers = Speakers()
        self._random = random
        self._filled: dict[Source, tuple[Slot, ...]] = {}
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
            if publisher.connection.participant not in self.publishable:
                yield publisher, NOT_PERMITTED

    def mark_permitted(self) -> None:
        """Tells each source whether its packets are let in."""
        for publisher in self.publishers.values():
            self.admit(publisher)

    def admit(self, publisher: Publisher) -> None:
        """Tells the sources of one publisher whether their packets are let in."""
        allowed = self.publishable.get(publisher.connection.participant, frozenset())
        for source in publisher.sources.values():
            source.permit(source.kind in allowed)

    def cast(self) -> list[Slot]:
        """Fills each slot with the source that the stage names, if it is there; returns those that change."""
        there = self._sources()
        changed = []
        filled: dict[Source, tuple[Slot, ...]] = {}
        for slot in self.slots.values():
            source = there.get(self.stage.get(slot.name, ("", "")))
            if source is not None and source.is_video != slot.is_video:
                source = None
            if source is not slot.source:
                slot.fill(source)
                self.recast[slot] = None
                changed.append(slot)
            if source is not None:
                filled[source] = (*filled.get(source, ()), slot)
        self._filled = filled
        self.speakers.keep(
            {source.publisher.connection.participant for source in filled if source.kind == SPEECH}
        )
        return changed

    def _sources(self) -> dict[tuple[str, str], Source]:
        """Returns the sources that are let in, by participant and kind."""
        # Of two pages of one person the one that connected last is the one being used.
        return {
            (publisher.connection.participant, source.kind): source
            for publisher in self.publishers.values()
            if publisher.connected is not None
            for source in publisher.sources.values()
            if source.permitted
        }

    def filled_by(self, source: Source) -> tuple[Slot, ...]:
        """Returns the slots that a source fills."""
        return self._filled.get(source, ())
