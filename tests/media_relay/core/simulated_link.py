"""A subscriber behind a link of limited rate, faster than real time: its browser's estimator and its reports.

The estimator follows libwebrtc's: delay that grows lowers REMB to 0.85 of what arrived in the last second,
otherwise it grows by 8 % a second up to 1.5 times of that; the first one comes after five seconds.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Mapping

from media_relay.core import layers
from media_relay.core.layers import NO_LAYER, Chooser
from media_relay.core.twcc import Passage

TICK = 0.01
CHOICE_INTERVAL = 0.25
FRAME = 1 / 30
PACKET_BYTES = 1100
SOUND_BYTES = 120
REPAIR_SECONDS = 0.08
KEYFRAME_WAIT = 0.4
VIDEO, SOUND, REPAIR, LOST = "video", "sound", "repair", "lost "


class Link:
    """A queue that drops at its tail, before a line of a rate, with random loss."""

    def __init__(self, seed: int, rate: float, queue_seconds: float, delay: float, loss: float) -> None:
        self.rate = rate
        self.loss = loss
        self.queue_seconds = queue_seconds
        self._delay = delay
        self._random = random.Random(seed)
        self._free = 0.0

    def send(self, size: int, now: float) -> float | None:
        """When a packet arrives, if it does."""
        if self._free - now > self.queue_seconds or self._random.random() < self.loss:
            return None
        self._free = max(self._free, now) + size * 8 / self.rate
        return self._free + self._delay


class Browser:
    """What a receiver estimates, and what it has got."""

    def __init__(self) -> None:
        self.remb: float | None = None
        self._bits: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._frames: deque[tuple[float, float]] = deque(maxlen=20)
        self._first: float | None = None
        self._decreased = self._growing_since = -10.0
        self._capacity = 0.0
        self._updated = 0.0

    def receive(self, size: int, sent: float, now: float) -> None:
        """Takes a packet of a picture; those of one frame have one time of sending."""
        self._first = now if self._first is None else self._first
        self._bits.append((now, size * 8))
        self._sum += size * 8
        if self._frames and self._frames[-1][0] == sent:
            self._frames[-1] = (sent, now)
        elif not self._frames or sent > self._frames[-1][0]:
            self._frames.append((sent, now))

    def _throughput(self, now: float) -> float:
        while self._bits and self._bits[0][0] < now - 1:
            self._sum -= self._bits.popleft()[1]
        return self._sum

    def _slope(self) -> float:
        """Seconds of delay that a second adds."""
        if len(self._frames) < 8:
            return 0.0
        mean_sent = sum(sent for sent, _ in self._frames) / len(self._frames)
        mean_delay = sum(now - sent for sent, now in self._frames) / len(self._frames)
        above = sum((sent - mean_sent) * (now - sent - mean_delay) for sent, now in self._frames)
        return above / sum((sent - mean_sent) ** 2 for sent, _ in self._frames)

    def update(self, now: float) -> None:
        """Makes a new estimate."""
        passed, self._updated = now - self._updated, now
        throughput, slope = self._throughput(now), self._slope()
        if not throughput or self._first is None:
            return
        self._growing_since = self._growing_since if slope > 0.05 else now
        if now - self._growing_since > 0.1:
            if now - self._decreased > 0.2:
                self._decreased, self._capacity = now, throughput
                self.remb = min(throughput * 0.85 - 5000, self.remb or 1e9)
        elif self.remb is None:
            self.remb = float(throughput) if now - self._first > 5 else None
        elif slope > -0.05 and now - self._decreased > 0.3:
            is_near = abs(self.remb - self._capacity) < 0.1 * self._capacity
            grown = self.remb + (30_000 if is_near else 0.08 * self.remb) * passed
            self.remb = max(self.remb, min(grown, 1.5 * throughput + 10_000))


class Session:
    """A chooser and the subscriber that it chooses for; `measured` are the rates it is told, if others."""

    def __init__(
        self,
        sources: Mapping[str, tuple[float, ...]],
        *,
        rate: float = 20e6,
        seed: int = 1,
        queue_seconds: float = 0.3,
        loss: float = 0.0,
        trains: bool = True,
        measured: Mapping[str, tuple[float, ...]] | None = None,
        gallery: int = 0,
    ) -> None:
        self.link = Link(seed, rate, queue_seconds, 0.03, loss)
        self.chooser = Chooser(tuple(sources), trains=trains, gallery=gallery)
        self.now = 0.0
        self.history: list[tuple[float, Mapping[str, int]]] = []
        self.trains = 0
        self.sound_lost = self.sound_sent = 0
        self._answers = trains
        # Chromium reports once a second by itself, but also with every REMB.
        self._report_seconds = 0.2 if seed % 2 else 1.0
        self._random = random.Random(seed + 1)
        self._sources = dict(sources)
        self._flowing: dict[str, tuple[int, float]] = dict.fromkeys(sources, (NO_LAYER, 0.0))
        self._browser = Browser()
        self._waiting: list[tuple[float, int, str, float, int]] = []
        self._count = 0
        self._told: float | None = None
        self._told_time = self._report = self._update = 0.0
        self._reported = {VIDEO: [0, 0], SOUND: [0, 0]}
        self._next_frame = self._next_sound = 0.0
        self._train: list[tuple[float, float | None]] = []
        self._train_due: deque[float] = deque()
        self._train_size = 0
        self._choice = 0.0
        for slot, bitrates in (measured or sources).items():
            self.chooser.set_available(slot, bitrates)
        self._choose()

    @property
    def layers(self) -> Mapping[str, int]:
        """What is chosen now."""
        return self.history[-1][1]

    def run(self, seconds: float) -> None:
        """Lets time pass."""
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self._play()
            self._deliver()
            self._answer()
            if self.now >= self._choice:
                self._choose()

    def _choose(self) -> None:
        self._choice = self.now + CHOICE_INTERVAL
        self._wanted = dict(self.chooser.choose(self.now))
        if not self.history or self.history[-1][1] != self._wanted:
            self.history.append((self.now, self._wanted))

    def changes(self, since: float, until: float) -> int:
        """How often the choice changed."""
        return sum(since <= time < until for time, _ in self.history)

    def reaches(self, wanted: Mapping[str, int], seconds: float) -> float:
        """Runs until that is chosen; returns the seconds it took, or fails."""
        begun = self.now
        while self.layers != wanted:
            assert self.now - begun < seconds, (self.layers, self.history[-8:])
            self.run(0.1)
        return self.now - begun

    def _play(self) -> None:
        if self.now >= self._next_sound:
            self._next_sound += 0.02
            self._send(SOUND, SOUND_BYTES)
        if self.now >= self._next_frame:
            self._next_frame += FRAME
            for slot in self._sources:
                self._frame(slot)
        rate = self.chooser.train_rate(self.now)
        if rate:
            self.trains += 1
            count, self._train_size = layers.train_shape(rate)
            self._train_due.extend(self.now + index * self._train_size * 8 / rate for index in range(count))
        self._send_train()

    def _frame(self, slot: str) -> None:
        wanted = self._wanted[slot]
        layer, since = self._flowing[slot]
        # A switch takes place at the next keyframe, which is large.
        factor = self._random.uniform(0.7, 1.3)
        if wanted != layer and self.now - since > KEYFRAME_WAIT:
            self._flowing[slot] = (wanted, self.now)
            layer, factor = wanted, 4.0
        if layer == NO_LAYER:
            return
        size = int(self._sources[slot][layer] / 8 * FRAME * factor)
        for position in range(0, size, PACKET_BYTES):
            self._send(VIDEO, min(PACKET_BYTES, size - position))

    def _send(self, kind: str, size: int) -> None:
        arrival = self.link.send(size, self.now)
        if arrival is not None:
            self._expect(arrival, kind, size)
        else:
            self._expect(self.now + REPAIR_SECONDS, LOST + kind, size)
        self.sound_sent += kind == SOUND
        self.sound_lost += kind == SOUND and arrival is None

    def _expect(self, time: float, kind: str, size: int) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (time, self._count, kind, self.now, size))

    def _send_train(self) -> None:
        """Sends what is due of a train."""
        while self._train_due and self._train_due[0] <= self.now:
            self._train.append((self.now, self.link.send(self._train_size, self._train_due.popleft())))

    def _deliver(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.now:
            arrival, _, kind, sent, size = heapq.heappop(self._waiting)
            counts = self._reported.get(kind.removeprefix(LOST))
            if counts is not None:
                counts[kind.startswith(LOST)] += 1
            if kind == LOST + VIDEO:
                again = self.link.send(size, self.now)
                if again is not None:
                    self._expect(again, REPAIR, size)
            elif kind in (VIDEO, REPAIR):
                self._browser.receive(size, sent, arrival)

    def _answer(self) -> None:
        self._answer_train()
        if self.now >= self._update:
            self._update = self.now + FRAME
            self._browser.update(self.now)
        remb = self._browser.remb
        is_flowing = any(layer != NO_LAYER for layer, _ in self._flowing.values())
        if remb is not None and is_flowing:
            due = self.now - self._told_time > 1
            if due or (self._told is not None and remb < self._told * 0.97) or self._told is None:
                self._told, self._told_time = remb, self.now
                self.chooser.receive_remb(remb, self.now)
                self._choose()
        if self.now >= self._report:
            self._report = self.now + self._random.uniform(0.5, 1.5) * self._report_seconds
            counts = self._reported[VIDEO] if any(self._reported[VIDEO]) else self._reported[SOUND]
            if any(counts):
                self.chooser.receive_loss(counts[1] / sum(counts), self.now)
            self._reported = {VIDEO: [0, 0], SOUND: [0, 0]}

    def _answer_train(self) -> None:
        is_sent = self._train and not self._train_due
        if not is_sent or self.now < max(arrival or sent for sent, arrival in self._train) + 0.15:
            return
        arrived = [(sent, arrival) for sent, arrival in self._train if arrival is not None]
        passage = None
        if len(arrived) >= max(2, 0.75 * len(self._train)):
            bits = 8 * self._train_size * (len(arrived) - 1)
            (first, came), (last, ended) = arrived[0], arrived[-1]
            passage = Passage(bits / max(last - first, TICK), bits / (ended - came))
        self._train = []
        self.chooser.receive_train(passage if self._answers else None, self.now)
