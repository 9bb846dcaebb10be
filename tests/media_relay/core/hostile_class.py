"""A class that does whatever it likes: people come, go, lie and send rubbish, all of it from one seed.

It plays the shell, too, and holds the router to what must be true whatever comes in:

- nothing is raised;
- a subscriber is in one track of a slot at a time;
- nobody gets back what comes of themselves;
- no number of one of its streams ever stands for two different packets (AES-GCM would give away the key);
- when everyone has gone, no track has users.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from media_relay.core import codecs, rtcp, rtp, twcc
from media_relay.core.links import Connection, Link, Offered, Publisher
from media_relay.core.outputs import Close, Enter, Forward, Leave, Output, Resend
from media_relay.core.permits import Permits
from media_relay.core.router import PermitError, Router
from media_relay.core.sdp import Codec, Media
from media_relay.core.shift import Shift, shifted
from media_relay.core.subscriber import Subscriber
from media_relay.core.track import Track

ROOM = "room"
KINDS = ("microphone", "camera", "screen")
SLOTS = tuple((f"teacher-{kind}", "audio" if kind == "microphone" else "video") for kind in KINDS)
VIEWERS = tuple(f"student{number}" for number in range(4))
SPEAKERS = ("teacher", "assistant")
MID_ID, RID_ID, REPAIRED_ID = 9, 10, 11
VP8, H264, VP8_RTX, OPUS = 100, 101, 102, 110
EXTENSIONS = {codecs.URI_MID: MID_ID, codecs.URI_RID: RID_ID, codecs.URI_REPAIRED_RID: REPAIRED_ID}
VIDEO = (
    Codec(VP8, "VP8", 90_000, feedback=("nack", "nack pli")),
    Codec(H264, "H264", 90_000, feedback=("nack", "nack pli")),
)
VIDEO_RTX = (Codec(VP8_RTX, "rtx", 90_000, parameters={"apt": str(VP8)}),)
AUDIO = (Codec(OPUS, "opus", 48_000, 2),)
RIDS = {"camera": ("l", "m", "h"), "screen": ("l", "h"), "microphone": ()}


@dataclass
class Sender:
    """One layer of a publisher's source: the numbers that its packets go on with."""

    kind: str
    rid: str
    ssrc: int
    sequence: int
    timestamp: int
    picture: int
    sent: list[bytes] = field(default_factory=list)


class HostileClass:
    """Drives one router for as many steps as it is told."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 1000.0
        self.router = Router(random.Random(seed).randbytes, 1_000_000.0)
        self._generation = 0
        self._links: list[Link] = []
        self._senders: dict[Link, list[Sender]] = {}
        self._inside: dict[tuple[Link, int], tuple[Track, Shift]] = {}
        self._members: dict[Track, dict[Link, Shift]] = {}
        self._heard: dict[tuple[Link, int], dict[int, bytes]] = {}
        self._highest: dict[tuple[Link, int], int] = {}
        self.forwarded = self.resent = self.moves = 0
        self._permit()
        for _ in range(6):
            self._subscribe()
            self._publish()

    def run(self, steps: int) -> None:
        """Does so many things, one after the other, and lets everyone go in the end."""
        deeds: list[tuple[float, Callable[[], None]]] = [
            (60, self._send),
            (10, self._send_rubbish),
            (15, self._feed_back),
            (5, self._feed_back_rubbish),
            (8, self._pass_time),
            (3, self._move),
            (1, self._subscribe),
            (0.2, self._permit),
            (0.3, self._publish),
            (0.3, self._leave),
        ]
        for deed in self.chance.choices(
            [each for _, each in deeds], [weight for weight, _ in deeds], k=steps
        ):
            deed()
            self._drain()
        for link in list(self._links):
            self._go(link)
            self._drain()
        for room in self.router.rooms.values():
            assert not any(track.users for slot in room.slots.values() for track in slot.tracks())
        assert not self._inside

    # Permits and connections

    def _permit(self) -> None:
        self._generation += self.chance.choice((1, 1, 1, 0, -1))
        viewers = VIEWERS if self.chance.random() < 0.8 else self.chance.sample(VIEWERS, 2)
        speakers = SPEAKERS if self.chance.random() < 0.7 else SPEAKERS[:1]
        slots = SLOTS if self.chance.random() < 0.9 else SLOTS[:2]
        holder = self.chance.choice(SPEAKERS)
        stage = {f"teacher-{kind}": (holder, kind) for kind in KINDS if self.chance.random() < 0.95}
        publishers = dict.fromkeys(speakers, KINDS)
        self.router.apply(
            Permits(ROOM, self._generation, slots, (*viewers, *SPEAKERS), publishers, stage), self.now
        )

    def _subscribe(self) -> None:
        name = self.chance.choice((*VIEWERS, *SPEAKERS))
        self._connect(lambda: self.router.subscribe(Connection(ROOM, name, "page", "subscribe")))

    def _publish(self) -> None:
        name, client = self.chance.choice(SPEAKERS), self.chance.choice(("page", "tab"))
        with_layers = self.chance.random() < 0.7
        offers = [self._offered(kind, with_layers) for kind in KINDS]
        link = self._connect(lambda: self.router.publish(Connection(ROOM, name, client, "publish"), offers))
        if link is not None:
            self._senders[link] = [
                self._sender(offer.kind, rid) for offer in offers for rid in offer.rids or ("",)
            ]

    def _connect(self, make: Callable[[], Link]) -> Link | None:
        try:
            link = make()
        except PermitError:
            return None
        self._links.append(link)
        self._drain()
        if self.chance.random() < 0.95:
            self.router.connected(link, self.now)
        return link

    @staticmethod
    def _offered(kind: str, with_layers: bool) -> Offered:
        is_sound = kind == "microphone"
        rids = RIDS[kind] if with_layers else ()
        chosen, rtx = (AUDIO, ()) if is_sound else (VIDEO, VIDEO_RTX)
        media = Media(
            kind, "audio" if is_sound else "video", 9, "UDP/TLS/RTP/SAVPF", (), "sendonly",
            codecs=chosen, extensions=EXTENSIONS, rids=rids, simulcast=rids,
        )  # fmt: skip
        return Offered(kind, media, chosen, rtx, rids)

    def _sender(self, kind: str, rid: str) -> Sender:
        chance = self.chance
        sequence = chance.choice((0, 65_000, 32_760, chance.randrange(1 << 16)))
        return Sender(kind, rid, chance.randrange(1, 1 << 32), sequence, chance.randrange(1 << 32), 7)

    def _leave(self) -> None:
        if self._links:
            self._go(self.chance.choice(self._links))

    def _go(self, link: Link) -> None:
        self._links.remove(link)
        self._senders.pop(link, None)
        for key in [key for key in self._inside if key[0] is link]:
            track, _ = self._inside.pop(key)
            del self._members[track][link]
        self.router.remove(link, self.now)

    def _move(self) -> None:
        link = self._any(Subscriber)
        if not isinstance(link, Subscriber) or not link.seats:
            return
        seat = self.chance.choice(list(link.seats.values()))
        if seat.slot.source is not None:
            layer = self.chance.randrange(-1, seat.slot.source.layer_count)
            self.router._steering.aim(link, seat, layer, self.now)

    def _pass_time(self) -> None:
        self.now += self.chance.choice((0.005, 0.02, 0.02, 0.02, 0.6, 3.0))
        self.router.handle_timer(self.now)

    # What publishers send

    def _send(self) -> None:
        link = self._any(Publisher)
        if link is None:
            return
        sender = self.chance.choice(self._senders[link])
        for _ in range(self.chance.randrange(1, 4)):
            self.router.receive_rtp(link, self._next_packet(sender), self.now)

    def _next_packet(self, sender: Sender) -> bytes:
        chance = self.chance
        if sender.sent and chance.random() < 0.1:
            return self._again(sender, chance.choice(sender.sent[-30:]))
        if chance.random() < 0.003:
            sender.sequence += chance.choice((300, 2000, 32_767, 40_000))
        if chance.random() < 0.003:
            sender.ssrc, sender.sequence = chance.randrange(1, 1 << 32), chance.randrange(1 << 16)
        sender.sequence = sender.sequence + chance.choice((1, 1, 1, 1, 1, 2, 3)) & 0xFFFF
        if chance.random() < 0.5:
            sender.timestamp = sender.timestamp + 3000 & 0xFFFFFFFF
            sender.picture = sender.picture + 1 & 0x7FFF
        packet = self._packet(sender, *self._payload(sender))
        sender.sent.append(packet)
        return packet

    def _packet(self, sender: Sender, payload_type: int, payload: bytes) -> bytes:
        names = [(MID_ID, sender.kind.encode())]
        if sender.rid and self.chance.random() < 0.95:
            names.append((RID_ID, sender.rid.encode()))
        return rtp.build_packet(
            payload_type, sender.sequence, sender.timestamp, sender.ssrc, payload, self.chance.random() < 0.3,
            rtp.build_extensions(names),
        )  # fmt: skip

    def _payload(self, sender: Sender) -> tuple[int, bytes]:
        content = self.chance.randbytes(self.chance.randrange(1, 40))
        if sender.kind == "microphone":
            return OPUS, content
        keyframe = self.chance.random() < 0.15
        if self.chance.random() < 0.05:
            return H264, bytes((0x67 if keyframe else 0x41,)) + content
        number = (0x8000 | sender.picture).to_bytes(2, "big")
        head = bytes((0x90, 0xE0)) + number + bytes((sender.picture & 0xFF, 0))
        return VP8, head + bytes((0 if keyframe else 1,)) + content

    def _again(self, sender: Sender, packet: bytes) -> bytes:
        """The packet as it was, or as a retransmission."""
        header = rtp.parse_header(packet)
        if header.payload_type != VP8 or self.chance.random() < 0.5:
            return packet
        names = rtp.build_extensions(
            [(MID_ID, sender.kind.encode()), (REPAIRED_ID, sender.rid.encode() or b"-")]
        )
        payload = packet[2:4] + bytes(rtp.payload(packet, header))
        return rtp.build_packet(
            VP8_RTX, header.sequence, header.timestamp, sender.ssrc ^ 1, payload, extension=names
        )

    def _send_rubbish(self) -> None:
        link = self._any(Publisher)
        sender = self.chance.choice(self._senders[link]) if link is not None else None
        if link is not None and sender is not None and sender.sent:
            self.router.receive_rtp(link, self._spoilt(self.chance.choice(sender.sent)), self.now)

    def _spoilt(self, packet: bytes) -> bytes:
        changed = bytearray(packet)
        for _ in range(self.chance.randrange(1, 4)):
            changed[self.chance.randrange(len(changed))] = self.chance.randrange(256)
        return bytes(changed[: self.chance.randrange(12, len(changed) + 1)])

    # What everyone says of what they get

    def _feed_back(self) -> None:
        link = self.chance.choice(self._links) if self._links else None
        if link is not None:
            self.router.receive_rtcp(link, rtcp.build_compound(*self._feedback(link)), self.now)

    def _feedback(self, link: Link) -> list[rtcp.Sendable]:
        chance = self.chance
        known = [key for key in self._highest if key[0] is link]
        ssrc = chance.choice(known)[1] if known else 1
        highest = self._highest.get((link, ssrc), 0)
        lacking = sorted(chance.sample(range(max(0, highest - 100), max(0, highest) + 20), 5))
        arrivals = twcc.Arrivals(chance.randrange(1 << 16), chance.randrange(1 << 24), 1, (0, None, 8, 16))
        loss = rtcp.ReportBlock(ssrc, chance.randrange(256), 0, 0, 0, 0, 0)
        words: list[rtcp.Sendable] = [
            rtcp.Nack(1, ssrc, tuple(number & 0xFFFF for number in lacking)),
            rtcp.PictureLoss(1, ssrc),
            rtcp.FullIntra(1, ((ssrc, 1), (chance.randrange(1 << 32), 2))),
            rtcp.Remb(1, chance.choice((0, 30_000, 200_000, 700_000, 5_000_000)), (ssrc,)),
            rtcp.ReceiverReport(1, (loss,)),
            rtcp.TransportFeedback(1, ssrc, arrivals),
            rtcp.SenderReport(ssrc, chance.randrange(1 << 64), chance.randrange(1 << 32), 1, 1),
            rtcp.Bye((ssrc,)),
        ]
        senders = self._senders.get(link)
        if senders:
            sender = chance.choice(senders)
            ntp = int(self.now * (1 << 32)) + chance.choice((0, 0, 0, 1 << 33))
            words.append(rtcp.SenderReport(sender.ssrc, ntp, sender.timestamp, 1, 1))
        return chance.sample(words, 2)

    def _feed_back_rubbish(self) -> None:
        link = self.chance.choice(self._links) if self._links else None
        if link is not None:
            packet = rtcp.build_compound(*self._feedback(link))
            self.router.receive_rtcp(link, self._spoilt(packet), self.now)

    def _any(self, kind: type[Link]) -> Link | None:
        found = [link for link in self._links if isinstance(link, kind) and link.connected is not None]
        return self.chance.choice(found) if found else None

    # The shell

    def _drain(self) -> None:
        while outputs := self.router.poll():
            for output in outputs:
                self._do(output)

    def _do(self, output: Output) -> None:
        match output:
            case Enter(link, track, shift):
                assert (link, track.ssrc) not in self._inside
                self._inside[link, track.ssrc] = track, shift
                self._members.setdefault(track, {})[link] = shift
                self.moves += 1
            case Leave(link, track):
                if link in self._links:
                    known, _ = self._inside.pop((link, track.ssrc))
                    assert known is track
                    del self._members[track][link]
            case Forward(track, packet, _, places):
                for link, shift in self._members.get(track, {}).items():
                    assert self._sender_of(track) != link.connection.participant
                    self._hear(link, shifted(packet, places, shift))
                    self.forwarded += 1
            case Resend(link, packet):
                if link in self._links:
                    self._hear(link, packet)
                    self.resent += 1
            case Close(link):
                if link in self._links:
                    self._go(link)

    def _sender_of(self, track: Track) -> str:
        slots = self.router.rooms[ROOM].slots.values()
        source = next(slot.source for slot in slots if slot.ssrc == track.ssrc)
        assert source is not None
        return source.publisher.connection.participant

    def _hear(self, link: Link, packet: bytes) -> None:
        """Notes the packet under the index that SRTP gives it (RFC 3711 section 3.3.1)."""
        assert isinstance(link, Subscriber)
        header = rtp.parse_header(packet)
        stream = link, header.ssrc
        index = rtp.unwrap(header.sequence, self._highest.get(stream, header.sequence))
        self._highest[stream] = max(index, self._highest.get(stream, index))
        before = self._heard.setdefault(stream, {}).setdefault(index, packet)
        assert before == packet, f"{link.connection} gets two packets as number {index} of {header.ssrc}"
