"""Who gets what: the pure heart of the relay.

Call a `receive_…`, a change of permits or connections, or `handle_timer`; then do all that `poll` returns.
Time is the caller's, in seconds; `relay_ntp` of a moment is that plus `ntp_offset`.
"""

from __future__ import annotations

from collections.abc import Iterable

from media_relay.core import codecs, rtcp, rtp
from media_relay.core.links import (
    MIN_PACKET_CHARGE,
    Connection,
    Link,
    Offered,
    Publisher,
    Source,
    Stream,
    Subscriber,
)
from media_relay.core.outputs import Close, Forward, ForwardControl, Join, Output, Resend, SendControl
from media_relay.core.permits import Permits
from media_relay.core.room import Random, Room
from media_relay.core.slot import Slot
from media_relay.core.stats import Counters

REPORT_INTERVAL = 1.0
FIRST_REPORT_DELAY = 0.1
PUBLISHER_BITRATE = 6_000_000
"""What publishers are told the relay can take, in bits per second; loss makes them send less."""
MAX_REMEMBERED_ROOMS = 10_000
MAX_VIEWERS_WAIT = 2.0
_NTP_ONE = 1 << 32


class PermitError(Exception):
    """Raised where the permits of a room do not allow what was asked."""


class Router:
    """All rooms of a relay."""

    def __init__(self, random: Random, ntp_offset: float) -> None:
        self.rooms: dict[str, Room] = {}
        self.counters = Counters()
        self._generations: dict[str, int] = {}
        self._outputs: list[Output] = []
        self._random = random
        self._ntp_offset = ntp_offset
        # RTCP to publishers wants a sender; the relay is one and the same to all.
        self._ssrc = int.from_bytes(random(4), "big") | 1

    def poll(self) -> list[Output]:
        """Returns what is to be done since the last call, in order."""
        outputs, self._outputs = self._outputs, []
        return outputs

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
        room.publishable = {who: frozenset(kinds) for who, kinds in permits.publishers.items() if kinds}
        room.stage = dict(permits.stage)
        room.set_slots(permits.slots)
        for link in list(room.forbidden()):
            self._close(link, "not permitted any more")
        room.mark_permitted()
        self._recast(room, now)
        if room.is_over:
            del self.rooms[room.name]
        return True

    def expire(self, reason: str) -> None:
        """Ends every room, whose permits are out of date; a newer set makes it anew."""
        for room in list(self.rooms.values()):
            for link in [*room.subscribers.values(), *room.publishers.values()]:
                self._close(link, reason)
        self.rooms.clear()

    def _remember(self, room: str, generation: int) -> None:
        # A room that is over must not come back with an old set.
        self._generations.pop(room, None)
        self._generations[room] = generation
        if len(self._generations) > MAX_REMEMBERED_ROOMS:
            oldest = next((name for name in self._generations if name not in self.rooms), None)
            if oldest is not None:
                del self._generations[oldest]

    def subscribe(self, connection: Connection) -> Subscriber:
        """Lets someone watch, in place of an older connection of the same page; raises PermitError."""
        room = self.rooms.get(connection.room)
        if room is None or connection.participant not in room.viewers:
            raise PermitError("There is no permit to watch here.")
        self._replace(room.subscribers.get(connection))
        link = room.subscribers[connection] = Subscriber(connection)
        return link

    def publish(self, connection: Connection, offered: Iterable[Offered]) -> Publisher:
        """Lets someone send, in place of an older connection of the same page; raises PermitError."""
        offered = tuple(offered)
        room = self.rooms.get(connection.room)
        allowed = room.publishable.get(connection.participant, frozenset()) if room else frozenset()
        if room is None or not allowed or not {item.kind for item in offered} <= allowed:
            raise PermitError("There is no permit to publish this here.")
        self._replace(room.publishers.get(connection))
        link = room.publishers[connection] = Publisher(connection, offered)
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
            room.waiting.append(link)
            self._let_in(room, now)
        elif isinstance(link, Publisher):
            # The dictionary's order is that of connecting, by which the newest of a person's pages is found.
            room.publishers[link.connection] = room.publishers.pop(link.connection)
            self._recast(room, now)

    def _let_in(self, room: Room, now: float) -> None:
        """Lets those who wait join, unless a wrap of the numbers is near."""
        near = any(slot.is_near_wrap(now) for slot in room.slots.values())
        for link in list(room.waiting):
            if near and link.connected is not None and now - link.connected < MAX_VIEWERS_WAIT:
                continue
            room.waiting.remove(link)
            link.joined = now
            room.joined += 1
            self._outputs.append(Join(link))
            for slot in room.slots.values():
                self._want_keyframe(room, slot.source, now)

    def remove(self, link: Link, now: float) -> None:
        """Forgets a connection that is gone."""
        room = self._room_of(link)
        if room is not None:
            self._forget(room, link)
            self._recast(room, now)

    def _close(self, link: Link, reason: str) -> None:
        self._outputs.append(Close(link, reason))
        room = self._room_of(link)
        if room is not None:
            self._forget(room, link)
            room.cast()

    def _forget(self, room: Room, link: Link) -> None:
        if isinstance(link, Subscriber):
            del room.subscribers[link.connection]
            room.joined -= link.joined is not None
            if link in room.waiting:
                room.waiting.remove(link)
        else:
            del room.publishers[link.connection]

    def _room_of(self, link: Link) -> Room | None:
        """Returns the room that still knows this very connection."""
        room = self.rooms.get(link.connection.room)
        if room is None:
            return None
        known = room.subscribers.get(link.connection) or room.publishers.get(link.connection)
        return room if known is link else None

    def _recast(self, room: Room, now: float) -> None:
        room.cast()
        for slot in room.slots.values():
            if slot.waits_for_keyframe():
                self._want_keyframe(room, slot.source, now)

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
        stream = publisher.find(header.ssrc) or publisher.learn(data, header)
        room = self.rooms.get(publisher.connection.room)
        if room is None or stream is None or header.payload_type not in stream.source.codecs:
            self.counters.add("rtp_unroutable")
        elif not stream.source.permitted:
            self.counters.add("rtp_not_permitted")
        elif not stream.source.bucket.take(max(len(data), MIN_PACKET_CHARGE), now):
            self.counters.add("rtp_over_bitrate")
        else:
            publisher.next_report = min(publisher.next_report, now + FIRST_REPORT_DELAY)
            self._route(room, stream, header, data, now)

    def _route(self, room: Room, stream: Stream, header: rtp.Header, data: bytes, now: float) -> None:
        source = stream.source
        stream.reception.receive(header.sequence, header.timestamp, now)
        if stream.losses is not None:
            stream.losses.receive(header.sequence, now)
        keyframe = source.is_video and codecs.is_keyframe(
            source.codecs[header.payload_type], data[header.payload_offset : len(data) - header.padding]
        )
        if keyframe:
            source.keyframes.seen()
        for slot in room.slots.values():
            if slot.source is not source:
                continue
            packet = slot.forward(stream, header, data, keyframe, now)
            if packet is not None:
                self._outputs.append(Forward(room.name, packet, slot.frame(header)))
            elif slot.waits_for_keyframe():
                self._want_keyframe(room, source, now)

    def _want_keyframe(self, room: Room, source: Source | None, now: float) -> None:
        """Asks the source, unless nobody is there to see the keyframe."""
        if source is not None and source.is_video and room.joined:
            source.keyframes.want()
            self._ask_for_keyframe(source, now)

    def _ask_for_keyframe(self, source: Source, now: float) -> None:
        if source.stream is not None and source.keyframes.due(now):
            self.counters.add("keyframes_requested")
            self._feed_back(source.publisher, rtcp.PictureLoss(self._ssrc, source.stream.ssrc))

    def _feed_back(self, link: Link, *packets: rtcp.Sendable) -> None:
        # Reduced size is not always agreed, so that every datagram begins with a report.
        data = rtcp.build_compound(rtcp.ReceiverReport(self._ssrc), *packets)
        self._outputs.append(SendControl(link, data))

    # RTCP.

    def receive_rtcp(self, link: Link, data: bytes, now: float) -> None:
        """Takes a decrypted RTCP packet."""
        try:
            packets = rtcp.parse_compound(data)
        except ValueError:
            self.counters.add("rtcp_malformed")
            return
        if isinstance(link, Publisher):
            for packet in packets:
                if isinstance(packet, rtcp.SenderReport):
                    self._receive_sender_report(link, packet, now)
        elif isinstance(link, Subscriber) and (room := self._room_of(link)):
            for packet in packets:
                self._receive_feedback(room, link, packet, now)

    def _receive_sender_report(self, publisher: Publisher, report: rtcp.SenderReport, now: float) -> None:
        stream = publisher.find(report.ssrc)
        if stream is None:
            return
        ntp = report.ntp / _NTP_ONE
        stream.reception.receive_sender_report(report.ntp, now)
        publisher.receive_clock(ntp, now + self._ntp_offset)
        stream.report = ntp, report.rtp_time

    def _receive_feedback(self, room: Room, link: Subscriber, packet: rtcp.Packet, now: float) -> None:
        match packet:
            case rtcp.Nack(media=ssrc, sequences=sequences):
                self._resend(room, link, ssrc, sequences, now)
            case rtcp.PictureLoss(media=ssrc):
                self._receive_picture_loss(room, link, ssrc, now)
            case rtcp.FullIntra(entries=entries):
                for ssrc, _ in entries:
                    self._receive_picture_loss(room, link, ssrc, now)
            case rtcp.Remb(bitrate=bitrate):
                link.estimate.receive_remb(bitrate, now)
            case rtcp.ReceiverReport(reports=reports):
                for block in reports:
                    link.estimate.receive_loss(block.fraction_lost / 256, now)

    def _receive_picture_loss(self, room: Room, link: Subscriber, ssrc: int, now: float) -> None:
        slot = room.slots_by_ssrc.get(ssrc)
        source = slot.source if slot is not None else None
        # What waits to be sent serves this one too.
        if source is None or source.keyframes.wanted or link.joined is None:
            return
        if link.picture_losses.take(1, now):
            self._want_keyframe(room, source, now)
        else:
            self.counters.add("picture_losses_over_limit")

    def _resend(
        self, room: Room, link: Subscriber, ssrc: int, sequences: tuple[int, ...], now: float
    ) -> None:
        slot = room.slots_by_ssrc.get(ssrc)
        if slot is None or link.joined is None:
            return
        self.counters.add("nacked", len(sequences))
        for sequence in sequences:
            if not link.resends.take(1, now):
                self.counters.add("resends_over_limit")
                return
            packet = slot.resend(sequence, link.joined, now)
            if packet is not None:
                self.counters.add("resent")
                self._outputs.append(Resend(link, packet))

    # Time.

    def handle_timer(self, now: float) -> None:
        """Does what is due; call it every few hundredths of a second."""
        for room in self.rooms.values():
            if room.waiting:
                self._let_in(room, now)
            for publisher in room.publishers.values():
                self._serve(publisher, now)
            for slot in room.slots.values():
                if room.joined and now >= slot.next_report:
                    self._report_slot(room, slot, now)

    def _report_slot(self, room: Room, slot: Slot, now: float) -> None:
        packet = slot.report(room.cname, now, now + self._ntp_offset)
        if packet is not None:
            slot.next_report = now + REPORT_INTERVAL
            self._outputs.append(ForwardControl(room.name, packet))

    def _serve(self, publisher: Publisher, now: float) -> None:
        for stream in publisher.streams:
            missing = stream.losses.due(now) if stream.losses is not None else []
            if missing and stream.source.permitted:
                self.counters.add("nacks_sent", len(missing))
                self._feed_back(publisher, rtcp.Nack(self._ssrc, stream.ssrc, tuple(missing)))
            self._ask_for_keyframe(stream.source, now)
        if now >= publisher.next_report:
            publisher.next_report = now + REPORT_INTERVAL
            self._report_to(publisher, now)

    def _report_to(self, publisher: Publisher, now: float) -> None:
        streams = list(publisher.streams)
        blocks = tuple(stream.reception.report(now) for stream in streams)
        remb = rtcp.Remb(self._ssrc, PUBLISHER_BITRATE, tuple(stream.ssrc for stream in streams))
        report = rtcp.ReceiverReport(self._ssrc, blocks)
        self._outputs.append(SendControl(publisher, rtcp.build_compound(report, remb)))
