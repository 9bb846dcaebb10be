"""A page in a room, through the real routing."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from channels.layers import get_channel_layer

from classroom.core import groups
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import Lesson, Presence
from classroom.services import events
from media_relay import protocol
from tests.classroom.live.wire import EPOCH, PAGE, SDP, open_page, open_relay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
SECOND_PAGE = "page-0002"


async def test_a_page_gets_a_snapshot_of_the_room_as_it_enters(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    assert teacher.snapshot["me"] == {
        "id": str(cast.teacher.pk),
        "name": "Ada Teacher",
        "role": "teacher",
        "client": PAGE,
        "can": ["publish"],
        "is_admitted": True,
    }
    assert teacher.snapshot["lesson"]["phase"] == "lobby"
    assert teacher.snapshot["stage"] == {"holder": None, "client": "", "sources": []}
    assert teacher.snapshot["media"] == {"state": "none", "epoch": ""}
    assert [person["name"] for person in teacher.snapshot["people"]] == ["Ada Teacher"]


async def test_a_student_may_not_publish_and_is_told_so_in_the_snapshot(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    assert (student.snapshot["me"]["role"], student.snapshot["me"]["can"]) == ("student", [])


async def test_the_room_hears_who_comes_and_who_leaves(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await teacher.heard_roster(joined=str(cast.student.pk))
    assert (await student.request("room.leave"))["ok"]
    await teacher.heard_roster(left=str(cast.student.pk))


async def test_a_person_with_two_pages_is_there_until_both_have_left(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    pages = [await open_page(cast.student, cast.lesson, client) for client in (PAGE, SECOND_PAGE)]
    assert len((await teacher.request("room.snapshot"))["body"]["people"]) == 2
    await pages[0].request("room.leave")
    assert len((await teacher.request("room.snapshot"))["body"]["people"]) == 2
    await pages[1].request("room.leave")
    assert len((await teacher.request("room.snapshot"))["body"]["people"]) == 1


async def test_a_page_that_has_left_is_refused_everything_but_leaving_again(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("room.leave")
    assert (await teacher.request("lesson.go_live"))["error"]["code"] == "conflict"
    assert (await teacher.request("room.leave"))["ok"]


async def test_going_live_is_an_event_for_all(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    assert (await teacher.request("lesson.go_live"))["ok"]
    await student.heard("lesson.changed", phase="live")
    stage = (await student.heard("stage.changed"))["body"]
    assert stage == {
        "holder": {"id": str(cast.teacher.pk), "name": "Ada Teacher"},
        "client": PAGE,
        "sources": [],
    }


async def test_the_stage_moves_to_who_went_live_last(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    colleague = await open_page(cast.colleague, cast.lesson, SECOND_PAGE)
    await teacher.request("lesson.go_live")
    await colleague.request("lesson.go_live")
    await teacher.heard("stage.changed", client=SECOND_PAGE)
    body = {"sources": ["camera"]}
    assert (await teacher.request("stage.set_sources", body))["error"]["code"] == "conflict"
    assert (await colleague.request("stage.set_sources", body))["ok"]
    await teacher.heard("stage.changed", sources=["camera"])


async def test_an_ended_lesson_can_be_opened_once_more(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await teacher.request("lesson.go_live")
    assert (await teacher.request("lesson.end"))["ok"]
    await student.heard("lesson.changed", phase="ended")
    assert (await student.request("media.subscribe"))["error"]["code"] == "forbidden"
    assert (await student.request("room.snapshot"))["body"]["lesson"]["phase"] == "ended"
    assert (await teacher.request("lesson.end"))["error"]["code"] == "conflict"
    assert (await teacher.request("lesson.go_live"))["ok"]
    await student.heard("lesson.changed", phase="live")


async def test_events_are_numbered_without_gaps_and_follow_the_snapshot(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("lesson.go_live")
    for sources in (["camera"], [], ["microphone"]):
        await teacher.request("stage.set_sources", {"sources": sources})
    last = (await teacher.heard("stage.changed", sources=["microphone"]))["seq"]
    earlier = {message["seq"] for message in teacher.messages if "seq" in message}
    assert {*range(teacher.snapshot["seq"] + 1, last)} <= earlier


async def test_a_burst_is_seen_by_all_in_the_end(cast: Cast) -> None:
    """Whatever is lost on the way shows in the numbers, and a snapshot mends it."""
    teacher = await open_page(cast.teacher, cast.lesson)
    students = [await open_page(student, cast.lesson) for student in cast.students]
    await teacher.request("lesson.go_live")
    await registry.publish_rosters()
    await in_database(_burst, cast.lesson, 300)
    snapshots = [(await page.request("room.snapshot"))["body"] for page in (teacher, *students)]
    assert len({snapshot["seq"] for snapshot in snapshots}) == 1
    assert {tuple(snapshot["stage"]["sources"]) for snapshot in snapshots} == {("camera",)}


def _burst(lesson: Lesson, count: int) -> None:
    Lesson.objects.filter(pk=lesson.pk).update(stage_sources=["camera"])
    for number in range(count):
        events.publish(lesson.pk, "test.burst", partial(dict, number=number))


async def test_the_same_page_connected_again_replaces_its_older_socket(cast: Cast) -> None:
    first = await open_page(cast.student, cast.lesson)
    second = await open_page(cast.student, cast.lesson, session_key=first.session_key)
    assert await first.close_code() == 4409
    await first.drop()
    people = (await second.request("room.snapshot"))["body"]["people"]
    assert [person["id"] for person in people] == [str(cast.student.pk)]
    assert await in_database(_open_presences, cast.lesson) == 1


async def test_late_word_of_an_older_connection_does_not_close_the_newest(cast: Cast) -> None:
    page = groups.page(cast.lesson.pk, cast.student.pk, PAGE)
    student = await open_page(cast.student, cast.lesson)
    await events.tell_now(page, {"type": "room.replaced", "by": "a socket of long ago"})
    for _ in range(3):
        assert (await student.request("room.ping"))["ok"]


async def test_another_persons_page_of_the_same_id_is_another_page(cast: Cast) -> None:
    first = await open_page(cast.students[0], cast.lesson)
    await open_page(cast.students[1], cast.lesson)
    assert (await first.request("room.ping"))["ok"]


async def test_a_dropped_page_comes_back_without_a_ghost(cast: Cast) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await teacher.heard_roster(joined=str(cast.student.pk))
    await student.drop()
    again = await open_page(cast.student, cast.lesson, session_key=student.session_key)
    assert len(again.snapshot["people"]) == 2
    assert await in_database(_open_presences, cast.lesson) == 2
    await registry.publish_rosters()
    await teacher.request("room.ping")
    told = [message for message in teacher.messages if message["type"] == "roster.changed"]
    assert not [message for message in told if str(cast.student.pk) in str(message)]


def _open_presences(lesson: Lesson) -> int:
    return Presence.objects.filter(lesson=lesson, left_at=None).count()


async def test_a_students_subscription_runs_through_the_relay(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    asked = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    assert (question.room, question.participant, question.client) == (
        str(cast.lesson.pk),
        str(cast.student.pk),
        PAGE,
    )
    assert str(cast.student.pk) in relay.permits[question.room].viewers
    await relay.say(protocol.Offer(question.id, SDP, {"0": "teacher-camera"}))
    offer = (await student.reply_to(asked))["body"]
    assert offer == {"epoch": EPOCH, "sdp": SDP, "slots": {"0": "teacher-camera"}}
    answered = await student.send("media.answer", {"sdp": SDP})
    question = await relay.expect(protocol.Answer)
    await relay.say(protocol.Done(question.id))
    assert (await student.reply_to(answered))["ok"]
    change = (question.room, question.participant, question.client, protocol.SUBSCRIBE)
    await relay.say(protocol.ConnectionChanged(*change, "connected"))
    await student.heard("media.connected", direction="subscribe")
    await relay.say(protocol.ConnectionChanged(*change, "closed", "consent expired"))
    await student.heard("media.closed", direction="subscribe", reason="consent expired")


async def test_the_page_on_the_stage_publishes_through_the_relay(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("lesson.go_live")
    offer = {"sdp": SDP, "sources": {"0": "microphone", "1": "camera"}}
    asked = await teacher.send("media.publish", offer)
    question = await relay.expect(protocol.Publish)
    assert question.sources == offer["sources"]
    permits = relay.permits[question.room]
    assert permits.publishers == {str(cast.teacher.pk): ("microphone", "camera", "screen", "screen_audio")}
    await relay.say(protocol.Accepted(question.id, SDP))
    assert (await teacher.reply_to(asked))["body"] == {"epoch": EPOCH, "sdp": SDP}


async def test_a_teacher_who_is_not_on_the_stage_cannot_publish(cast: Cast) -> None:
    await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    body = {"sdp": SDP, "sources": {"0": "camera"}}
    assert (await teacher.request("media.publish", body))["error"]["code"] == "conflict"


@pytest.mark.parametrize(
    ("relay_code", "room_code"),
    [
        (protocol.BAD_SDP, "bad_sdp"),
        (protocol.FULL, "relay_unavailable"),
        (protocol.FAILED, "failed"),
    ],
)
async def test_a_relays_refusal_reaches_the_page(cast: Cast, relay_code: str, room_code: str) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    asked = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    await relay.say(protocol.Refused(question.id, relay_code, "Why it can't be."))
    error = (await student.reply_to(asked))["error"]
    assert error == {"code": room_code, "message": "Why it can't be."}


async def test_a_relay_without_the_permit_gets_it_and_is_asked_again(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    asked = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    before = relay.permits[question.room].generation
    await relay.say(protocol.Refused(question.id, protocol.REFUSED, "No permit."))
    question = await relay.expect(protocol.Subscribe)
    assert relay.permits[question.room].generation > before
    await relay.say(protocol.Offer(question.id, SDP, {}))
    assert (await student.reply_to(asked))["ok"]


async def test_without_a_relay_a_page_is_told_to_try_again(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    assert (await student.request("media.subscribe"))["error"]["code"] == "relay_unavailable"


async def test_a_question_to_a_relay_that_goes_is_answered_at_once(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    asked = await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    async with asyncio.timeout(2):
        await relay.drop()
        assert (await student.reply_to(asked))["error"]["code"] == "relay_unavailable"


async def test_a_page_waiting_for_the_relay_is_served_otherwise(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    assert (await student.request("room.ping"))["ok"]


async def test_closing_its_media_is_passed_to_the_relay(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    assert (await student.request("media.close", {"direction": "subscribe"}))["ok"]
    close = await relay.expect(protocol.Close)
    assert (close.participant, close.client, close.direction) == (str(cast.student.pk), PAGE, "subscribe")


async def test_leaving_ends_the_media_at_once(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await teacher.request("lesson.go_live")
    await teacher.request("stage.set_sources", {"sources": ["camera"]})
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    await student.heard("stage.changed", sources=["camera"])
    await teacher.request("room.leave")
    close = await relay.expect(protocol.Close, participant=str(cast.teacher.pk))
    assert (close.client, close.direction) == (PAGE, "")
    await student.heard("stage.changed", sources=[])


async def test_a_dropped_line_leaves_the_media_alone(cast: Cast) -> None:
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    await student.send("media.subscribe")
    await relay.expect(protocol.Subscribe)
    await student.drop()
    await relay.say_load()
    await open_page(cast.student, cast.lesson, session_key=student.session_key)
    assert relay.closed == []


async def test_groups_are_left_when_the_line_drops(cast: Cast) -> None:
    layer = get_channel_layer()
    student = await open_page(cast.student, cast.lesson)
    name = groups.page(cast.lesson.pk, cast.student.pk, PAGE)
    await student.drop()
    await layer.group_send(name, {"type": "room.recheck"})
    assert not registry.sockets
