"""The device check: its page, the connection that it tries, and what it has found."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from channels.db import database_sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from classroom.core.checks import browser_name
from classroom.core.offers import MAX_OFFER_BYTES
from classroom.core.refusals import Buckets
from classroom.services import checks, timetable
from classroom.services.errors import RelayUnavailableError, RequestError
from classroom.services.questions import mailbox
from classroom.views.lessons import closed

MAX_BODY_BYTES = 4 * MAX_OFFER_BYTES
"""Two descriptions, whose line ends JSON writes with two letters."""
RUNS_A_SECOND, RUNS_AT_ONCE = 0.1, 5
RESULTS_A_SECOND, RESULTS_AT_ONCE = 0.5, 20
PEOPLE_COUNTED = 10_000

runs = Buckets(RUNS_A_SECOND, RUNS_AT_ONCE, PEOPLE_COUNTED)
results = Buckets(RESULTS_A_SECOND, RESULTS_AT_ONCE, PEOPLE_COUNTED)


@never_cache
@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """The page of the check, with what was found before."""
    user = cast(User, request.user)
    context = {
        "checks": checks.own(user.pk),
        "doors": checks.doors(),
        "zone_name": str(timetable.zone_of(user)),
    }
    return render(request, "classroom/check.html", context)


@never_cache
@require_POST
async def connect(request: HttpRequest) -> HttpResponse:
    """Takes two offers, to send and to receive, and answers both by a relay."""
    user_id = await _person(request)
    if user_id is None:
        return await database_sync_to_async(closed)(request)
    if not runs.take(user_id, time.monotonic()):
        return _refusal(HTTPStatus.TOO_MANY_REQUESTS, _("That was too often; wait a moment."))
    try:
        send, receive = _offers(_body(request))
    except ValueError as error:
        return _refusal(HTTPStatus.BAD_REQUEST, str(error))
    try:
        run = await database_sync_to_async(checks.begin)(user_id)
        sent = await mailbox.ask(run.channel, run.send_question(send))
        received = await mailbox.ask(run.channel, run.receive_question(receive))
    except (RelayUnavailableError, RequestError) as error:
        await database_sync_to_async(checks.end)(user_id)
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    return JsonResponse({"send": sent["sdp"], "receive": received["sdp"]})


@never_cache
@require_POST
def result(request: HttpRequest) -> HttpResponse:
    """Keeps what the page has found, and ends the connection that it has tried."""
    user = cast(User, request.user)
    if not user.is_authenticated:
        return closed(request)
    if not results.take(user.pk, time.monotonic()):
        return _refusal(HTTPStatus.TOO_MANY_REQUESTS, _("That was too often; wait a moment."))
    try:
        found = _result(_body(request))
    except ValueError as error:
        return _refusal(HTTPStatus.BAD_REQUEST, str(error))
    checks.keep(user.pk, browser_name(request.headers.get("User-Agent", "")), found)
    checks.end(user.pk)
    return JsonResponse({})


async def _person(request: HttpRequest) -> UUID | None:
    user = await request.auser()
    return cast(UUID, user.pk) if user.is_authenticated else None


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        raw = request.body
    except RequestDataTooBig:
        raise ValueError("the body is too large") from None
    if len(raw) > MAX_BODY_BYTES:
        raise ValueError("the body is too large")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise ValueError("expected an object")
    return body


def _offers(body: dict[str, Any]) -> tuple[str, str]:
    send, receive = body.get("send"), body.get("receive")
    if not isinstance(send, str) or not isinstance(receive, str):
        raise ValueError("expected two offers")
    if not all(0 < len(offer) <= MAX_OFFER_BYTES for offer in (send, receive)):
        raise ValueError("expected offers of bounded length")
    return send, receive


def _result(body: dict[str, Any]) -> checks.Result:
    words = {name: body.get(name, "") for name in checks.PARTS}
    if not all(isinstance(word, str) for word in words.values()):
        raise ValueError("expected one of the known words")
    return checks.Result(**words, rtt_ms=body.get("rtt_ms"), loss=body.get("loss"))


def _refusal(status: HTTPStatus, sentence: str) -> JsonResponse:
    return JsonResponse({"message": sentence}, status=status)
