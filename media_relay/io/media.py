"""The media plane: sockets, peers and fan-out around the router."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from media_relay.core.links import Link
from media_relay.core.outputs import (
    Close,
    Cut,
    Enter,
    Forward,
    ForwardControl,
    Leave,
    News,
    Output,
    ReportLinks,
    Resend,
    SendControl,
    TellSpeakers,
    WantLayers,
)
from media_relay.core.router import Router
from media_relay.core.shift import Shift
from media_relay.core.stats import Histogram
from media_relay.core.track import Track
from media_relay.io import clock
from media_relay.io.fanout import Lane, control_job, media_job
from media_relay.io.group import Group, Member
from media_relay.io.peer import Peer, PeerTable
from media_relay.io.udp import UdpSocket

TICK_SECONDS = 0.02
STOP_SECONDS = 1.0
TURNS = 4
"""How often a lane sends before the event loop's other work is done."""
PICTURE_PATIENCE = 0.002
"""How long the first packets of a picture wait for its others."""
LAG_BOUNDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)

logger = logging.getLogger(__name__)

Changed = Callable[[Link, str, str], None]
Tell = Callable[[News], None]


class _Place(NamedTuple):
    """Where a peer is a member of a track's groups."""

    udp: UdpSocket
    member: Member
    shift: Shift


class MediaPlane:
    """Moves packets between sockets and router, and tells of connections that come up or go.

    `changed(link, state, reason)` is called with `connected` or `closed`, `tell(news)` with what the router
    has to say of its rooms.
    """

    def __init__(self, sockets: list[UdpSocket], router: Router, changed: Changed, tell: Tell) -> None:
        self.router = router
        self.peers = PeerTable(self, router.counters, clock.monotonic)
        self.lanes = {udp: Lane(udp, clock.monotonic, PICTURE_PATIENCE) for udp in sockets}
        self.loop_lag = 0.0
        self.loop_lags = Histogram(LAG_BOUNDS)
        """How late each tick was, in seconds."""
        self._changed = changed
        self._groups: dict[Track, dict[UdpSocket, Group]] = {}
        self._members: dict[Peer, dict[Track, _Place]] = {}
        self._loop = asyncio.get_running_loop()
        self._stopping: set[asyncio.Task[None]] = set()
        self._resuming: set[Lane] = set()
        self._waking: set[Lane] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._next_second = 0.0
        self._has_failed = False
        self._actions: dict[type[Any], Callable[[Any], None]] = {
            Forward: self._forward,
            ForwardControl: self._forward_control,
            Resend: self._resend,
            SendControl: self._send_control,
            Enter: self._enter,
            Leave: self._leave,
            Cut: self._cut,
            Close: self._close,
            ReportLinks: tell,
            WantLayers: tell,
            TellSpeakers: tell,
        }

    def start(self) -> None:
        """Begins to read and to keep time."""
        for udp in self.lanes:
            self._loop.add_reader(udp.fileno, self._read, udp)
        self._tick(self._loop.time())

    async def stop(self) -> None:
        """Says good-bye to everyone and gives the port back."""
        if self._ticker is not None:
            self._ticker.cancel()
        for peer in self.peers:
            self.peer_closed(peer, "the relay stops")
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=STOP_SECONDS)
        for udp in self.lanes:
            self._loop.remove_reader(udp.fileno)
            self._loop.remove_writer(udp.fileno)
            udp.close()

    # In.

    def _read(self, udp: UdpSocket) -> None:
        receive = self.peers.receive
        for datagram in udp.receive():
            try:
                receive(udp, datagram)
            except Exception:
                self._note_failure()
        self.drain()

    def _note_failure(self) -> None:
        """Counts what nobody should be able to bring about, and logs the first of each second.

        Whatever is wrong with one input, everyone else's must still be served.
        """
        self.router.counters.add("failures")
        if not self._has_failed:
            self._has_failed = True
            logger.exception("media: something could not be handled")

    def _tick(self, due: float) -> None:
        now = clock.monotonic()
        lag = self._loop.time() - due
        self.loop_lag = max(self.loop_lag, lag)
        self.loop_lags.add(lag)
        for work in (self.router.handle_timer, self._handle_second):
            try:
                work(now)
            except Exception:
                self._note_failure()
        self.drain()
        due = self._loop.time() + TICK_SECONDS
        self._ticker = self._loop.call_at(due, self._tick, due)

    def _handle_second(self, now: float) -> None:
        if now < self._next_second:
            return
        self._next_second = now + 1.0
        self._has_failed = False
        self._drop_empty_groups()
        self.peers.handle_second()
        for peer in self.peers:
            reason = peer.expiry(now)
            if reason:
                self.peer_closed(peer, reason)

    # What peers tell.

    def peer_received(self, peer: Peer, data: bytes, rtcp: bool) -> None:
        """Takes a decrypted packet."""
        receive = self.router.receive_rtcp if rtcp else self.router.receive_rtp
        receive(peer.link, data, clock.monotonic())

    def peer_connected(self, peer: Peer) -> None:
        """Notes that a peer's keys are there."""
        self._changed(peer.link, "connected", "")
        self.router.connected(peer.link, clock.monotonic())
        self.drain()

    def peer_moved(self, peer: Peer) -> None:
        """Sends to the peer's new address from now on."""
        for track, place in list(self._members.get(peer, {}).items()):
            self._take_out(peer, track)
            self._take_in(peer, track, place.shift)

    def peer_closed(self, peer: Peer, reason: str) -> None:
        """Ends a connection; does nothing if it has ended already."""
        if self.peers.find(peer.link) is peer:
            self._end(peer, reason)
            self.drain()

    def _end(self, peer: Peer, reason: str) -> None:
        self.peers.discard(peer)
        for track in list(self._members.get(peer, {})):
            self._take_out(peer, track)
        self.router.remove(peer.link, clock.monotonic())
        task = self._loop.create_task(peer.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
        self._changed(peer.link, "closed", reason)

    # Out.

    def drain(self) -> None:
        """Does what the router wants done; call it after every change of permits or connections."""
        while outputs := self.router.poll():
            self._do(outputs)
        for lane in self.lanes.values():
            if lane not in self._resuming:
                self._run(lane)

    def _do(self, outputs: list[Output]) -> None:
        actions = self._actions
        for output in outputs:
            try:
                actions[type(output)](output)
            except Exception:
                self._note_failure()

    def _forward(self, output: Forward) -> None:
        now = clock.monotonic()
        for udp, group in self._groups.get(output.track, {}).items():
            lane = self.lanes[udp]
            # Who is still on the way in comes behind what waits.
            if group.members or not lane.is_empty:
                lane.put(media_job(group, output.packet, output.frame, output.places, now))

    def _forward_control(self, output: ForwardControl) -> None:
        now = clock.monotonic()
        for udp, group in self._groups.get(output.track, {}).items():
            self.lanes[udp].put(control_job(group, output.packet, now))

    def _resend(self, output: Resend) -> None:
        peer = self.peers.find(output.link)
        if peer is not None:
            peer.resend(output.packet)

    def _send_control(self, output: SendControl) -> None:
        peer = self.peers.find(output.link)
        if peer is not None:
            peer.send_control(output.packet)

    def _close(self, output: Close) -> None:
        peer = self.peers.find(output.link)
        if peer is not None:
            self._end(peer, output.reason)

    def _enter(self, output: Enter) -> None:
        peer = self.peers.find(output.link)
        if peer is not None and peer.socket is not None:
            # Packets for those who come in are queued behind the change, so that the group must be there now.
            self._group(output.track, peer.socket)
            self._change(peer, output.track, lambda: self._take_in(peer, output.track, output.shift))

    def _leave(self, output: Leave) -> None:
        peer = self.peers.find(output.link)
        if peer is not None:
            self._change(peer, output.track, lambda: self._take_out(peer, output.track))

    def _cut(self, output: Cut) -> None:
        for udp, group in self._groups.get(output.track, {}).items():
            self.lanes[udp].drop(group)

    def _change(self, peer: Peer, track: Track, action: Callable[[], None]) -> None:
        """Changes a track's members between two of its packets."""
        if peer.socket is not None:
            self.lanes[peer.socket].put_change(action, urgent=not track.is_video)
        else:
            action()

    def _group(self, track: Track, udp: UdpSocket) -> Group:
        groups = self._groups.setdefault(track, {})
        if udp not in groups:
            groups[udp] = Group()
        return groups[udp]

    def _drop_empty_groups(self) -> None:
        """Forgets the groups that nobody is in, unless somebody may be on the way into them."""
        for track, groups in list(self._groups.items()):
            for udp in [udp for udp, group in groups.items() if not group.members]:
                if self.lanes[udp].is_empty:
                    del groups[udp]
            if not groups:
                del self._groups[track]

    def _take_in(self, peer: Peer, track: Track, shift: Shift) -> None:
        # The change may have waited behind packets while the peer went.
        if peer.socket is None or self.peers.find(peer.link) is not peer:
            return
        member = Member(peer.dtls.outbound, peer.dtls.overhead, peer.address)
        self._group(track, peer.socket).add(member, shift)
        self._members.setdefault(peer, {})[track] = _Place(peer.socket, member, shift)

    def _take_out(self, peer: Peer, track: Track) -> None:
        places = self._members.get(peer, {})
        place = places.pop(track, None)
        if place is None:
            return
        if not places:
            del self._members[peer]
        self._groups[track][place.udp].remove(place.member)

    def _run(self, lane: Lane) -> None:
        """Sends for some turns, reading in between; goes on later, or when the network has room again."""
        udp = next(udp for udp, own in self.lanes.items() if own is lane)
        self._resuming.add(lane)
        for _ in range(TURNS):
            if lane.run():
                self._resuming.discard(lane)
                self._wake_later(lane)
                return
            if lane.blocked:
                self._loop.add_writer(udp.fileno, self._writable, udp, lane)
                return
            self._read(udp)
        self._loop.call_soon(self._run, lane)

    def _wake_later(self, lane: Lane) -> None:
        if lane.waits and lane not in self._waking:
            self._waking.add(lane)
            self._loop.call_later(PICTURE_PATIENCE, self._wake, lane)

    def _wake(self, lane: Lane) -> None:
        """Sends what has waited long enough for packets to go along."""
        self._waking.discard(lane)
        if lane not in self._resuming:
            self._run(lane)

    def _writable(self, udp: UdpSocket, lane: Lane) -> None:
        self._loop.remove_writer(udp.fileno)
        self._run(lane)

    def sent(self) -> tuple[int, int]:
        """Returns how many packets and bytes were fanned out since the start."""
        lanes = self.lanes.values()
        return sum(lane.sent for lane in lanes), sum(lane.sent_bytes for lane in lanes)
