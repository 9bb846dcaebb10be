"""Every type of message by every role, and across schools."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from accounts.models import User
from classroom.live.commands import COMMANDS
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import Enrolment, Lesson, Placement, Presence
from tests.classroom.live.wire import PAGE, PATIENCE, SDP, Page, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

ALL = {"teacher", "assistant", "student"}
STAFF = {"teacher", "assistant"}
REQUESTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "room.ping": ({}, ALL),
    "room.snapshot": ({}, ALL),
    "room.leave": ({}, ALL),
    "lesson.go_live": ({}, STAFF),
    "lesson.end": ({}, STAFF),
    "stage.set_sources": ({"sources": ["camera"]}, STAFF),
    "media.subscribe": ({}, ALL),
    "media.answer": ({"sdp": SDP}, ALL),
    "media.publish": ({"sdp": SDP, "sources": {"0": "camera"}}, STAFF),
    "media.close": ({"direction": "publish"}, ALL),
    "media.prefer": ({"limits": {"teacher-camera": 0}}, ALL),
    "media.report": ({"freezes": 1, "frozen_ms": 300}, ALL),
}
"""Each type of request, a body that is right, and who may send it."""


def test_the_table_has_every_type_of_request() -> None:
    assert REQUESTS.keys() == COMMANDS.keys()


def state_of(lesson: Lesson) -> list[Any]:
    """Every row that a request could change, without the times of presence."""
    return [
        Lesson.objects.filter(pk=lesson.pk).values().get(),
        list(Placement.objects.filter(lesson=lesson).values()),
        list(Presence.objects.filter(lesson=lesson).values("user", "client", "left_at")),
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


@pytest.mark.parametrize("role", sorted(ALL))
@pytest.mark.parametrize("kind", REQUESTS)
async def test_each_role_may_send_what_is_its_own(cast: Cast, kind: str, role: str) -> None:
    await live_lesson(cast)
    page = await open_page(getattr(cast, role), cast.lesson)
    code = await error_code(page, kind)
    assert (code != "forbidden") == (role in REQUESTS[kind][1])


@pytest.mark.parametrize(
    "kind", [kind for kind, (_body, roles) in REQUESTS.items() if "student" not in roles]
)
async def test_what_a_student_may_not_do_changes_nothing_and_is_noted(
    cast: Cast, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    await live_lesson(cast)
    student = await open_page(cast.student, cast.lesson)
    await student.heard_roster(joined=str(cast.student.pk))
    before = await in_database(state_of, cast.lesson)
    # The loggers of the site don't pass on what they have written.
    audit = logging.getLogger("lectern.audit")
    audit.addHandler(caplog.handler)
    try:
        assert await error_code(student, kind) == "forbidden"
    finally:
        audit.removeHandler(caplog.handler)
    assert await in_database(state_of, cast.lesson) == before
    assert any(kind in message and str(cast.student.pk) in message for message in caplog.messages)


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("role", ["teacher", "student"])
async def test_whoever_has_just_been_removed_may_send_nothing(cast: Cast, kind: str, role: str) -> None:
    user = getattr(cast, role)
    page = await open_page(user, cast.lesson)
    await registry.recheck()
    # By an update, of which no socket is told: the message itself must be checked.
    await in_database(Enrolment.objects.filter(user=user).update, course=cast.other_course)
    await page.send(kind, REQUESTS[kind][0])
    output = await page.socket.receive_output(PATIENCE)
    while "roster.changed" in output.get("text", ""):
        output = await page.socket.receive_output(PATIENCE)
    # A look that was under way may have been quicker than the message.
    assert output.get("code") == 4403 or '"forbidden"' in output["text"]


@pytest.mark.parametrize("kind", REQUESTS)
async def test_a_message_in_one_school_is_neither_heard_nor_felt_in_another(cast: Cast, kind: str) -> None:
    ours = await open_page(cast.student, cast.lesson)
    await ours.heard_roster(joined=str(cast.student.pk))
    before = await in_database(state_of, cast.lesson)
    theirs = await open_page(cast.other_teacher, cast.other_lesson, PAGE)
    await theirs.request("lesson.go_live")
    await theirs.request(kind, REQUESTS[kind][0])
    assert (await ours.request("room.ping"))["ok"]
    assert ours.messages == []
    assert await in_database(state_of, cast.lesson) == before


async def test_nobody_of_another_school_is_named_in_a_snapshot(cast: Cast) -> None:
    await open_page(cast.other_teacher, cast.other_lesson)
    ours = await open_page(cast.teacher, cast.lesson)
    foreign = await in_database(
        lambda: {str(key) for key in User.objects.exclude(school=cast.school).values_list("pk", flat=True)}
    )
    assert not foreign & {person["id"] for person in ours.snapshot["people"]}
