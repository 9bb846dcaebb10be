"""Which subscriber is in which track: everyone enters at once, and moves at keyframes or between sounds."""

from __future__ import annotations

from media_relay.core.layers import NO_LAYER
from media_relay.core.links import Source
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import Enter, Leave
from media_relay.core.room import Room
from media_relay.core.seat import Seat
from media_relay.core.slot import Slot
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import Track, Written
from media_relay.core.uplink import Uplink

MAX_LATE_KEYFRAME = 64
"""Packets by which a keyframe may be overtaken, which whoever moves in at it has to ask for again."""


class Steering:
    """Brings subscribers into tracks and from one to another."""

    def __init__(self, outbox: Outbox, uplink: Uplink) -> None:
        self._outbox = outbox
        self._uplink = uplink
        self._waiting: dict[Track, dict[Seat, Subscriber]] = {}
        """Who moves in with a track's next keyframe, or with its next packet of sound."""

    def welcome(self, link: Subscriber, now: float) -> None:
        """Lets someone who has joined have what its slots carry."""
        for slot in link.view.slots:
            self._seat(link, slot, now)

    def recast(self, room: Room, slot: Slot, now: float) -> None:
        """Lets everyone have what a slot carries now."""
        for link in room.subscribers.values():
            if link.joined is not None and link.sees(slot):
                self._seat(link, slot, now)

    def _seat(self, link: Subscriber, slot: Slot, now: float) -> None:
        source = slot.source
        if source is None:
            return
        seat = link.seats.get(slot.ssrc)
        if seat is None:
            if not link.gets(slot):
                return
            seat = link.seats[slot.ssrc] = Seat(slot)
        self.aim(link, seat, self._first_layer(link, seat, source, now), now)
        if seat.track is not None and slot.is_video:
            self._uplink.want_keyframe(source.streams[seat.track.layer % source.layer_count], now)

    def _first_layer(self, link: Subscriber, seat: Seat, source: Source, now: float) -> int:
        """Returns which layer of a slot's new source someone gets until the choice is looked at again."""
        slot = seat.slot
        if not slot.is_video:
            return 0
        if seat.is_new or seat.is_own:
            limit = link.limits.get(slot.name, source.layer_count - 1)
            layer = slot.best_flowing(limit, now) if limit > NO_LAYER else NO_LAYER
        else:
            track = seat.goal or seat.track
            layer = track.layer if track is not None else NO_LAYER
        return min(layer, source.layer_count - 1)

    def aim(self, link: Subscriber, seat: Seat, layer: int, now: float) -> None:
        """Lets a subscriber have another layer of a slot as soon as it begins with a keyframe, or none.

        It has none of what comes of itself.
        """
        seat.is_own = not link.gets(seat.slot)
        if layer == NO_LAYER or seat.is_own:
            self._set_goal(link, seat, None)
            self._leave(link, seat)
            return
        track = seat.slot.track(layer, link.profile)
        if track is seat.track:
            self._set_goal(link, seat, None)
        elif seat.is_new:
            self._enter(link, seat, track)
        elif track is not seat.goal:
            self._set_goal(link, seat, track)
            source = seat.slot.source
            self._uplink.want_keyframe(source.streams[layer] if source is not None else None, now)

    def _set_goal(self, link: Subscriber, seat: Seat, track: Track | None) -> None:
        former, seat.goal = seat.goal, track
        if former is not None:
            waiting = self._waiting[former]
            del waiting[seat]
            if not waiting:
                del self._waiting[former]
            self._release(seat.slot, former)
        if track is not None:
            track.users += 1
            self._waiting.setdefault(track, {})[seat] = link

    def _release(self, slot: Slot, track: Track) -> None:
        track.users -= 1
        slot.discard(track)

    def _enter(self, link: Subscriber, seat: Seat, track: Track) -> None:
        seat.enter(track)
        track.users += 1
        self._outbox.put(Enter(link, track, seat.shift))

    def _leave(self, link: Subscriber, seat: Seat) -> None:
        track = seat.track
        if track is not None:
            seat.leave()
            self._outbox.put(Leave(link, track))
            self._release(seat.slot, track)

    def is_awaited(self, track: Track) -> bool:
        """Whether someone waits for a keyframe of the track to move in."""
        return track in self._waiting

    def admit(self, track: Track, keyframe: Written) -> None:
        """Moves in who waited for this keyframe or sound; call it before that is forwarded."""
        if track.highest - keyframe.numbers.sequence > MAX_LATE_KEYFRAME:
            return
        for seat, link in self._waiting.pop(track, {}).items():
            former, seat.goal = seat.track, None
            seat.move(track, keyframe)
            if former is not None:
                self._outbox.put(Leave(link, former))
                self._release(seat.slot, former)
            self._outbox.put(Enter(link, track, seat.shift))

    def dismiss(self, link: Subscriber) -> None:
        """Forgets the seats of someone who is gone."""
        for seat in link.seats.values():
            self._set_goal(link, seat, None)
            if seat.track is not None:
                self._release(seat.slot, seat.track)
                seat.leave()
        link.seats.clear()
