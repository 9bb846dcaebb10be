"""What the relay relies on in aiortc and pylibsrtp, and handshakes through it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from aiortc.rtcdtlstransport import SRTP_AES128_CM_SHA1_80, RTCCertificate, RTCDtlsTransport
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from media_relay.core import rtp
from media_relay.core.rewriter import MAX_LATE
from media_relay.io import dtls, fallbacks
from media_relay.io.dtls import (
    MAX_QUEUED_DATAGRAMS,
    SENT_WINDOW,
    Certificate,
    DtlsSession,
    check_versions,
)

MAX_SENDER_BYTES = 16 << 10
PACKET = rtp.build_packet(96, 7, 0, 5, b"payload")
RTCP = b"\x80\xc9\x00\x01\x00\x00\x00\x05"


@pytest.fixture(scope="module")
def certificates() -> tuple[Certificate, Certificate]:
    return Certificate.generateCertificate(), Certificate.generateCertificate()


def pair(
    certificates: tuple[Certificate, Certificate], streams: Iterable[int] = ()
) -> tuple[DtlsSession, DtlsSession]:
    """Two sessions that reach each other; the second one knows what it is going to send."""
    ends: list[DtlsSession] = []

    def send_to(index: int) -> Callable[[bytes], None]:
        def send(data: bytes) -> None:
            ends[index].receive(data)

        return send

    ends += [DtlsSession(certificates[0], send_to(1)), DtlsSession(certificates[1], send_to(0), streams)]
    return ends[0], ends[1]


async def connect(
    client: DtlsSession, server: DtlsSession, certificates: tuple[Certificate, Certificate]
) -> tuple[bool, bool]:
    prints = [(certificate.fingerprint(),) for certificate in certificates]
    both = (
        client.handshake(prints[1], server=False),
        server.handshake(prints[0], server=True),
    )
    client_knows, server_knows = await asyncio.wait_for(asyncio.gather(*both), 10)
    return client_knows, server_knows


def unprotect(session: DtlsSession, data: bytes, *, rtcp: bool = False) -> tuple[int, bytes]:
    buffer = ffi.new("char[]", data + bytes(16))
    status, length = session.unprotect(buffer, len(data), rtcp=rtcp)
    return status, bytes(ffi.buffer(buffer, length))


async def test_both_ends_agree_on_keys(certificates: tuple[Certificate, Certificate]) -> None:
    client, server = pair(certificates)
    assert await connect(client, server, certificates) == (True, True)
    assert unprotect(client, server.protect_media(PACKET)) == (0, PACKET)
    assert unprotect(server, client.protect_control(RTCP), rtcp=True) == (0, RTCP)
    # AES-128-GCM adds 16 bytes, AES-CM with SHA1 10.
    assert len(server.protect_media(PACKET)) == len(PACKET) + 16
    await client.stop()
    await server.stop()


async def test_without_gcm_packets_go_by_counter_mode_and_sha1_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dtls, "_PROFILES", [SRTP_AES128_CM_SHA1_80])
    fallbacks.tell.cache_clear()
    own = Certificate.generateCertificate(), Certificate.generateCertificate()
    client, server = pair(own)
    assert await connect(client, server, own) == (True, True)
    assert (client.overhead, len(server.protect_media(PACKET))) == (10, len(PACKET) + 10)
    assert unprotect(client, server.protect_media(PACKET)) == (0, PACKET)
    assert caplog.messages == [dtls.NO_GCM]
    fallbacks.tell.cache_clear()
    await client.stop()
    await server.stop()


async def test_a_packet_may_be_sent_again_but_is_taken_once(
    certificates: tuple[Certificate, Certificate],
) -> None:
    client, server = pair(certificates)
    await connect(client, server, certificates)
    first, second = server.protect_media(PACKET), server.protect_media(PACKET)
    assert first == second
    assert unprotect(client, first)[0] == 0
    assert unprotect(client, second)[0] in dtls.REPLAY_ERRORS
    forged = first[:3] + bytes((first[3] + 1,)) + first[4:]
    assert unprotect(client, forged)[0] not in (0, *dtls.REPLAY_ERRORS)
    await client.stop()
    await server.stop()


async def test_all_that_may_come_late_is_encrypted_and_nothing_older(
    certificates: tuple[Certificate, Certificate],
) -> None:
    client, server = pair(certificates)
    await connect(client, server, certificates)
    newest = 1000
    made = [rtp.build_packet(96, number, 0, 5, b"payload") for number in range(newest + 1)]
    for data in made:
        assert server.protect_media(data)
    assert all(server.protect_media(data) for data in made[newest - MAX_LATE :])
    assert server.protect_media(made[newest - SENT_WINDOW]) == b""
    await client.stop()
    await server.stop()


async def test_a_packet_that_is_too_large_is_not_encrypted(
    certificates: tuple[Certificate, Certificate],
) -> None:
    client, server = pair(certificates)
    await connect(client, server, certificates)
    assert server.protect_media(PACKET + bytes(5000)) == b""
    await client.stop()
    await server.stop()


@pytest.mark.parametrize("wrong_end", [0, 1])
async def test_a_wrong_fingerprint_ends_the_handshake(
    certificates: tuple[Certificate, Certificate], wrong_end: int
) -> None:
    client, server = pair(certificates)
    lied = list(certificates)
    lied[wrong_end] = Certificate.generateCertificate()
    client_knows, server_knows = await connect(client, server, (lied[0], lied[1]))
    assert (server_knows, client_knows) == ((False, True) if wrong_end == 0 else (True, False))
    refused = server if wrong_end == 0 else client
    assert refused.outbound is None
    await client.stop()
    await server.stop()


async def test_the_end_of_a_session_is_noticed_once(certificates: tuple[Certificate, Certificate]) -> None:
    client, server = pair(certificates)
    await connect(client, server, certificates)
    ends: asyncio.Queue[str] = asyncio.Queue()
    server.when_closed(lambda: ends.put_nowait("closed"))
    await client.stop()
    assert await asyncio.wait_for(ends.get(), 5) == "closed"
    await server.stop()
    assert ends.empty()


async def test_a_session_that_is_stopped_calls_nobody(certificates: tuple[Certificate, Certificate]) -> None:
    client, server = pair(certificates)
    await connect(client, server, certificates)
    server.when_closed(lambda: pytest.fail("the relay ended it by itself"))
    await server.stop()
    await asyncio.sleep(0)
    await client.stop()


async def test_nothing_is_left_of_a_session_that_was_stopped(
    certificates: tuple[Certificate, Certificate],
) -> None:
    client, server = pair(certificates)
    await connect(client, server, certificates)
    ended = asyncio.Event()
    server.when_closed(ended.set)
    whole: tuple[Any, ...] = (server, server._transport, server._transport._ssl)
    parts = [weakref.ref(part) for part in whole]
    gc.disable()
    try:
        await client.stop()
        await asyncio.wait_for(ended.wait(), 5)
        await server.stop()
        del client, server, whole
        await asyncio.sleep(0)
        assert [part() for part in parts] == [None] * len(parts)
    finally:
        gc.enable()


async def test_datagrams_wait_for_the_handshake_in_a_bounded_queue(
    certificates: tuple[Certificate, Certificate],
) -> None:
    session = DtlsSession(certificates[0], lambda data: None)
    taken = [session.receive(b"\x16") for _ in range(MAX_QUEUED_DATAGRAMS + 5)]
    assert taken == [True] * MAX_QUEUED_DATAGRAMS + [False] * 5


def test_peers_share_one_tls_context(certificates: tuple[Certificate, Certificate]) -> None:
    contexts = {id(certificates[0]._create_ssl_context(dtls._PROFILES)) for _ in range(3)}
    assert len(contexts) == 1


def test_libraries_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_versions()
    monkeypatch.setattr("importlib.metadata.version", lambda package: "99.0")
    with pytest.raises(RuntimeError, match=r"aiortc 99.0 is installed, but the relay knows 1.16.x only"):
        check_versions()


def test_aiortc_is_as_the_relay_knows_it(certificates: tuple[Certificate, Certificate]) -> None:
    source = inspect.getsource(RTCDtlsTransport)
    used = {word.partition("(")[0] for word in _words_after(source, "self.transport.")}
    assert used <= {"_recv", "_send", "role"}
    transport = RTCDtlsTransport(None, [certificates[0]])  # type: ignore[arg-type]  # is not asked
    for name in ("_srtp_profiles", "_setup_srtp", "_ssl", "_role", "_set_role", "state", "start", "stop"):
        assert hasattr(transport, name)
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == ["self", "srtp_profiles"]
    assert "._create_ssl_context(" in source


def _words_after(source: str, mark: str) -> list[str]:
    return [rest.split()[0].rstrip(",)") for rest in source.split(mark)[1:]]


def test_pylibsrtp_is_as_the_relay_knows_it() -> None:
    assert ffi.typeof(Session()._srtp[0]).cname == "struct srtp_ctx_t_ *"
    for function in (lib.srtp_protect, lib.srtp_protect_rtcp, lib.srtp_unprotect, lib.srtp_unprotect_rtcp):
        assert ffi.typeof(function).args[1].cname == "void *"
        assert ffi.typeof(function).args[2].cname == "int *"


async def test_the_keys_of_all_whom_packets_are_sent_to_lie_together(
    certificates: tuple[Certificate, Certificate],
) -> None:
    sessions = [session for _ in range(8) for session in pair(certificates)]
    for client, server in zip(sessions[::2], sessions[1::2], strict=True):
        await connect(client, server, certificates)
    places = sorted(int(ffi.cast("size_t", session.outbound)) for session in sessions)
    assert places[-1] - places[0] < len(sessions) * MAX_SENDER_BYTES
    for session in sessions:
        await session.stop()


async def test_a_stream_that_was_known_before_is_sent_like_any_other_and_no_report_has_a_number_twice(
    certificates: tuple[Certificate, Certificate],
) -> None:
    client, server = pair(certificates, streams=[5])
    await connect(client, server, certificates)
    reports = [server.protect_control(RTCP) for _ in range(2)]
    # RFC 3711 section 3.4: the last four bytes are a bit for encryption, and the number. 1 is used up.
    assert [int.from_bytes(report[-4:], "big") & 0x7FFFFFFF for report in reports] == [2, 3]
    assert [unprotect(client, report, rtcp=True) for report in reports] == [(0, RTCP)] * 2
    unknown = rtp.build_packet(96, 65_000, 0, 6, b"payload")
    for packet in (PACKET, unknown):
        assert unprotect(client, server.protect_media(packet)) == (0, packet)
    await client.stop()
    await server.stop()
