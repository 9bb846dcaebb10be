"""Which layers publishers are to send: those that somebody watches, and the lowest to fall back to."""

from __future__ import annotations

from media_relay.core.links import Source
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import WantLayers
from media_relay.core.room import Room

STOP_DELAY = 10.0
"""Seconds for which a layer that nobody watches any more goes on: who left may come back."""


class Wants:
    """Tells publishers at once what to send, and after a while what not to."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def handle_timer(self, room: Room, now: float) -> None:
        """Looks at what is watched now."""
        for slot in room.pictures:
            source = slot.source
            if source is None or not source.rids:
                continue
            watched = source.watched
            for track in slot.tracks():
                if track.users and track.layer < len(watched):
                    watched[track.layer] = now
            if source.wanted is None:
                # Whoever may watch is still on the way.
                source.wanted = frozenset(range(len(watched)))
                source.watched = [now] * len(watched)
                continue
            wanted = frozenset(
                layer for layer, since in enumerate(watched) if layer == 0 or now - since < STOP_DELAY
            )
            if wanted != source.wanted:
                for layer in wanted - source.wanted:
                    source.asked[layer] = now
                source.wanted = wanted
                self._tell(source)

    def _tell(self, source: Source) -> None:
        rids = tuple(rid for layer, rid in enumerate(source.rids) if layer in (source.wanted or ()))
        self._outbox.put(WantLayers(source.publisher, source.kind, rids))

    def repeat(self, room: Room) -> None:
        """Tells everything again, to who may not have heard it."""
        for slot in room.pictures:
            if slot.source is not None and slot.source.wanted is not None:
                self._tell(slot.source)
