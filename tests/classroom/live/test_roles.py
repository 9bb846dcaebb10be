"""Every type of message by every role, and across schools."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.live.commands import COMMANDS
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import (
    ChatMessage,
    Course,
    Enrolment,
    Lesson,
    MoodPress,
    Participation,
    Placement,
    Poll,
    Presence,
    Timer,
    Turn,
)
from classroom.models.course import Admission
from tests.classroom.live.wire import PAGE, PATIENCE, SDP, Page, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

STAFF = {"teacher", "assistant"}
SPEAKER = {"speaker"}
"""A student who has accepted the floor."""
CLASS = STAFF | SPEAKER | {"student"}
ALL = CLASS | {"lobby"}
"""`lobby` is a student who has not been admitted."""
SOMEBODY = "00000000-0000-4000-8000-000000000001"
POLL = {
    "kind": "choice",
    "question": "Which?",
    "options": ["This", "That"],
    "right": None,
    "explanation": "",
    "is_anonymous": False,
}
REQUESTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "room.ping": ({}, ALL),
    "room.snapshot": ({}, ALL),
    "room.leave": ({}, ALL),
    "lesson.go_live": ({}, STAFF),
    "lesson.end": ({}, STAFF),
    "lesson.continue": ({}, STAFF),
    "stage.set_sources": ({"sources": ["camera"]}, STAFF),
    "room.admit": ({"people": None}, STAFF),
    "room.remove": ({"person": SOMEBODY}, STAFF),
    "room.let_back": ({"person": SOMEBODY}, STAFF),
    "room.lock": ({"is_locked": False}, STAFF),
    "room.show": ({"main": "camera"}, STAFF),
    "slides.show": ({"material": SOMEBODY, "page": 1}, STAFF),
    "slides.turn": ({"page": 2}, STAFF),
    "slides.close": ({}, STAFF),
    "video.show": ({"material": SOMEBODY}, STAFF),
    "video.play": ({}, STAFF),
    "video.pause": ({}, STAFF),
    "video.seek": ({"position_ms": 1000}, STAFF),
    "video.close": ({}, STAFF),
    "room.end_for_all": ({"seconds": 60}, STAFF),
    "room.keep_open": ({}, STAFF),
    "chat.send": ({"to": "all", "text": "Hello", "nonce": "nonce-0001"}, CLASS),
    "chat.edit": ({"message": 0, "text": "Hello!"}, CLASS),
    "chat.delete": ({"message": 0}, CLASS),
    "chat.react": ({"message": 0, "emoji": "🎉", "is_on": True}, CLASS),
    "chat.history": ({"before": 0, "limit": 50}, CLASS),
    "chat.read": ({"upto": 0}, CLASS),
    "chat.set_mode": ({"mode": "on"}, STAFF),
    "chat.mute": ({"person": SOMEBODY, "is_muted": True}, STAFF),
    "report.send": ({"message": None, "words": "Somebody is mean."}, ALL),
    "floor.raise": ({"word": "question"}, CLASS),
    "floor.lower": ({}, CLASS),
    "floor.accept": ({"kind": "floor", "sources": ["microphone"]}, CLASS),
    "floor.set_sources": ({"kind": "floor", "sources": ["camera"]}, CLASS),
    "floor.unmute": ({}, STAFF | SPEAKER),
    "floor.show_camera": ({}, CLASS),
    "floor.decline": ({"kind": "gallery"}, CLASS),
    "floor.speak": ({"sources": ["microphone"]}, STAFF),
    "floor.give": ({"person": SOMEBODY, "kind": "floor", "seconds": None}, STAFF),
    "floor.next": ({}, STAFF),
    "floor.take_back": ({"person": SOMEBODY, "kind": "floor"}, STAFF),
    "floor.mute": ({"person": SOMEBODY}, STAFF),
    "floor.mute_all": ({}, STAFF),
    "floor.allow_unmute": ({"person": SOMEBODY}, STAFF),
    "floor.set_may_unmute": ({"is_allowed": False}, STAFF),
    "floor.lower_for": ({"person": SOMEBODY}, STAFF),
    "floor.lower_all": ({}, STAFF),
    "board.draw": ({"sheet": SOMEBODY, "n": 1, "ops": [{"do": "remove", "ids": ["abcd"]}]}, STAFF | SPEAKER),
    "board.look": ({"sheet": SOMEBODY, "part": None}, STAFF),
    "board.point": ({"sheet": SOMEBODY, "x": 1, "y": 1}, STAFF | SPEAKER),
    "board.clear": ({"sheet": SOMEBODY}, STAFF),
    "board.undo_clear": ({"sheet": SOMEBODY, "version": 1}, STAFF),
    "board.set_mode": ({"mode": "floor"}, STAFF),
    "board.open": ({"is_open": True}, STAFF),
    "board.add_sheet": ({"background": "grid"}, STAFF),
    "board.show_sheet": ({"sheet": SOMEBODY}, STAFF),
    "board.set_background": ({"sheet": SOMEBODY, "background": "grid"}, STAFF),
    "media.subscribe": ({}, CLASS),
    "media.answer": ({"sdp": SDP}, CLASS),
    "media.publish": ({"sdp": SDP, "sources": {"0": "camera"}}, STAFF | SPEAKER),
    "media.close": ({"direction": "publish"}, ALL),
    "media.prefer": ({"limits": {"teacher-camera": 0}}, CLASS),
    "media.report": ({"freezes": 1, "frozen_ms": 300}, CLASS),
    "polls.make": ({**POLL, "open": False}, STAFF),
    "polls.edit": ({**POLL, "poll": SOMEBODY}, STAFF),
    "polls.delete": ({"poll": SOMEBODY}, STAFF),
    "polls.open": ({"poll": SOMEBODY}, STAFF),
    "polls.close": ({"poll": SOMEBODY}, STAFF),
    "polls.show": ({"poll": SOMEBODY, "is_shown": True}, STAFF),
    "polls.answers": ({"poll": SOMEBODY}, STAFF),
    "polls.answer": ({"poll": SOMEBODY, "answer": [0], "slip": ""}, CLASS),
    "moods.press": ({"mood": "lost"}, CLASS),
    "timer.start": ({"seconds": 60, "label": ""}, STAFF),
    "timer.add": ({"seconds": 60}, STAFF),
    "timer.stop": ({}, STAFF),
}
"""Each type of request, a body that is right, and who may send it."""


def test_the_table_has_every_type_of_request() -> None:
    assert REQUESTS.keys() == COMMANDS.keys()


def test_the_document_names_every_type_of_request() -> None:
    document = (Path(__file__).parents[3] / "docs" / "room-protocol.md").read_text(encoding="utf-8")
    assert [kind for kind in COMMANDS if f"`{kind}`" not in document] == []


def state_of(lesson: Lesson) -> list[Any]:
    """Every row that a request could change, without the times of presence."""
    return [
        Lesson.objects.filter(pk=lesson.pk).values().get(),
        list(Placement.objects.filter(lesson=lesson).values()),
        list(Presence.objects.filter(lesson=lesson).values("user", "client", "left_at")),
        list(Participation.objects.filter(lesson=lesson).values()),
        list(Turn.objects.filter(lesson=lesson).values()),
        list(Poll.objects.filter(lesson=lesson).values()),
        list(MoodPress.objects.filter(lesson=lesson).values()),
        list(Timer.objects.filter(lesson=lesson).values()),
        list(ChatMessage.objects.filter(lesson=lesson).values()),
    ]


async def error_code(page: Page, kind: str) -> str:
    """What the page is told about a request; empty when it is served."""
    reply = await page.request(kind, REQUESTS[kind][0])
    return "" if reply["ok"] else reply["error"]["code"]


async def live_lesson(cast: Cast) -> Page:
    """The colleague's page, which holds the stage of the lesson, with nothing left to be told."""
    page = await open_page(cast.colleague, cast.lesson, "page-of-colleague")
    assert (await page.request("lesson.go_live"))["ok"]
    return page


def make_role(cast: Cast, role: str) -> User:
    """Somebody of the cast who has that role."""
    student = cast.student
    if role == "lobby":
        Course.objects.filter(pk=cast.course.pk).update(admission=Admission.BY_HAND)
        return student
    Participation.objects.create(lesson=cast.lesson, user=student, admitted_at=timezone.now())
    if role == "speaker":
        given = {"kind": Turn.Kind.FLOOR, "place": 1, "client": PAGE, "accepted_at": timezone.now()}
        Turn.objects.create(lesson=cast.lesson, user=student, **given)
        return student
    user: User = getattr(cast, role)
    return user


@pytest.mark.parametrize("role", sorted(ALL))
async def test_each_role_may_send_what_is_its_own(cast: Cast, role: str) -> None:
    await live_lesson(cast)
    user = await in_database(make_role, cast, role)
    allowed = set()
    for kind in REQUESTS:
        await in_database(restore, cast.lesson)
        page = await open_page(user, cast.lesson)
        if role == "speaker":
            # Who was away for a moment, after `room.leave`, may have lost the floor.
            await in_database(Turn.objects.filter(user=user).update, ended_at=None)
        if await error_code(page, kind) != "forbidden":
            allowed.add(kind)
        await page.socket.disconnect(code=1001, timeout=PATIENCE)
    assert allowed == {kind for kind, (_body, roles) in REQUESTS.items() if role in roles}


def restore(lesson: Lesson) -> None:
    """Undoes what a request may have done to the lesson: each is sent to a live one."""
    Lesson.objects.filter(pk=lesson.pk).update(state=Lesson.State.LIVE, is_supervised=True, is_locked=False)


async def test_what_a_student_may_not_do_changes_nothing_and_is_noted(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    await live_lesson(cast)
    # The loggers of the site don't pass on what they have written.
    audit = logging.getLogger("lectern.audit")
    audit.addHandler(caplog.handler)
    try:
        for kind in (kind for kind, (_body, roles) in REQUESTS.items() if "student" not in roles):
            student = await open_page(cast.student, cast.lesson)
            # That they have come is told later than they have: what is counted is what the request does.
            await registry.publish_rosters()
            before = await in_database(state_of, cast.lesson)
            assert await error_code(student, kind) == "forbidden"
            assert await in_database(state_of, cast.lesson) == before
            assert any(kind in line and str(cast.student.pk) in line for line in caplog.messages)
            await student.socket.disconnect(code=1001, timeout=PATIENCE)
    finally:
        audit.removeHandler(caplog.handler)


@pytest.mark.parametrize("role", ["teacher", "student"])
async def test_whoever_has_just_been_removed_may_send_nothing(cast: Cast, role: str) -> None:
    user = getattr(cast, role)
    for kind in REQUESTS:
        page = await open_page(user, cast.lesson)
        await registry.recheck()
        # By an update, of which no socket is told: the message itself must be checked.
        await in_database(Enrolment.objects.filter(user=user).update, course=cast.other_course)
        await page.send(kind, REQUESTS[kind][0])
        output = await page.socket.receive_output(PATIENCE)
        while '"seq"' in output.get("text", "") and '"id"' not in output["text"][:5]:
            output = await page.socket.receive_output(PATIENCE)
        # A look that was under way may have been quicker than the message.
        assert output.get("code") == 4403 or '"forbidden"' in output["text"], kind
        await page.socket.disconnect(code=1001, timeout=PATIENCE)
        await in_database(Enrolment.objects.filter(user=user).update, course=cast.course)


async def test_a_message_in_one_school_is_neither_heard_nor_felt_in_another(cast: Cast) -> None:
    ours = await open_page(cast.student, cast.lesson)
    await ours.heard_roster(joined=str(cast.student.pk))
    before = await in_database(state_of, cast.lesson)
    for kind in REQUESTS:
        theirs = await open_page(cast.other_teacher, cast.other_lesson, PAGE)
        await theirs.request("lesson.go_live")
        await theirs.request(kind, REQUESTS[kind][0])
        await theirs.socket.disconnect(code=1001, timeout=PATIENCE)
        assert await in_database(state_of, cast.lesson) == before, kind
        # As pages do: a silent one would be closed before a slow machine has gone over the whole table.
        assert (await ours.request("room.ping"))["ok"]
    assert ours.messages == []


async def test_nobody_of_another_school_is_named_in_a_snapshot(cast: Cast) -> None:
    await open_page(cast.other_teacher, cast.other_lesson)
    ours = await open_page(cast.teacher, cast.lesson)
    foreign = await in_database(
        lambda: {str(key) for key in User.objects.exclude(school=cast.school).values_list("pk", flat=True)}
    )
    assert not foreign & {person["id"] for person in ours.snapshot["people"]}
