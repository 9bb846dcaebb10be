"""What the web tier asks for: permits, offers, answers, closings."""

from __future__ import annotations

import os

from media_relay import protocol
from media_relay.core import ice, sdp, sdp_writer
from media_relay.core.links import Connection, Link
from media_relay.core.permits import Permits
from media_relay.core.router import PermitError
from media_relay.core.subscriber import Subscriber
from media_relay.core.watching import choose_watched
from media_relay.io import clock, negotiation
from media_relay.io.dtls import Certificate
from media_relay.io.media import MediaPlane
from media_relay.io.peer import Peer

START_BITRATE_KBPS = 1000
"""Where a browser's video begins; by itself it would begin at 300 and look poor for the first seconds."""

STREAMS_AT_ONCE = 2
"""For its first slots, microphone and camera, a subscriber's keys are made ready to send.

The screen's come with its first packet: each costs a join some 0.2 ms.
"""

Asked = protocol.Subscribe | protocol.Answer | protocol.Publish | protocol.Watch


class _RefusedError(Exception):
    """Raised with the stable code and the sentence of a refusal."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Signalling:
    """Answers control messages, one at a time."""

    def __init__(
        self,
        media: MediaPlane,
        certificate: Certificate,
        addresses: tuple[str, ...],
        port: int,
        capacity: int,
    ) -> None:
        self._media = media
        self._certificate = certificate
        self._capacity = capacity
        self._candidates = tuple(
            ice.host_candidate(address, port, index) for index, address in enumerate(addresses)
        )

    def handle(self, message: protocol.Message) -> protocol.Message | None:
        """Does what the web tier asks and returns the reply, if one is due."""
        match message:
            case protocol.Permits():
                self._media.router.apply(_permits(message), clock.monotonic())
                self._media.drain()
            case protocol.Close():
                self._close(message)
            case protocol.Prefer():
                connection = Connection(message.room, message.participant, message.client, protocol.SUBSCRIBE)
                self._media.router.prefer(connection, message.limits, clock.monotonic())
                self._media.drain()
            case protocol.Subscribe() | protocol.Answer() | protocol.Publish() | protocol.Watch():
                return self._reply(message)
        return None

    def _reply(self, message: Asked) -> protocol.Message:
        try:
            if isinstance(message, protocol.Subscribe):
                return self._subscribe(message)
            if isinstance(message, protocol.Answer):
                return self._answer(message)
            if isinstance(message, protocol.Watch):
                return self._watch(message)
            return self._publish(message)
        except _RefusedError as refusal:
            return protocol.Refused(message.id, refusal.code, str(refusal))
        except PermitError as refusal:
            return protocol.Refused(message.id, protocol.REFUSED, str(refusal))

    def _new_peer(self, link: Link, transport: sdp_writer.LocalTransport) -> Peer:
        # First the connection that this one replaces must go.
        self._media.drain()
        agent = ice.LiteAgent(transport.ufrag, transport.pwd)
        slots = link.view.slots[:STREAMS_AT_ONCE] if isinstance(link, Subscriber) else ()
        streams = [slot.ssrc for slot in slots]
        peer = Peer(link, agent, self._certificate, clock.monotonic(), streams)
        self._media.peers.add(peer)
        return peer

    def _transport(self) -> sdp_writer.LocalTransport:
        ufrag, pwd = ice.make_credentials(os.urandom(ice.CREDENTIAL_RANDOM_BYTES))
        return sdp_writer.LocalTransport(
            ufrag,
            pwd,
            self._certificate.fingerprint()[1],
            self._candidates,
            int.from_bytes(os.urandom(7), "big"),
        )

    def _check_capacity(self, connection: Connection) -> None:
        if len(self._media.peers) < self._capacity:
            return
        if not any(peer.link.connection == connection for peer in self._media.peers):
            raise _RefusedError(protocol.FULL, "The relay carries as many connections as it may.")

    def _subscribe(self, message: protocol.Subscribe) -> protocol.Message:
        connection = _connection(message, protocol.SUBSCRIBE)
        self._check_capacity(connection)
        link = self._media.router.subscribe(connection)
        sections = negotiation.offer_sections(self._media.router.rooms[message.room], link.view.slots)
        transport = self._transport()
        self._new_peer(link, transport)
        offer = sdp_writer.make_offer(transport, sections)
        return protocol.Offer(message.id, offer, {section.mid: section.track for section in sections})

    def _answer(self, message: protocol.Answer) -> protocol.Message:
        room = self._media.router.rooms.get(message.room)
        link = room.subscribers.get(_connection(message, protocol.SUBSCRIBE)) if room else None
        peer = self._media.peers.find(link) if link else None
        if link is None or peer is None or peer.started:
            raise _RefusedError(protocol.UNKNOWN, "No offer of the relay waits for this answer.")
        remote = _parse(message.sdp)
        if remote.setup == "actpass":
            raise _RefusedError(protocol.BAD_SDP, "SDP answer does not choose its setup role")
        link.takes_rtx, link.takes_trains = negotiation.answered(remote)
        peer.remote_ufrag = remote.ice_ufrag
        peer.start(self._media, remote.fingerprints, server=remote.setup == "active")
        return protocol.Done(message.id)

    def _watch(self, message: protocol.Watch) -> protocol.Message:
        connection = _connection(message, protocol.SUBSCRIBE)
        self._check_capacity(connection)
        remote = _parse(message.sdp)
        room = self._media.router.rooms.get(message.room)
        view = room.view(message.participant).slots if room is not None else ()
        known = {slot.name: slot.kind for slot in view}
        transport = self._transport()
        try:
            slots = [(name, known[name]) for name in message.slots if name in known]
            profile, watched = choose_watched(remote, slots)
            sections = negotiation.watch_sections(room, watched) if room is not None else []
            answer = sdp_writer.make_watch_answer(remote, transport, sections)
        except ValueError as error:
            raise _RefusedError(protocol.BAD_SDP, str(error)) from None
        link = self._media.router.subscribe(connection, profile, [item.slot for item in watched])
        link.takes_rtx, link.takes_trains = negotiation.answered(remote)
        self._start(self._new_peer(link, transport), remote)
        return protocol.Accepted(message.id, answer)

    def _start(self, peer: Peer, remote: sdp.Description) -> None:
        """Begins the handshake with who has made the offer."""
        peer.remote_ufrag = remote.ice_ufrag
        peer.start(self._media, remote.fingerprints, server=True)

    def _publish(self, message: protocol.Publish) -> protocol.Message:
        connection = _connection(message, protocol.PUBLISH)
        self._check_capacity(connection)
        remote = _parse(message.sdp)
        transport = self._transport()
        try:
            offered = negotiation.offered(remote, message.sources)
            answer = sdp_writer.make_answer(
                remote,
                transport,
                {item.media.mid: item.codecs + item.rtx for item in offered},
                negotiation.PUBLISHER_EXTENSIONS,
                START_BITRATE_KBPS,
                {item.media.mid: item.rids for item in offered},
            )
        except ValueError as error:
            raise _RefusedError(protocol.BAD_SDP, str(error)) from None
        link = self._media.router.publish(connection, offered)
        self._start(self._new_peer(link, transport), remote)
        return protocol.Accepted(message.id, answer)

    def _close(self, message: protocol.Close) -> None:
        for peer in self._media.peers:
            known = peer.link.connection
            if (
                (known.room, known.participant) == (message.room, message.participant)
                and message.client in ("", known.client)
                and message.direction in ("", known.direction)
            ):
                self._media.peer_closed(peer, "closed by the web tier")


def _permits(message: protocol.Permits) -> Permits:
    return Permits(
        message.room,
        message.generation,
        tuple((slot.name, slot.kind) for slot in message.slots),
        message.viewers,
        message.publishers,
        {entry.slot: (entry.participant, entry.source) for entry in message.stage},
        message.staff,
        frozenset(slot.name for slot in message.slots if slot.audience == protocol.STAFF),
    )


def _connection(message: Asked, direction: str) -> Connection:
    return Connection(message.room, message.participant, message.client, direction)


def _parse(text: str) -> sdp.Description:
    try:
        return sdp.parse(text)
    except ValueError as error:
        raise _RefusedError(protocol.BAD_SDP, str(error)) from None
