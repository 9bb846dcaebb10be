"""Real WebRTC peers, made with aiortc: a publisher with a moving picture and a tone, and a subscriber."""

from __future__ import annotations

import asyncio
import fractions
import math
import time
from collections.abc import Iterable
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from media_relay import protocol
from tests.media_relay.web import ROOM, STUDENT, TEACHER, WAIT, Web

WIDTH, HEIGHT, FPS = 320, 240, 20
DARK, BRIGHT = 32, 160
CLOCK = fractions.Fraction(1, 90_000)


class MovingPicture(MediaStreamTrack):
    """A grey picture, brighter with each frame and dark again after eight; by its base the sender is told."""

    kind = "video"

    def __init__(self, base: int = DARK) -> None:
        super().__init__()
        self._base = base
        self._count = 0
        self._start = time.monotonic()

    async def recv(self) -> av.VideoFrame:
        due = self._start + self._count / FPS
        await asyncio.sleep(max(0, due - time.monotonic()))
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for index, plane in enumerate(frame.planes):
            value = self._base + self._count % 8 * 8 if index == 0 else 128
            plane.update(bytes((value,)) * plane.buffer_size)
        frame.pts = self._count * 90_000 // FPS
        frame.time_base = CLOCK
        self._count += 1
        return frame


class Tone(AudioStreamTrack):
    """A sine of 440 Hz."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        assert isinstance(frame, av.AudioFrame)
        start = frame.pts or 0
        samples = (
            round(8000 * math.sin(2 * math.pi * 440 * (start + i) / 8000)) for i in range(frame.samples)
        )
        frame.planes[0].update(b"".join(s.to_bytes(2, "little", signed=True) for s in samples))
        return frame


def with_last_candidates(offer: str) -> str:
    """Returns the offer with its candidates in the last m-line, too, where aiortc looks for them."""
    candidates = [line for line in offer.splitlines() if line.startswith(("a=candidate", "a=end-of-cand"))]
    return offer + "".join(f"{line}\r\n" for line in candidates)


class Publisher:
    """A page that sends sources to the relay."""

    def __init__(self, web: Web, participant: str = TEACHER, client: str = "page") -> None:
        self.web = web
        self.participant = participant
        self.client = client
        self.pc = RTCPeerConnection()

    async def publish(self, base: int = DARK, sources: Iterable[str] = ("microphone", "camera")) -> Any:
        """Offers the sources; returns the relay's reply."""
        kinds = [protocol.SOURCE_KINDS[source] for source in sources]
        for kind in kinds:
            self.pc.addTransceiver(Tone() if kind == "audio" else MovingPicture(base), direction="sendonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        mids = [transceiver.mid for transceiver in self.pc.getTransceivers()]
        reply = await self.web.ask(
            protocol.Publish,
            room=ROOM,
            participant=self.participant,
            client=self.client,
            sdp=self.pc.localDescription.sdp,
            sources=dict(zip(mids, sources, strict=True)),
        )
        if isinstance(reply, protocol.Accepted):
            await self.pc.setRemoteDescription(RTCSessionDescription(reply.sdp, "answer"))
        return reply

    async def close(self) -> None:
        await self.pc.close()


class Subscriber:
    """A page that watches."""

    def __init__(self, web: Web, participant: str = STUDENT, client: str = "page") -> None:
        self.web = web
        self.participant = participant
        self.client = client
        self.pc = RTCPeerConnection()
        self.tracks: dict[str, MediaStreamTrack] = {}

    @property
    def _seat(self) -> dict[str, str]:
        return {"room": ROOM, "participant": self.participant, "client": self.client}

    async def subscribe(self, *, spoil: Any = None) -> Any:
        """Asks for the offer and answers it; returns the relay's last reply. `spoil` changes the answer."""
        offer = await self.web.ask(protocol.Subscribe, **self._seat)
        if not isinstance(offer, protocol.Offer):
            return offer
        await self.pc.setRemoteDescription(RTCSessionDescription(with_last_candidates(offer.sdp), "offer"))
        for transceiver in self.pc.getTransceivers():
            self.tracks[offer.slots[transceiver.mid or ""]] = transceiver.receiver.track
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        sdp = self.pc.localDescription.sdp
        return await self.web.ask(protocol.Answer, **self._seat, sdp=spoil(sdp) if spoil else sdp)

    async def frame(self, slot: str) -> Any:
        """Returns the next decoded frame of a slot."""
        return await asyncio.wait_for(self.tracks[slot].recv(), WAIT)

    async def brightness(self, slot: str) -> int:
        """Returns how bright the next picture of a slot is."""
        return int(bytes((await self.frame(slot)).planes[0])[WIDTH * HEIGHT // 2])

    async def close(self) -> None:
        await self.pc.close()
