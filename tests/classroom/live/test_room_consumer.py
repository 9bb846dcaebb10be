"""A page in a room, through the real routing."""

from __future__ import annotations

import pytest

from media_relay import protocol
from tests.classroom.live.wire import EPOCH, SDP, open_page, open_relay
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_lesson_goes_live_and_a_student_gets_the_relays_offer(cast: Cast) -> None:
    relay = await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    assert student.snapshot["lesson"]["phase"] == "lobby"
    assert (await teacher.request("lesson.go_live"))["ok"]
    assert (await student.heard("lesson.changed"))["body"] == {"phase": "live"}
    stage = (await student.heard("stage.changed"))["body"]
    assert stage["holder"]["id"] == str(cast.teacher.pk)
    asked = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    await relay.say(protocol.Offer(question.id, SDP, {"0": "teacher-camera"}))
    assert (await student.reply_to(asked))["body"] == {
        "epoch": EPOCH,
        "sdp": SDP,
        "slots": {"0": "teacher-camera"},
    }
    for page in (teacher, student):
        await page.drop()
    await relay.drop()
