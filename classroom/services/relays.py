"""Relays: who has registered, which one carries a lesson, and what it permits there."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import floor
from classroom.core.seats import Seat
from classroom.models import Lesson, Placement, Relay
from classroom.models.relay import HEARTBEAT_LIMIT
from classroom.services import events, permits, relay_choice, relay_history
from classroom.services.errors import ConflictError, RelayFullError, RelayUnavailableError
from media_relay import protocol

PUBLISH = protocol.PUBLISH
SUBSCRIBE = protocol.SUBSCRIBE
DIRECTIONS = protocol.DIRECTIONS
SOURCES = tuple(protocol.SOURCE_KINDS)
LOWEST_LIMIT, HIGHEST_LIMIT = protocol.NO_LAYER, protocol.MAX_LAYERS - 1
"""What a page may name as its highest layer."""
REMEMBERED = timedelta(days=1)
"""So long after its end a lesson's permits are sent to a relay that registers: it may have missed it."""
RETURN = timedelta(seconds=1)
"""A relay whose line breaks dials again within a fraction of that; a process that has died takes longer."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The relay that carries a lesson now."""

    relay_id: int
    channel: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of a relay's registering."""

    relay_id: int
    replaced_channel: str
    """The older connection of the same relay, or empty."""


@dataclass(frozen=True, slots=True)
class Question:
    """An encoded message to a relay and the id that its reply will bear."""

    id: str
    text: str


CHECK_SLOT = protocol.Slot("check", protocol.AUDIO)
"""Of the rooms in which people hear themselves, to try whether media comes through."""


# Registering and heartbeats


def register(hello: protocol.Register, channel: str) -> Registration:
    """Notes a relay that has dialled in, hands it every room placed on it, and tells the rooms."""
    with transaction.atomic():
        before = Relay.objects.select_for_update().filter(name=hello.name).first()
        goes_on = before is not None and before.epoch == hello.epoch
        fields = {
            "version": hello.version,
            "epoch": hello.epoch,
            "address": ", ".join(hello.addresses)[:200],
            "port": hello.port,
            "capacity": min(hello.capacity, 2**31 - 1),
            "channel": channel,
            "connected": True,
            "heartbeat_at": timezone.now(),
            "load": before.load if before is not None and goes_on else {},
            "draining": before is not None and goes_on and before.draining,
        }
        relay, _made = Relay.objects.update_or_create(name=hello.name, defaults=fields)
        _adopt(relay)
        placed = _current_placements().filter(relay=relay)
        refresh_permits(list(placed.values_list("lesson_id", flat=True)))
        if goes_on:
            _take_back(relay)
        _announce_media(list(_watched(placed)))
    return Registration(relay.pk, before.channel if before else "")


def _take_back(relay: Relay) -> None:
    """Ends the rooms that may have moved away while the relay's line was broken."""
    elsewhere = _current_placements().exclude(relay=relay)
    for lesson_id, generation in elsewhere.values_list("lesson_id", "generation"):
        events.send_to_relay(relay.channel, protocol.encode(protocol.Permits(str(lesson_id), generation)))


def heartbeat(relay_id: int, channel: str, load: protocol.Load) -> bool:
    """Notes a relay's load; says whether the connection is still the relay's current one. Two queries."""
    with transaction.atomic():
        alive = Relay.objects.filter(pk=relay_id, channel=channel, connected=True)
        told = {"heartbeat_at": timezone.now(), "load": asdict(load), "draining": load.draining}
        if not alive.update(**told):
            return False
        drops = sum(load.counters.get(name, 0) for name in protocol.DROPS)
        figures = {name: getattr(load, name) for name in relay_history.FIGURES if name != "drops"}
        relay_history.record(relay_id, **figures, drops=drops)
    return True


def disconnect(relay_id: int, channel: str) -> None:
    """Notes that a relay's connection has closed just now, unless a newer one has replaced it."""
    _lose(relay_id, channel, heartbeat_at=timezone.now())


def sweep() -> None:
    """Gives up relays that have fallen silent."""
    silent = Q(heartbeat_at__lt=timezone.now() - HEARTBEAT_LIMIT)
    for relay_id, channel in Relay.objects.filter(silent, connected=True).values_list("pk", "channel"):
        _lose(relay_id, channel)


def _lose(relay_id: int, channel: str, **changes: Any) -> None:
    with transaction.atomic():
        rows = Relay.objects.filter(pk=relay_id, channel=channel)
        if rows.update(connected=False, channel="", **changes):
            _announce_media(list(_watched(_current_placements().filter(relay_id=relay_id))))


# Placement


def place(lesson_id: UUID) -> Placed:
    """The relay that carries the lesson; chosen now if there is none yet, or that one is about to stop.

    Raises RelayUnavailableError when the lesson's relay is away (`rescue` moves the lesson when it stays
    away), and RelayFullError when every relay has enough to do with the lessons that it has.
    """
    placement = Placement.objects.select_related("relay").filter(lesson_id=lesson_id).first()
    relay = placement.relay if placement else None
    if relay is not None and relay.is_available and not relay.draining:
        return Placed(relay.pk, relay.channel, relay.epoch)
    if relay is not None and not relay.is_available:
        raise RelayUnavailableError(_("The media relay is away; this page tries again by itself."))
    _move(lesson_id, relay)
    settled = Relay.objects.get(placements__lesson=lesson_id)
    return Placed(settled.pk, settled.channel, settled.epoch)


def place_if_there_is_room(lesson_id: UUID) -> None:
    """Places a lesson that is about to go live; raises RelayFullError alone, since a relay may come later."""
    try:
        place(lesson_id)
    except RelayFullError:
        raise
    except RelayUnavailableError:
        return


def rescue() -> None:
    """Moves the lessons in use off relays that are gone; one query where there are none."""
    gone = Q(relay=None) | Q(relay__connected=False, relay__heartbeat_at__lte=timezone.now() - RETURN)
    _move_all(_current_placements().filter(gone))


def retire(relay_id: int) -> int:
    """Moves the lessons in use off a relay that is about to stop; returns how many have moved."""
    return _move_all(_current_placements().filter(relay_id=relay_id))


def drain(relay_id: int) -> None:
    """Asks a relay to stop once its lessons have moved; ConflictError where that can't be."""
    relay = Relay.objects.get(pk=relay_id)
    if not relay.is_available:
        raise ConflictError(_("This relay isn't connected."))
    others = relay_choice.available().exclude(pk=relay_id)
    if not others.exists() and _watched(_current_placements().filter(relay=relay)).exists():
        raise ConflictError(_("There is no other relay that could take its lessons."))
    events.send_to_relay(relay.channel, protocol.encode(protocol.Drain()))


def _move_all(placements: QuerySet[Placement]) -> int:
    moved = 0
    for lesson_id in _watched(placements):
        relay = Relay.objects.filter(placements__lesson=lesson_id).first()
        try:
            moved += _move(lesson_id, relay)
        except RelayUnavailableError:
            continue
    return moved


def _move(lesson_id: UUID, old: Relay | None) -> bool:
    """Gives the lesson another relay than the old one and tells the room; says whether this call has.

    An old one that is about to stop goes on serving meanwhile.
    """
    chosen = relay_choice.choose()
    with transaction.atomic():
        Placement.objects.get_or_create(lesson_id=lesson_id)
        moved = bool(Placement.objects.filter(lesson_id=lesson_id, relay=old).update(relay=chosen))
        refresh_permits([lesson_id])
        if moved and old is not None:
            _announce_media([lesson_id])
    return moved


def media(lesson_id: UUID) -> dict[str, str]:
    """The state of the lesson's media as pages see it; one query."""
    return media_of(Lesson.objects.select_related("placement__relay").get(pk=lesson_id))


def media_of(lesson: Lesson) -> dict[str, str]:
    """The same of a lesson that was loaded with its placement and relay; no query."""
    placement = getattr(lesson, "placement", None)
    relay = placement.relay if placement is not None else None
    if relay is None:
        return {"state": "none", "epoch": ""}
    return {"state": "ready" if relay.is_available else "lost", "epoch": relay.epoch}


def carries(relay_id: int, channel: str, lesson_id: UUID) -> bool:
    """Whether the lesson is placed on the relay, and the connection is its current one."""
    return Placement.objects.filter(lesson_id=lesson_id, relay=relay_id, relay__channel=channel).exists()


def _adopt(relay: Relay) -> None:
    """Rooms that people wait in without any relay are the new relay's."""
    waiting = _watched(_current_placements().filter(relay=None))
    Placement.objects.filter(lesson__in=list(waiting)).update(relay=relay)


def _current_placements() -> QuerySet[Placement]:
    return Placement.objects.filter(lesson__ends_at__gt=timezone.now() - REMEMBERED)


def _watched(placements: QuerySet[Placement]) -> QuerySet[Any, UUID]:
    """Which of the placements' lessons have somebody in the room."""
    return (
        placements.filter(lesson__presences__left_at=None, lesson__presences__isnull=False)
        .values_list("lesson_id", flat=True)
        .distinct()
    )


def _announce_media(lesson_ids: Collection[UUID]) -> None:
    for lesson_id in lesson_ids:
        events.publish(lesson_id, "media.changed", partial(media, lesson_id))


# Permits


def permits_for(lesson_id: UUID) -> protocol.Permits | None:
    """All that holds in a lesson now, under a new generation; None when the lesson isn't placed."""
    with transaction.atomic():
        rows = Placement.objects.filter(lesson_id=lesson_id)
        # The update comes first: it holds the row, so that a newer generation never says something older.
        if not rows.update(generation=F("generation") + 1):
            return None
        generation = rows.values_list("generation", flat=True).get()
        lesson = Lesson.objects.select_related("course").get(pk=lesson_id)
        return _on_the_wire(lesson_id, generation, permits.of(lesson))


def _on_the_wire(lesson_id: UUID, generation: int, found: floor.Permitted) -> protocol.Permits:
    slots = (
        protocol.Slot(
            slot.name,
            protocol.SOURCE_KINDS[slot.source],
            protocol.STAFF if slot.is_for_staff else protocol.EVERYONE,
        )
        for slot in found.slots
    )
    stage = tuple(protocol.StageEntry(*entry) for entry in found.stage)
    return protocol.Permits(
        str(lesson_id), generation, tuple(slots), found.viewers, found.publishers, stage, found.staff
    )


def refresh_permits(lesson_ids: Collection[UUID]) -> None:
    """Sends the relays the permits of these lessons; five queries for each lesson that is placed."""
    placements = Placement.objects.filter(lesson_id__in=lesson_ids, relay__connected=True)
    for lesson_id, channel in placements.values_list("lesson_id", "relay__channel"):
        found = permits_for(lesson_id)
        if found is not None and channel:
            events.send_to_relay(channel, protocol.encode(found))


def end_room(lesson_id: UUID) -> None:
    """Tells the relay that a lesson about to be deleted exists for nobody; call it before the deletion."""
    placement = Placement.objects.select_related("relay").filter(lesson_id=lesson_id).first()
    if placement is not None and placement.relay is not None and placement.relay.channel:
        ended = protocol.Permits(str(lesson_id), placement.generation + 1)
        events.send_to_relay(placement.relay.channel, protocol.encode(ended))


def lessons_of_courses(course_ids: Collection[UUID]) -> list[UUID]:
    """The lessons of these courses that a relay may still know."""
    placements = _current_placements().filter(lesson__course__in=course_ids)
    return list(placements.values_list("lesson_id", flat=True))


# Orders about one page's connections


def subscribe_question(seat: Seat) -> Question:
    """Asks the relay for an offer."""
    return _question(lambda id: protocol.Subscribe(id, *_wire(seat)))


def answer_question(seat: Seat, sdp: str) -> Question:
    """Gives the relay the browser's answer."""
    return _question(lambda id: protocol.Answer(id, *_wire(seat), sdp))


def publish_question(seat: Seat, sdp: str, sources: Mapping[str, str]) -> Question:
    """Gives the relay the browser's offer to publish."""
    return _question(lambda id: protocol.Publish(id, *_wire(seat), sdp, sources))


def watch_question(seat: Seat, sdp: str, slots: tuple[str, ...]) -> Question:
    """Gives the relay a player's own offer, whose m-lines get the slots of their kind in this order."""
    return _question(lambda id: protocol.Watch(id, *_wire(seat), sdp, slots))


def close_media(seat: Seat, direction: str = "") -> None:
    """Has the relay end a page's connections at once; an empty direction means both. One query."""
    _order(seat, protocol.Close(*_wire(seat), direction))


def prefer_layers(seat: Seat, limits: Mapping[str, int]) -> None:
    """Tells the relay the highest layer that a page wants of each slot. One query."""
    _order(seat, protocol.Prefer(*_wire(seat), limits))


def _order(seat: Seat, order: protocol.FromWeb) -> None:
    """Sends what needs no reply to the lesson's relay; to nobody while that is away."""
    relays = Relay.objects.filter(placements__lesson=seat.lesson_id, connected=True)
    channel = relays.values_list("channel", flat=True).first()
    if channel:
        events.send_to_relay(channel, protocol.encode(order))


def _question(make: Callable[[str], protocol.FromWeb]) -> Question:
    id = uuid.uuid4().hex
    return Question(id, protocol.encode(make(id)))


def _wire(seat: Seat) -> tuple[str, str, str]:
    return str(seat.lesson_id), str(seat.user_id), seat.client


# Rooms for device checks, which no lesson is carried in


def choose_for_check() -> Placed:
    """The relay that a check is best made with; raises RelayUnavailableError, or RelayFullError."""
    relay = relay_choice.choose()
    return Placed(relay.pk, relay.channel, relay.epoch)


def permit_check(channel: str, sender: Seat, receiver: Seat) -> None:
    """Lets one seat send sound into a room of its own, and the other hear it."""
    room, sending, _client = _wire(sender)
    stage = (protocol.StageEntry(CHECK_SLOT.name, sending, protocol.MICROPHONE),)
    publishers = {sending: (protocol.MICROPHONE,)}
    permits = protocol.Permits(room, 1, (CHECK_SLOT,), (str(receiver.user_id),), publishers, stage)
    events.send_to_relay(channel, protocol.encode(permits))


def end_check(channel: str, room: UUID) -> None:
    """Ends the room of a check and its media."""
    events.send_to_relay(channel, protocol.encode(protocol.Permits(str(room), 2)))
