"""WHIP and WHEP as their clients see them, with a relay that speaks the control protocol alone."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext
from django.test import AsyncClient
from django.utils import timezone

from accounts.models import User
from classroom.core import schedule
from classroom.core.refusals import RecentFailures
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import Enrolment, Lesson, StreamKey, StreamSession
from classroom.services import devices, lessons, stream_keys
from classroom.services.stream_keys import KINDS, WHEP, WHIP
from classroom.views import doors
from media_relay import protocol
from tests.classroom.live.wire import PATIENCE, FakeRelay, open_page, open_relay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 2.0
UFRAG = "EsAw"
HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
AUDIO = f"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:{UFRAG}\r\n"
VIDEO = f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ice-ufrag:{UFRAG}\r\n"
ANSWER = "v=0\r\ns=the relay's answer\r\n"
DIRECTIONS = {WHIP: "sendonly", WHEP: "recvonly"}
ORDERS: dict[str, type[Any]] = {WHIP: protocol.Publish, WHEP: protocol.Watch}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def offer_of(kind: str, *lines: str) -> str:
    """An offer of that door's direction; of sound and a picture unless told otherwise."""
    return HEAD + "".join(f"{line}a={DIRECTIONS[kind]}\r\n" for line in lines or (AUDIO, VIDEO))


def fragment(ufrag: str = UFRAG) -> str:
    """A trickle-ice-sdpfrag with one candidate."""
    return (
        f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
        f"a=mid:0\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n"
    )


def forget_failures() -> None:
    """Forgets which keys have failed, as a process does that starts anew."""
    doors.failures = RecentFailures(doors.FAILURE_SECONDS, doors.FAILURES_KEPT)


class Device:
    """A client of one door with one key."""

    def __init__(self, kind: str, lesson_id: uuid.UUID, secret: str | None) -> None:
        self.kind = kind
        self.path = f"/{kind}/{lesson_id}/"
        self.headers = {"Authorization": f"Bearer {secret}"} if secret is not None else {}
        self.location = ""
        self.entity_tag = ""

    async def send(
        self, method: str, path: str = "", body: str | bytes = "", kind: str = "", **headers: str
    ) -> Any:
        """Sends a request; underscores in a header's name stand for hyphens."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        # Every request has a thread of its own, as the server gives it one.
        async with ThreadSensitiveContext():
            return await AsyncClient().generic(
                method, path or self.path, body, kind or doors.SDP, headers={**self.headers, **extra}
            )

    async def post(self, body: str | None = None) -> Any:
        """Sends an offer."""
        return await self.send("POST", body=offer_of(self.kind) if body is None else body)

    async def open(self, relay: FakeRelay) -> Any:
        """Opens a session that the relay takes; returns what the relay was asked."""
        asked = await self.asked(relay, asking := asyncio.create_task(self.post()))
        await relay.say(protocol.Accepted(asked.id, ANSWER))
        response = await asking
        assert (response.status_code, response.content.decode()) == (201, ANSWER)
        self.location = "/" + response["Location"].split("/", 3)[3]
        self.entity_tag = response["ETag"]
        return asked

    async def asked(self, relay: FakeRelay, asking: Awaitable[Any]) -> Any:
        """What the relay is asked by a request on its way."""
        return await relay.expect(ORDERS[self.kind])

    async def patch(self, body: str = "", **headers: str) -> Any:
        """Sends candidates to the session."""
        return await self.send("PATCH", self.location, body or fragment(), doors.FRAGMENT, **headers)

    async def delete(self) -> Any:
        """Ends the session."""
        return await self.send("DELETE", self.location)


async def device_of(user: User, lesson: Lesson, kind: str = WHIP) -> Device:
    """A device with a new key of the person."""
    _key, secret = await in_database(stream_keys.issue, user.pk, lesson.pk, kind)
    return Device(kind, lesson.pk, secret)


@pytest.fixture
async def relay(cast: Cast) -> FakeRelay:
    """A relay that has dialled in."""
    return await open_relay()


async def lesson_row(lesson: Lesson) -> Lesson:
    """The lesson as it is now."""
    return await in_database(Lesson.objects.get, pk=lesson.pk)


async def is_over(device: Device) -> bool:
    """Whether the session ends within two seconds."""
    async with asyncio.timeout(SECONDS):
        while await in_database(StreamSession.objects.exists):  # noqa: ASYNC110  # only a row tells its end
            await asyncio.sleep(0.05)
    return True


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


# Refusals


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


# Rights that end while it runs


def unenrol(cast: Cast) -> None:
    """The person leaves the course."""
    Enrolment.objects.get(course=cast.course, user=cast.assistant).delete()


def demote(cast: Cast) -> None:
    """The person only attends from now on."""
    row = Enrolment.objects.get(course=cast.course, user=cast.assistant)
    row.role = Enrolment.Role.STUDENT
    row.save()


def deactivate(cast: Cast) -> None:
    """The person's account is closed."""
    user = User.objects.get(pk=cast.assistant.pk)
    user.is_active = False
    user.save()


def revoke(cast: Cast) -> None:
    """The key is revoked."""
    devices.revoke_key(StreamKey.objects.get(user=cast.assistant).pk)


def expire(cast: Cast) -> None:
    """The key's time is over."""
    StreamKey.objects.update(expires_at=timezone.now())


def end_lesson(cast: Cast) -> None:
    """The lesson ends."""
    lessons.end_lesson(cast.lesson.pk)


def run_out(cast: Cast) -> None:
    """The lesson's time is over, and no page is there to see it."""
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_at=timezone.now() - schedule.LIVE_AFTER)


@pytest.mark.parametrize(
    "happen",
    [unenrol, demote, deactivate, revoke, expire, end_lesson, run_out],
    ids=lambda step: step.__name__,
)
async def test_media_ends_within_two_seconds_of_the_rights(cast: Cast, relay: FakeRelay, happen: Any) -> None:
    device = await device_of(cast.assistant, cast.lesson)
    asked = await device.open(relay)
    await in_database(happen, cast)
    async with asyncio.timeout(SECONDS):
        await relay.expect(protocol.Close, client=asked.client)
    assert await is_over(device)
    assert (await device.delete()).status_code in (401, 404)
    assert (await device.post()).status_code in (401, 409)


async def test_a_device_is_kept_while_its_relay_reports(cast: Cast, relay: FakeRelay) -> None:
    device = await device_of(cast.student, cast.lesson, WHEP)
    await device.open(relay)
    await in_database(StreamSession.objects.update, started_at=timezone.now() - timedelta(hours=1))
    await registry.sweep()
    await registry.end_devices()
    assert (await device.delete()).status_code == 200
