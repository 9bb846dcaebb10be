"""Bodies that are not the request's own, for every group of requests: none is acted on."""

from __future__ import annotations

from typing import Any

import pytest

from classroom.core import chat as rules
from classroom.live.commands import COMMANDS
from classroom.services import chat_reading
from tests.classroom.live.wire import PATIENCE, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

SOMEBODY = "00000000-0000-4000-8000-000000000001"
BAD_BODIES: list[tuple[str, dict[str, Any]]] = [
    ("room.ping", {"more": 1}),
    ("stage.set_sources", {}),
    ("stage.set_sources", {"sources": "camera"}),
    ("stage.set_sources", {"sources": ["x-ray"]}),
    ("stage.set_sources", {"sources": ["camera", "camera"]}),
    ("stage.set_sources", {"sources": [["camera"]]}),
    ("media.answer", {}),
    ("media.answer", {"sdp": ""}),
    ("media.answer", {"sdp": 5}),
    ("media.publish", {"sdp": "v=0\ud800", "sources": {"0": "camera"}}),
    ("media.publish", {"sdp": "v=0", "sources": {}}),
    ("media.publish", {"sdp": "v=0", "sources": {"0": "camera", "1": "camera"}}),
    ("media.publish", {"sdp": "v=0", "sources": {"m" * 65: "camera"}}),
    ("media.publish", {"sdp": "v=0", "sources": {"0": "x-ray"}}),
    ("media.close", {"direction": "sideways"}),
    ("media.prefer", {}),
    ("media.prefer", {"limits": []}),
    ("media.prefer", {"limits": {"teacher-camera": 3}}),
    ("media.prefer", {"limits": {"teacher-camera": -2}}),
    ("media.prefer", {"limits": {"teacher-camera": True}}),
    ("media.prefer", {"limits": {"teacher-camera": 1.0}}),
    ("media.prefer", {"limits": {"teacher-x-ray": 1}}),
    ("media.prefer", {"limits": dict.fromkeys("abcde", 1)}),
    ("media.report", {"freezes": 1}),
    ("media.report", {"freezes": -1, "frozen_ms": 0}),
    ("media.report", {"freezes": 1_001, "frozen_ms": 0}),
    ("media.report", {"freezes": 1, "frozen_ms": 60_001}),
    ("media.report", {"freezes": "1", "frozen_ms": 0}),
    ("floor.raise", {}),
    ("floor.raise", {"word": "shout"}),
    ("floor.raise", {"word": None}),
    ("floor.lower", {"person": SOMEBODY}),
    ("floor.accept", {"kind": "throne", "sources": []}),
    ("floor.accept", {"kind": "floor", "sources": ["screen"]}),
    ("floor.set_sources", {"kind": "gallery", "sources": ["microphone"]}),
    ("floor.set_sources", {"kind": "floor", "sources": ["camera", "camera"]}),
    ("floor.speak", {"sources": ["screen"]}),
    ("floor.speak", {"sources": ["camera", "camera"]}),
    ("floor.give", {"person": SOMEBODY, "kind": "seat", "seconds": None}),
    ("floor.give", {"person": SOMEBODY, "kind": "gallery", "seconds": None}),
    ("floor.give", {"person": SOMEBODY, "kind": "floor", "seconds": 9}),
    ("floor.give", {"person": SOMEBODY, "kind": "floor", "seconds": 3601}),
    ("floor.give", {"person": SOMEBODY, "kind": "floor", "seconds": True}),
    ("floor.give", {"person": "me", "kind": "floor", "seconds": None}),
    ("floor.take_back", {"person": SOMEBODY}),
    ("floor.mute", {}),
    ("floor.set_may_unmute", {"is_allowed": "yes"}),
    ("chat.send", {"to": "all", "text": "x" * (rules.MAX_TEXT + 1), "nonce": "nonce-0001"}),
    ("chat.send", {"to": "all", "text": " \u200b", "nonce": "nonce-0001"}),
    ("chat.send", {"to": "all", "text": "x", "nonce": "short"}),
    ("chat.send", {"to": "all", "text": "x", "nonce": "n" * (rules.NONCE_LENGTH + 1)}),
    ("chat.send", {"to": "everybody", "text": "x", "nonce": "nonce-0001"}),
    ("chat.send", {"to": {"person": "me"}, "text": "x", "nonce": "nonce-0001"}),
    ("chat.send", {"to": {"person": None, "more": 1}, "text": "x", "nonce": "nonce-0001"}),
    ("chat.send", {"to": ["all"], "text": "x", "nonce": "nonce-0001"}),
    ("chat.edit", {"message": "1", "text": "x"}),
    ("chat.edit", {"message": 1, "text": "x" * (rules.MAX_TEXT + 1)}),
    ("chat.react", {"message": 1, "emoji": "<b>", "is_on": True}),
    ("chat.react", {"message": 1, "emoji": "🎉", "is_on": 1}),
    ("chat.history", {"before": 1, "limit": chat_reading.PAGE + 1}),
    ("chat.history", {"before": -1, "limit": 1}),
    ("chat.set_mode", {"mode": "loud"}),
    ("report.send", {"message": None, "words": ""}),
    ("report.send", {"message": None, "words": "x" * (rules.MAX_TEXT + 1)}),
    ("polls.answer", {"poll": "x", "answer": [0], "slip": ""}),
    ("polls.answer", {"poll": SOMEBODY, "answer": [9], "slip": ""}),
    ("polls.answer", {"poll": SOMEBODY, "answer": [0] * 10, "slip": ""}),
    ("polls.answer", {"poll": SOMEBODY, "answer": "x" * 201, "slip": ""}),
    ("polls.answer", {"poll": SOMEBODY, "answer": {"0": 1}, "slip": ""}),
    ("polls.answer", {"poll": SOMEBODY, "answer": [0], "slip": "short"}),
    ("polls.answer", {"poll": SOMEBODY, "answer": [0], "slip": "x" * 65}),
    ("timer.start", {"seconds": 4, "label": ""}),
    ("timer.start", {"seconds": 14_401, "label": ""}),
    ("timer.start", {"seconds": 60, "label": "x" * 81}),
]


@pytest.mark.parametrize(("kind", "body"), BAD_BODIES)
async def test_a_body_that_is_not_the_requests_own_is_refused(
    cast: Cast, kind: str, body: dict[str, Any]
) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    assert (await teacher.request(kind, body))["error"]["code"] == "bad_request"


async def test_no_request_takes_a_field_that_it_does_not_know(cast: Cast) -> None:
    taken = []
    for kind in COMMANDS:
        teacher = await open_page(cast.teacher, cast.lesson)
        reply = await teacher.request(kind, {"surprise": 1})
        if reply["ok"] or reply["error"]["code"] != "bad_request":
            taken.append(kind)
        await teacher.socket.disconnect(code=1001, timeout=PATIENCE)
    assert taken == []
