"""A page's or a relay's end of a WebSocket that is served in the tests' own process."""

from __future__ import annotations

from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator


class Socket(WebsocketCommunicator):
    """Leaves threads to give their connections to the database back, as they do when served.

    Channels' own has them keep these, for tests in one transaction: PostgreSQL's pool would soon be empty.
    """

    send_input = ApplicationCommunicator.send_input
    receive_output = ApplicationCommunicator.receive_output
