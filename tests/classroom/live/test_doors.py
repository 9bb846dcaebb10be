"""WHIP and WHEP as their clients see them, with a relay that speaks the control protocol alone."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from django.test import AsyncClient

from classroom.models import Lesson
from classroom.services.stream_keys import WHEP, WHIP
from classroom.views import doors
from media_relay import protocol
from tests.classroom.live.doors import (
    ANSWER,
    AUDIO,
    EVERY_KIND,
    Device,
    device_of,
    fragment,
    is_over,
    lesson_row,
    offer_of,
)
from tests.classroom.live.wire import FakeRelay, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


# The way it should go


async def test_an_encoder_becomes_the_teachers_source(cast: Cast, relay: FakeRelay) -> None:
    student = await open_page(cast.student, cast.lesson)
    device = await device_of(cast.teacher, cast.lesson)
    asked = await device.open(relay)
    assert (asked.room, asked.participant) == (str(cast.lesson.pk), str(cast.teacher.pk))
    assert (asked.sdp, asked.sources) == (offer_of(WHIP), {})
    assert relay.permits[asked.room].publishers == {asked.participant: tuple(protocol.SOURCE_KINDS)}
    await student.heard("lesson.changed", phase="live")
    await student.heard("stage.changed", client=asked.client, sources=["microphone", "camera"])
    await student.heard_roster(joined=asked.participant)
    assert (await device.delete()).status_code == 200
    await student.heard("stage.changed", holder=None, client="", sources=[])
    await student.heard_roster(left=asked.participant)
    close = await relay.expect(protocol.Close)
    assert (close.participant, close.client) == (asked.participant, asked.client)
    assert (await device.delete()).status_code == 404


async def test_a_player_watches_as_the_person_of_its_key(cast: Cast, relay: FakeRelay) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    device = await device_of(cast.student, cast.lesson, WHEP)
    asked = await device.open(relay)
    assert (asked.room, asked.participant) == (str(cast.lesson.pk), str(cast.student.pk))
    assert asked.slots[:2] == ("teacher-microphone", "teacher-camera")
    await teacher.heard_roster(joined=asked.participant)
    assert (await device.delete()).status_code == 200
    await teacher.heard_roster(left=asked.participant)


async def test_sound_alone_is_shown_as_the_microphone(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.teacher, cast.lesson)
    asking = asyncio.create_task(device.post(offer_of(WHIP, AUDIO)))
    asked = await device.asked(relay, asking)
    await relay.say(protocol.Accepted(asked.id, ANSWER))
    assert (await asking).status_code == 201
    assert (await lesson_row(cast.lesson)).stage_sources == ["microphone"]


@EVERY_KIND
async def test_a_second_session_with_the_same_key_replaces_the_first(
    cast: Cast, relay: FakeRelay, kind: str
) -> None:
    first = await device_of(cast.teacher, cast.lesson, kind)
    second = Device(kind, cast.lesson.pk, first.headers["Authorization"].split()[1])
    before = await first.open(relay)
    after = await second.open(relay)
    assert after.client != before.client
    assert before.client in {close.client for close in relay.closed}
    assert (await first.delete()).status_code == 404
    assert (await second.delete()).status_code == 200


async def test_a_page_that_goes_live_ends_the_encoders_session(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.teacher, cast.lesson)
    asked = await device.open(relay)
    page = await open_page(cast.colleague, cast.lesson)
    assert (await page.request("lesson.go_live"))["ok"]
    close = await relay.expect(protocol.Close, client=asked.client)
    await relay.say(
        protocol.ConnectionChanged(close.room, close.participant, close.client, "publish", "closed", "closed")
    )
    assert await is_over(device)
    assert (await lesson_row(cast.lesson)).stage_holder_id == cast.colleague.pk
    response = await device.post()
    assert (response.status_code, "use a new key" in response.content.decode()) == (409, True)


async def test_media_that_the_relay_has_closed_ends_the_session(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.teacher, cast.lesson)
    asked = await device.open(relay)
    student = await open_page(cast.student, cast.lesson)
    seat = (asked.room, asked.participant, asked.client)
    await relay.say(protocol.ConnectionChanged(*seat, "publish", "connected"))
    await relay.say(protocol.ConnectionChanged(*seat, "publish", "closed", "consent expired"))
    await student.heard("stage.changed", holder=None, sources=[])
    assert (await device.delete()).status_code == 404
    assert (await lesson_row(cast.lesson)).state == Lesson.State.LIVE


# CORS and what else needs no key


@EVERY_KIND
async def test_a_browser_may_ask_from_any_page(cast: Cast, kind: str) -> None:
    device = Device(kind, cast.lesson.pk, None)
    response = await device.send("OPTIONS", Origin="https://player.example")
    assert (response.status_code, response.content) == (200, b"")
    assert response["Accept-Post"] == "application/sdp"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert {"Authorization", "Content-Type"} <= set(response["Access-Control-Allow-Headers"].split(", "))
    session = await device.send("OPTIONS", f"{device.path}{uuid.uuid4()}/")
    assert {"PATCH", "DELETE"} <= set(session["Access-Control-Allow-Methods"].split(", "))
    assert "If-Match" in session["Access-Control-Allow-Headers"]
    assert session["Accept-Patch"] == "application/trickle-ice-sdpfrag"
    refused = await device.post()
    assert refused["Access-Control-Allow-Origin"] == "*"
    assert {"Location", "ETag", "Link"} <= set(refused["Access-Control-Expose-Headers"].split(", "))


@EVERY_KIND
async def test_a_resource_has_nothing_to_see(cast: Cast, relay: FakeRelay, kind: str) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    for path in (device.path, f"/{kind}/{uuid.uuid4()}/"):
        response = await Device(kind, cast.lesson.pk, None).send("GET", path)
        assert (response.status_code, response.content) == (204, b"")
    assert (await device.send("HEAD"))["Content-Type"] == "application/sdp"
    await device.open(relay)
    assert (await device.send("GET", device.location)).status_code == 204


@EVERY_KIND
async def test_neither_cookies_nor_a_token_against_forgery_are_needed_or_set(
    cast: Cast, relay: FakeRelay, kind: str
) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    client = AsyncClient(enforce_csrf_checks=True)
    await client.aforce_login(cast.teacher)
    response = await client.post(device.path, offer_of(kind), doors.SDP)
    assert response.status_code == 401
    asked = await device.open(relay)
    assert asked.participant == str(cast.teacher.pk)
    assert not response.cookies


# Trickle ICE and restarts


@EVERY_KIND
async def test_candidates_are_taken_and_restarts_are_not(cast: Cast, relay: FakeRelay, kind: str) -> None:
    device = await device_of(cast.teacher, cast.lesson, kind)
    await device.open(relay)
    for tag in (device.entity_tag, f'"other", {device.entity_tag}', "*"):
        response = await device.patch(If_Match=tag)
        assert (response.status_code, response.content, response.has_header("ETag")) == (204, b"", False)
    assert (await device.patch()).status_code == 428
    assert (await device.patch(If_Match='"other"')).status_code == 412
    assert (await device.patch(fragment("another"), If_Match="*")).status_code == 422
    assert (await device.patch("a=candidate:1", If_Match=device.entity_tag)).status_code == 400
    assert (await device.patch(fragment() + "a=x\r\n" * 4000, If_Match="*")).status_code == 413
    answer = await device.send("PATCH", device.location, ANSWER, doors.SDP, If_Match=device.entity_tag)
    assert (answer.status_code, answer["Accept-Patch"]) == (415, "application/trickle-ice-sdpfrag")
    # A refused restart leaves the session as it is (RFC 9725 section 4.3.3).
    assert (await device.delete()).status_code == 200


@EVERY_KIND
async def test_a_session_is_its_own_keys_alone(cast: Cast, relay: FakeRelay, kind: str) -> None:
    mine = await device_of(cast.teacher, cast.lesson, kind)
    await mine.open(relay)
    other = await device_of(cast.teacher, cast.lesson, kind)
    for method in ("GET", "DELETE"):
        assert (await other.send(method, mine.location)).status_code == 404
    patched = await other.send("PATCH", mine.location, fragment(), doors.FRAGMENT, If_Match="*")
    assert patched.status_code == 404
    assert (await mine.send("GET", mine.location)).status_code == 204
    assert (await mine.send("DELETE", f"{mine.path}{uuid.uuid4()}/")).status_code == 404


async def test_a_session_that_was_replaced_while_it_waited_is_a_conflict(
    cast: Cast, relay: FakeRelay
) -> None:
    device = await device_of(cast.teacher, cast.lesson)
    first = asyncio.create_task(device.post())
    asked = await device.asked(relay, first)
    second = asyncio.create_task(device.post())
    newer = await device.asked(relay, second)
    await relay.say(protocol.Accepted(newer.id, ANSWER))
    assert (await second).status_code == 201
    await relay.say(protocol.Accepted(asked.id, ANSWER))
    assert (await first).status_code == 409
    assert (await lesson_row(cast.lesson)).stage_client == newer.client
