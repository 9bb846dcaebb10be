"""The real relay process under attack, by strangers and by people of the class: the lesson goes on.

An attack goes in small portions, each followed by a packet of the teacher's that must reach the student: so
nothing depends on how fast the machine is, and a single lost packet fails the test.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from itertools import islice

import pylibsrtp
import pytest
import pytest_asyncio
from aioice import stun

from media_relay import protocol
from media_relay.core import rtcp, rtp, sdp
from media_relay.core.links import BURST_SECONDS, MAX_VIDEO_BITRATE
from media_relay.core.subscriber import PICTURE_LOSS_BURST, RESEND_PART
from media_relay.io.peer import MAX_BAD_CHECKS_PER_SECOND, MAX_CHECKS_PER_SECOND, MAX_SSRCS
from tests.media_relay import light
from tests.media_relay.light import LightPeer
from tests.media_relay.web import (
    CAMERA_SLOT,
    MICROPHONE_SLOT,
    OUTSIDER,
    ROOM,
    SCREEN_SLOT,
    STUDENT,
    TEACHER,
    RelayProcess,
    Web,
)

ASSISTANT = "assistant"
PORTION = 50
MAX_LOOP_LAG_MS = 50
KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
DELTA = bytes((0x10, 0x01)) + b"delta"
CAMERA_SSRC, SCREEN_SSRC = 1, 7
STAGE = (
    protocol.StageEntry(MICROPHONE_SLOT, TEACHER, protocol.MICROPHONE),
    protocol.StageEntry(CAMERA_SLOT, TEACHER, protocol.CAMERA),
    protocol.StageEntry(SCREEN_SLOT, ASSISTANT, protocol.SCREEN),
)
PUBLISHERS = {TEACHER: tuple(protocol.SOURCE_KINDS), ASSISTANT: (protocol.SCREEN,)}

pytestmark = pytest.mark.asyncio(loop_scope="module")

Send = Callable[[bytes], object]


class Lesson:
    """A teacher, who is seen by a student; whoever else is there attacks."""

    def __init__(self, web: Web, peers: AsyncExitStack, host: str) -> None:
        self.web = web
        self.host = host
        self.teacher, self.student = light.teacher(web, host=host), light.student(web, host=host)
        self._peers = peers
        self._sequence = 0

    async def begin(self) -> None:
        """Connects both; the student has seen a keyframe."""
        await self.web.permit(publishers=PUBLISHERS, stage=STAGE)
        self._peers.push_async_callback(self.teacher.close)
        self._peers.push_async_callback(self.student.close)
        assert isinstance(await self.student.subscribe(), protocol.Done)
        await self.web.hear(protocol.ConnectionChanged, lambda m: m.state == "connected")
        assert isinstance(await self.teacher.publish(), protocol.Accepted)
        self.teacher.send_rtp(0, KEYFRAME)
        await self.student.hear_payload(KEYFRAME)

    async def goes_on(self) -> None:
        """Asserts that the teacher's next packet comes to the student."""
        self._sequence += 1
        content = DELTA + self._sequence.to_bytes(4, "big")
        since = len(self.student.rtp)
        self.teacher.send_rtp(self._sequence, content)
        await self.student.hear_payload(content, since)

    async def stands(self, datagrams: Iterable[bytes], *senders: Send) -> None:
        """Sends everything through each sender, and asserts that meanwhile the lesson goes on."""
        rest = iter(datagrams)
        while portion := list(islice(rest, PORTION)):
            for data in portion:
                for send in senders:
                    send(data)
            await self.goes_on()

    async def viewer(self, client: str) -> LightPeer:
        """Another page of the student's."""
        page = light.student(self.web, client=client)
        self._peers.push_async_callback(page.close)
        assert isinstance(await page.subscribe(), protocol.Done)
        await self.web.hear(
            protocol.ConnectionChanged, lambda m: (m.client, m.state) == (client, "connected")
        )
        return page

    async def presenter(self) -> LightPeer:
        """An assistant who shares a screen, of which the student sees a keyframe."""
        page = LightPeer(self.web, ASSISTANT)
        self._peers.push_async_callback(page.close)
        assert isinstance(await page.publish({"0": protocol.SCREEN}), protocol.Accepted)
        page.send_rtp(0, KEYFRAME + b"screen", ssrc=SCREEN_SSRC, mid="0")
        await self.student.hear_payload(KEYFRAME + b"screen")
        return page

    def stranger(self) -> Send:
        """Sends datagrams from an address that nobody knows."""
        own = self._peers.enter_context(light.stranger(self.host))
        return lambda data: own.sendto(data, self.teacher.relay)

    def changes(self) -> list[str]:
        """All connections that were closed."""
        gone = (m for m in self.web.heard if isinstance(m, protocol.ConnectionChanged))
        return [change.reason for change in gone if change.state == "closed"]


@pytest_asyncio.fixture(loop_scope="module", params=["127.0.0.1"])
async def lesson(web: Web, peers: AsyncExitStack, request: pytest.FixtureRequest) -> Lesson:
    made = Lesson(web, peers, request.param)
    await made.begin()
    return made


def binding_request(username: str, password: str = "") -> bytes:
    """A check, signed if there is a password."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes.update({"USERNAME": username, "PRIORITY": 1, "ICE-CONTROLLING": 1})
    if password:
        request.add_message_integrity(password.encode())
    return bytes(request)


def drained(own: socket.socket) -> list[bytes]:
    """All that has come to a socket that doesn't block."""
    found = []
    with suppress(BlockingIOError):
        while True:
            found.append(own.recv(2048))
    return found


# Strangers.


@pytest.mark.parametrize("lesson", ["127.0.0.1", "::1"], indirect=True)
async def test_empty_datagrams_harm_nobody(lesson: Lesson) -> None:
    await lesson.stands([b""] * 200, lesson.stranger())
    for peer in (lesson.teacher, lesson.student):
        peer.send_empty()
    assert await lesson.web.counter("datagrams_of_bad_length", 202) == 202
    await lesson.goes_on()
    assert lesson.changes() == []


async def test_client_hellos_from_elsewhere_cost_a_connected_class_nothing(lesson: Lesson) -> None:
    await lesson.stands((light.client_hello() for _ in range(2000)), lesson.stranger())
    assert await lesson.web.counter("dtls_from_unknown_address", 2000) == 2000
    assert lesson.changes() == []


async def test_forged_and_replayed_media_goes_nowhere(lesson: Lesson) -> None:
    key = pylibsrtp.Policy(
        key=bytes(28),
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    forger = pylibsrtp.Session(key)
    forged = [
        forger.protect(rtp.build_packet(light.VP8, 1000 + i, 0, CAMERA_SSRC, KEYFRAME + b"forged"))
        for i in range(100)
    ]
    await lesson.stands(forged, lesson.teacher.send, lesson.stranger())
    genuine = lesson.teacher.protect(rtp.build_packet(light.OPUS, 1, 0, 2, b"once"))
    await lesson.stands([genuine] * 100, lesson.teacher.send, lesson.stranger())
    assert await lesson.web.counter("srtp_not_authentic", 100) == 100
    assert await lesson.web.counter("srtp_replayed", 99) == 99
    assert await lesson.web.counter("media_from_unknown_address", 200) == 200
    contents = [bytes(rtp.payload(p, rtp.parse_header(p))) for p in lesson.student.rtp]
    assert contents.count(b"once") == 1
    assert not [content for content in contents if b"forged" in content]


async def test_checks_without_the_password_get_no_reply_and_are_limited(
    lesson: Lesson, peers: AsyncExitStack
) -> None:
    assert lesson.student.description is not None
    ufrag = lesson.student.description.ice_ufrag
    own = peers.enter_context(light.stranger())
    own.setblocking(False)

    def send(data: bytes) -> None:
        own.sendto(data, lesson.student.relay)

    unsigned = [binding_request(f"{ufrag}:{light.UFRAG}"), binding_request("nobody:nobody")]
    guessed = [binding_request(f"{ufrag}:{light.UFRAG}", f"guess-{i:016}") for i in range(400)]
    bare = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    await lesson.stands([*unsigned, bare, *guessed], send)
    await lesson.web.counter("stun_over_limit", 400 - 5 * MAX_BAD_CHECKS_PER_SECOND)
    assert drained(own) == []


async def test_a_reply_is_hardly_larger_than_its_check_and_checks_are_limited(
    lesson: Lesson, peers: AsyncExitStack
) -> None:
    own = peers.enter_context(light.stranger())
    own.setblocking(False)
    check = lesson.student.binding_request(nominate=False)
    await lesson.stands([check] * 1000, lambda data: own.sendto(data, lesson.student.relay))
    replies = drained(own)
    assert max(map(len, replies)) <= 3 * len(check)
    await lesson.web.counter("stun_over_limit", 1000 - len(replies))
    assert MAX_CHECKS_PER_SECOND // 2 < len(replies) < 1000


def malformed(chance: random.Random, count: int) -> Iterable[bytes]:
    """Datagrams of each protocol, cut off or with bytes changed, and some pure noise."""
    request = binding_request("nobody:nobody", "password-of-nobody-000")
    kinds: list[Callable[[], bytes]] = [
        lambda: request,
        light.client_hello,
        lambda: malformed_rtp(chance),
        lambda: malformed_rtcp(chance),
        lambda: chance.randbytes(chance.randrange(1, 1501)),
    ]
    for i in range(count):
        yield spoilt(chance, kinds[i % len(kinds)]())


def spoilt(chance: random.Random, data: bytes, start: int = 0) -> bytes:
    """Changes some bytes from `start` on, and cuts some off."""
    changed = bytearray(data)
    for _ in range(chance.randrange(6)):
        changed[chance.randrange(start, len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(max(1, start), len(changed) + 1)])


def malformed_rtp(chance: random.Random) -> bytes:
    """RTP of the screen whose payload, padding or extensions make no sense."""
    first = 0x80 | chance.choice((0, 0x10, 0x20, 0x30))
    payload_type = chance.choice((light.VP8, light.H264, light.OPUS)) | chance.choice((0, 0x80))
    head = struct.pack("!BBHII", first, payload_type, chance.randrange(1 << 16), 0, SCREEN_SSRC)
    words = chance.randrange(3)
    block = struct.pack("!HH", chance.choice((0xBEDE, 0x1000, 0)), words) + chance.randbytes(4 * words)
    return head + (block if first & 0x10 else b"") + chance.randbytes(chance.randrange(60))


def malformed_rtcp(chance: random.Random) -> bytes:
    """RTCP with a sound header, since libsrtp wants one, and a body of noise."""
    packet = b""
    for _ in range(chance.randrange(1, 5)):
        body = struct.pack("!I", SCREEN_SSRC) + chance.randbytes(4 * chance.randrange(12))
        count, length = chance.randrange(64), max(0, len(body) // 4 + chance.choice((0, 0, 0, 1, -1)))
        packet += struct.pack("!BBH", 0x80 | count, chance.randrange(200, 208), length) + body
    return packet


async def test_ten_thousand_malformed_datagrams_disturb_nobody(lesson: Lesson) -> None:
    """Half from unknown addresses, half authentic: inside SRTP of a publisher and a subscriber."""
    chance = random.Random(17)
    presenter, attacker = await lesson.presenter(), await lesson.viewer("attacker")
    since = len(lesson.web.heard)
    await lesson.stands(malformed(chance, 5000), lesson.stranger())
    senders = (presenter, attacker)
    for _ in range(50):
        for peer in senders:
            for _ in range(25):
                for packet in (malformed_rtp(chance), malformed_rtcp(chance)):
                    if data := peer.protect(packet):
                        peer.send(data)
        await lesson.goes_on()
    load = await lesson.web.hear(protocol.Load, since=len(lesson.web.heard))
    for counter in ("rtp_malformed", "rtcp_malformed", "rtp_not_permitted", "stun_malformed"):
        assert load.counters.get(counter, 0) > 0, counter
    lags = sorted(m.loop_lag_ms for m in lesson.web.heard[since:] if isinstance(m, protocol.Load))
    # The middle one: other work on the machine may hold up anyone for once.
    assert lags[len(lags) // 2] < MAX_LOOP_LAG_MS
    assert lesson.changes() == []


# People of the class.


async def test_a_sender_at_twenty_times_its_bitrate_takes_nothing_from_others(lesson: Lesson) -> None:
    presenter = await lesson.presenter()
    loop = asyncio.get_running_loop()
    content, start = DELTA + bytes(1100), loop.time()
    allowed, sent = MAX_VIDEO_BITRATE / 8 * BURST_SECONDS, 0
    while sent < 20 * allowed:
        for _ in range(PORTION):
            sent += len(content)
            number = sent // len(content)
            presenter.send_rtp(number & 0xFFFF, content, ssrc=SCREEN_SSRC, mid="0", timestamp=number)
        await lesson.goes_on()
    allowed += MAX_VIDEO_BITRATE / 8 * (loop.time() - start)
    forwarded = sum(len(content) for packet in lesson.student.rtp if len(packet) > len(content))
    assert allowed / 10 < forwarded <= allowed
    # All that was not forwarded was counted, but for what the path to the student may have lost.
    # On a machine so slow that the portions came at the permitted rate, there was nothing to limit.
    if (limited := (sent - forwarded) // len(content) - PORTION) > 0:
        await lesson.web.counter("rtp_over_bitrate", limited)


async def test_a_viewer_that_makes_up_ssrcs_is_limited(lesson: Lesson) -> None:
    attacker = await lesson.viewer("attacker")
    packets = (rtp.build_packet(light.VP8, 1, 0, ssrc, b"x") for ssrc in range(1, 2001))
    await lesson.stands(map(attacker.protect, packets), attacker.send)
    assert await lesson.web.counter("ssrcs_over_limit", 2000 - MAX_SSRCS) == 2000 - MAX_SSRCS
    assert await lesson.web.counter("rtp_not_permitted", MAX_SSRCS) == MAX_SSRCS


async def test_a_storm_of_nacks_is_bounded(lesson: Lesson) -> None:
    attacker = await lesson.viewer("attacker")
    await lesson.stands([b""] * PORTION * 40, lambda data: None)
    sequences = tuple(rtp.parse_header(packet).sequence for packet in attacker.rtp)
    nack = rtcp.Nack(9, attacker.camera_ssrc, sequences)
    storm = rtcp.build_compound(rtcp.ReceiverReport(9), nack)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await lesson.stands(map(attacker.protect, [storm] * 2000), attacker.send)
    await lesson.web.counter("rtcp_over_limit")
    load = await lesson.web.hear(protocol.Load, since=len(lesson.web.heard))
    allowed = RESEND_PART * MAX_VIDEO_BITRATE / 8 * (loop.time() - start + 1)
    assert 0 < load.counters["resent"] * min(map(len, attacker.rtp)) <= allowed


async def test_a_storm_of_keyframe_requests_is_bounded(lesson: Lesson) -> None:
    attacker = await lesson.viewer("attacker")
    lesson.teacher.rtcp.clear()
    storm = rtcp.build_compound(
        rtcp.ReceiverReport(9),
        rtcp.PictureLoss(9, attacker.camera_ssrc),
        rtcp.FullIntra(9, tuple((attacker.camera_ssrc, number) for number in range(100))),
    )
    await lesson.stands(map(attacker.protect, [storm] * 2000), attacker.send)
    await lesson.web.counter("rtcp_over_limit")
    asked = [packet for packet in lesson.teacher.rtcp if isinstance(packet, rtcp.PictureLoss)]
    assert len(asked) <= PICTURE_LOSS_BURST + 1


async def test_a_publisher_with_a_wrong_fingerprint_never_connects(lesson: Lesson) -> None:
    thief, other = LightPeer(lesson.web, ASSISTANT), LightPeer(lesson.web, ASSISTANT)
    lesson._peers.push_async_callback(thief.close)
    sources = {"0": protocol.SCREEN}
    offer = light.description(other.certificate, {"0": protocol.VIDEO}, "actpass", "sendonly")
    reply = await lesson.web.ask(protocol.Publish, **thief.seat, sdp=offer, sources=sources)
    await thief.connect(reply.sdp)
    gone = await lesson.web.hear(protocol.ConnectionChanged, lambda m: m.participant == ASSISTANT)
    assert (gone.state, gone.reason) == ("closed", "the handshake failed")
    thief.send_rtp(0, KEYFRAME, ssrc=SCREEN_SSRC, mid="0")
    await lesson.goes_on()
    assert await lesson.web.counter("media_from_unknown_address") == 1


# Control messages.


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
