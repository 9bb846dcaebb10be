"""The real relay process and a class in which everyone may come on stage, at the level of packets."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from media_relay import protocol
from media_relay.core import rtcp, rtp, sdp
from media_relay.core.room import SLOTS_CHANGED
from tests.media_relay import light
from tests.media_relay.light import LightPeer
from tests.media_relay.web import ROOM, STUDENT, TEACHER, Web

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA, BEN = "ada", "ben"
KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
MICROPHONE, CAMERA = protocol.MICROPHONE, protocol.CAMERA
GALLERY = tuple(f"gallery-{number}-camera" for number in range(1, 31))
SLOTS = (
    protocol.Slot("teacher-microphone", protocol.AUDIO),
    protocol.Slot("teacher-camera", protocol.VIDEO),
    protocol.Slot("floor-1-microphone", protocol.AUDIO),
    *(protocol.Slot(name, protocol.VIDEO, protocol.STAFF) for name in GALLERY),
)
STAGE = (
    protocol.StageEntry("teacher-microphone", TEACHER, MICROPHONE),
    protocol.StageEntry("teacher-camera", TEACHER, CAMERA),
    protocol.StageEntry("floor-1-microphone", ADA, MICROPHONE),
    protocol.StageEntry(GALLERY[0], ADA, CAMERA),
    protocol.StageEntry(GALLERY[1], BEN, CAMERA),
)


class Class:
    """Two students with cameras and microphones, a third who only watches, and the teacher."""

    def __init__(self, web: Web, peers: AsyncExitStack) -> None:
        self.web = web
        self._peers = peers

    async def permit(self, staff: tuple[str, ...] = (TEACHER,), **publishers: tuple[str, ...]) -> None:
        """Everyone may connect; cameras flow, and of the microphones those that are named."""
        allowed = {TEACHER: (MICROPHONE, CAMERA), ADA: (CAMERA,), BEN: (CAMERA,), **publishers}
        await self.web.permit((TEACHER, ADA, BEN, STUDENT), allowed, STAGE, slots=SLOTS, staff=staff)

    def peer(self, who: str) -> LightPeer:
        """Somebody's connection."""
        peer = LightPeer(self.web, who)
        self._peers.push_async_callback(peer.close)
        return peer

    async def publisher(self, who: str) -> LightPeer:
        """Somebody offers microphone and camera and connects."""
        peer = self.peer(who)
        assert isinstance(await peer.publish(), protocol.Accepted)
        return peer

    async def subscriber(self, who: str) -> LightPeer:
        """Somebody subscribes, and has connected."""
        peer = self.peer(who)
        assert isinstance(await peer.subscribe(), protocol.Done)
        await self.web.hear(
            protocol.ConnectionChanged, lambda m: (m.participant, m.direction) == (who, "subscribe")
        )
        return peer


@pytest.fixture
def lesson(web: Web, peers: AsyncExitStack) -> Class:
    """The class, before it has permits."""
    return Class(web, peers)


def say(peer: LightPeer, sequence: int, words: bytes) -> None:
    """Sends a packet of sound."""
    peer.send_rtp(sequence, words, ssrc=2, payload_type=light.OPUS, mid="0")


def show(peer: LightPeer, sequence: int, content: bytes) -> None:
    """Sends a picture."""
    peer.send_rtp(sequence, KEYFRAME + content, timestamp=sequence * 3000)


def contents(peer: LightPeer) -> list[bytes]:
    """All that has come to somebody."""
    return [bytes(rtp.payload(packet, rtp.parse_header(packet))) for packet in peer.rtp]


async def test_the_teacher_alone_sees_the_gallery(lesson: Class) -> None:
    await lesson.permit()
    teacher, student = await lesson.subscriber(TEACHER), await lesson.subscriber(STUDENT)
    assert [len(peer.ssrcs) for peer in (teacher, student)] == [len(SLOTS), 3]
    ada, ben = await lesson.publisher(ADA), await lesson.publisher(BEN)
    for peer, name in ((ada, b"ada"), (ben, b"ben")):
        show(peer, 1, name)
        await teacher.hear_payload(KEYFRAME + name)
    on_stage = await lesson.publisher(TEACHER)
    show(on_stage, 1, b"teacher")
    await student.hear_payload(KEYFRAME + b"teacher")
    assert contents(student) == [KEYFRAME + b"teacher"]
    assert KEYFRAME + b"teacher" not in contents(teacher)


async def test_a_student_gets_nothing_of_the_staffs_whatever_it_answers_or_offers(lesson: Class) -> None:
    await lesson.permit()
    teacher = await lesson.subscriber(TEACHER)
    student = lesson.peer(STUDENT)
    offer = await student.offer()
    assert not [name for name in offer.slots.values() if name.startswith("gallery")]
    # It answers as if it had been offered all, and asks for what is lost of streams that are not its own.
    lines = {str(index): slot.kind for index, slot in enumerate(SLOTS)}
    answer = light.description(student.certificate, lines, "active", "recvonly")
    assert isinstance(await lesson.web.ask(protocol.Answer, **student.seat, sdp=answer), protocol.Done)
    await student.connect(offer.sdp)
    player = lesson.peer(STUDENT)
    player.seat["client"] = "player"
    asked = light.description(player.certificate, {"0": "audio", "1": "video"}, "actpass", "recvonly")
    fields: dict[str, Any] = {**player.seat, "sdp": asked}
    refused = await lesson.web.ask(protocol.Watch, **fields, slots=GALLERY[:2])
    assert (type(refused), refused.code) == (protocol.Refused, protocol.BAD_SDP)
    ada = await lesson.publisher(ADA)
    show(ada, 1, b"ada")
    packet = (await teacher.hear(1))[0]
    header = rtp.parse_header(packet)
    student.send_rtcp(
        rtcp.ReceiverReport(9),
        rtcp.Nack(9, header.ssrc, (header.sequence,)),
        rtcp.PictureLoss(9, header.ssrc),
    )
    on_stage = await lesson.publisher(TEACHER)
    show(on_stage, 1, b"teacher")
    await student.hear_payload(KEYFRAME + b"teacher")
    assert contents(student) == [KEYFRAME + b"teacher"]


async def test_a_microphone_is_muted_by_one_word_and_opened_again_on_the_same_connection(
    lesson: Class,
) -> None:
    await lesson.permit(ada=(MICROPHONE, CAMERA))
    student, ada = await lesson.subscriber(STUDENT), await lesson.publisher(ADA)
    say(ada, 1, b"allowed")
    await student.hear_payload(b"allowed")
    await lesson.permit()
    # Its order on the line is that of the relay's work: what is asked after it is answered after it.
    await lesson.peer(BEN).offer()
    for sequence in range(2, 50):
        say(ada, sequence, b"muted")
    await lesson.web.counter("rtp_not_permitted", 48)
    await lesson.permit(ada=(MICROPHONE, CAMERA))
    await lesson.peer(BEN).offer()
    say(ada, 50, b"allowed again")
    await student.hear_payload(b"allowed again")
    assert contents(student) == [b"allowed", b"allowed again"]
    sequences = [rtp.parse_header(packet).sequence for packet in student.rtp]
    assert rtp.seq_delta(sequences[1], sequences[0]) == 1
    closed = [
        m for m in lesson.web.heard if isinstance(m, protocol.ConnectionChanged) and m.state == "closed"
    ]
    assert [m for m in closed if m.participant != BEN] == []


async def test_nothing_at_all_may_flow_and_the_connection_stays(lesson: Class) -> None:
    await lesson.permit(ada=())
    teacher, ada = await lesson.subscriber(TEACHER), await lesson.publisher(ADA)
    show(ada, 1, b"supervised")
    await lesson.web.counter("rtp_not_permitted", 1)
    await lesson.permit()
    await lesson.peer(BEN).offer()
    show(ada, 2, b"free")
    await teacher.hear_payload(KEYFRAME + b"free")
    assert contents(teacher) == [KEYFRAME + b"free"]


async def test_whoever_becomes_staff_is_told_to_subscribe_anew(lesson: Class) -> None:
    await lesson.permit()
    student = await lesson.subscriber(STUDENT)
    await lesson.permit(staff=(TEACHER, STUDENT))
    gone = await lesson.web.hear(protocol.ConnectionChanged, lambda m: m.state == "closed")
    assert (gone.participant, gone.reason) == (STUDENT, SLOTS_CHANGED)
    await student.end(2)
    offer = await lesson.peer(STUDENT).offer()
    assert len(sdp.parse(offer.sdp).media) == len(SLOTS)


async def test_the_web_tier_hears_who_speaks(lesson: Class) -> None:
    await lesson.permit(ada=(MICROPHONE,))
    ada = await lesson.publisher(ADA)
    await ada.speak(20, 40)
    heard = await lesson.web.hear(protocol.Speakers)
    assert heard == protocol.Speakers(ROOM, (ADA,))
    await lesson.permit()
    await lesson.web.hear(protocol.Speakers, lambda m: m.participants == ())
