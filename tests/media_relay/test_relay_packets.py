"""The real relay process and single datagrams: faults, attacks, retransmission, H.264, IPv6."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from contextlib import AsyncExitStack

import pytest

from media_relay import protocol
from media_relay.core import codecs, rtcp, rtp
from media_relay.core.throttles import KEYFRAME_INTERVAL
from tests.media_relay import light
from tests.media_relay.light import LightPeer
from tests.media_relay.web import STUDENT, RelayProcess, Web, running_relay

KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
DELTA = bytes((0x10, 0x01)) + b"delta"


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lesson(web: Web, peers: AsyncExitStack, host: str = "127.0.0.1") -> tuple[LightPeer, LightPeer]:
    """A teacher and a student who are connected; the student has seen a keyframe."""
    teacher, student = light.teacher(web, host=host), light.student(web, host=host)
    peers.push_async_callback(teacher.close)
    peers.push_async_callback(student.close)
    assert isinstance(await student.subscribe(), protocol.Done)
    await web.hear(protocol.ConnectionChanged, lambda m: m.participant == STUDENT)
    assert isinstance(await teacher.publish(), protocol.Accepted)
    teacher.send_rtp(1, KEYFRAME)
    await student.hear(1)
    return teacher, student


async def still_works(teacher: LightPeer, student: LightPeer, sequence: int = 2) -> None:
    """Asserts that a packet of the teacher still comes to the student."""
    count = len(student.rtp)
    teacher.send_rtp(sequence, DELTA)
    assert payload((await student.hear(count + 1))[-1]) == DELTA


def payload(packet: bytes) -> bytes:
    """What a packet carries."""
    return bytes(rtp.payload(packet, rtp.parse_header(packet)))


async def test_a_lesson_works_over_ipv6(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers, "::1")
    await still_works(teacher, student)


async def test_h264_comes_through(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    teacher.send_rtp(2, b"\x67parameters", payload_type=light.H264)
    packet = (await student.hear(2))[1]
    assert rtp.parse_header(packet).payload_type == codecs.H264_PAYLOAD_TYPE
    assert payload(packet) == b"\x67parameters"


async def test_aes_gcm_is_agreed(web: Web, peers: AsyncExitStack) -> None:
    _, student = await lesson(web, peers)
    assert student._dtls._ssl.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"


async def test_empty_datagrams_disturb_nobody(relay: RelayProcess, web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    with light.stranger() as socket:
        for _ in range(100):
            socket.sendto(b"", ("127.0.0.1", relay.port))
    for _ in range(10):
        teacher.send_empty()
        student.send_empty()
    await web.counter("datagrams_of_bad_length", 120)
    await still_works(teacher, student)


async def test_garbage_disturbs_nobody(relay: RelayProcess, web: Web, peers: AsyncExitStack) -> None:
    """Every first byte, from a stranger and from the peers' own addresses."""
    teacher, student = await lesson(web, peers)
    chance = random.Random(5)
    with light.stranger() as socket, light.stranger("::1") as socket6:
        for size in (1, 2, 11, 13, 40, 300, 1500, 1501, 4000):
            for first in range(256):
                data = bytes((first,)) + chance.randbytes(size - 1)
                socket.sendto(data, ("127.0.0.1", relay.port))
                socket6.sendto(data, ("::1", relay.port))
                # Real DTLS records of the peers' own could end the session, as they may.
                if not 20 <= first <= 63:
                    teacher.send(data)
                    student.send(data)
            await asyncio.sleep(0)
    load = await web.hear(protocol.Load, since=len(web.heard))
    for counter in ("media_from_unknown_address", "stun_malformed", "srtp_not_authentic"):
        assert load.counters[counter] > 0
    await still_works(teacher, student)


async def test_a_client_hello_from_elsewhere_does_not_win(
    relay: RelayProcess, web: Web, peers: AsyncExitStack
) -> None:
    student = light.student(web)
    peers.push_async_callback(student.close)
    offer = await student.offer()
    with light.stranger() as socket:
        for _ in range(200):
            socket.sendto(light.client_hello(), ("127.0.0.1", relay.port))
        answer = light.description(
            student.certificate,
            {str(i): kind for i, kind in enumerate(("audio", "video"))},
            "active",
            "recvonly",
        )
        assert isinstance(await web.ask(protocol.Answer, **student.seat, sdp=answer), protocol.Done)
        await student.check(offer.sdp)
        for _ in range(200):
            socket.sendto(light.client_hello(), ("127.0.0.1", relay.port))
        async with asyncio.timeout(3):
            assert await student.handshake() == "connected"
    assert await web.counter("dtls_from_unknown_address") >= 200


async def test_a_wrong_fingerprint_never_connects(web: Web, peers: AsyncExitStack) -> None:
    student, other = light.student(web), light.student(web)
    peers.push_async_callback(student.close)
    offer = await student.offer()
    answer = light.description(other.certificate, {"0": "audio", "1": "video"}, "active", "recvonly")
    assert isinstance(await web.ask(protocol.Answer, **student.seat, sdp=answer), protocol.Done)
    await student.check(offer.sdp)
    await asyncio.wait_for(student.handshake(), light.WAIT)
    gone = await web.hear(protocol.ConnectionChanged)
    assert (gone.state, gone.reason) == ("closed", "the handshake failed")
    teacher = light.teacher(web)
    peers.push_async_callback(teacher.close)
    await teacher.publish()
    teacher.send_rtp(1, KEYFRAME)
    await web.hear(
        protocol.Load, lambda load: load.in_pps > 0 and load.subscribers == 0, since=len(web.heard)
    )
    assert student.rtp == []


async def test_a_forged_packet_is_counted_and_goes_nowhere(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    forged = rtp.build_packet(light.VP8, 2, 0, 1, os.urandom(200))
    teacher.send(forged)
    assert await web.counter("srtp_not_authentic") == 1
    await still_works(teacher, student)
    assert len(student.rtp) == 2


async def test_a_nack_is_answered(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    await still_works(teacher, student)
    lost = rtp.parse_header(student.rtp[1]).sequence
    student.forget_packets()
    student.send_rtcp(rtcp.ReceiverReport(9), rtcp.Nack(9, student.camera_ssrc, (lost,)))
    assert (await student.hear(3))[2] == student.rtp[1]


async def test_what_is_lost_on_the_way_to_the_relay_is_asked_for(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    teacher.send_rtp(4, DELTA)
    nack = await teacher.hear_rtcp(rtcp.Nack)
    assert (nack.media, nack.sequences) == (1, (2, 3))
    teacher.send_rtp(2, DELTA + b"late")
    packets = await student.hear(3)
    sequences = [rtp.parse_header(packet).sequence for packet in packets]
    assert [rtp.seq_delta(sequence, sequences[0]) for sequence in sequences] == [0, 3, 1]


async def test_keyframe_requests_are_throttled(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    start = asyncio.get_running_loop().time()
    teacher.rtcp.clear()
    while asyncio.get_running_loop().time() - start < 3 * KEYFRAME_INTERVAL:
        student.send_rtcp(rtcp.ReceiverReport(9), rtcp.PictureLoss(9, student.camera_ssrc))
        await asyncio.sleep(0.02)
    asked = [packet for packet in teacher.rtcp if isinstance(packet, rtcp.PictureLoss)]
    assert 2 <= len(asked) <= 4


async def test_reports_come_to_both_sides(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    teacher.send_rtcp(rtcp.SenderReport(1, 1 << 40, 0, 1, 1))
    assert (await student.hear_rtcp(rtcp.SenderReport)).ssrc == student.camera_ssrc
    assert (await teacher.hear_rtcp(rtcp.Remb)).ssrcs == (1,)
    report = await teacher.hear_rtcp(rtcp.ReceiverReport)
    assert report is not None


async def test_a_peer_may_change_its_address(web: Web, peers: AsyncExitStack) -> None:
    teacher, student = await lesson(web, peers)
    await student.move()
    await teacher.move()
    assert await web.counter("peers_moved", 2) == 2
    await still_works(teacher, student)


async def test_a_session_description_that_is_no_good_is_refused(web: Web) -> None:
    seat = light.teacher(web).seat
    certificate = light.teacher(web).certificate
    good = light.description(certificate, {"0": "audio"}, "actpass", "sendonly")
    cases = {
        "not SDP at all": ("nonsense", {"0": protocol.MICROPHONE}),
        "no such m-line": (good, {"7": protocol.MICROPHONE}),
        "m-line of another kind": (good, {"0": protocol.CAMERA}),
        "no usable codec": (good.replace("opus", "speex"), {"0": protocol.MICROPHONE}),
        "nothing to send": (good.replace("sendonly", "recvonly"), {}),
    }
    for name, (text, sources) in cases.items():
        reply = await web.ask(protocol.Publish, **seat, sdp=text, sources=sources)
        assert isinstance(reply, protocol.Refused), name
        assert reply.code == protocol.BAD_SDP, name


async def test_an_answer_without_an_offer_is_refused(web: Web) -> None:
    student = light.student(web)
    answer = light.description(student.certificate, {"0": "audio"}, "active", "recvonly")
    reply = await web.ask(protocol.Answer, **student.seat, sdp=answer)
    assert isinstance(reply, protocol.Refused)
    assert reply.code == protocol.UNKNOWN


async def test_the_web_tier_can_close_a_connection(web: Web, peers: AsyncExitStack) -> None:
    _, student = await lesson(web, peers)
    await web.say(protocol.Close(light.ROOM, STUDENT))
    gone = await web.hear(protocol.ConnectionChanged, lambda m: m.state == "closed")
    assert (gone.participant, gone.reason) == (STUDENT, "closed by the web tier")
    await student.end(2)


async def test_a_relay_that_is_full_says_so() -> None:
    async with running_relay(RELAY_CAPACITY="1") as (web, _):
        await web.permit()
        first, second = light.student(web), light.student(web, client="second")
        assert isinstance(await first.offer(), protocol.Offer)
        refusal = await second.offer()
        assert isinstance(refusal, protocol.Refused)
        assert refusal.code == protocol.FULL


async def test_the_relay_leaves_in_time_and_says_good_bye() -> None:
    async with running_relay() as (web, relay), AsyncExitStack() as peers:
        await web.permit()
        _, student = await lesson(web, peers)
        async with asyncio.timeout(2):
            assert await relay.stop() == 0
        await student.end(1)


async def test_a_taken_port_is_one_clear_sentence(relay: RelayProcess) -> None:
    second = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "media_relay",
        env={**os.environ, "MEDIA_PORT": str(relay.port), "RELAY_SECRET": "x"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await asyncio.wait_for(second.communicate(), 20)
    assert second.returncode == 1
    assert complaint.decode().splitlines()[-1] == (
        f"UDP port {relay.port} is taken by another program: stop it, or set MEDIA_PORT to a free one."
    )


async def test_a_missing_secret_is_one_clear_sentence() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "media_relay",
        env={name: value for name, value in os.environ.items() if not name.startswith("RELAY_")},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert complaint.decode() == "RELAY_SECRET must be set to the secret that the web tier has.\n"
