"""Whatever permits come while packets are on their way: nothing leaves that the newest don't allow."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay.core import rtcp, rtp
from media_relay.core.links import Connection, Link, Publisher
from media_relay.core.outputs import Close, Cut, Enter, Forward, Leave, Output, Resend
from media_relay.core.permits import Permits
from media_relay.core.router import PermitError, Router
from media_relay.core.shift import Shift, shifted
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import Track
from tests.media_relay.core.classroom import KEYFRAME, MID_ID, OPUS, RTX, VP8, offered

ROOM = "room"
PEOPLE = ("teacher", "ada", "ben")
KINDS = ("microphone", "camera", "screen")
SLOTS = (
    ("teacher-microphone", "audio"),
    ("teacher-camera", "video"),
    ("floor-1-microphone", "audio"),
    ("floor-1-camera", "video"),
    ("floor-screen", "video"),
    ("gallery-1-camera", "video"),
)


class Lesson:
    """A router and a shell that is always behind: what is forwarded waits, and leaves at any later moment."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 1000.0
        self.router = Router(random.Random(seed).randbytes, 0.0)
        self.permits = Permits(ROOM, 0)
        self.links: dict[Link, None] = {}
        self.members: dict[Track, dict[Link, Shift]] = {}
        self.waiting: list[Output] = []
        self.sequences: dict[tuple[Link, str], int] = {}
        self.left = self.cut = 0

    def run(self, steps: int) -> None:
        """Does so many things by chance."""
        deeds: list[tuple[int, Callable[[], None]]] = [
            (60, self._send), (6, self._permit), (4, self._connect), (6, self._lose), (4, self._pass_time)
        ]  # fmt: skip
        self._permit()
        for _ in range(4):
            self._connect()
        for deed in self.chance.choices(
            [each for _, each in deeds], [weight for weight, _ in deeds], k=steps
        ):
            deed()
            self._take_outputs()
            while self.waiting and self.chance.random() < 0.6:
                self._let_out(self.waiting.pop(0))

    def _some(self, of: tuple[str, ...], part: float) -> tuple[str, ...]:
        return tuple(each for each in of if self.chance.random() < part)

    def _permit(self) -> None:
        chance = self.chance
        entries = {
            slot: (chance.choice(PEOPLE), "screen" if slot.endswith("screen") else slot.split("-")[-1])
            for slot, _ in SLOTS
            if chance.random() < 0.9
        }
        self.permits = Permits(
            ROOM,
            self.permits.generation + 1,
            SLOTS if chance.random() < 0.9 else SLOTS[:4],
            self._some(PEOPLE, 0.95),
            {who: self._some(KINDS, 0.7) for who in self._some(PEOPLE, 0.95)},
            entries,
            self._some(PEOPLE[:2], 0.6),
            frozenset({"gallery-1-camera"} if chance.random() < 0.9 else ()),
        )
        self.router.apply(self.permits, self.now)

    def _connect(self) -> None:
        who, client = self.chance.choice(PEOPLE), self.chance.choice(("page", "tab"))
        try:
            if self.chance.random() < 0.5:
                offers = [offered(kind) for kind in KINDS]
                link: Link = self.router.publish(_connection(who, client, "publish"), offers)
            else:
                link = self.router.subscribe(_connection(who, client, "subscribe"))
        except PermitError:
            return
        self.links[link] = None
        # What it replaces must go first, as in the real shell.
        self._take_outputs()
        self.router.connected(link, self.now)

    def _send(self) -> None:
        publishers = [link for link in self.links if isinstance(link, Publisher)]
        if not publishers:
            return
        link = self.chance.choice(publishers)
        kind = self.chance.choice(KINDS)
        sequence = self.sequences.get((link, kind), 0) + self.chance.choice((1, 1, 1, 2))
        self.sequences[link, kind] = sequence
        ssrc, payload_type = KINDS.index(kind) + 1, OPUS if kind == "microphone" else VP8
        body = KEYFRAME + f" {link.connection.participant} {kind}".encode()
        if kind != "microphone" and self.chance.random() < 0.1:
            ssrc, payload_type, body = ssrc + 50, RTX[VP8], (sequence - 2 & 0xFFFF).to_bytes(2, "big") + body
        extension = rtp.build_extensions([(MID_ID, kind.encode())])
        packet = rtp.build_packet(
            payload_type, sequence, sequence * 3000, ssrc, body, True, extension
        )  # fmt: skip
        self.router.receive_rtp(link, packet, self.now)

    def _lose(self) -> None:
        """Somebody asks again for what came last; their line is tried out by copies of it."""
        subscribers = [link for link in self.links if isinstance(link, Subscriber)]
        if not subscribers:
            return
        link = self.chance.choice(subscribers)
        link.takes_rtx = link.takes_trains = True
        for ssrc, seat in link.seats.items():
            if not seat.is_new:
                last = seat.numbers().sequence
                nack = rtcp.Nack(1, ssrc, tuple(sorted(last - back & 0xFFFF for back in range(4))))
                self.router.receive_rtcp(link, rtcp.build_compound(nack), self.now)
        if link.seats:
            self.router._trains.begin(link, 100_000, self.now)

    def _pass_time(self) -> None:
        self.now += self.chance.choice((0.02, 0.02, 1.0, 5.0))
        self.router.handle_timer(self.now)

    # The shell

    def _take_outputs(self) -> None:
        for output in self.router.poll():
            match output:
                case Enter() | Leave() | Forward():
                    self.waiting.append(output)
                case Cut(track):
                    kept = [
                        each
                        for each in self.waiting
                        if not (isinstance(each, Forward) and each.track is track)
                    ]
                    self.cut += len(self.waiting) - len(kept)
                    self.waiting = kept
                case Close(link):
                    self.links.pop(link, None)
                    for members in self.members.values():
                        members.pop(link, None)
                case Resend(link, packet):
                    if link in self.links:
                        self._check(link, packet)

    def _let_out(self, output: Output) -> None:
        match output:
            case Enter(link, track, shift):
                if link in self.links:
                    self.members.setdefault(track, {})[link] = shift
            case Leave(link, track):
                self.members.get(track, {}).pop(link, None)
            case Forward(track, packet, _, places):
                for link, shift in self.members.get(track, {}).items():
                    self._check(link, shifted(packet, places, shift))

    def _check(self, link: Link, packet: bytes) -> None:
        """Holds what leaves against the newest permits and nothing else."""
        header = rtp.parse_header(packet)
        content = bytes(rtp.payload(packet, header))
        if KEYFRAME not in content:
            return
        permits, watcher = self.permits, link.connection.participant
        name = next(
            slot.name
            for slot in self.router.rooms[ROOM].slots.values()
            if header.ssrc in (slot.ssrc, slot.rtx_ssrc)
        )
        sender, kind = content.decode("latin-1").split()[-2:]
        assert permits.stage.get(name) == (sender, kind)
        assert kind in permits.publishers.get(sender, ())
        assert watcher in permits.viewers
        assert watcher in permits.staff or name not in permits.staff_slots
        assert watcher != sender
        self.left += 1


def _connection(who: str, client: str, direction: str) -> Connection:
    return Connection(ROOM, who, client, direction)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 1 << 32))
def test_nothing_leaves_that_the_newest_permits_do_not_allow(seed: int) -> None:
    Lesson(seed).run(400)


def test_the_same_holds_for_lessons_that_everyone_can_repeat() -> None:
    left = cut = 0
    for seed in range(20):
        lesson = Lesson(seed)
        lesson.run(600)
        left += lesson.left
        cut += lesson.cut
    # Otherwise little would have been shown.
    assert left > 1000
    assert cut > 200
