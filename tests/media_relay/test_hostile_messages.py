"""Control messages and descriptions that are none, old or of others: refused, and the lesson goes on."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from media_relay import protocol
from media_relay.core import sdp
from tests.media_relay import light
from tests.media_relay.attacked import (
    ASSISTANT,
    Lesson,
    begun,
)
from tests.media_relay.light import LightPeer
from tests.media_relay.web import (
    OUTSIDER,
    ROOM,
    STUDENT,
    RelayProcess,
    Web,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def lesson(web: Web, peers: AsyncExitStack) -> Lesson:
    return await begun(web, peers)


def bad_descriptions(good: str) -> dict[str, str]:
    """Descriptions that are wrong in one way each."""
    head, section = good.split("m=", 1)
    return {
        "too many m-lines": head + f"m={section}" * (sdp.MAX_MEDIA + 1),
        "a mid twice": good + f"m={section}",
        "too many lines": good + "a=x\r\n" * sdp.MAX_SECTION_LINES,
        "a long line": good + "a=" + "x" * sdp.MAX_LINE_LENGTH + "\r\n",
        "a control character": good + "a=\x07\r\n",
        "no BUNDLE": good.replace("a=group:BUNDLE", "a=group:LS"),
        "no rtcp-mux": good.replace("a=rtcp-mux\r\n", ""),
        "a weak fingerprint": good.replace("sha-256", "sha-1"),
        "no fingerprint": good.replace("a=fingerprint", "a=thumbprint"),
        "no password": good.replace("a=ice-pwd", "a=ice-password"),
        "no m-line": head,
        "nothing": "v=0",
        "huge numbers": good.replace("m=video 9 ", "m=video 99999 "),
    }


async def test_bad_descriptions_are_refused_and_leave_nothing_behind(lesson: Lesson) -> None:
    watcher, presenter = light.student(lesson.web, client="watcher"), LightPeer(lesson.web, ASSISTANT)
    mids = {"0": protocol.VIDEO}
    offer = light.description(presenter.certificate, mids, "actpass", "sendonly")
    answer = light.description(watcher.certificate, mids, "active", "recvonly")
    assert isinstance(await watcher.offer(), protocol.Offer)
    for name, text in bad_descriptions(offer).items():
        reply = await lesson.web.ask(
            protocol.Publish, **presenter.seat, sdp=text, sources={"0": protocol.SCREEN}
        )
        assert isinstance(reply, protocol.Refused), name
        assert reply.code == protocol.BAD_SDP, name
    for name, text in bad_descriptions(answer).items():
        reply = await lesson.web.ask(protocol.Answer, **watcher.seat, sdp=text)
        assert isinstance(reply, protocol.Refused), name
        assert reply.code == protocol.BAD_SDP, name
    load = await lesson.web.hear(protocol.Load, since=len(lesson.web.heard))
    assert (load.publishers, load.subscribers) == (1, 2)
    assert isinstance(await lesson.web.ask(protocol.Answer, **watcher.seat, sdp=answer), protocol.Done)
    await lesson.goes_on()


async def test_messages_that_are_none_change_nothing(lesson: Lesson, relay: RelayProcess) -> None:
    seat = lesson.teacher.seat
    publish = protocol.Publish("1", **seat, sdp="x", sources={"0": protocol.SCREEN})
    texts: list[str | bytes] = [
        "",
        "null",
        "[" * 100_000,
        b"\xff\xfe\x00binary",
        '{"type": "explode"}',
        '{"type": "close"}',
        '{"type": "permits", "room": "room", "generation": NaN}',
        '{"type": "permits", "room": "room", "generation": true}',
        protocol.encode(publish).replace('"x"', '"\\ud800"'),
        protocol.encode(publish).replace('"x"', f'"{"x" * (protocol.MAX_SDP_BYTES + 1)}"'),
        protocol.encode(protocol.Register("relay", "1", "epoch", (), relay.port, 1)),
        protocol.encode(protocol.Offer("1", "v=0", {})),
        protocol.encode(protocol.Refused("1", protocol.FULL, "")),
    ]
    for text in texts:
        await lesson.web.say_raw(text)
    await lesson.goes_on()
    assert lesson.changes() == []


async def test_old_and_misdirected_messages_change_nothing(lesson: Lesson) -> None:
    web = lesson.web
    await web.permit(viewers=(), publishers={}, generation=0)
    await web.say(protocol.Permits(ROOM, 1, viewers=(OUTSIDER,), publishers={OUTSIDER: (protocol.CAMERA,)}))
    for close in (
        protocol.Close("another room", STUDENT),
        protocol.Close(ROOM, OUTSIDER),
        protocol.Close(ROOM, STUDENT, "another page"),
        protocol.Close(ROOM, STUDENT, "page", protocol.PUBLISH),
    ):
        await web.say(close)
    answer = light.description(lesson.student.certificate, {"0": "audio"}, "active", "recvonly")
    for seat in (lesson.student.seat, lesson.teacher.seat, {**lesson.student.seat, "client": "other"}):
        reply = await web.ask(protocol.Answer, **seat, sdp=answer)
        assert isinstance(reply, protocol.Refused)
        assert reply.code == protocol.UNKNOWN
    outsider = LightPeer(web, OUTSIDER)
    assert isinstance(await outsider.offer(), protocol.Refused)
    await lesson.goes_on()
    assert lesson.changes() == []
    assert await web.counter("permits_stale", 2) == 2
