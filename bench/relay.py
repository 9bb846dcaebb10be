"""Our own relay with one room, as an `Sfu`."""

from __future__ import annotations

from pathlib import Path

from bench.control import RelayProcess, WebEnd
from bench.publisher import AUDIO_MID, VIDEO_MID
from media_relay import protocol

ROOM = "bench"
TEACHER = "teacher"
PAGE = "page"
SPARE_CONNECTIONS = 10

SLOTS = (
    protocol.Slot("teacher-microphone", protocol.AUDIO),
    protocol.Slot("teacher-camera", protocol.VIDEO),
    protocol.Slot("teacher-screen", protocol.VIDEO),
    protocol.Slot("teacher-screen-audio", protocol.AUDIO),
)
STAGE = (
    protocol.StageEntry("teacher-microphone", TEACHER, protocol.MICROPHONE),
    protocol.StageEntry("teacher-camera", TEACHER, protocol.CAMERA),
)


class Relay:
    """A relay that carries one lecture of up to `viewers`, whose names are `viewer-0` and so on."""

    def __init__(self, viewers: int, profile: Path | None = None) -> None:
        self.name = "Lectern"
        self._viewers = viewers
        self._web = WebEnd()
        self._process = RelayProcess(self._web, viewers + SPARE_CONNECTIONS, profile)

    async def start(self) -> None:
        """Returns when the relay has its permits; raises RelayError."""
        await self._web.start()
        await self._process.start()
        viewers = tuple(f"viewer-{index}" for index in range(self._viewers))
        publishers = {TEACHER: (protocol.MICROPHONE, protocol.CAMERA)}
        await self._web.send(protocol.Permits(ROOM, 1, SLOTS, viewers, publishers, STAGE))

    async def stop(self) -> None:
        """Ends the process and the link to it."""
        await self._process.stop()
        await self._web.stop()

    def cpu_seconds(self) -> float:
        """Returns the processor time used since its start."""
        return self._process.cpu_seconds()

    def rss_kb(self) -> int:
        """Returns the resident memory."""
        return self._process.rss_kb()

    async def metrics(self) -> dict[str, float]:
        """Returns what the relay tells Prometheus."""
        return await self._process.metrics()

    async def publish(self, offer: str) -> str:
        """Returns the answer to the teacher's offer."""
        sources = {AUDIO_MID.decode(): protocol.MICROPHONE, VIDEO_MID.decode(): protocol.CAMERA}
        return (await self._web.publish(ROOM, TEACHER, PAGE, offer, sources)).sdp

    async def subscribe(self, viewer: str) -> str:
        """Returns the offer to a viewer."""
        return (await self._web.subscribe(ROOM, viewer, PAGE)).sdp

    async def answer(self, viewer: str, sdp: str) -> None:
        """Takes the viewer's answer."""
        await self._web.answer(ROOM, viewer, PAGE, sdp)
