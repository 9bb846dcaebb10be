"""A class without a network: a router, people, packets made of bytes, and a clock that is told the time."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from media_relay.core import codecs, rtcp, rtp
from media_relay.core.codecs import PAGE_PROFILE
from media_relay.core.links import Connection, Link, Offered, Publisher
from media_relay.core.outputs import Close, Enter, Forward, ForwardControl, Output, Resend, SendControl
from media_relay.core.permits import Permits
from media_relay.core.router import Router
from media_relay.core.sdp import Codec, Media
from media_relay.core.subscriber import Subscriber

ROOM = "room"
TEACHER, ASSISTANT, STUDENT, OTHER_STUDENT, OUTSIDER = (
    "teacher",
    "assistant",
    "student",
    "student2",
    "outsider",
)
MICROPHONE, CAMERA, SCREEN = "microphone", "camera", "screen"
SLOTS = (("teacher-microphone", "audio"), ("teacher-camera", "video"), ("teacher-screen", "video"))
NTP_OFFSET = 1_000_000.0
MID_ID, LEVEL_ID, RID_ID, REPAIRED_RID_ID, TRANSPORT_ID = 9, 7, 10, 11, 12
VP8, H264, OPUS = 100, 101, 110
RTX = {VP8: 120, H264: 121}
LAYERS = ("l", "m", "h")

_VIDEO = (
    Codec(VP8, "VP8", 90_000, feedback=("nack", "nack pli")),
    Codec(H264, "H264", 90_000, feedback=("nack", "nack pli")),
)
_AUDIO = (Codec(OPUS, "opus", 48_000, 2),)
_EXTENSIONS = {
    codecs.URI_MID: MID_ID,
    codecs.URI_AUDIO_LEVEL: LEVEL_ID,
    codecs.URI_RID: RID_ID,
    codecs.URI_REPAIRED_RID: REPAIRED_RID_ID,
    codecs.URI_TRANSPORT_CC: TRANSPORT_ID,
}
KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
DELTA = bytes((0x10, 0x01)) + b"delta"
KEYFRAMES = {VP8: KEYFRAME, H264: bytes((0x67,)) + b"parameters"}


def offered(
    kind: str, ssrcs: tuple[int, ...] = (), *, with_mid: bool = True, rids: tuple[str, ...] = ()
) -> Offered:
    """A source as a browser offers it, its mid named like itself."""
    chosen = _AUDIO if kind in (MICROPHONE, "screen_audio") else _VIDEO
    extensions = _EXTENSIONS if with_mid else {}
    media = Media(
        kind, "audio" if chosen is _AUDIO else "video", 9, "UDP/TLS/RTP/SAVPF", (), "sendonly",
        codecs=chosen, extensions=extensions, ssrcs=ssrcs,
    )  # fmt: skip
    rtx = tuple(Codec(number, "rtx", 90_000, parameters={"apt": str(apt)}) for apt, number in RTX.items())
    return Offered(kind, media, chosen, rtx if chosen is _VIDEO else (), rids)


def payload(packet: bytes) -> bytes:
    """What a packet carries, without header and padding."""
    return bytes(rtp.payload(packet, rtp.parse_header(packet)))


class Classroom:
    """Drives one router and sorts what it wants done."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.router = Router(random.Random(7).randbytes, NTP_OFFSET)
        self.generation = 0
        self.outputs: list[Output] = []

    def permit(
        self,
        viewers: Iterable[str] = (TEACHER, STUDENT, OTHER_STUDENT),
        publishers: Mapping[str, tuple[str, ...]] | None = None,
        on_stage: str = TEACHER,
        generation: int | None = None,
        slots: tuple[tuple[str, str], ...] = SLOTS,
        staff: tuple[str, ...] = (),
        staff_slots: Iterable[str] = (),
        also_on_stage: Mapping[str, tuple[str, str]] | None = None,
    ) -> bool:
        """Sets a room's permits: one person is on stage, the teacher and the assistant may send."""
        self.generation += 1
        everything = (MICROPHONE, CAMERA, SCREEN)
        allowed = {TEACHER: everything, ASSISTANT: everything} if publishers is None else publishers
        stage = {slot: (on_stage, kind) for (slot, _), kind in zip(SLOTS, everything, strict=True)}
        number = self.generation if generation is None else generation
        permits = Permits(
            ROOM, number, slots, tuple(viewers), allowed, {**stage, **(also_on_stage or {})}, staff,
            frozenset(staff_slots),
        )  # fmt: skip
        changed = self.router.apply(permits, self.now)
        self._drain()
        return changed

    def publisher(self, who: str = TEACHER, *sources: Offered, client: str = "page") -> Publisher:
        """Someone connects to send; camera and microphone unless told otherwise."""
        sources = sources or (offered(MICROPHONE), offered(CAMERA))
        link = self.router.publish(Connection(ROOM, who, client, "publish"), sources)
        self.router.connected(link, self.now)
        self._drain()
        return link

    def subscriber(
        self, who: str = STUDENT, client: str = "page", slots: Iterable[str] | None = None
    ) -> Subscriber:
        """Someone connects to watch; a player names its slots."""
        link = self.router.subscribe(Connection(ROOM, who, client, "subscribe"), PAGE_PROFILE, slots)
        self.router.connected(link, self.now)
        self._drain()
        return link

    def rtp(
        self,
        link: Link,
        sequence: int,
        payload: bytes = DELTA,
        *,
        timestamp: int = 0,
        ssrc: int = 1,
        mid: str = CAMERA,
        payload_type: int = VP8,
        marker: bool = False,
        level: bytes = b"",
        rid: str = "",
        repaired: str = "",
        transport: int = -1,
    ) -> list[bytes]:
        """A packet arrives; returns what is forwarded of it."""
        elements = [(MID_ID, mid.encode())] if mid else []
        elements += [(RID_ID, rid.encode())] if rid else []
        elements += [(REPAIRED_RID_ID, repaired.encode())] if repaired else []
        elements += [(TRANSPORT_ID, transport.to_bytes(2, "big"))] if transport >= 0 else []
        if level:
            elements.append((LEVEL_ID, level))
        packet = rtp.build_packet(
            payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload, marker,
            rtp.build_extensions(elements),
        )  # fmt: skip
        self.router.receive_rtp(link, packet, self.now)
        return [output.packet for output in self._drain() if isinstance(output, Forward)]

    def sound(self, link: Link, sequence: int, **fields: Any) -> list[bytes]:
        """A packet of the microphone arrives."""
        values = {"ssrc": 2, "mid": MICROPHONE, "payload_type": OPUS, **fields}
        return self.rtp(link, sequence, b"opus", **values)

    def rtcp(self, link: Link, *packets: rtcp.Sendable) -> list[Output]:
        """RTCP arrives; returns everything that comes of it."""
        self.router.receive_rtcp(link, rtcp.build_compound(*packets), self.now)
        return self._drain()

    def wait(self, seconds: float) -> list[Output]:
        """Time goes by; returns everything that comes of it."""
        found: list[Output] = []
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.02)
            self.router.handle_timer(self.now)
            found += self._drain()
        return found

    def _drain(self) -> list[Output]:
        outputs = self.router.poll()
        self.outputs += outputs
        return outputs

    def closed(self) -> list[tuple[Link, str]]:
        """All connections that were closed."""
        return [(output.link, output.reason) for output in self.outputs if isinstance(output, Close)]

    def entered(self, slot: str = "teacher-camera") -> list[Enter]:
        """How everyone entered the tracks of a slot, in order."""
        ssrc = self.slot_ssrc(slot)
        entries = [output for output in self.outputs if isinstance(output, Enter)]
        return [entry for entry in entries if entry.track.ssrc == ssrc]

    def slot_ssrc(self, name: str) -> int:
        """The SSRC of a slot."""
        return self.router.rooms[ROOM].slots[name].ssrc


def feedback(outputs: Iterable[Output]) -> list[rtcp.Packet]:
    """Everything but reports that is sent to connections."""
    packets = [
        packet
        for output in outputs
        if isinstance(output, SendControl)
        for packet in rtcp.parse_compound(output.packet)
    ]
    return [packet for packet in packets if not isinstance(packet, rtcp.ReceiverReport)]


def keyframe_requests(outputs: Iterable[Output]) -> int:
    """How often a publisher is asked for a keyframe."""
    return sum(isinstance(packet, rtcp.PictureLoss) for packet in feedback(outputs))


def resent(outputs: Iterable[Output]) -> list[bytes]:
    """All packets that are sent again."""
    return [output.packet for output in outputs if isinstance(output, Resend)]


def sender_reports(outputs: Iterable[Output]) -> list[rtcp.SenderReport]:
    """All sender reports to a room."""
    return [
        packet
        for output in outputs
        if isinstance(output, ForwardControl)
        for packet in rtcp.parse_compound(output.packet)
        if isinstance(packet, rtcp.SenderReport)
    ]
