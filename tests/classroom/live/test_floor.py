"""The floor on the line: who hears of it, what the relay is told, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from classroom.live.database import in_database
from classroom.models import Course, Lesson, Participation, Turn
from media_relay import protocol
from tests.classroom.live.wire import SDP, FakeRelay, Page, open_page, open_relay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
SOMEBODY = "00000000-0000-4000-8000-000000000001"


class Class:
    """A live lesson: the teacher on its stage, two students, and the relay that carries it."""

    relay: FakeRelay
    teacher: Page
    student: Page
    other: Page

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    async def begin(self) -> Class:
        """Opens the pages and goes live."""
        cast = self.cast
        self.relay = await open_relay()
        self.teacher = await open_page(cast.teacher, cast.lesson, "page-of-teacher")
        await self.ask(self.teacher, "lesson.go_live")
        self.student = await open_page(cast.student, cast.lesson)
        self.other = await open_page(cast.students[1], cast.lesson, "page-0002")
        return self

    async def ask(self, page: Page, request: str, **body: Any) -> None:
        """A request that is served."""
        reply = await page.request(request, body)
        assert reply["ok"], reply

    async def give(self, seconds: int | None = None) -> None:
        """The first student gets the floor and takes it."""
        person = str(self.cast.student.pk)
        await self.ask(self.teacher, "floor.give", person=person, kind="floor", seconds=seconds)
        await self.ask(self.student, "floor.accept", kind="floor", sources=["microphone"])

    async def publishers(self, **expected: tuple[str, ...]) -> None:
        """Waits until the relay is told that these may send that, beside the teacher."""
        wanted = {str(self.cast.teacher.pk): tuple(protocol.SOURCE_KINDS)}
        if "student" in expected:
            wanted[str(self.cast.student.pk)] = expected["student"]
        await self.relay.expect(protocol.Permits, publishers=wanted)
        self.relay.others.clear()


@pytest.fixture
async def lesson(cast: Cast) -> Class:
    """A live lesson."""
    return await Class(cast).begin()


async def test_all_hear_of_a_hand_and_the_staff_alone_who_has_not_spoken(lesson: Class) -> None:
    await lesson.ask(lesson.student, "floor.raise", word="question")
    hands = (await lesson.other.heard("floor.changed"))["body"]["hands"]
    assert [(hand["name"], hand["word"]) for hand in hands] == [("Student 1", "question")]
    told = (await lesson.teacher.heard("floor.not_spoken"))["body"]
    assert told == {"people": [str(lesson.cast.student.pk)]}
    assert (await lesson.other.request("room.ping"))["ok"]
    assert "floor.not_spoken" not in [message.get("type") for message in lesson.other.messages]
    snapshot = (await lesson.other.request("room.snapshot"))["body"]
    assert "not_spoken" not in snapshot["floor"]
    snapshot = (await lesson.teacher.request("room.snapshot"))["body"]
    assert snapshot["floor"]["not_spoken"] == [str(lesson.cast.student.pk)]


async def test_the_relay_is_told_at_once_of_a_turn_a_mute_and_the_end(lesson: Class) -> None:
    await lesson.give()
    await lesson.publishers(student=("microphone",))
    person = str(lesson.cast.student.pk)
    await lesson.ask(lesson.teacher, "floor.mute", person=person)
    await lesson.publishers(student=())
    await lesson.ask(lesson.student, "floor.unmute")
    await lesson.ask(lesson.student, "floor.set_sources", kind="floor", sources=["microphone"])
    await lesson.publishers(student=("microphone",))
    await lesson.ask(lesson.teacher, "floor.take_back", person=person, kind="floor")
    await lesson.publishers()
    turns = (await lesson.other.heard("floor.changed", turns=[]))["body"]["turns"]
    assert turns == []


async def test_a_turn_ends_by_itself_with_its_time(lesson: Class) -> None:
    await lesson.give(seconds=60)
    await lesson.publishers(student=("microphone",))
    await in_database(Turn.objects.update, ends_at=timezone.now())
    await lesson.publishers()


async def test_a_student_publishes_from_the_page_that_has_accepted_alone(lesson: Class) -> None:
    offer = {"sdp": SDP, "sources": {"0": "microphone"}}
    refused = await lesson.student.request("media.publish", offer)
    assert refused["error"]["code"] == "forbidden"
    await lesson.give()
    second = await open_page(lesson.cast.student, lesson.cast.lesson, "page-0003")
    assert (await second.request("media.publish", offer))["error"]["code"] == "conflict"
    await lesson.student.send("media.publish", offer)
    question = await lesson.relay.expect(protocol.Publish)
    assert (question.participant, question.client) == (str(lesson.cast.student.pk), "page-0001")
    await lesson.ask(second, "floor.accept", kind="floor", sources=["microphone"])
    closed = await lesson.relay.expect(protocol.Close)
    assert (closed.client, closed.direction) == ("page-0001", "publish")


async def test_an_assistant_speaks_beside_the_teacher_and_leaves_them_the_stage(lesson: Class) -> None:
    assistant = await open_page(lesson.cast.assistant, lesson.cast.lesson, "page-of-assistant")
    offer = {"sdp": SDP, "sources": {"0": "microphone", "1": "camera"}}
    assert (await assistant.request("media.publish", offer))["error"]["code"] == "conflict"
    await lesson.ask(assistant, "floor.speak", sources=["microphone", "camera"])
    person, teacher = str(lesson.cast.assistant.pk), str(lesson.cast.teacher.pk)
    (turn,) = (await lesson.student.heard("floor.changed"))["body"]["turns"]
    assert (turn["person"], turn["kind"], turn["client"]) == (person, "floor", "page-of-assistant")
    assert (turn["is_accepted"], turn["sources"]) == (True, ["microphone", "camera"])
    senders = {teacher: tuple(protocol.SOURCE_KINDS), person: ("microphone", "camera")}
    await lesson.relay.expect(protocol.Permits, publishers=senders)
    await assistant.send("media.publish", offer)
    question = await lesson.relay.expect(protocol.Publish)
    assert (question.participant, question.client) == (person, "page-of-assistant")
    await lesson.ask(assistant, "floor.set_sources", kind="floor", sources=["camera"])
    await lesson.relay.expect(protocol.Permits, publishers={**senders, person: ("camera",)})
    snapshot = (await lesson.student.request("room.snapshot"))["body"]
    assert snapshot["stage"]["holder"]["id"] == teacher
    await lesson.ask(assistant, "floor.decline", kind="floor")
    await lesson.relay.expect(protocol.Permits, publishers={teacher: tuple(protocol.SOURCE_KINDS)})


async def test_a_student_who_is_removed_is_cut_off(lesson: Class) -> None:
    await lesson.give()
    await lesson.publishers(student=("microphone",))
    await lesson.ask(lesson.teacher, "room.remove", person=str(lesson.cast.student.pk))
    await lesson.publishers()
    await lesson.other.heard("floor.changed", turns=[])


async def test_coming_into_a_seminar_is_followed_by_a_seat(lesson: Class) -> None:
    await in_database(Course.objects.filter(pk=lesson.cast.course.pk).update, format="seminar")
    changed = await lesson.other.heard("floor.changed")
    while len(changed["body"]["turns"]) < 2:
        changed = await lesson.other.heard("floor.changed")
    turns = [(turn["name"], turn["kind"], turn["place"]) for turn in changed["body"]["turns"]]
    assert sorted(turns) == [("Student 1", "seat", 1), ("Student 2", "seat", 2)]


async def test_nobody_in_the_lobby_hears_of_the_floor(lesson: Class) -> None:
    await in_database(Lesson.objects.filter(pk=lesson.cast.lesson.pk).update, is_locked=True)
    await in_database(Participation.objects.filter(user=lesson.cast.students[2]).delete)
    waiting = await open_page(lesson.cast.students[2], lesson.cast.lesson, "page-0004")
    assert "floor" not in waiting.snapshot
    await lesson.ask(lesson.student, "floor.raise", word="")
    await lesson.other.heard("floor.changed")
    assert (await waiting.request("room.ping"))["ok"]
    assert "floor.changed" not in [message.get("type") for message in waiting.messages]
