"""Who gets what: the pure heart of the relay.

Call a `receive_…`, a change of permits or connections, or `handle_timer`; then do all that `poll` returns.
Time is the caller's, in seconds; `relay_ntp` of a moment is that plus `ntp_offset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from media_relay.core import codecs, rtcp, rtp
from media_relay.core.arrival import Arrival, arrive
from media_relay.core.choice import Choice
from media_relay.core.codecs import PAGE_PROFILE, Profile
from media_relay.core.downlink import Downlink
from media_relay.core.links import MIN_PACKET_CHARGE, Connection, Link, Offered, Publisher, Stream
from media_relay.core.outbox import Outbox
from media_relay.core.outputs import Close, Cut, Forward, ForwardControl, Output, TellSpeakers
from media_relay.core.permits import Permits
from media_relay.core.reports import Reports
from media_relay.core.room import Random, Room
from media_relay.core.rtx import unwrap_rtx
from media_relay.core.slot import Slot
from media_relay.core.speakers import SOURCE as SPEECH
from media_relay.core.steering import Steering
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import Track
from media_relay.core.trains import Trains
from media_relay.core.uplink import Uplink
from media_relay.core.wants import Wants

REPORT_INTERVAL = 1.0
MAX_REMEMBERED_ROOMS = 10_000


class PermitError(Exception):
    """Raised where the permits of a room do not allow what was asked."""


class Router:
    """All rooms of a relay."""

    def __init__(self, random: Random, ntp_offset: float) -> None:
        self.rooms: dict[str, Room] = {}
        self._generations: dict[str, int] = {}
        self._random = random
        self._ntp_offset = ntp_offset
        self._outbox = Outbox(int.from_bytes(random(4), "big") | 1)
        self.counters = self._outbox.counters
        self._uplink = Uplink(self._outbox)
        self._steering = Steering(self._outbox, self._uplink)
        self._reports = Reports(self._outbox)
        self._trains = Trains(self._outbox)
        self._choice = Choice(self._steering, self._trains, self._reports)
        self._downlink = Downlink(self._outbox, self._uplink, self._choice, self._trains)
        self._wants = Wants(self._outbox)

    def poll(self) -> list[Output]:
        """Returns what is to be done since the last call, in order."""
        return self._outbox.poll()

    # Permits and connections.

    def apply(self, permits: Permits, now: float) -> bool:
        """Makes a newer set the truth of its room, closes what it forbids; tells whether it was newer."""
        if permits.generation <= self._generations.get(permits.room, -1):
            self.counters.add("permits_stale")
            return False
        self._remember(permits.room, permits.generation)
        room = self.rooms.setdefault(permits.room, Room(permits.room, self._random))
        room.generation = permits.generation
        room.viewers = frozenset(permits.viewers)
        room.staff = frozenset(permits.staff)
        room.publishable = {who: frozenset(kinds) for who, kinds in permits.publishers.items()}
        room.stage = dict(permits.stage)
        room.set_slots(permits.slots, permits.staff_slots)
        room.mark_permitted()
        self._cast(room)
        for link, reason in list(room.forbidden()):
            self._close(link, reason)
        self._recast(room, now)
        if room.is_over:
            self._end(room)
        return True

    def expire(self, reason: str) -> None:
        """Ends every room, whose permits are out of date; a newer set makes it anew."""
        for room in list(self.rooms.values()):
            for link in [*room.subscribers.values(), *room.publishers.values()]:
                self._close(link, reason)
            self._end(room)

    def _end(self, room: Room) -> None:
        del self.rooms[room.name]
        self._choice.forget(room)
        self._reports.forget(room)

    def _remember(self, room: str, generation: int) -> None:
        # A room that is over must not come back with an old set.
        self._generations.pop(room, None)
        self._generations[room] = generation
        if len(self._generations) > MAX_REMEMBERED_ROOMS:
            oldest = next((name for name in self._generations if name not in self.rooms), None)
            if oldest is not None:
                del self._generations[oldest]

    def subscribe(
        self, connection: Connection, profile: Profile = PAGE_PROFILE, slots: Iterable[str] | None = None
    ) -> Subscriber:
        """Lets someone watch, in place of an older connection of the same page; raises PermitError.

        Without `slots` it gets all there are for its side, otherwise those of them.
        """
        room = self.rooms.get(connection.room)
        if room is None or connection.participant not in room.viewers:
            raise PermitError("There is no permit to watch here.")
        self._replace(room.subscribers.get(connection))
        view = room.view(connection.participant)
        if slots is not None:
            view = view.only(frozenset(slots))
        link = Subscriber(connection, view, profile, is_player=slots is not None)
        room.subscribers[connection] = link
        return link

    def publish(self, connection: Connection, offered: Iterable[Offered]) -> Publisher:
        """Lets someone send, in place of an older connection of the same page; raises PermitError.

        They may offer what is not permitted now: it is not let in until it is.
        """
        room = self.rooms.get(connection.room)
        if room is None or connection.participant not in room.publishable:
            raise PermitError("There is no permit to publish here.")
        self._replace(room.publishers.get(connection))
        link = room.publishers[connection] = Publisher(connection, offered)
        room.admit(link)
        return link

    def _replace(self, link: Link | None) -> None:
        if link is not None:
            self._close(link, "replaced by a newer connection")

    def connected(self, link: Link, now: float) -> None:
        """Notes that the keys of a connection are there."""
        room = self._room_of(link)
        if room is None:
            return
        link.connected = now
        if isinstance(link, Subscriber):
            link.joined = now
            self._steering.welcome(link, now)
            if link.limits:
                self._choice.prefer(room, link, now)
            self._choice.review(room, link, now)
        elif isinstance(link, Publisher):
            # The dictionary's order is that of connecting, by which the newest of a person's pages is found.
            room.publishers[link.connection] = room.publishers.pop(link.connection)
            self._cast(room)
            self._recast(room, now)

    def prefer(self, connection: Connection, limits: Mapping[str, int], now: float) -> None:
        """Lets a page have no more than these layers, by slot."""
        room = self.rooms.get(connection.room)
        link = room.subscribers.get(connection) if room is not None else None
        if room is not None and link is not None:
            link.limits = dict(limits)
            self._choice.prefer(room, link, now)

    def repeat_news(self) -> None:
        """Tells again what may not have been heard: which layers are wanted, and who speaks."""
        for room in self.rooms.values():
            self._wants.repeat(room)
            room.speakers.repeat()

    def remove(self, link: Link, now: float) -> None:
        """Forgets a connection that is gone."""
        room = self._room_of(link)
        if room is not None:
            self._forget(room, link)
            self._recast(room, now)

    def _cast(self, room: Room) -> None:
        for slot in room.cast():
            self._trains.cut(slot)
            for track in slot.tracks():
                self._outbox.put(Cut(track))

    def _close(self, link: Link, reason: str) -> None:
        self._outbox.put(Close(link, reason))
        room = self._room_of(link)
        if room is not None:
            self._forget(room, link)

    def _forget(self, room: Room, link: Link) -> None:
        if isinstance(link, Subscriber):
            del room.subscribers[link.connection]
            self._steering.dismiss(link)
            self._trains.forget(link)
        else:
            del room.publishers[link.connection]
            self._cast(room)

    def _room_of(self, link: Link) -> Room | None:
        """Returns the room that still knows this very connection."""
        room = self.rooms.get(link.connection.room)
        if room is None:
            return None
        known = room.subscribers.get(link.connection) or room.publishers.get(link.connection)
        return room if known is link else None

    def _recast(self, room: Room, now: float) -> None:
        for slot in room.recast:
            self._steering.recast(room, slot, now)
        room.recast.clear()

    # Media of a publisher.

    def receive_rtp(self, link: Link, data: bytes, now: float) -> None:
        """Takes a decrypted RTP packet."""
        try:
            if isinstance(link, Publisher):
                self._receive_rtp(link, data, now)
            else:
                self.counters.add("rtp_not_permitted")
        except ValueError:
            self.counters.add("rtp_malformed")

    def _receive_rtp(self, publisher: Publisher, data: bytes, now: float) -> None:
        header = rtp.parse_header(data)
        self._uplink.receive_rtp(publisher, header, data, now)
        stream = publisher.find(header.ssrc)
        repaired = publisher.find_repaired(header.ssrc) if stream is None else None
        if stream is None and repaired is None:
            stream = publisher.learn(data, header)
            repaired = publisher.find_repaired(header.ssrc)
        room = self.rooms.get(publisher.connection.room)
        carrier = stream or repaired
        if room is None or carrier is None:
            self.counters.add("rtp_unroutable")
        elif not carrier.source.permitted:
            self.counters.add("rtp_not_permitted")
        elif not carrier.source.bucket.take(max(len(data), MIN_PACKET_CHARGE), now):
            self.counters.add("rtp_over_bitrate")
        elif repaired is not None:
            self._receive_repair(room, repaired, header, data, now)
        elif header.payload_type not in carrier.source.codecs:
            self.counters.add("rtp_unroutable")
        else:
            carrier.reception.receive(header.sequence, header.timestamp, now)
            self._route(room, carrier, header, data, now)

    def _receive_repair(
        self, room: Room, stream: Stream, header: rtp.Header, data: bytes, now: float
    ) -> None:
        """Takes a packet that is sent again (RFC 4588), or padding that tries out the line."""
        payload_type = stream.source.repairs.get(header.payload_type)
        if payload_type is None:
            self.counters.add("rtp_unroutable")
            return
        original = unwrap_rtx(data, header, payload_type, stream.ssrc)
        again = rtp.parse_header(original) if original is not None else None
        # Browsers try out their line with copies of what has come long since.
        if original is None or again is None or not _is_lacking(stream, again.sequence):
            self.counters.add("rtx_padding")
            return
        self.counters.add("rtx_received")
        self._route(room, stream, again, original, now)

    def _route(self, room: Room, stream: Stream, header: rtp.Header, data: bytes, now: float) -> None:
        arrival = arrive(stream, header, data, now)
        stream.meter.add(len(data), now)
        if stream.losses is not None:
            stream.losses.receive(header.sequence, now)
        if arrival.keyframe:
            stream.keyframes.seen()
        slots = room.filled_by(stream.source)
        if slots and stream.source.kind == SPEECH:
            for uri, value in arrival.extensions:
                if uri == codecs.URI_AUDIO_LEVEL and value:
                    # The first bit is the browser's guess whether it is speech.
                    room.speakers.hear(stream.source.publisher.connection.participant, value[0] & 0x7F, now)
        for slot in slots:
            for track in slot.carrying(stream.layer):
                self._forward(slot, track, arrival)

    def _forward(self, slot: Slot, track: Track, arrival: Arrival) -> None:
        steering, stream = self._steering, arrival.stream
        written = track.write(arrival, slot.reference(track) if arrival.keyframe else None)
        if arrival.keyframe:
            if written is not None:
                steering.admit(track, written)
        elif not slot.is_video:
            if (
                written is not None
                and steering.is_awaited(track)
                and track.highest == written.numbers.sequence
            ):
                steering.admit(track, written)
        elif track.users and (track.feed is not stream or steering.is_awaited(track)):
            self._uplink.want_keyframe(stream, arrival.now)
        if written is not None and written.numbers.sequence >= track.floor:
            frame = (track.key, arrival.header.timestamp) if slot.is_video else None
            self._outbox.put(Forward(track, written.packet, frame, written.places))

    # RTCP.

    def receive_rtcp(self, link: Link, data: bytes, now: float) -> None:
        """Takes a decrypted RTCP packet."""
        relay_ntp = now + self._ntp_offset
        try:
            if isinstance(link, Publisher):
                for packet in rtcp.parse_compound(data):
                    self._uplink.receive_rtcp(link, packet, now, relay_ntp)
            elif isinstance(link, Subscriber) and (room := self._room_of(link)):
                self._downlink.receive_rtcp(room, link, data, now, relay_ntp)
        except ValueError:
            self.counters.add("rtcp_malformed")

    # Time.

    def handle_timer(self, now: float) -> None:
        """Does what is due; call it every few hundredths of a second."""
        for room in self.rooms.values():
            if room.recast:
                self._recast(room, now)
            for publisher in room.publishers.values():
                self._uplink.serve(publisher, now)
            self._choice.handle_timer(room, now)
            self._wants.handle_timer(room, now)
            self._reports.handle_timer(room, now)
            speaking = room.speakers.news(now)
            if speaking is not None:
                self._outbox.put(TellSpeakers(room.name, speaking))
            for slot in room.slots.values():
                for track in slot.tracks() if slot.source is not None else ():
                    if track.users and now >= track.next_report:
                        self._report(room, track, now)
        self._trains.handle_timer(now)
        self._downlink.handle_timer(now)

    def _report(self, room: Room, track: Track, now: float) -> None:
        packet = track.report(room.cname, now, now + self._ntp_offset)
        if packet is not None:
            track.next_report = now + REPORT_INTERVAL
            self._outbox.put(ForwardControl(track, packet))


def _is_lacking(stream: Stream, sequence: int) -> bool:
    return stream.losses is not None and stream.losses.lacks(sequence)
