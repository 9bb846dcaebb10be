"""How connections fare: what pages ask and report, who hears of it, and who never does."""

from __future__ import annotations

from typing import Any

import pytest

from classroom.live.registry import registry
from media_relay import protocol
from media_relay.protocol import LayersWanted, Links, LinkState, Prefer, Speakers
from tests.classroom.live.wire import PAGE, FakeRelay, Page, open_page, open_relay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

CAMERA = "teacher-camera"


async def in_session(cast: Cast) -> tuple[FakeRelay, Page, Page]:
    """A relay that carries a live lesson, its teacher's page and a student's."""
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("lesson.go_live")
    student = await open_page(cast.student, cast.lesson)
    id = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    await relay.say(protocol.Offer(question.id, "v=0", {}))
    await student.reply_to(id)
    return relay, teacher, student


def link_of(cast: Cast, layer: int = 2, limited: str = "", direction: str = "subscribe") -> LinkState:
    """The student's link as a relay tells of it."""
    layers = {CAMERA: layer}
    return LinkState(str(cast.student.pk), PAGE, direction, 41.6, 0.1234, 987.6, layers, limited)


def kinds(page: Page) -> list[str]:
    """The types of what a page has been told and has not been asked for."""
    return [message["type"] for message in page.messages]


async def test_a_preference_goes_to_the_lessons_relay(cast: Cast) -> None:
    relay, _, student = await in_session(cast)
    for limits in ({CAMERA: 0, "teacher-screen": -1}, {}):
        assert (await student.request("media.prefer", {"limits": limits}))["ok"]
        order = await relay.expect(Prefer)
        assert (order.room, order.participant, order.client, order.limits) == (
            str(cast.lesson.pk),
            str(cast.student.pk),
            PAGE,
            limits,
        )


async def test_a_preference_without_a_relay_is_told_to_nobody(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    assert (await student.request("media.prefer", {"limits": {}}))["ok"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("media.prefer", {"limits": {}}), ("media.report", {"freezes": 1, "frozen_ms": 100})],
)
async def test_who_has_left_prefers_and_reports_nothing(cast: Cast, kind: str, body: dict[str, Any]) -> None:
    student = await open_page(cast.student, cast.lesson)
    await student.request("room.leave")
    assert (await student.request(kind, body))["error"]["code"] == "conflict"
    teacher = await open_page(cast.teacher, cast.lesson)
    await teacher.request("lesson.go_live")
    await teacher.request("lesson.end")
    other = await open_page(cast.teacher, cast.lesson, "page-0002")
    assert (await other.request(kind, body))["error"]["code"] == "forbidden"
    assert registry.links.take() == {}


async def test_the_staff_hear_how_links_fare_and_students_never(cast: Cast) -> None:
    relay, teacher, student = await in_session(cast)
    assistant = await open_page(cast.assistant, cast.lesson)
    link = link_of(cast, layer=0, limited="link")
    await relay.say(Links(str(cast.lesson.pk), (link,)))
    for page in (teacher, assistant):
        told = await page.heard("room.links")
        assert "seq" not in told
        assert told["body"]["links"] == [
            {
                "id": str(cast.student.pk),
                "client": PAGE,
                "direction": "subscribe",
                "rtt_ms": 42,
                "loss": 0.123,
                "kbps": 988,
                "layers": {CAMERA: 0},
                "limited": "link",
                "freezes": 0,
                "frozen_ms": 0,
            }
        ]
    await student.heard("media.link")
    await student.request("room.ping")
    assert "room.links" not in kinds(student)


async def test_the_staff_of_other_lessons_hear_nothing(cast: Cast) -> None:
    relay, teacher, _ = await in_session(cast)
    colleague = await open_page(cast.colleague, cast.second_lesson)
    await relay.say(Links(str(cast.lesson.pk), (link_of(cast),)))
    await teacher.heard("room.links")
    await colleague.request("room.ping")
    assert "room.links" not in kinds(colleague)


async def test_a_page_hears_of_its_link_only_when_its_layers_change(cast: Cast) -> None:
    relay, teacher, student = await in_session(cast)
    room = str(cast.lesson.pk)
    for link in (link_of(cast), link_of(cast), link_of(cast, -1, "link")):
        await relay.say(Links(room, (link, link_of(cast, direction="publish"))))
    first = await student.heard("media.link")
    assert first["body"] == {
        "rtt_ms": 42,
        "loss": 0.123,
        "kbps": 988,
        "layers": {CAMERA: 2},
        "limited": "",
    }
    assert (await student.heard("media.link"))["body"]["layers"] == {CAMERA: -1}
    for _ in range(3):
        await teacher.heard("room.links")
    await student.request("room.ping")
    await teacher.request("room.ping")
    assert "media.link" not in kinds(student) + kinds(teacher)


async def test_a_page_with_a_new_connection_hears_of_its_link_again(cast: Cast) -> None:
    relay, _, student = await in_session(cast)
    room = str(cast.lesson.pk)
    await relay.say(Links(room, (link_of(cast),)))
    await student.heard("media.link")
    await relay.say(protocol.ConnectionChanged(room, str(cast.student.pk), PAGE, "subscribe", "connected"))
    await relay.say(Links(room, (link_of(cast),)))
    await student.heard("media.link")


async def test_the_publishing_page_hears_which_layers_are_watched(cast: Cast) -> None:
    relay, teacher, student = await in_session(cast)
    wanted = LayersWanted(str(cast.lesson.pk), str(cast.teacher.pk), PAGE, "camera", ("l", "m"))
    await relay.say(wanted)
    assert (await teacher.heard("media.layers"))["body"] == {"source": "camera", "rids": ["l", "m"]}
    await student.request("room.ping")
    assert "media.layers" not in kinds(student)


async def test_everyone_in_the_room_hears_who_speaks(cast: Cast) -> None:
    relay, teacher, student = await in_session(cast)
    await relay.say(Speakers(str(cast.lesson.pk), (str(cast.student.pk), str(cast.teacher.pk))))
    for page in (teacher, student):
        heard = await page.heard("room.speakers")
        assert heard["body"] == {"ids": [str(cast.student.pk), str(cast.teacher.pk)]}
        assert "seq" not in heard


async def test_what_a_relay_says_of_a_lesson_that_it_does_not_carry_is_not_told(cast: Cast) -> None:
    _, teacher, _ = await in_session(cast)
    other = await open_relay("relay-2")
    await other.say(Speakers(str(cast.lesson.pk), (str(cast.student.pk),)))
    await other.say_load()
    await teacher.request("room.ping")
    assert "room.speakers" not in kinds(teacher)


async def test_reported_freezes_join_the_link(cast: Cast) -> None:
    relay, teacher, student = await in_session(cast)
    assert (await student.request("media.report", {"freezes": 2, "frozen_ms": 800}))["ok"]
    await registry.tell_freezes()
    # The order of a socket's messages is kept: the freezes are known when the links come.
    await relay.say(Links(str(cast.lesson.pk), (link_of(cast),)))
    (link,) = (await teacher.heard("room.links"))["body"]["links"]
    assert (link["freezes"], link["frozen_ms"]) == (2, 800)


async def test_links_of_a_room_that_cannot_be_close_the_relays_connection(cast: Cast) -> None:
    relay = await open_relay()
    await relay.say(Links("no room", ()))
    output = await relay.socket.receive_output()
    assert (output["type"], output["code"]) == ("websocket.close", 4400)
