"""The connection of a relay: registers it, passes orders on to it and its replies back to whoever asked."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, replace
from hmac import compare_digest
from typing import Any
from uuid import UUID

from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from django.conf import settings
from django.utils.translation import gettext as _

from classroom.core import groups, seats
from classroom.core.links import LayerMemory, Page
from classroom.core.seats import Seat
from classroom.live import access
from classroom.live import protocol as room_protocol
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models.attendance import Attempt
from classroom.services import attendance, devices, events, relays
from media_relay import protocol

log = logging.getLogger(__name__)

HEARTBEAT_WRITE_SECONDS = 2.0
"""Loads come every second; the row is written so often at most."""
TOGETHER_SECONDS = 0.2
"""The relays of one machine are told to stop together: none is to get the lessons of another."""
MAX_OPEN_QUESTIONS = 10_000
PLACEMENT_SECONDS = 1.0
"""For so long it is not looked up again that a relay carries a lesson: a class joins at once."""
CLOSE_NOT_PROTOCOL = room_protocol.CLOSE_NOT_PROTOCOL
CLOSE_REPLACED = room_protocol.CLOSE_REPLACED

ROOM_CODES = {
    protocol.REFUSED: room_protocol.FORBIDDEN,
    protocol.BAD_SDP: room_protocol.BAD_SDP,
    protocol.FULL: room_protocol.RELAY_UNAVAILABLE,
    protocol.UNKNOWN: room_protocol.CONFLICT,
    protocol.FAILED: room_protocol.FAILED,
}

RoomWord = protocol.ConnectionChanged | protocol.Links | protocol.LayersWanted | protocol.Speakers


class RelayConsumer(AsyncConsumer):
    """One connection of one relay."""

    def __init__(self) -> None:
        self.heard_at = registry.clock()
        self._relay_id: int | None = None
        self._accepted = False
        self._closing = False
        self._written_at = float("-inf")
        self._writing: asyncio.Task[None] | None = None
        self._retiring: asyncio.Task[None] | None = None
        self._worst_lag = 0.0
        self._askers: dict[str, str] = {}
        self._layers = LayerMemory()
        self._carried_until: dict[UUID, float] = {}

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handles one message, without Channels' hop through a shared thread."""
        try:
            await getattr(self, get_handler_name(message))(message)
        except StopConsumer:
            raise
        except Exception:
            log.exception("a relay's connection has failed at %s", message["type"])
            await self.shut(room_protocol.CLOSE_FAILED)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Accepts whoever knows the secret."""
        presented = access.header(self.scope, b"authorization").encode("latin-1")
        expected = f"Bearer {settings.RELAY_SECRET}".encode()
        if not settings.RELAY_SECRET or not compare_digest(presented, expected):
            await self.base_send({"type": "websocket.close"})
            raise StopConsumer
        await self.base_send({"type": "websocket.accept"})
        self._accepted = True
        registry.add_relay(self)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The control link is down; media goes on until somebody knows better."""
        await self._part()
        raise StopConsumer

    async def shut(self, code: int) -> None:
        """Closes the connection; a relay that lives dials in again."""
        if not self._closing:
            self._closing = True
            await self.base_send({"type": "websocket.close", "code": code})
            await self._part()

    async def _part(self) -> None:
        self._closing = True
        registry.remove_relay(self)
        if self._writing is not None and self._writing is not asyncio.current_task():
            await self._writing
        askers, self._askers = self._askers, {}
        for id, channel in askers.items():
            sentence = _("The media relay has gone; this page tries again by itself.")
            await self._reply(channel, id, room_protocol.RELAY_UNAVAILABLE, sentence)
        relay_id, self._relay_id = self._relay_id, None
        if relay_id is not None:
            await in_database(relays.disconnect, relay_id, self.channel_name)

    # From the relay

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Takes one message of the relay; anything that isn't one ends the connection."""
        if self._closing:
            return
        self.heard_at = registry.clock()
        try:
            received = protocol.decode(message.get("text") or "")
            await self._take(received)
        except ValueError as error:
            log.warning("a relay has sent what it may not: %s", error)
            await self.shut(CLOSE_NOT_PROTOCOL)

    async def _take(self, received: protocol.Message) -> None:
        match received:
            case protocol.Register() if self._relay_id is None:
                await self._register(received)
            case protocol.Load() if self._relay_id is not None:
                self._note_load(received)
            case protocol.Offer() | protocol.Accepted() | protocol.Done():
                body = asdict(received)
                await self._settle(body.pop("id"), body=body)
            case protocol.Refused():
                await self._settle(received.id, ROOM_CODES[received.code], received.message)
            case (
                protocol.ConnectionChanged()
                | protocol.Links()
                | protocol.LayersWanted()
                | protocol.Speakers()
            ):
                if await self._carries(UUID(received.room)):
                    await self._take_word_of_room(received)
            case _:
                raise ValueError("this message is out of place")

    async def _carries(self, lesson_id: UUID) -> bool:
        """Whether the lesson is this relay's; what a relay says of any other is dropped."""
        if self._relay_id is None:
            raise ValueError("this message is out of place")
        if self.heard_at < self._carried_until.get(lesson_id, float("-inf")):
            return True
        carries = await in_database(relays.carries, self._relay_id, self.channel_name, lesson_id)
        if carries:
            self._carried_until[lesson_id] = self.heard_at + PLACEMENT_SECONDS
        return carries

    async def _take_word_of_room(self, received: RoomWord) -> None:
        match received:
            case protocol.ConnectionChanged():
                await self._notify(received)
            case protocol.Links():
                await self._tell_links(received)
            case protocol.LayersWanted():
                body = {"source": received.source, "rids": received.rids}
                await self._tell(_page(received), "media.layers", body)
            case protocol.Speakers():
                body = {"ids": received.participants}
                await events.broadcast_now(UUID(received.room), "room.speakers", body)

    async def _register(self, hello: protocol.Register) -> None:
        if hello.protocol != protocol.VERSION:
            raise ValueError(
                f"it speaks version {hello.protocol} of the protocol, not {protocol.VERSION}: "
                "relay and web tier must be of one release"
            )
        registration = await in_database(relays.register, hello, self.channel_name)
        self._relay_id = registration.relay_id
        if registration.replaced_channel:
            await self.channel_layer.send(registration.replaced_channel, {"type": "relay.replaced"})
        await self._send(protocol.encode(protocol.Registered()))
        log.info("relay %s has registered, version %s", hello.name, hello.version)

    def _note_load(self, load: protocol.Load) -> None:
        """Writes a load now and then, beside the connection: a slow database must not hold up replies."""
        self._worst_lag = max(self._worst_lag, load.loop_lag_ms)
        if load.draining and self._retiring is None:
            self._retiring = asyncio.create_task(self._retire(load))
        is_writing = self._writing is not None and not self._writing.done()
        if is_writing or self.heard_at - self._written_at < HEARTBEAT_WRITE_SECONDS:
            return
        self._written_at = self.heard_at
        worst, self._worst_lag = self._worst_lag, 0.0
        self._writing = asyncio.create_task(self._write_load(replace(load, loop_lag_ms=worst)))

    async def _write_load(self, load: protocol.Load) -> None:
        if self._relay_id is None:
            return
        try:
            is_current = await in_database(relays.heartbeat, self._relay_id, self.channel_name, load)
        except Exception:
            log.exception("a relay's heartbeat could not be written")
            return
        if not is_current:
            # Given up in the meantime: it registers again and gets every room anew.
            await self.shut(CLOSE_REPLACED)

    async def _retire(self, load: protocol.Load) -> None:
        """Finds other relays for the lessons of this one, and says how many have moved."""
        await self._write_load(load)
        await asyncio.sleep(TOGETHER_SECONDS)
        if self._relay_id is None:
            return
        try:
            moved = await in_database(relays.retire, self._relay_id)
        except Exception:
            log.exception("the lessons of a relay that stops could not be moved")
            return
        log.info("a relay stops; %d of its lessons have moved", moved)
        await self._send(protocol.encode(protocol.Moved(moved)))

    async def _settle(self, id: str, code: str = "", message: str = "", body: Any = None) -> None:
        channel = self._askers.pop(id, "")
        if channel:
            await self._reply(channel, id, code, message, body)

    async def _reply(self, channel: str, id: str, code: str, message: str, body: Any = None) -> None:
        reply = {"type": "relay.reply", "id": id, "code": code, "message": message, "body": body or {}}
        await self.channel_layer.send(channel, reply)

    async def _notify(self, change: protocol.ConnectionChanged) -> None:
        body = {"direction": change.direction}
        if change.state == "closed":
            body["reason"] = change.reason
        self._layers.forget(_page(change))
        await self._tell(_page(change), f"media.{change.state}", body)
        if change.reason == protocol.NEVER_CONNECTED:
            room, participant = UUID(change.room), UUID(change.participant)
            registry.soon(attendance.note_attempt, room, participant, Attempt.Kind.MEDIA)
        if change.state == "closed" and seats.is_device(change.client):
            seat = Seat(UUID(change.room), UUID(change.participant), change.client)
            await in_database(devices.media_closed, seat)

    async def _tell_links(self, told: protocol.Links) -> None:
        """Tells the staff in one message how a room's connections fare, and pages what changes for them."""
        links = [_link(link) for link in told.links]
        await events.tell_now(groups.staff(UUID(told.room)), {"type": "room.links", "links": links})
        for link in told.links:
            page = (told.room, link.participant, link.client)
            watches = link.direction == protocol.SUBSCRIBE
            if watches and self._layers.has_changed(page, link.layers, link.limited):
                await self._tell(page, "media.link", _figures(link))

    async def _tell(self, page: Page, kind: str, body: dict[str, Any]) -> None:
        room, participant, client = page
        group = groups.page(UUID(room), UUID(participant), client)
        await events.tell_now(group, {"type": "room.notice", "text": room_protocol.notice(kind, body)})

    # To the relay

    async def relay_order(self, message: dict[str, Any]) -> None:
        """Passes an order on that needs no reply."""
        await self._send(message["text"])

    async def relay_ask(self, message: dict[str, Any]) -> None:
        """Passes a question on and remembers who asked."""
        while len(self._askers) >= MAX_OPEN_QUESTIONS:
            del self._askers[next(iter(self._askers))]
        self._askers[message["id"]] = message["reply_channel"]
        await self._send(message["text"])

    async def relay_replaced(self, message: dict[str, Any]) -> None:
        """The same relay has dialled in again."""
        await self.shut(CLOSE_REPLACED)

    async def _send(self, text: str) -> None:
        if not self._closing:
            await self.base_send({"type": "websocket.send", "text": text})


def _page(word: protocol.ConnectionChanged | protocol.LayersWanted) -> Page:
    return word.room, word.participant, word.client


def _link(link: protocol.LinkState) -> dict[str, Any]:
    """A connection as the staff hear of it."""
    whose = {"id": link.participant, "client": link.client, "direction": link.direction}
    return {**whose, **_figures(link)}


def _figures(link: protocol.LinkState) -> dict[str, Any]:
    """How a connection fares, rounded to what people can use."""
    return {
        "rtt_ms": round(link.rtt_ms),
        "loss": round(link.loss, 3),
        "kbps": round(link.kbps),
        "layers": dict(link.layers),
        "limited": link.limited,
    }
