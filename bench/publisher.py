"""A publisher of pre-encoded media: real SRTP at a browser's pace, keyframes and resends on demand."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from pylibsrtp import Error as SrtpError

from bench.dtls import Identity
from bench.footage import FRAMES_PER_SECOND, OPUS_RATE, OPUS_SAMPLES, Footage
from bench.peer import Peer
from bench.sdp import publisher_offer

MID_EXTENSION = 4
AUDIO_MID, VIDEO_MID = b"0", b"1"
AUDIO_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE = 111, 96
VIDEO_RATE = 90_000
REPORT_SECONDS = 1.0
KEPT_PACKETS = 1_000
"""About six seconds of packets that a NACK may ask for."""
KEYFRAME_SPACING_SECONDS = 0.3
"""Chromium makes at most one keyframe in 300 ms, whoever asks."""
STAMP_BYTES = 8
NTP_EPOCH_OFFSET = 2_208_988_800

_PT_FEEDBACK_RTP, _PT_FEEDBACK_PAYLOAD = 205, 206
_FMT_NACK, _FMT_PLI, _FMT_FIR = 1, 1, 4


@dataclass(slots=True)
class Stream:
    """One outgoing RTP stream."""

    mid: bytes
    payload_type: int
    ssrc: int = field(default_factory=lambda: random.getrandbits(32))
    sequence: int = field(default_factory=lambda: random.getrandbits(15))
    timestamp: int = field(default_factory=lambda: random.getrandbits(31))
    packets: int = 0
    octets: int = 0
    kept: OrderedDict[int, bytes] = field(default_factory=OrderedDict)

    def packet(self, payload: bytes, *, marker: bool) -> bytes:
        """Returns the next packet, with the mid extension, and keeps it for a resend."""
        second = self.payload_type | (0x80 if marker else 0)
        extension = struct.pack("!HHB", 0xBEDE, 1, MID_EXTENSION << 4 | len(self.mid) - 1) + self.mid
        header = struct.pack("!BBHII", 0x90, second, self.sequence, self.timestamp, self.ssrc)
        packet = header + extension.ljust(8, b"\0") + payload
        self.kept[self.sequence] = packet
        if len(self.kept) > KEPT_PACKETS:
            self.kept.popitem(last=False)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return packet


class Publisher(Peer):
    """Sends the footage in a loop while `play` runs."""

    def __init__(self, identity: Identity, footage: Footage) -> None:
        super().__init__(identity)
        self.audio = Stream(AUDIO_MID, AUDIO_PAYLOAD_TYPE)
        self.video = Stream(VIDEO_MID, VIDEO_PAYLOAD_TYPE)
        self.keyframe_requests: list[float] = []
        """When each has come."""
        self.keyframes = 0
        self.is_stamping = False
        """Whether each payload ends with the time of day at which it was sent, in nanoseconds of 8 bytes."""
        self.resent = 0
        self.reports = 0
        """Sender reports that the relay passes on, beside media; none are sent but while media is."""
        self._footage = footage
        self._frame = 0
        self._picture = random.getrandbits(14)
        self._sound = 0
        self._keyframe_asked = False
        self._last_keyframe = 0.0
        self._next_report = 0.0
        self._is_playing = False

    @property
    def offer(self) -> str:
        """The offer of a microphone (mid 0) and a camera (mid 1)."""
        return publisher_offer(self.local, self.audio.ssrc, self.video.ssrc, MID_EXTENSION)

    @property
    def sent(self) -> int:
        """How many packets were sent, resends not counted."""
        return self.audio.packets + self.video.packets

    async def play(self, seconds: float) -> None:
        """Sends sound every 20 ms and a picture every 33 ms for a while; what is late is sent at once."""
        self._is_playing = True
        start = time.monotonic()
        sound_due = picture_due = 0.0
        while min(sound_due, picture_due) < seconds:
            due = min(sound_due, picture_due)
            await asyncio.sleep(max(0.0, start + due - time.monotonic()))
            if due == sound_due:
                self._send_sound()
                sound_due += OPUS_SAMPLES / OPUS_RATE
            else:
                self._send_picture()
                picture_due += 1 / FRAMES_PER_SECOND
        self._is_playing = False

    def tick(self, now: float) -> None:
        """Does what time demands, the sender reports among it."""
        super().tick(now)
        if self.sessions and self._is_playing and now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            for stream in (self.audio, self.video):
                self.reports += 1
                self.send(self.sessions.outbound.protect_rtcp(_sender_report(stream)))

    def receive_protected(self, data: bytes, now: float) -> None:
        """Reads the feedback of the relay."""
        assert self.sessions
        try:
            compound = self.sessions.inbound.unprotect_rtcp(data)
        except SrtpError:
            return
        while len(compound) >= 4:
            first, kind, words = struct.unpack_from("!BBH", compound)
            self._receive_feedback(first & 31, kind, compound[: 4 * words + 4], now)
            compound = compound[4 * words + 4 :]

    def _receive_feedback(self, form: int, kind: int, packet: bytes, now: float) -> None:
        if kind == _PT_FEEDBACK_PAYLOAD and form in (_FMT_PLI, _FMT_FIR):
            self.keyframe_requests.append(now)
            self._keyframe_asked = True
        elif kind == _PT_FEEDBACK_RTP and form == _FMT_NACK:
            (media,) = struct.unpack_from("!I", packet, 8)
            for first, mask in struct.iter_unpack("!HH", packet[12:]):
                missing = [first, *(first + bit + 1 for bit in range(16) if mask >> bit & 1)]
                self._resend(media, missing)

    def _resend(self, ssrc: int, sequences: list[int]) -> None:
        assert self.sessions
        for stream in (self.audio, self.video):
            for sequence in sequences if stream.ssrc == ssrc else ():
                packet = stream.kept.get(sequence & 0xFFFF)
                # What SRTP calls too old is asked for by a receiver that has fallen far behind.
                with contextlib.suppress(SrtpError):
                    if packet:
                        self.send(self.sessions.outbound.protect(packet))
                        self.resent += 1

    def _send_sound(self) -> None:
        payload = self._footage.audio[self._sound % len(self._footage.audio)]
        self._send_media(self.audio.packet(payload + self._stamp(), marker=False))
        self._sound += 1
        self.audio.timestamp = (self.audio.timestamp + OPUS_SAMPLES) & 0xFFFFFFFF

    def _send_picture(self) -> None:
        """One frame, each part with a payload descriptor with a 15-bit picture id (RFC 7741, 4.2)."""
        self._jump_to_keyframe_if_asked()
        parts = self._footage.video[self._frame]
        for index, part in enumerate(parts):
            descriptor = struct.pack("!BBH", 0x80 if index else 0x90, 0x80, 0x8000 | self._picture)
            payload = descriptor + part + self._stamp()
            self._send_media(self.video.packet(payload, marker=index == len(parts) - 1))
        self._frame = (self._frame + 1) % len(self._footage.video)
        self._picture = (self._picture + 1) & 0x7FFF
        self.video.timestamp = (self.video.timestamp + VIDEO_RATE // FRAMES_PER_SECOND) & 0xFFFFFFFF

    def _jump_to_keyframe_if_asked(self) -> None:
        now = time.monotonic()
        if self._keyframe_asked and now - self._last_keyframe >= KEYFRAME_SPACING_SECONDS:
            self._frame = 0
        if self._frame == 0:
            self.keyframes += 1
            self._last_keyframe = now
            self._keyframe_asked = False

    def _stamp(self) -> bytes:
        return time.time_ns().to_bytes(STAMP_BYTES) if self.is_stamping else b""

    def _send_media(self, packet: bytes) -> None:
        assert self.sessions
        self.send(self.sessions.outbound.protect(packet))


def _sender_report(stream: Stream) -> bytes:
    ntp = int((time.time() + NTP_EPOCH_OFFSET) * (1 << 32))
    return struct.pack(
        "!BBHIQIII",
        0x80,
        200,
        6,
        stream.ssrc,
        ntp,
        stream.timestamp,
        stream.packets,
        stream.octets & 0xFFFFFFFF,
    )
