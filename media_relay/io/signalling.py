"""What the web tier asks for: permits, offers, answers, closings."""

from __future__ import annotations

import os

from media_relay import protocol
from media_relay.core import codecs, ice, sdp, sdp_writer
from media_relay.core.links import Connection, Link, Offered
from media_relay.core.permits import Permits
from media_relay.core.room import Room, stream_name
from media_relay.core.router import PermitError
from media_relay.io import clock
from media_relay.io.dtls import Certificate
from media_relay.io.media import MediaPlane
from media_relay.io.peer import Peer

START_BITRATE_KBPS = 1000
"""Where a browser's video begins; by itself it would begin at 300 and look poor for the first seconds."""

Asked = protocol.Subscribe | protocol.Answer | protocol.Publish


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
            case protocol.Subscribe() | protocol.Answer() | protocol.Publish():
                return self._reply(message)
        return None

    def _reply(self, message: Asked) -> protocol.Message:
        try:
            if isinstance(message, protocol.Subscribe):
                return self._subscribe(message)
            if isinstance(message, protocol.Answer):
                return self._answer(message)
            return self._publish(message)
        except _RefusedError as refusal:
            return protocol.Refused(message.id, refusal.code, str(refusal))
        except PermitError as refusal:
            return protocol.Refused(message.id, protocol.REFUSED, str(refusal))

    def _new_peer(self, link: Link, transport: sdp_writer.LocalTransport) -> Peer:
        # First the connection that this one replaces must go.
        self._media.drain()
        agent = ice.LiteAgent(transport.ufrag, transport.pwd)
        peer = Peer(link, agent, self._certificate, clock.monotonic())
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
        sections = _sections(self._media.router.rooms[message.room])
        transport = self._transport()
        self._new_peer(link, transport)
        offer = sdp_writer.make_offer(transport, sections)
        return protocol.Offer(message.id, offer, {section.mid: section.track for section in sections})

    def _answer(self, message: protocol.Answer) -> protocol.Message:
        room = self._media.router.rooms.get(message.room)
        link = room.subscribers.get(_connection(message, protocol.SUBSCRIBE)) if room else None
        peer = self._media.peers.find(link) if link else None
        if peer is None or peer.started:
            raise _RefusedError(protocol.UNKNOWN, "No offer of the relay waits for this answer.")
        remote = _parse(message.sdp)
        if remote.setup == "actpass":
            raise _RefusedError(protocol.BAD_SDP, "SDP answer does not choose its setup role")
        peer.remote_ufrag = remote.ice_ufrag
        peer.start(self._media, remote.fingerprints, server=remote.setup == "active")
        return protocol.Done(message.id)

    def _publish(self, message: protocol.Publish) -> protocol.Message:
        connection = _connection(message, protocol.PUBLISH)
        self._check_capacity(connection)
        remote = _parse(message.sdp)
        offered = _offered(remote, message)
        transport = self._transport()
        chosen = {item.media.mid: item.codecs for item in offered}
        try:
            answer = sdp_writer.make_answer(
                remote, transport, chosen, codecs.PUBLISHER_EXTENSIONS, START_BITRATE_KBPS
            )
        except ValueError as error:
            raise _RefusedError(protocol.BAD_SDP, str(error)) from None
        link = self._media.router.publish(connection, offered)
        peer = self._new_peer(link, transport)
        peer.remote_ufrag = remote.ice_ufrag
        peer.start(self._media, remote.fingerprints, server=True)
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
    )


def _connection(message: Asked, direction: str) -> Connection:
    return Connection(message.room, message.participant, message.client, direction)


def _parse(text: str) -> sdp.Description:
    try:
        return sdp.parse(text)
    except ValueError as error:
        raise _RefusedError(protocol.BAD_SDP, str(error)) from None


def _offered(remote: sdp.Description, message: protocol.Publish) -> list[Offered]:
    """Returns the sources with the m-line and the codecs that each is taken with."""
    by_mid = {media.mid: media for media in remote.media if media.is_rtp and not media.is_rejected}
    offered = []
    for mid, source in message.sources.items():
        media = by_mid.get(mid)
        if media is None or media.kind != protocol.SOURCE_KINDS[source]:
            raise _RefusedError(protocol.BAD_SDP, f"SDP has no usable m-line for the {source}")
        chosen = codecs.choose(media)
        if not chosen:
            raise _RefusedError(protocol.BAD_SDP, f"SDP has no usable codec for the {source}")
        offered.append(Offered(source, media, chosen))
    if len({item.kind for item in offered}) != len(offered):
        raise _RefusedError(protocol.BAD_SDP, "Two m-lines are named for one source")
    return offered


def _sections(room: Room) -> list[sdp_writer.OfferSection]:
    """Returns the m-lines of an offer, one for each slot; the mid is the slot's place in the room."""
    return [
        sdp_writer.OfferSection(
            mid=str(index),
            kind=slot.kind,
            ssrc=slot.ssrc,
            cname=room.cname,
            stream=stream_name(slot.name),
            track=slot.name,
            codecs=codecs.SUBSCRIBER_VIDEO_CODECS if slot.is_video else codecs.SUBSCRIBER_AUDIO_CODECS,
            extensions=(
                codecs.SUBSCRIBER_VIDEO_EXTENSIONS if slot.is_video else codecs.SUBSCRIBER_AUDIO_EXTENSIONS
            ),
        )
        for index, slot in enumerate(room.slots.values())
    ]
