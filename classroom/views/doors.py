"""What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) have in common: two resources, spoken over HTTP.

The endpoint of a lesson takes offers, the resource of a session what comes after. Whoever asks shows a key
with every request (RFC 6750 section 2.1) and nothing else: no cookie is read, so that no other site can
make a browser ask in somebody's name, and any site's player may ask.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from classroom.core.offers import MAX_FRAGMENT_BYTES, MAX_OFFER_BYTES, Outline, fragment_ufrag, outline
from classroom.core.refusals import Buckets, RecentFailures
from classroom.core.seats import Seat
from classroom.services import devices, relays, stream_keys
from classroom.services.devices import Found, Opened
from classroom.services.errors import ConflictError, RelayUnavailableError, RequestError
from classroom.services.questions import mailbox
from classroom.services.relays import Question
from classroom.services.stream_keys import Grant

audit = logging.getLogger("lectern.audit")

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
PROBLEM = "application/problem+json"

RETRY_SECONDS = 5
CLOSED_RETRY_SECONDS = 30
"""After a refusal that time alone may lift: a lesson opens by the minute."""
FAILURE_SECONDS = 5.0
FAILURES_KEPT = 10_000
"""A wrong key is looked up once in so many seconds: a player with an old key asks again and again."""
REQUESTS_A_SECOND, REQUESTS_AT_ONCE = 1.0, 30
"""Of one key: a client may send each of its candidates by itself (RFC 9725 section 5)."""
KEYS_COUNTED = 10_000

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch",
}
PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
}

NO_PERMIT = ("forbidden", "conflict")
"""What a relay says whose permits are older than our rows."""
RELAY_ANSWERS = {
    "bad_sdp": HTTPStatus.UNPROCESSABLE_ENTITY,
    "forbidden": HTTPStatus.CONFLICT,
    "conflict": HTTPStatus.CONFLICT,
}
"""What a relay's refusal is in HTTP; all else is its own trouble."""

failures = RecentFailures(FAILURE_SECONDS, FAILURES_KEPT)
requests = Buckets(REQUESTS_A_SECOND, REQUESTS_AT_ONCE, KEYS_COUNTED)


class RefusedError(Exception):
    """Raised with the status, the sentence and the headers of a refusal."""

    def __init__(self, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Door:
    """One of the two protocols: which keys open it, which offers it takes, what the relay is asked."""

    kind: str
    check: Callable[[Outline], None]
    """Raises ValueError for an offer that the protocol has no use for."""
    question: Callable[[Seat, str], Question]


Handler = Callable[[Door, HttpRequest, UUID, UUID | None], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource and its methods; the headers say what it takes."""

    methods: Mapping[str, Handler]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def allowed(self) -> str:
        """The methods as `Allow` lists them."""
        return ", ".join([*self.methods, "OPTIONS"])

    async def answer(
        self, door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None
    ) -> HttpResponse:
        """Answers a request, refused or not."""
        handler = options if request.method == "OPTIONS" else self.methods.get(request.method or "")
        try:
            if handler is None:
                allowed = self.allowed
                raise RefusedError(
                    HTTPStatus.METHOD_NOT_ALLOWED, _("There is no such method."), Allow=allowed
                )
            response = await handler(door, request, lesson_id, session_id)
        except RefusedError as refusal:
            response = _problem(refusal)
        for name, value in {**CORS, "Cache-Control": "no-store"}.items():
            response[name] = value
        if request.method == "OPTIONS":
            for name, value in {
                "Access-Control-Allow-Methods": self.allowed,
                **PREFLIGHT,
                **self.headers,
            }.items():
                response[name] = value
        return response


def views(door: Door) -> tuple[Any, Any]:
    """The views of a door's endpoint and of its sessions."""

    @csrf_exempt
    async def endpoint(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
        return await ENDPOINT.answer(door, request, lesson_id, None)

    @csrf_exempt
    async def session(request: HttpRequest, lesson_id: UUID, session_id: UUID) -> HttpResponse:
        return await SESSION.answer(door, request, lesson_id, session_id)

    return endpoint, session


def _problem(refusal: RefusedError) -> HttpResponse:
    """Says what is wrong as RFC 9457 has it (RFC 9725 section 4.1)."""
    status = refusal.status
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": str(refusal)}
    return HttpResponse(json.dumps(body), status=status, content_type=PROBLEM, headers=refusal.headers)


# Who asks


async def authenticated(door: Door, request: HttpRequest, lesson_id: UUID) -> Grant:
    """What the request's key grants; raises one and the same 401 whatever is wrong with it.

    The work for a wrong key is bounded by key: a whole school may share one address.
    """
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _unauthorised()
    digest = stream_keys.digest_of(secret.strip())
    name = f"{door.kind} {lesson_id} {digest}"
    if failures.has(name, time.monotonic()):
        raise _unauthorised()
    grant = await database_sync_to_async(stream_keys.grant)(door.kind, lesson_id, digest)
    if grant is None:
        failures.note(name, time.monotonic())
        audit.warning("refused a key at the %s door of lesson %s", door.kind, lesson_id)
        raise _unauthorised()
    if not requests.take(grant.key_id, time.monotonic()):
        sentence = _("That was too often; wait a moment.")
        raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, sentence, Retry_After=str(RETRY_SECONDS))
    return grant


def _unauthorised() -> RefusedError:
    sentence = _("A valid key for this lesson is needed.")
    return RefusedError(HTTPStatus.UNAUTHORIZED, sentence, WWW_Authenticate='Bearer realm="Lectern"')


# What is asked


async def options(door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None) -> HttpResponse:
    """Answers a browser that asks before it asks, without a key (RFC 9725 sections 4.2 and 4.7.1)."""
    return HttpResponse(status=HTTPStatus.OK)


async def nothing(door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None) -> HttpResponse:
    """Answers that there is nothing to see: no resource has a representation (RFC 9725 section 4.1)."""
    if session_id is not None:
        await _found(door, request, lesson_id, session_id)
    if request.method == "HEAD":
        # By this a player recognises an endpoint (draft-ietf-wish-whep section 4.2).
        return HttpResponse(status=HTTPStatus.OK, content_type=SDP)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    del response["Content-Type"]
    return response


async def start(door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None) -> HttpResponse:
    """Opens a session for an offer and answers 201 (RFC 9725 section 4.2)."""
    grant = await authenticated(door, request, lesson_id)
    body = _body(request, SDP, MAX_OFFER_BYTES, Accept_Post=SDP)
    try:
        offer = outline(body)
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from None
    try:
        door.check(offer)
    except ValueError as error:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    if not grant.is_open:
        raise _conflict(_("This lesson isn't open now."))
    found, answer = await _open(door, grant, offer, body.decode())
    response = HttpResponse(answer, status=HTTPStatus.CREATED, content_type=SDP)
    response["Location"] = request.build_absolute_uri(f"/{door.kind}/{lesson_id}/{found.id}/")
    response["ETag"] = found.entity_tag
    return response


async def patch(door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None) -> HttpResponse:
    """Takes candidates, and refuses a restart, of which only one is supported (RFC 9725 section 4.3.1).

    The relay is ICE-lite and learns a client's address from its checks: candidates that it can't use are
    discarded in silence (section 4.3.2).
    """
    found = await _found(door, request, lesson_id, session_id)
    ufrag = _fragment(request)
    matches = request.headers.get("If-Match", "").strip()
    if not matches:
        sentence = _("If-Match must name the ICE session.")
        raise RefusedError(HTTPStatus.PRECONDITION_REQUIRED, sentence)
    if matches != "*" and found.entity_tag not in [tag.strip() for tag in matches.split(",")]:
        raise RefusedError(HTTPStatus.PRECONDITION_FAILED, _("This is another ICE session."))
    if ufrag != found.ice_ufrag:
        sentence = _("ICE can't be restarted here: open a new session.")
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    del response["Content-Type"]
    return response


async def delete(door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None) -> HttpResponse:
    """Ends a session and its media; entity tags don't matter here (RFC 9725 sections 4.2 and 4.3.1)."""
    found = await _found(door, request, lesson_id, session_id)
    if not await database_sync_to_async(devices.end)(found.id):
        raise _unknown()
    return HttpResponse(status=HTTPStatus.OK)


ENDPOINT = Resource({"GET": nothing, "HEAD": nothing, "POST": start}, {"Accept-Post": SDP})
SESSION = Resource(
    {"GET": nothing, "HEAD": nothing, "PATCH": patch, "DELETE": delete},
    {"Accept-Post": SDP, "Accept-Patch": FRAGMENT},
)


def _body(request: HttpRequest, content_type: str, limit: int, **headers: str) -> bytes:
    if (request.content_type or "").lower() != content_type:
        sentence = _("The body must be of the type %(type)s.") % {"type": content_type}
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, sentence, **headers)
    too_large = RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("The body is too large."))
    try:
        body = request.body
    except RequestDataTooBig:
        raise too_large from None
    if len(body) > limit:
        raise too_large
    return body


def _fragment(request: HttpRequest) -> str:
    try:
        return fragment_ufrag(_body(request, FRAGMENT, MAX_FRAGMENT_BYTES, Accept_Patch=FRAGMENT))
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from None


async def _found(door: Door, request: HttpRequest, lesson_id: UUID, session_id: UUID | None) -> Found:
    """The session that the address names; 404 for one that is over and for another key's alike."""
    grant = await authenticated(door, request, lesson_id)
    found = await database_sync_to_async(devices.find)(grant, session_id) if session_id else None
    if found is None:
        raise _unknown()
    return found


def _unknown() -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, _("There is no such session."))


def _conflict(sentence: str) -> RefusedError:
    return RefusedError(HTTPStatus.CONFLICT, sentence, Retry_After=str(CLOSED_RETRY_SECONDS))


def _unavailable(sentence: str) -> RefusedError:
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, sentence, Retry_After=str(RETRY_SECONDS))


# Asking the relay


async def _open(door: Door, grant: Grant, offer: Outline, sdp: str) -> tuple[Found, str]:
    """Opens the session, and ends it again where the relay doesn't take the offer."""
    try:
        placed = await database_sync_to_async(relays.place)(grant.lesson_id)
        opened = await database_sync_to_async(devices.open_session)(grant, offer.ufrag, placed.epoch)
    except RelayUnavailableError as error:
        raise _unavailable(str(error)) from None
    except ConflictError as error:
        raise _conflict(str(error)) from None
    try:
        answer = await _ask(placed.channel, door, opened, sdp)
    except BaseException:
        await database_sync_to_async(devices.end)(opened.id)
        raise
    found = await database_sync_to_async(devices.confirm)(opened, offer)
    if found is None:
        raise _conflict(_("Another session has been opened with this key."))
    return found, answer


async def _ask(channel: str, door: Door, opened: Opened, sdp: str) -> str:
    """The relay's answer; asks once more, with fresh permits, where it lacked one that we would give."""
    try:
        try:
            reply = await mailbox.ask(channel, door.question(opened.seat, sdp))
        except RequestError as error:
            if error.code not in NO_PERMIT:
                raise
            await database_sync_to_async(relays.refresh_permits)([opened.seat.lesson_id])
            reply = await mailbox.ask(channel, door.question(opened.seat, sdp))
    except RelayUnavailableError as error:
        raise _unavailable(str(error)) from None
    except RequestError as error:
        status = RELAY_ANSWERS.get(error.code, HTTPStatus.SERVICE_UNAVAILABLE)
        raise RefusedError(status, error.message, Retry_After=str(RETRY_SECONDS)) from None
    return str(reply["sdp"])
