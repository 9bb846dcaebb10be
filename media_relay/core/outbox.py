"""Where the parts of the router put what is to be done, and count what happened."""

from __future__ import annotations

from media_relay.core import rtcp
from media_relay.core.links import Link
from media_relay.core.outputs import Output, SendControl
from media_relay.core.stats import Counters


class Outbox:
    """What is to be done, in order; `ssrc` is the relay's own as a sender of RTCP, the same to all."""

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.counters = Counters()
        self._outputs: list[Output] = []

    def put(self, output: Output) -> None:
        """Notes what is to be done next."""
        self._outputs.append(output)

    def feed_back(self, link: Link, *packets: rtcp.Sendable) -> None:
        """Sends RTCP to one connection."""
        # Reduced size is not always agreed, so that every datagram begins with a report.
        self.put(SendControl(link, rtcp.build_compound(rtcp.ReceiverReport(self.ssrc), *packets)))

    def poll(self) -> list[Output]:
        """Returns what is to be done since the last call."""
        outputs, self._outputs = self._outputs, []
        return outputs
