"""The TURN server as `deploy/` configures it lets people with a credential reach the relay, nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import time

import pytest
from aioice import stun

from tests.support.servers import TurnServer

UNAUTHORIZED = 401
FORBIDDEN = 403
UDP = 17 << 24
REPLY_SECONDS = 5.0
FORBIDDEN_PEERS = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "8.8.8.8",
    "203.0.113.8",
)


class TurnClient:
    """Asks a TURN server for an allocation and for permissions, as a browser does."""

    def __init__(self, server: TurnServer, username: str, password: str) -> None:
        self._server = server
        self._username = username
        self._password = password
        self._realm = ""
        self._nonce = b""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(REPLY_SECONDS)

    def close(self) -> None:
        """Ends it."""
        self._socket.close()

    def ask(self, method: stun.Method, **attributes: object) -> stun.Message:
        """Sends one request and returns the reply."""
        request = stun.Message(message_method=method, message_class=stun.Class.REQUEST)
        request.attributes.update({name.replace("_", "-"): value for name, value in attributes.items()})
        if self._nonce:
            request.attributes.update(USERNAME=self._username, REALM=self._realm, NONCE=self._nonce)
            text = f"{self._username}:{self._realm}:{self._password}"
            request.add_message_integrity(hashlib.md5(text.encode()).digest())
        self._socket.sendto(bytes(request), ("127.0.0.1", self._server.port))
        return stun.parse_message(self._socket.recv(2048))

    def allocate(self) -> int:
        """Asks for an allocation with the credential; returns the error's code, 0 for success."""
        challenge = self.ask(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=UDP)
        assert error_code(challenge) == UNAUTHORIZED, "an allocation without a credential"
        self._realm, self._nonce = challenge.attributes["REALM"], challenge.attributes["NONCE"]
        return error_code(self.ask(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=UDP))

    def permit(self, peer: str) -> int:
        """Asks for the permission to reach a peer; returns the error's code, 0 for success."""
        return error_code(self.ask(stun.Method.CREATE_PERMISSION, XOR_PEER_ADDRESS=(peer, 4000)))


def error_code(reply: stun.Message) -> int:
    """The code of an error reply, 0 for a success."""
    return int(reply.attributes["ERROR-CODE"][0]) if "ERROR-CODE" in reply.attributes else 0


def credential(secret: str, expires_in: float = 600) -> tuple[str, str]:
    """User name and password by the shared secret, as the TURN REST API draft says."""
    username = f"{int(time.time() + expires_in)}:person"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def test_a_person_with_a_credential_reaches_the_relay(turn_server: TurnServer) -> None:
    client = TurnClient(turn_server, *credential(turn_server.secret))
    assert client.allocate() == 0
    assert client.permit(turn_server.relay_address) == 0
    client.close()


def test_nobody_reaches_anything_but_the_relay(turn_server: TurnServer) -> None:
    client = TurnClient(turn_server, *credential(turn_server.secret))
    assert client.allocate() == 0
    assert {peer: client.permit(peer) for peer in FORBIDDEN_PEERS} == dict.fromkeys(
        FORBIDDEN_PEERS, FORBIDDEN
    )
    client.close()


@pytest.mark.parametrize("fault", ["expired", "altered", "of another secret"])
def test_a_bad_credential_gets_no_allocation(turn_server: TurnServer, fault: str) -> None:
    username, password = credential(turn_server.secret, -5 if fault == "expired" else 600)
    if fault == "altered":
        username += "2"
    if fault == "of another secret":
        username, password = credential(secrets.token_hex())
    client = TurnClient(turn_server, username, password)
    assert client.allocate() == UNAUTHORIZED
    client.close()


def test_no_password_and_no_secret_is_in_the_log(turn_server: TurnServer) -> None:
    username, password = credential(turn_server.secret)
    client = TurnClient(turn_server, username, password)
    client.allocate()
    client.close()
    for hidden in (turn_server.secret, password):
        assert hidden not in turn_server.log()
