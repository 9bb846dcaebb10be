"""A WebRTC peer as light as can be: real ICE, DTLS and SRTP, and every packet in the test's own hands."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import pylibsrtp
from aioice import stun
from aiortc.rtcdtlstransport import (
    SRTP_PROFILES,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)

from media_relay import protocol
from media_relay.core import rtcp, rtp, sdp
from tests.media_relay.web import ROOM, STUDENT, TEACHER, Web

T = TypeVar("T")

WAIT = 8.0
CHECK_INTERVAL = 0.1
UFRAG, PASSWORD = "tests", "password-of-the-tests-0"
VP8, H264, OPUS = 96, 102, 111
MID_EXTENSION, LEVEL_EXTENSION = 1, 3
SOUND_SECONDS = 0.02

_MEDIA = {
    "audio": "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n",
    "video": "m=video 9 UDP/TLS/RTP/SAVPF 96 102\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
    "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n",
}


def description(certificate: RTCCertificate, mids: dict[str, str], setup: str, direction: str) -> str:
    """Returns an SDP with an m-line for each mid; the values are `audio` or `video`."""
    fingerprint = certificate.getFingerprints()[0].value
    lines = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {' '.join(mids)}\r\n"
    for mid, kind in mids.items():
        lines += _MEDIA[kind] + (
            f"c=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=ice-ufrag:{UFRAG}\r\na=ice-pwd:{PASSWORD}\r\n"
            f"a=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\na={direction}\r\na=rtcp-mux\r\n"
            f"a=extmap:{MID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
            f"a=extmap:{LEVEL_EXTENSION} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
        )
    return lines


class Asks(Protocol):
    """Whoever passes what a page wants on to the relay."""

    async def ask(self, kind: type[Any], **fields: Any) -> Any:
        """Returns the relay's reply."""


class _Ice:
    """What aiortc's DTLS takes for an ICE transport."""

    role, state = "controlling", "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._transmit = send

    async def _recv(self) -> bytes:
        return await self.inbox.get()

    async def _send(self, data: bytes) -> None:
        self._transmit(data)


class LightPeer(asyncio.DatagramProtocol):
    """Connects to the relay from a socket of its own; `rtp` and `rtcp` are what has been decrypted."""

    def __init__(self, web: Asks, participant: str, client: str = "page", host: str = "127.0.0.1") -> None:
        self.web = web
        self.seat = {"room": ROOM, "participant": participant, "client": client}
        self.rtp: list[bytes] = []
        self.rtcp: list[rtcp.Packet] = []
        self.certificate = RTCCertificate.generateCertificate()
        self.relay: Any = None
        self.description: sdp.Description | None = None
        self.srtp_profiles = list(SRTP_PROFILES)
        self._host = host
        self._socket: Any = None
        self._dtls: Any = None
        self._ice = _Ice(self.send)
        self._checked = asyncio.Event()
        self._ended = asyncio.Event()
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def ssrcs(self) -> list[int]:
        """The SSRC of each slot, by the relay's offer."""
        assert self.description is not None
        return [media.ssrcs[0] for media in self.description.media]

    @property
    def camera_ssrc(self) -> int:
        """The SSRC of the camera's slot."""
        return self.ssrcs[1]

    async def publish(self, sources: dict[str, str] | None = None) -> Any:
        """Offers a microphone and a camera, whose mids are `0` and `1`, and connects; returns the reply."""
        sources = sources or {"0": protocol.MICROPHONE, "1": protocol.CAMERA}
        mids = {mid: protocol.SOURCE_KINDS[source] for mid, source in sources.items()}
        offer = description(self.certificate, mids, "actpass", "sendonly")
        reply = await self.web.ask(protocol.Publish, **self.seat, sdp=offer, sources=sources)
        if isinstance(reply, protocol.Accepted):
            await self.connect(reply.sdp)
        return reply

    async def subscribe(self) -> Any:
        """Takes the relay's offer and connects; returns the last reply."""
        offer = await self.offer()
        mids = {media.mid: media.kind for media in sdp.parse(offer.sdp).media}
        answer = description(self.certificate, mids, "active", "recvonly")
        reply = await self.web.ask(protocol.Answer, **self.seat, sdp=answer)
        await self.connect(offer.sdp)
        return reply

    async def offer(self) -> Any:
        """Asks for the relay's offer."""
        return await self.web.ask(protocol.Subscribe, **self.seat)

    async def connect(self, remote: str) -> None:
        """Runs ICE and DTLS to their end."""
        await self.check(remote)
        await asyncio.wait_for(self.handshake(), WAIT)

    async def check(self, remote: str) -> None:
        """Sends connectivity checks until one is answered, and goes on with them."""
        self.description = sdp.parse(remote)
        family = ":" if ":" in self._host else "."
        candidates = [line.split() for line in remote.splitlines() if line.startswith("a=candidate")]
        host, port = next((c[4], int(c[5])) for c in candidates if family in c[4])
        self.relay = (host, port)
        await self.move()
        self._start(self._keep_checking())
        await asyncio.wait_for(self._checked.wait(), WAIT)

    async def move(self) -> None:
        """Goes on from another address, as after a change of network."""
        if self._socket is not None:
            self._socket.close()
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(lambda: self, (self._host, 0))

    async def _keep_checking(self) -> None:
        while True:
            self.send(self.binding_request())
            await asyncio.sleep(CHECK_INTERVAL)

    def binding_request(self, *, nominate: bool = True) -> bytes:
        """Returns a connectivity check."""
        assert self.description is not None
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self.description.ice_ufrag}:{UFRAG}"
        request.attributes["PRIORITY"] = 1
        request.attributes["ICE-CONTROLLING"] = 1
        if nominate:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self.description.ice_pwd.encode())
        return bytes(request)

    async def handshake(self) -> str:
        """Runs the DTLS handshake as its client; returns the state it ends in."""
        assert self.description is not None
        self._dtls = RTCDtlsTransport(self._ice, [self.certificate])  # type: ignore[arg-type]  # has what it asks
        self._dtls._srtp_profiles = self.srtp_profiles
        self._dtls._set_role("client")
        prints = [RTCDtlsFingerprint(*pair) for pair in self.description.fingerprints]
        await self._dtls.start(RTCDtlsParameters(prints))
        self._dtls.on("statechange", self._ended.set)
        return str(self._dtls.state)

    async def end(self, seconds: float) -> None:
        """Waits until the relay has ended the session."""
        await asyncio.wait_for(self._ended.wait(), seconds)

    def forget_packets(self) -> None:
        """Is ready to take packets that it has had already, as a browser that had lost them."""
        self._dtls._setup_srtp()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] <= 3:
            self._checked.set()
        elif data[0] <= 63:
            self._ice.inbox.put_nowait(data)
        elif self._dtls is not None and self._dtls._rx_srtp is not None:
            self._start(self._decrypt(data))

    async def _decrypt(self, data: bytes) -> None:
        async with self._news:
            if rtp.is_rtcp(data):
                self.rtcp += rtcp.parse_compound(self._dtls._rx_srtp.unprotect_rtcp(data))
            else:
                self.rtp.append(self._dtls._rx_srtp.unprotect(data))
            self._news.notify_all()

    def send(self, data: bytes) -> None:
        """Sends a datagram as it is."""
        self._socket.sendto(data, self.relay)

    def send_empty(self) -> None:
        """Sends a datagram without a byte, which asyncio would keep to itself."""
        with socket.socket(fileno=os.dup(self._socket.get_extra_info("socket").fileno())) as raw:
            raw.sendto(b"", self.relay)

    def send_rtp(
        self,
        sequence: int,
        payload: bytes,
        *,
        ssrc: int = 1,
        payload_type: int = VP8,
        timestamp: int = 0,
        mid: str = "1",
    ) -> None:
        """Sends an encrypted RTP packet."""
        extension = rtp.build_extensions([(MID_EXTENSION, mid.encode())])
        self.send(
            self.protect(
                rtp.build_packet(payload_type, sequence, timestamp, ssrc, payload, extension=extension)
            )
        )

    async def speak(self, level: int, packets: int) -> None:
        """Sends that many packets of sound, each of a loudness (RFC 6464), as a microphone does."""
        extension = rtp.build_extensions([(MID_EXTENSION, b"0"), (LEVEL_EXTENSION, bytes((level,)))])
        for number in range(packets):
            packet = rtp.build_packet(OPUS, number, number * 960, 2, b"speech", extension=extension)
            self.send(self.protect(packet))
            await asyncio.sleep(SOUND_SECONDS)

    def protect(self, packet: bytes) -> bytes:
        """Encrypts RTP or RTCP, however malformed; returns nothing where libsrtp refuses."""
        session = self._dtls._tx_srtp
        try:
            return bytes((session.protect_rtcp if rtp.is_rtcp(packet) else session.protect)(packet))
        except pylibsrtp.Error:
            return b""

    def send_rtcp(self, *packets: rtcp.Sendable) -> None:
        """Sends encrypted RTCP."""
        self.send(self._dtls._tx_srtp.protect_rtcp(rtcp.build_compound(*packets)))

    async def hear(self, count: int) -> list[bytes]:
        """Waits until that many RTP packets have come; returns all."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: len(self.rtp) >= count), WAIT)
        return self.rtp

    async def hear_payload(self, payload: bytes, since: int = 0) -> None:
        """Waits until a packet with that payload has come; `since` skips older ones."""

        def heard() -> bool:
            packets = self.rtp[since:]
            return any(bytes(rtp.payload(p, rtp.parse_header(p))) == payload for p in packets)

        async with self._news:
            await asyncio.wait_for(self._news.wait_for(heard), WAIT)

    async def hear_rtcp(self, kind: type[T]) -> T:
        """Waits for RTCP of a kind."""

        def found() -> T | None:
            return next((packet for packet in self.rtcp if isinstance(packet, kind)), None)

        async with self._news:
            packet = await asyncio.wait_for(self._news.wait_for(found), WAIT)
        assert packet is not None
        return packet

    def fall_silent(self) -> None:
        """Sends no more checks, but keeps its address and goes on to listen."""
        for task in list(self._tasks):
            task.cancel()

    async def close(self) -> None:
        """Goes without a word."""
        for task in list(self._tasks):
            task.cancel()
        if self._dtls is not None and self._dtls._task is not None:
            self._dtls._task.cancel()
        if self._socket is not None:
            self._socket.close()


def teacher(web: Web, **fields: Any) -> LightPeer:
    """A peer of the teacher's."""
    return LightPeer(web, TEACHER, **fields)


def student(web: Web, **fields: Any) -> LightPeer:
    """A peer of a student's."""
    return LightPeer(web, STUDENT, **fields)


def client_hello() -> bytes:
    """A DTLS record that begins a handshake."""
    body = b"\xfe\xfd" + os.urandom(32) + b"\0\0" + struct.pack("!HHBB", 2, 0xC02B, 1, 0)
    hello = b"\x01" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", len(hello)) + hello


def stranger(host: str = "127.0.0.1") -> socket.socket:
    """A socket that has nothing to do with any peer."""
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
