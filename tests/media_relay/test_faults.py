"""Keys, descriptions and control messages that are not what they should be, and the real relay process."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiortc.rtcdtlstransport import SRTP_AES128_CM_SHA1_80, SRTPProtectionProfile

from media_relay import protocol
from media_relay.core import rtcp, sdp
from tests.media_relay import light
from tests.media_relay.fuzzing import SDP, TARGETS, inputs
from tests.media_relay.light import LightPeer
from tests.media_relay.web import CAMERA_SLOT, OUTSIDER, STUDENT, RelayProcess, Web, running_relay
from tests.support.processes import wait_until

KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
WEAK = SRTPProtectionProfile(SRTP_AES128_CM_SHA1_80.libsrtp_profile, b"SRTP_AES128_CM_SHA1_32", 16, 14)
"""A tag of four bytes (RFC 5764 section 4.1.2): two in a billion forgeries get through."""
SEED = 20261121
DESCRIPTIONS = 250

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lesson(web: Web, peers: AsyncExitStack) -> tuple[LightPeer, LightPeer]:
    """A teacher and a student who are connected."""
    teacher, student = light.teacher(web), light.student(web)
    for peer in (teacher, student):
        peers.push_async_callback(peer.close)
    assert isinstance(await student.subscribe(), protocol.Done)
    assert isinstance(await teacher.publish(), protocol.Accepted)
    await web.hear(protocol.Load, lambda load: load.subscribers == load.publishers == 1)
    return teacher, student


async def goes_on(teacher: LightPeer, student: LightPeer, number: int) -> None:
    """Asserts that the teacher's packet of that number comes to the student."""
    teacher.send_rtp(number, KEYFRAME + bytes((number,)), timestamp=number)
    await student.hear_payload(KEYFRAME + bytes((number,)))


# Keys


async def test_every_process_has_a_certificate_of_its_own_and_writes_it_nowhere(tmp_path: Path) -> None:
    prints = set()
    for _ in range(2):
        async with running_relay(HOME=str(tmp_path), TMPDIR=str(tmp_path)) as (web, relay):
            await web.permit()
            offer = await light.student(web).offer()
            prints.add(sdp.parse(offer.sdp).fingerprints)
            assert relay.process is not None
            opened = psutil.Process(relay.process.pid).open_files()
            assert [file.path for file in opened if "w" in file.mode or "a" in file.mode] == []
    assert len(prints) == 2
    assert os.listdir(tmp_path) == []


async def test_a_weak_srtp_profile_is_refused(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    weak = light.student(web, client="weak")
    peers.push_async_callback(weak.close)
    weak.srtp_profiles = [WEAK]
    assert isinstance(await weak.subscribe(), protocol.Done)
    gone = await web.hear(protocol.ConnectionChanged, lambda m: m.client == "weak")
    assert (gone.state, gone.reason) == ("closed", "the handshake failed")
    await goes_on(teacher, student, 1)
    assert weak.rtp == []


# Control messages


async def test_an_answer_that_comes_twice_changes_nothing(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    await goes_on(teacher, student, 1)
    thief = light.student(web)
    answer = light.description(thief.certificate, {"0": "audio", "1": "video"}, "active", "recvonly")
    for seat in (student.seat, {**student.seat, "participant": OUTSIDER}, {**student.seat, "room": "other"}):
        reply = await web.ask(protocol.Answer, **seat, sdp=answer)
        assert isinstance(reply, protocol.Refused)
        assert reply.code == protocol.UNKNOWN
    await goes_on(teacher, student, 2)


async def test_words_about_nobody_change_nothing(web: Web, peers: AsyncExitStack) -> None:
    """Preferences and closings for rooms, people and pages that are not there."""
    teacher, student = await lesson(web, peers)
    for changed in ({"room": "other"}, {"participant": OUTSIDER}, {"client": "other"}):
        seat: dict[str, Any] = {**student.seat, **changed}
        await web.say(protocol.Prefer(**seat, limits={CAMERA_SLOT: protocol.NO_LAYER}))
        await web.say(protocol.Close(**seat))
    await web.say(protocol.Prefer(**student.seat, limits={"no such slot": 0}))
    await web.permit(room="other", viewers=(STUDENT,))
    await web.permit(room="other", viewers=(), publishers={}, stage=())
    await goes_on(teacher, student, 1)
    assert not [m for m in web.heard if isinstance(m, protocol.ConnectionChanged) and m.state == "closed"]


async def test_replies_and_words_that_only_a_relay_sends_change_nothing(
    relay: RelayProcess, web: Web, peers: AsyncExitStack
) -> None:
    teacher, student = await lesson(web, peers)
    link = protocol.LinkState(STUDENT, "page", protocol.SUBSCRIBE, 1, 1, 1, {CAMERA_SLOT: -1}, "link")
    for message in (
        protocol.Done("unknown"),
        protocol.Accepted("unknown", "v=0\r\n"),
        protocol.Links(student.seat["room"], (link,)),
        protocol.LayersWanted(**teacher.seat, source=protocol.CAMERA, rids=()),
        protocol.ConnectionChanged(**student.seat, direction=protocol.SUBSCRIBE, state="closed"),
        protocol.Register("relay", "1", "another epoch", (), relay.port, 1),
        protocol.Registered(0.1),
    ):
        await web.say(message)
    await goes_on(teacher, student, 1)
    load = await web.hear(protocol.Load, since=len(web.heard))
    assert (load.subscribers, load.publishers) == (1, 1)


async def test_hostile_descriptions_are_taken_or_refused_and_never_fail(
    web: Web, peers: AsyncExitStack
) -> None:
    """What browsers write, with changes, as offers and as answers: the relay never says that it could not."""
    teacher, student = await lesson(web, peers)
    target = next(target for target in TARGETS if target.name == "sdp")
    chance = random.Random(SEED)
    texts = [data.decode("latin-1") for data in (*SDP, *inputs(target, SEED, DESCRIPTIONS))]
    codes = []
    for text in filter(None, texts):
        source = chance.choice(tuple(protocol.SOURCE_KINDS))
        sources = {chance.choice(("0", "1", "2", "audio")): source}
        watcher = light.student(web, client="watcher")
        assert isinstance(await watcher.offer(), protocol.Offer)
        for reply in (
            await web.ask(protocol.Publish, **{**teacher.seat, "client": "other"}, sdp=text, sources=sources),
            await web.ask(protocol.Answer, **watcher.seat, sdp=text),
            await web.ask(protocol.Watch, **watcher.seat, sdp=text, slots=(CAMERA_SLOT,)),
        ):
            codes.append(reply.code if isinstance(reply, protocol.Refused) else "")
        # What has been heard is searched through for every reply.
        web.heard.clear()
    assert protocol.FAILED not in codes
    assert codes.count(protocol.BAD_SDP) > len(codes) // 4 > 0
    assert codes.count("") > 10
    await goes_on(teacher, student, 1)


async def test_a_relay_with_a_wrong_secret_gets_no_lesson() -> None:
    async with running_relay() as (web, _):
        other = RelayProcess(web)
        starting = asyncio.create_task(other.start(RELAY_SECRET="guessed"))
        await asyncio.to_thread(wait_until, lambda: web.refused >= 3, light.WAIT, "the relay does not dial")
        starting.cancel()
        assert await other.stop() == 0
        assert web.registered == 1


async def test_figures_that_cannot_be_are_not_passed_on(web: Web, peers: AsyncExitStack) -> None:
    """A page can say of its line what it likes; the web tier would hang up on a relay that repeats it."""
    teacher, student = await lesson(web, peers)
    chance, registered = random.Random(SEED), web.registered
    for number in range(1, 101):
        numbers = [chance.choice((0, 1, (1 << 32) - 1, chance.randrange(1 << 32))) for _ in range(4)]
        block = rtcp.ReportBlock(student.camera_ssrc, chance.randrange(256), -1, *numbers)
        bitrate = chance.choice((0, 1, rtcp.MAX_REMB_BITRATE))
        student.send_rtcp(rtcp.ReceiverReport(9, (block,)), rtcp.Remb(9, bitrate, (student.camera_ssrc, 7)))
        clock = chance.randrange(1 << 64)
        teacher.send_rtcp(rtcp.SenderReport(1, clock, chance.randrange(1 << 32), 0, (1 << 32) - 1))
        await goes_on(teacher, student, number)
    links = await web.hear(protocol.Links, since=len(web.heard))
    assert all(0 <= link.loss <= 1 for link in links.links)
    assert web.registered == registered


async def test_more_layers_than_there_may_be_are_not_taken(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    rids = [f"r{number}" for number in range(8)]
    layers = "".join(f"a=rid:{rid} send\r\n" for rid in rids) + f"a=simulcast:send {';'.join(rids)}\r\n"
    other = light.teacher(web, client="many")
    offer = light.description(other.certificate, {"1": "video"}, "actpass", "sendonly") + layers
    reply = await web.ask(protocol.Publish, **other.seat, sdp=offer, sources={"1": protocol.CAMERA})
    assert isinstance(reply, protocol.Accepted)
    (media,) = sdp.parse(reply.sdp).media
    assert reply.sdp.count("a=rid:") <= protocol.MAX_LAYERS, media
    await goes_on(teacher, student, 1)
