from __future__ import annotations

from collections.abc import Iterator

import pytest

from media_relay.io.udp import UdpSocket
from tests.media_relay.io.receivers import COUNT, PROFILES, Receiver


@pytest.fixture
def ours() -> Iterator[UdpSocket]:
    opened = UdpSocket("127.0.0.1", 0)
    yield opened
    opened.close()


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    """Enough subscribers for three chunks, with both kinds of encryption."""
    made = [Receiver(PROFILES[i % 2]) for i in range(COUNT)]
    yield made
    for receiver in made:
        receiver.close()
