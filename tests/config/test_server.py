"""The web process, as a real one: its limits, and how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from classroom.live import database
from config.connections import (
    MAX_BODY_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_RELAY_MESSAGE_BYTES,
    MAX_WAITING_MESSAGES,
)
from config.server import ClassroomServer, endpoint
from tests.config.echo_server import LONG_PARTS
from tests.support.processes import Process, answers_on_tcp, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20
END_SECONDS = 5


class Echo:
    """A running echo server."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "tests.config.echo_server", str(self.port)]
        self.process = Process(command, folder / "echo.log", environment=os.environ, folder=ROOT)
        self.process.wait_until(lambda: answers_on_tcp(self.port), START_SECONDS, "the echo server")

    def connect(self, path: str = "/ws/lessons/1/") -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self.port}{path}", max_size=None)

    def raw(self, head: str) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        client.sendall(head.replace("\n", "\r\n").encode())
        return client

    def get(self, path: str = "/", **headers: str) -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return str(response.read().decode())


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    server = Echo(tmp_path_factory.mktemp("echo"))
    yield server
    server.process.stop()


@pytest.fixture
def ending_echo(tmp_path: Path) -> Iterator[Echo]:
    server = Echo(tmp_path)
    yield server
    server.process.stop()


def test_a_body_that_is_declared_too_large_is_refused_before_it_is_sent(echo: Echo) -> None:
    client = echo.raw(f"POST / HTTP/1.1\nHost: x\nContent-Length: {MAX_BODY_BYTES + 1}\n\n")
    assert client.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_refused_once_it_is_too_large(echo: Echo) -> None:
    client = echo.raw("POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = b""
    with contextlib.suppress(ConnectionError):
        client.sendall(chunk * (2 * MAX_BODY_BYTES // 0x10000))
        answer = client.recv(64)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_within_the_limit_arrives(echo: Echo) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{echo.port}/", data=b"x" * MAX_BODY_BYTES)
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("path", "limit"), [("/ws/lessons/1/", MAX_MESSAGE_BYTES), ("/ws/relays/", MAX_RELAY_MESSAGE_BYTES)]
)
def test_a_message_over_the_limit_of_its_path_closes_the_socket(echo: Echo, path: str, limit: int) -> None:
    with echo.connect(path) as socket_:
        socket_.send("x" * limit)
        assert socket_.recv(timeout=10) == str(limit)
        socket_.send("x" * (limit + 1))
        with pytest.raises(ConnectionClosed):
            socket_.recv(timeout=10)
    assert echo.get()


def test_a_page_that_sends_faster_than_it_is_served_is_closed(echo: Echo) -> None:
    with echo.connect() as page:
        page.send("be busy")
        with contextlib.suppress(ConnectionClosed):
            for _ in range(2 * MAX_WAITING_MESSAGES):
                page.send("x")
        with pytest.raises(ConnectionClosed):
            page.recv(timeout=10)
        assert page.close_code == 4429


def test_a_relay_may_send_faster_than_it_is_served(echo: Echo) -> None:
    with echo.connect("/ws/relays/") as relay:
        relay.send("be busy")
        for _ in range(2 * MAX_WAITING_MESSAGES):
            relay.send("x")
        assert [relay.recv(timeout=10) for _ in range(2 * MAX_WAITING_MESSAGES)][-1] == "1"


def test_a_long_answer_is_written_as_fast_as_it_is_read(echo: Echo) -> None:
    process = psutil.Process(echo.process.pid)
    before = process.memory_info().rss
    client = echo.raw("GET /long HTTP/1.0\nHost: x\n\n")
    first = client.recv(1000)
    assert first.startswith(b"HTTP/1.0 200")
    # Others are served while one does not read, and nothing is kept for that one but a little.
    assert echo.get() == "127.0.0.1"
    assert process.memory_info().rss - before < 32 << 20
    received = len(first)
    while data := client.recv(1 << 20):
        received += len(data)
    assert received > LONG_PARTS << 20


def test_our_own_messages_may_be_larger_than_a_page_s(echo: Echo) -> None:
    with echo.connect() as socket_:
        socket_.send("flood")
        assert len(socket_.recv(timeout=10)) > MAX_MESSAGE_BYTES


def test_a_page_that_does_not_read_is_dropped_and_holds_no_memory(echo: Echo) -> None:
    before = psutil.Process(echo.process.pid).memory_info().rss
    sleeper = socket.create_connection(("127.0.0.1", echo.port), timeout=20)
    sleeper.sendall(
        b"GET /ws/lessons/1/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b"101" in sleeper.recv(4096)
    sleeper.sendall(b"\x81\x85\x00\x00\x00\x00flood")
    with echo.connect() as other:
        other.send("still here")
        assert other.recv(timeout=10) == "10"
    wait_until(lambda: _is_reset(sleeper), 10, "The connection that does not read was not dropped.")
    assert psutil.Process(echo.process.pid).memory_info().rss - before < 24 << 20


def _is_reset(client: socket.socket) -> bool:
    """Sends a pong; says whether there is anybody to get it."""
    try:
        client.sendall(b"\x8a\x80\x00\x00\x00\x00")
    except OSError:
        return True
    return False


def test_a_forged_forwarding_header_does_not_change_the_address(echo: Echo) -> None:
    assert echo.get(**{"X-Forwarded-For": "203.0.113.9"}) == "127.0.0.1"


def test_sigterm_asks_pages_to_come_back_and_lets_requests_end(ending_echo: Echo) -> None:
    answers: list[str] = []
    slow = threading.Thread(target=lambda: answers.append(ending_echo.get("/slow")))
    with ending_echo.connect() as socket_:
        socket_.send("hello")
        assert socket_.recv(timeout=10) == "5"
        slow.start()
        _wait_for_a_request(ending_echo)
        os.kill(ending_echo.process.pid, signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            socket_.recv(timeout=END_SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    slow.join(END_SECONDS)
    assert answers == ["127.0.0.1"]
    wait_until(lambda: not ending_echo.process.is_running, END_SECONDS, "The server did not end.")


def _wait_for_a_request(echo: Echo) -> None:
    """Waits until the slow request's connection is there beside the WebSocket's."""

    def arrived() -> bool:
        connections = psutil.Process(echo.process.pid).net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED for one in connections) >= 2

    echo.process.wait_until(arrived, END_SECONDS, "the slow request")


def test_what_a_room_s_service_is_doing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ClassroomServer(None, endpoints=[endpoint("127.0.0.1", 0)], signal_handlers=False)
    server.connections = {}
    assert not server._is_busy()
    monkeypatch.setattr(database, "_working", {1})
    assert server._is_busy()


def test_a_thread_that_waits_for_ever_does_not_keep_the_process(ending_echo: Echo) -> None:
    with ending_echo.connect() as page:
        page.send("wait for ever")
        assert page.recv(timeout=10) == "waits"
        os.kill(ending_echo.process.pid, signal.SIGTERM)
        wait_until(lambda: not ending_echo.process.is_running, END_SECONDS, "The server did not end.")


def test_a_taken_port_is_one_sentence_and_an_exit_code(echo: Echo, tmp_path: Path) -> None:
    environment = {**os.environ, "PORT": str(echo.port), "LECTERN_VAR": str(tmp_path)}
    command = [sys.executable, "-m", "config.server"]
    end = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert end.returncode == 1
    assert end.stderr.startswith(f"Lectern can't listen on 127.0.0.1 port {echo.port} (HOST, PORT)")


def test_wrong_settings_are_one_sentence_and_an_exit_code(tmp_path: Path) -> None:
    environment = {**os.environ, "LECTERN_MODE": "production", "LECTERN_VAR": str(tmp_path)}
    command = [sys.executable, "-m", "config.server"]
    end = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert end.returncode == 1
    assert end.stderr.startswith("Lectern can't start: SECRET_KEY")
    assert "Traceback" not in end.stderr


def test_an_ipv6_address_is_written_as_twisted_reads_it() -> None:
    assert endpoint("[::1]", 8000) == r"tcp:port=8000:interface=\:\:1:backlog=1024"
