"""A page's socket in a room: lets it in, hands requests to commands, passes on what it should hear."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from django.utils.translation import gettext as _

from classroom import permissions
from classroom.core import groups
from classroom.core.buckets import TokenBucket
from classroom.core.links import FreezeMemory
from classroom.core.seats import Seat
from classroom.live import access, protocol, rights
from classroom.live.commands import COMMANDS, Command
from classroom.live.database import in_database
from classroom.live.gathering import Gathering
from classroom.live.hub import hub
from classroom.live.protocol import NotProtocolError, Request, RequestError
from classroom.live.registry import registry
from classroom.models.attendance import Attempt
from classroom.permissions import Action
from classroom.services import attendance, events, lessons, metrics, presence, rooms, snapshot
from classroom.services.errors import ConflictError, RelayFullError, RelayUnavailableError
from classroom.services.presence import Arrival
from classroom.services.questions import Questions
from classroom.services.snapshot import Viewer

log = logging.getLogger(__name__)
audit = logging.getLogger("lectern.audit")

MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 30, 90
"""Who draws and points sends some twenty a second."""
RELAY_REQUESTS_A_SECOND, RELAY_REQUESTS_AT_ONCE = 1, 12
RELAY_REQUESTS_OPEN = 4
MALFORMED_MESSAGES = 20

ENDS_AT_ONCE = frozenset(
    (
        protocol.CLOSE_NOT_PROTOCOL,
        protocol.CLOSE_SIGNED_OUT,
        protocol.CLOSE_FORBIDDEN,
        protocol.CLOSE_ROLE_CHANGED,
    )
)
"""After these the page's presence and media end at once; after all others it has some time to come back."""


_door = Gathering(access.admit)
_arrivals = Gathering(presence.enter_all)
_snapshots = Gathering(snapshot.for_viewers)


class RoomConsumer(AsyncConsumer):
    """One page in one room."""

    entry: access.Pass

    def __init__(self) -> None:
        now = registry.clock()
        self.heard_at = math.inf
        """When a message of the page was last taken up; what it says while it is being let in has to wait."""
        self.presence_key: int | None = None
        self._told = 0
        self._has_snapshot = False
        self._due = 0
        self._closing = False
        self._joined: tuple[str, ...] = ()
        self._malformed = 0
        self._freezes = FreezeMemory()
        self._messages = TokenBucket(MESSAGES_A_SECOND, MESSAGES_AT_ONCE, now)
        self._relay_requests = TokenBucket(RELAY_REQUESTS_A_SECOND, RELAY_REQUESTS_AT_ONCE, now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking = 0

    @property
    def seat(self) -> Seat:
        """Which page of whom this is, in which room."""
        return self.entry.seat

    @property
    def role(self) -> str:
        """The person's part in the lesson; when it changes, the socket is closed."""
        return self.entry.role

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handles one message.

        Channels' own goes through one shared thread each time to close old database connections; the threads
        of `in_database` do that themselves.
        """
        try:
            await getattr(self, get_handler_name(message))(message)
        except StopConsumer:
            raise
        except Exception:
            log.exception("a room's socket has failed at %s", message["type"])
            await self.shut(protocol.CLOSE_FAILED)

    # Coming in and going

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Lets the page in, or refuses it in one and the same way whatever the reason."""
        entry = await self._admit()
        if entry is None or not registry.has_place_for(entry.seat.user_id):
            if entry is not None:
                seat = entry.seat
                registry.soon(attendance.note_attempt, seat.lesson_id, seat.user_id, Attempt.Kind.SOCKET)
            await self.base_send({"type": "websocket.close"})
            raise StopConsumer
        self.entry = entry
        self._joined = self._groups()
        # Before anything is waited for: sockets that come at the same time are counted too.
        registry.add(self)
        self.questions = Questions(self.channel_layer, self.channel_name)
        await self.base_send({"type": "websocket.accept"})
        for name in self._joined:
            await self.channel_layer.group_add(name, self.channel_name)
        await hub.join(self.seat.lesson_id, self)
        if self._closing:
            # The line was lost meanwhile, and all else has been undone.
            hub.leave(self.seat.lesson_id, self)
            return
        await self._sit_down()
        self.heard_at = registry.clock()
        # What has changed between the door and the groups would go unnoticed.
        registry.recheck_soon(self)

    async def _admit(self) -> access.Pass | None:
        client = parse_qs(self.scope["query_string"].decode("latin-1")).get("client", [""])[-1]
        if not protocol.CLIENT.fullmatch(client):
            return None
        lesson_id = self.scope["url_route"]["kwargs"]["lesson_id"]
        return await _door.ask(lesson_id, access.Caller(access.session_key(self.scope), client))

    def _groups(self) -> tuple[str, ...]:
        seat = self.seat
        own = (
            groups.user(seat.user_id),
            groups.session(self.entry.session_key),
            groups.page(seat.lesson_id, seat.user_id, seat.client),
        )
        return (*own, groups.staff(seat.lesson_id)) if self.role in permissions.STAFF_ROLES else own

    async def _sit_down(self) -> None:
        arrival = Arrival(self.seat, self.channel_name, self.entry.is_admitted)
        self.presence_key, is_news = await _arrivals.ask(self.seat.lesson_id, arrival)
        if not is_news:
            page = groups.page(self.seat.lesson_id, self.seat.user_id, self.seat.client)
            await events.tell_now(page, {"type": "room.replaced", "by": self.channel_name})
        await self.tell_all()
        if is_news:
            registry.roster_changed(self.seat.lesson_id, self.seat.user_id)
        if self.role in permissions.STAFF_ROLES:
            await in_database(rooms.supervise, [self.seat.lesson_id])

    async def look_around(self) -> dict[str, Any]:
        """The whole room as this page sees it from now on."""
        viewer = Viewer(self.seat, self.role, self.entry.is_admitted)
        return await _snapshots.ask(self.seat.lesson_id, viewer)

    async def tell_all(self) -> None:
        """Sends the page the whole room."""
        state = await self.look_around()
        self._told = max(self._told, state["seq"])
        self._has_snapshot = True
        await self.send_text(protocol.notice("room.snapshot", state))

    def has_missed(self, sequence: int) -> bool:
        """Whether an event is overdue; called now and then with the number of the room's newest event.

        An event of a moment ago may be on its way: overdue is what was published before the last call. A page
        that waits for its first snapshot lacks nothing: that has it all.
        """
        due, self._due = self._due, sequence
        return self._has_snapshot and self._told < due

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The line is gone; the page has some time to come back."""
        await self._part(at_once=False)
        raise StopConsumer

    async def shut(self, code: int) -> None:
        """Closes the socket with a code of the room protocol."""
        if self._closing:
            return
        self._closing = True
        await self.base_send({"type": "websocket.close", "code": code})
        await self._part(at_once=code in ENDS_AT_ONCE)
        if code == protocol.CLOSE_ADMITTED:
            # Who was in the lobby is in the roster now, although their presence goes on.
            registry.roster_changed(self.seat.lesson_id, self.seat.user_id)

    async def _part(self, at_once: bool) -> None:
        """Undoes coming in; only the first call does anything."""
        joined, self._joined = self._joined, ()
        if not joined:
            return
        self._closing = True
        registry.remove(self)
        hub.leave(self.seat.lesson_id, self)
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        for name in joined:
            await self.channel_layer.group_discard(name, self.channel_name)
        if at_once:
            await self.end_presence()
        elif self.presence_key is not None:
            await in_database(presence.detach, self.presence_key, self.channel_name)

    async def end_presence(self) -> None:
        """Ends the page's presence and media now."""
        if self.presence_key is None:
            return
        self.presence_key = None
        await in_database(presence.leave, self.seat)
        registry.roster_changed(self.seat.lesson_id, self.seat.user_id)
        await in_database(lessons.darken_stage, self.seat)

    # Requests

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Takes one message of the page."""
        if self._closing:
            return
        self.heard_at = registry.clock()
        if not self._messages.take(self.heard_at):
            await self.shut(protocol.CLOSE_TOO_FAST)
            return
        try:
            request = protocol.parse_request(message.get("text") or "")
        except NotProtocolError:
            await self.shut(protocol.CLOSE_NOT_PROTOCOL)
        except ValueError as error:
            await self._complain(None, protocol.BAD_REQUEST, str(error))
        else:
            await self._serve(request)

    async def _complain(self, id: int | None, code: str, message: str) -> None:
        """Answers what isn't of the protocol, so many times."""
        metrics.count_request(metrics.NO_TYPE, code)
        self._malformed += 1
        if self._malformed > MALFORMED_MESSAGES:
            await self.shut(protocol.CLOSE_NOT_PROTOCOL)
        else:
            await self.send_text(protocol.error_reply(id, code, message))

    async def _serve(self, request: Request) -> None:
        command = COMMANDS.get(request.type)
        if command is None:
            await self._complain(request.id, protocol.UNKNOWN_TYPE, _("There is no such request."))
            return
        try:
            body = command.payload.parse(request.body)
        except ValueError as error:
            await self._complain(request.id, protocol.BAD_REQUEST, str(error))
            return
        if command.is_gathered:
            # How many of these may be open follows from how many messages a page may send.
            self._spawn(self._reply(request, command, body))
        elif not command.asks_relay:
            await self._reply(request, command, body)
        elif self._asking < RELAY_REQUESTS_OPEN and self._relay_requests.take(registry.clock()):
            self._asking += 1
            self._spawn(self._ask(request, command, body))
        else:
            await self._refuse(request, protocol.TOO_FAST, _("That was too often; wait a moment."))

    async def _ask(self, request: Request, command: Command, body: Any) -> None:
        try:
            await self._reply(request, command, body)
        finally:
            self._asking -= 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, request: Request, command: Command, body: Any) -> None:
        try:
            result = await self._run(request, command, body)
        except RequestError as error:
            await self._refuse(request, error.code, error.message)
        except ConflictError as error:
            await self._refuse(request, protocol.CONFLICT, str(error))
        except RelayFullError as error:
            await self._refuse(request, protocol.RELAY_FULL, str(error))
        except RelayUnavailableError as error:
            await self._refuse(request, protocol.RELAY_UNAVAILABLE, str(error))
        except Exception:
            log.exception("%s has failed", request.type)
            await self._refuse(request, protocol.FAILED, _("That didn't work; try again."))
        else:
            metrics.count_request(request.type, metrics.OK)
            await self.send_text(protocol.reply(request.id, result))

    async def _refuse(self, request: Request, code: str, message: str) -> None:
        metrics.count_request(request.type, code)
        await self.send_text(protocol.error_reply(request.id, code, message))

    async def _run(self, request: Request, command: Command, body: Any) -> Any:
        if not command.is_gathered:
            await self._require(command.action, request.type)
        if self.presence_key is None and request.type not in AFTER_LEAVING:
            raise ConflictError(_("You have left this room."))
        return await command.handler(self, body)

    async def _require(self, action: Action, kind: str) -> None:
        standing = await rights.standing(self.seat.user_id, self.seat.lesson_id)
        if standing is None or not standing.allows(action):
            audit.warning("refused %s to %s in lesson %s", kind, self.seat.user_id, self.seat.lesson_id)
            raise RequestError(protocol.FORBIDDEN, _("You may not do that here."))

    # What the channel layer brings

    async def room_event(self, message: dict[str, Any]) -> None:
        """Passes a numbered event on, or its number alone if it is for others."""
        self._told = max(self._told, message["seq"])
        hears = self._is_among(message["audience"])
        await self.send_text(message["text"] if hears else protocol.unheard(message["seq"]))

    async def room_broadcast(self, message: dict[str, Any]) -> None:
        """Passes on what needs no number, if it is for this page."""
        if self._is_among(message["audience"]):
            await self.send_text(message["text"])

    def _is_among(self, audience: Mapping[str, Any]) -> bool:
        """Whether an event of this audience is for this page."""
        if not self.entry.is_admitted:
            return bool(audience["lobby"])
        if not audience["staff"] and not audience["people"]:
            return True
        is_staff = self.role in permissions.STAFF_ROLES
        return (audience["staff"] and is_staff) or str(self.seat.user_id) in audience["people"]

    async def room_notice(self, message: dict[str, Any]) -> None:
        """Passes on what is for this page alone."""
        await self.send_text(message["text"])

    async def room_freezes(self, message: dict[str, Any]) -> None:
        """Remembers, for one of the staff, whose pictures have frozen."""
        self._freezes.note(message["frozen"], registry.clock())

    async def room_links(self, message: dict[str, Any]) -> None:
        """Tells one of the staff how the room's connections fare."""
        links = self._freezes.join(message["links"], registry.clock())
        await self.send_text(protocol.notice("room.links", {"links": links}))

    async def room_recheck(self, message: dict[str, Any]) -> None:
        """Something that rights follow from has changed."""
        registry.recheck_soon(self)

    async def room_replaced(self, message: dict[str, Any]) -> None:
        """The same page has connected again; however late this comes, its row names the newest socket."""
        if message["by"] == self.channel_name:
            return
        if await in_database(presence.is_replaced, self.seat, self.channel_name):
            await self.shut(protocol.CLOSE_REPLACED)

    async def relay_reply(self, message: dict[str, Any]) -> None:
        """A relay has replied to a question of ours."""
        self.questions.settle(message)

    async def send_text(self, text: str) -> None:
        """Sends a text; the server drops a page that leaves too much unread."""
        if not self._closing:
            await self.base_send({"type": "websocket.send", "text": text})


AFTER_LEAVING = frozenset(("room.ping", "room.leave"))
