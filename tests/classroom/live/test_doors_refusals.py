"""What the doors for devices refuse, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest
from django.utils import timezone

from classroom.live.database import in_database
from classroom.models import Enrolment, Lesson, StreamKey, StreamSession
from classroom.services import lessons, stream_keys
from classroom.services.stream_keys import WHEP, WHIP
from classroom.views import doors
from media_relay import protocol
from tests.classroom.live.doors import (
    ANSWER,
    AUDIO,
    DIRECTIONS,
    EVERY_KIND,
    HEAD,
    UFRAG,
    VIDEO,
    Device,
    device_of,
    forget_failures,
    lesson_row,
    offer_of,
)
from tests.classroom.live.wire import PATIENCE, FakeRelay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def refusal(response: Any) -> tuple[int, bytes, str]:
    """All that tells one refusal from another."""
    return response.status_code, response.content, response["WWW-Authenticate"]


@EVERY_KIND
async def test_every_key_that_is_no_good_gets_one_and_the_same_answer(cast: Cast, kind: str) -> None:
    other = WHEP if kind == WHIP else WHIP
    good = await device_of(cast.teacher, cast.lesson, kind)
    expired = await device_of(cast.colleague, cast.lesson, kind)
    revoked = await device_of(cast.assistant, cast.lesson, kind)
    removed = await device_of(cast.students[0], cast.lesson, WHEP)
    removed.path = good.path
    await in_database(StreamKey.objects.filter(user=cast.colleague).update, expires_at=timezone.now())
    await in_database(stream_keys.revoke, (await in_database(StreamKey.objects.get, user=cast.assistant)).pk)
    await in_database(Enrolment.objects.filter(user=cast.students[0]).delete)
    foreign = await device_of(cast.other_teacher, cast.other_lesson, kind)
    foreign.path = good.path
    wrong_door = await device_of(cast.teacher, cast.lesson, other)
    wrong_door.path = good.path
    elsewhere = Device(kind, uuid.uuid4(), good.headers["Authorization"].split()[1])
    unknown = Device(kind, cast.lesson.pk, "a" * 43)
    basic = Device(kind, cast.lesson.pk, None)
    basic.headers = {"Authorization": "Basic dGVhY2hlcjpzZWNyZXQ="}
    missing, empty = Device(kind, cast.lesson.pk, None), Device(kind, cast.lesson.pk, "")
    bad = [expired, revoked, removed, foreign, wrong_door, elsewhere, unknown, basic, missing, empty]
    answers = {refusal(await device.post()) for device in bad}
    assert len(answers) == 1
    ((status, body, challenge),) = answers
    assert (status, challenge) == (401, 'Bearer realm="Lectern"')
    assert json.loads(body)["status"] == 401
    for device in bad:
        path = f"{device.path}{uuid.uuid4()}/"
        for method in ("DELETE", "PATCH", "GET"):
            assert refusal(await device.send(method, path)) == (status, body, challenge)


async def test_a_student_has_no_way_to_send(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.student, cast.lesson, WHEP)
    device.path = f"/whip/{cast.lesson.pk}/"
    assert (await device.post(offer_of(WHIP))).status_code == 401
    demoted = await device_of(cast.assistant, cast.lesson)
    await in_database(Enrolment.objects.filter(user=cast.assistant).update, role=Enrolment.Role.STUDENT)
    assert (await demoted.post()).status_code == 401
    assert (await lesson_row(cast.lesson)).state == Lesson.State.SCHEDULED


async def test_a_wrong_key_is_not_looked_up_again_at_once_and_others_are_none_the_worse(
    cast: Cast, relay: FakeRelay
) -> None:
    wrong = await device_of(cast.teacher, cast.lesson)
    await in_database(StreamKey.objects.update, revoked_at=timezone.now())
    assert (await wrong.post()).status_code == 401
    await in_database(StreamKey.objects.update, revoked_at=None)
    assert (await wrong.post()).status_code == 401
    good = await device_of(cast.colleague, cast.lesson)
    await good.open(relay)
    forget_failures()
    await wrong.open(relay)


async def test_a_key_that_asks_too_often_has_to_wait(cast: Cast, relay: FakeRelay) -> None:
    busy = await device_of(cast.teacher, cast.lesson)
    path = f"{busy.path}{uuid.uuid4()}/"
    served = 0
    while (response := await busy.send("DELETE", path)).status_code == 404:
        served += 1
        assert served < 3 * doors.REQUESTS_AT_ONCE
    assert served >= doors.REQUESTS_AT_ONCE
    assert (response.status_code, response["Retry-After"]) == (429, str(doors.RETRY_SECONDS))
    calm = await device_of(cast.student, cast.lesson, WHEP)
    await calm.open(relay)


@EVERY_KIND
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
async def test_an_endpoint_has_so_many_methods(cast: Cast, kind: str, method: str) -> None:
    response = await (await device_of(cast.teacher, cast.lesson, kind)).send(method)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")


@EVERY_KIND
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_session_has_so_many_methods(cast: Cast, relay: FakeRelay, kind: str, method: str) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    await device.open(relay)
    response = await device.send(method, device.location)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, PATCH, DELETE, OPTIONS")


@EVERY_KIND
async def test_the_body_must_be_an_offer(cast: Cast, relay: FakeRelay, kind: str) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    json_body = await device.send("POST", body="{}", kind="application/json")
    assert (json_body.status_code, json_body["Accept-Post"]) == (415, "application/sdp")
    padding = "a=x\r\n" * (64 << 10)
    for body, status in (
        ("\n", 400),
        ("{}", 400),
        ("v=0\r\ns=no lines\r\n", 400),
        (offer_of(kind) + padding[: 64 << 10], 413),
        (offer_of(kind) + padding * 4, 413),
        (HEAD + f"a=ice-ufrag:{UFRAG}\r\n", 422),
        (offer_of(kind).replace("a=" + DIRECTIONS[kind], "a=inactive"), 422),
        (offer_of(WHEP if kind == WHIP else WHIP), 422),
    ):
        response = await device.post(body)
        assert response.status_code == status, body[:80]
        assert json.loads(response.content)["status"] == status
        assert response["Content-Type"] == "application/problem+json"
    assert (await lesson_row(cast.lesson)).state == Lesson.State.SCHEDULED
    with_parameter = asyncio.create_task(
        device.send("POST", body=offer_of(kind), kind="application/sdp; charset=utf-8")
    )
    asked = await device.asked(relay, with_parameter)
    await relay.say(protocol.Accepted(asked.id, ANSWER))
    assert (await with_parameter).status_code == 201


async def test_an_encoder_sends_each_kind_once(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.teacher, cast.lesson)
    assert (await device.post(offer_of(WHIP, AUDIO, VIDEO, VIDEO))).status_code == 422
    player = await device_of(cast.student, cast.lesson, WHEP)
    asking = asyncio.create_task(player.post(offer_of(WHEP, AUDIO, VIDEO, VIDEO)))
    asked = await player.asked(relay, asking)
    await relay.say(protocol.Accepted(asked.id, ANSWER))
    assert (await asking).status_code == 201


@EVERY_KIND
async def test_a_lesson_that_is_not_open_is_a_conflict(cast: Cast, relay: FakeRelay, kind: str) -> None:
    device = await device_of(cast.teacher, cast.later_lesson, kind)
    response = await device.post()
    assert (response.status_code, response["Retry-After"]) == (409, str(doors.CLOSED_RETRY_SECONDS))
    running = await device_of(cast.teacher, cast.lesson, kind)
    await in_database(lessons.cancel_lesson, cast.lesson.pk)
    assert (await running.post()).status_code == 409


@EVERY_KIND
async def test_without_a_relay_one_tries_again(cast: Cast, kind: str) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    response = await device.post()
    assert (response.status_code, response["Retry-After"]) == (503, str(doors.RETRY_SECONDS))
    assert (await lesson_row(cast.lesson)).state == Lesson.State.SCHEDULED
    assert not await in_database(StreamSession.objects.exists)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (protocol.BAD_SDP, 422),
        (protocol.FULL, 503),
        (protocol.FAILED, 503),
    ],
)
@EVERY_KIND
async def test_what_the_relay_refuses_leaves_nothing_behind(
    cast: Cast, relay: FakeRelay, kind: str, code: str, status: int
) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    asking = asyncio.create_task(device.post())
    asked = await device.asked(relay, asking)
    await relay.say(protocol.Refused(asked.id, code, "The relay says why."))
    response = await asking
    assert response.status_code == status
    assert json.loads(response.content)["detail"] == "The relay says why."
    assert not await in_database(StreamSession.objects.exists)
    row = await lesson_row(cast.lesson)
    assert (row.stage_client, row.stage_sources) == ("", [])


@EVERY_KIND
async def test_a_relay_that_lacks_a_permit_gets_it_and_is_asked_again(
    cast: Cast, relay: FakeRelay, kind: str
) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    asking = asyncio.create_task(device.post())
    asked = await device.asked(relay, asking)
    generation = relay.permits[asked.room].generation
    await relay.say(protocol.Refused(asked.id, protocol.REFUSED, "There is no permit."))
    again = await device.asked(relay, asking)
    assert relay.permits[asked.room].generation > generation
    await relay.say(protocol.Accepted(again.id, ANSWER))
    assert (await asking).status_code == 201


async def test_a_relay_that_goes_while_it_is_asked_is_unavailable(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.teacher, cast.lesson)
    asking = asyncio.create_task(device.post())
    await device.asked(relay, asking)
    await relay.drop()
    async with asyncio.timeout(PATIENCE):
        assert (await asking).status_code == 503
    assert not await in_database(StreamSession.objects.exists)
