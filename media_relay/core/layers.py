"""Which layer of each picture a subscriber gets: down at once, up after calm and with proof.

All slots first get their lowest layer, then the first slot's is raised to its highest, then the next one's,
and the gallery's come after all others: all that can be chosen is a number of steps, the level. Proof is a
train of packets that comes through at a rate at which the next step would fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from media_relay.core.congestion import BELOW, HIGH_LOSS, Congestion
from media_relay.core.plan import Rates, plan_of
from media_relay.core.twcc import Passage

NO_LAYER = -1
UNLIMITED = 99

SOUND_BPS = 50_000.0
SAFETY = 0.9
"""The part of an estimate that pictures may fill."""

CALM_SECONDS = 4.0
NEXT_STEP_SECONDS = 2.0
"""After a step up the next one may be tried sooner."""
RETRY_SECONDS = (2.0, 4.0, 6.0)
"""The first train is the sooner repeated: on a busy machine it may have failed for no fault of the link."""
TRIAL_SECONDS = 15.0
"""A step up that must be taken back within this time has failed."""
BACKOFF_SECONDS = (8.0, 16.0, 30.0)
FAILURE_SECONDS = 60.0
"""So long after one failed step up the next that fails, whatever its level, is waited for longer."""
SETTLING_SECONDS = 1.5
"""How long reports may still tell of the level before."""
DRAINING_SECONDS = 8.0
"""How long the queue that a failed trial has filled may keep a browser's estimate from growing again."""
UNPROVEN_CALM_SECONDS = 10.0
"""For who answers no train: the calm after which a step up is simply tried."""

TRAIN_HEADROOM = 1.25
TRAIN_PROOF = 1.05
UNDELAYED = 0.95
"""A train that comes at this part of the rate at which it went has met no queue."""
HASTE, MAX_HASTE, HASTE_SECONDS = 1.5, 3.0, 1.0
"""On a busy machine trains leave slower than they should: the next one is to be so much faster."""
MIN_TRAIN_BPS = 100_000.0
MIN_TRAIN_BYTES, MAX_TRAIN_BYTES = 300, 1000
MIN_TRAIN_PACKETS, MAX_TRAIN_PACKETS = 8, 40
TRAIN_SECONDS = 0.08
"""A train lasts as long at least, so that a receiver's own few milliseconds don't count."""
SLOW_TRAIN_SECONDS = 0.1
TRAIN_SHADOW = 1.5
TRAIN_ANSWER_SECONDS = 3.0

PAUSE_SECONDS = 2.0
LONE_PAUSE_SECONDS = 4.0
LONE_PART = 0.4
"""Below this part of the rate of a source with one layer its pictures are of no use."""
PAUSING_LOSS = 0.5
PAUSING_CONGESTED_LOSS = 0.15
HOPELESS_TRAINS = 3
"""So many trains of which too much is lost, and the picture is of no use either."""
CONGESTION_SECONDS = 10.0
LOW_LOSS = 0.05


def train_shape(bps: float) -> tuple[int, int]:
    """Returns how many packets a train at this rate consists of, and the bytes of each as they are sent.

    They are to be sent evenly at that rate. A slow train's are small, so that sound behind them waits less.
    """
    size = min(max(int(bps * SLOW_TRAIN_SECONDS / (8 * MIN_TRAIN_PACKETS)), MIN_TRAIN_BYTES), MAX_TRAIN_BYTES)
    count = math.ceil(bps * TRAIN_SECONDS / (8 * size))
    return min(max(count, MIN_TRAIN_PACKETS), MAX_TRAIN_PACKETS), size


def _is_undelayed(passage: Passage) -> bool:
    return passage.arrived >= passage.sent * UNDELAYED


class Chooser:
    """Chooses one subscriber's layers; `slots` in the order of their importance, the last are the gallery's.

    `trains` tells whether the subscriber answers trains: without them a step up is tried unproven, after a
    longer calm. Rates are bits per second of RTP payload.
    """

    __slots__ = (
        "_backoffs",
        "_before",
        "_blocked",
        "_blocked_until",
        "_changed",
        "_chosen",
        "_congestion",
        "_disturbed",
        "_drained",
        "_failures",
        "_gallery",
        "_haste",
        "_is_diagnosis",
        "_is_storm",
        "_level",
        "_limits",
        "_names",
        "_needs",
        "_next_train",
        "_plan",
        "_raised",
        "_rates",
        "_starving",
        "_storm",
        "_train_time",
        "_trains",
    )

    def __init__(self, slots: tuple[str, ...], *, trains: bool = True, gallery: int = 0) -> None:
        self._names = slots
        self._gallery = gallery
        self._trains = trains
        self._rates: Rates = ((),) * len(slots)
        self._needs: Rates = self._rates
        self._limits: Mapping[str, int] = {}
        self._congestion = Congestion()
        self._level = self._before = 0
        self._changed = self._disturbed = self._raised = self._drained = -math.inf
        self._starving: float | None = None
        self._storm, self._is_storm = 0, False
        self._blocked, self._blocked_until, self._backoffs = 0, -math.inf, 0
        self._train_time: float | None = None
        self._is_diagnosis = False
        self._next_train = -math.inf
        self._failures = 0
        self._haste = 1.0
        self._plan = plan_of((), (), ())
        self._show()

    def set_available(
        self, slot: str, bitrates: tuple[float, ...], needs: tuple[float, ...] | None = None
    ) -> None:
        """Says at which rate each layer of a slot flows, the lowest first; none for an empty slot.

        `needs` are the rates that a link must bear for it, where that isn't the same.
        """
        index = self._names.index(slot)
        needs = bitrates if needs is None else needs
        if bitrates != self._rates[index] or needs != self._needs[index]:
            self._rates = (*self._rates[:index], bitrates, *self._rates[index + 1 :])
            self._needs = (*self._needs[:index], needs, *self._needs[index + 1 :])
            self._replan()

    def set_limits(self, limits: Mapping[str, int]) -> None:
        """Says which layer is wanted at most, by slot; a slot that isn't named has no limit."""
        self._limits = limits
        self._replan()

    def _replan(self) -> None:
        old, level = self._plan, self._level
        limits = tuple(self._limits.get(name, UNLIMITED) for name in self._names)
        self._plan = plan_of(self._rates, self._needs, limits, self._gallery)
        if self._plan.steps == old.steps:
            return
        if level == old.top:
            self._level = self._plan.top
        elif level or not old.lowest:
            # What was sent before fits; what is shown for the first time gets its lowest layer.
            self._level = max(self._plan.fitting(old.needs[level]), min(self._plan.lowest, self._plan.top))
        self._storm = self._blocked = self._backoffs = 0
        self._starving = None
        self._show()

    def _show(self) -> None:
        self._chosen = dict.fromkeys(self._names, NO_LAYER)
        for index, layer in self._plan.steps[: self._level]:
            self._chosen[self._names[index]] = layer

    def receive_remb(self, bps: float, now: float) -> None:
        """Takes the bits per second that the browser estimates for all pictures."""
        if self._congestion.receive_remb(bps, self._sent, now):
            self._lower(bps * SAFETY, now)
        if self._congestion.overused_since(now):
            self._disturbed = now

    def receive_loss(self, fraction: float, now: float) -> None:
        """Takes the part of packets, 0 to 1, that was lost since the last report."""
        if now - self._changed < SETTLING_SECONDS and fraction > LOW_LOSS:
            self._congestion.forget_loss(now)
            return
        recent = self._congestion.receive_loss(fraction, now)
        loss = self._congestion.loss
        if recent is None:
            return
        if recent <= LOW_LOSS:
            if self._is_storm and self._storm > self._level:
                self._raise(min(self._storm, self._plan.top), now)
            self._storm, self._is_storm = 0, False
        elif loss > HIGH_LOSS:
            self._disturbed = now
            self._weather(now)
            self._lower(self._sent * (1 - loss) * SAFETY, now)

    def _weather(self, now: float) -> None:
        """Remembers where to return to after loss that comes without delay, and stays when less is sent."""
        if self._congestion.overused_since(now - CONGESTION_SECONDS) or now < self._blocked_until:
            self._storm = 0
        self._is_storm = self._storm > 0
        if self._level > self._plan.lowest:
            self._storm = max(self._storm, self._level)

    def choose(self, now: float) -> Mapping[str, int]:
        """Returns the layer of every slot, NO_LAYER for no picture; to be asked at least twice a second."""
        if self._level > self._plan.lowest and self._is_stalled(self._sent * BELOW, now):
            self._disturbed = now
            self._lower(self._congestion.remb(now) * SAFETY, now)
        self._pause(now)
        if not self._trains and self._may_raise(now, UNPROVEN_CALM_SECONDS):
            self._raise(self._level + 1, now)
        return self._chosen

    def _is_stalled(self, rate: float, now: float) -> bool:
        is_settled = now - self._changed > SETTLING_SECONDS and now >= self._drained
        return is_settled and self._congestion.is_stalled(rate, now)

    def _pause(self, now: float) -> None:
        """Takes the last picture away whose lowest layer has not fitted for a while."""
        if not 0 < self._level <= self._plan.lowest or not self._is_starving(now):
            self._starving = None
            return
        if self._starving is None:
            self._starving = now
        if now - self._starving > (LONE_PAUSE_SECONDS if self._is_lone else PAUSE_SECONDS):
            self._change(self._level - 1, now)

    def _is_starving(self, now: float) -> bool:
        congestion = self._congestion
        if self._is_stalled(self._least, now):
            return True
        if self._is_lone:
            return congestion.loss > 1 - LONE_PART
        # What made delay grow before less was sent says nothing of what is sent now.
        settled = max(now - CONGESTION_SECONDS, self._changed + SETTLING_SECONDS)
        congested = congestion.overused_since(settled)
        return congestion.loss > (PAUSING_CONGESTED_LOSS if congested else PAUSING_LOSS)

    @property
    def _is_lone(self) -> bool:
        """Whether the picture that would be the next to go has one layer only."""
        return len(self._rates[self._plan.steps[self._level - 1][0]]) == 1

    @property
    def _least(self) -> float:
        """Below this rate the last picture is of no use."""
        before, now = self._plan.totals[self._level - 1 : self._level + 1]
        return before + (now - before) * (LONE_PART if self._is_lone else BELOW)

    def _lower(self, bps: float, now: float) -> None:
        """Goes down to what fits, but takes no picture away."""
        # Where it was calm before a trial, it is likely to be calm again.
        proven = self._before if now - self._raised < TRIAL_SECONDS else 0
        level = max(self._plan.fitting(bps), self._plan.lowest, proven)
        if level < self._level:
            self._change(level, now)

    def _raise(self, level: int, now: float) -> None:
        self._before = self._level
        self._level, self._changed, self._raised = level, now, now
        self._storm = self._failures = 0
        self._haste = 1.0
        self._next_train = now + NEXT_STEP_SECONDS
        self._congestion.forget_loss(now)
        self._show()

    def _change(self, level: int, now: float) -> None:
        """Goes down; a step up that must be taken back so soon is not tried again for a while."""
        if now - self._raised < TRIAL_SECONDS:
            self._backoffs = self._backoffs + 1 if now - self._blocked_until < FAILURE_SECONDS else 1
            self._blocked = self._level
            self._blocked_until = now + BACKOFF_SECONDS[min(self._backoffs, len(BACKOFF_SECONDS)) - 1]
            self._drained = now + DRAINING_SECONDS
            self._storm = 0
        self._raised = -math.inf
        self._level, self._changed, self._disturbed = level, now, now
        self._train_time = self._starving = None
        self._failures = 0
        self._haste = 1.0
        if level < self._plan.lowest:
            self._storm = 0
        self._congestion.forget_loss(now)
        self._show()

    def _may_raise(self, now: float, calm: float) -> bool:
        return (
            self._level < self._plan.top
            and now - self._disturbed >= calm
            and now - self._changed >= (NEXT_STEP_SECONDS if self._trains else calm)
            and not (self._level + 1 >= self._blocked > 0 and now < self._blocked_until)
        )

    def train_rate(self, now: float) -> float:
        """Returns the bits per second at which a train is to be sent now; 0 for none.

        Who gets a rate must send the train and say by `receive_train` what came of it.
        """
        if self._train_time is not None and now - self._train_time > TRAIN_ANSWER_SECONDS:
            self.receive_train(None, self._train_time + TRAIN_ANSWER_SECONDS)
        if self._train_time is not None or now < self._next_train or not self._trains:
            return 0.0
        self._is_diagnosis = self._is_doubtful(now)
        if not self._is_diagnosis and not self._may_raise(now, CALM_SECONDS):
            return 0.0
        self._train_time = now
        wanted = self._sent if self._is_diagnosis else self._needed * TRAIN_HEADROOM - self._sent - SOUND_BPS
        self._congestion.shadow(now + TRAIN_SHADOW)
        return max(wanted, MIN_TRAIN_BPS) * self._haste

    def _is_doubtful(self, now: float) -> bool:
        """Whether only a train can tell random loss from a link too thin for the lowest layer."""
        return (
            0 < self._level <= self._plan.lowest
            and not self._is_lone
            and self._congestion.loss > HIGH_LOSS
            and now - self._changed > CALM_SECONDS
        )

    def receive_train(self, passage: Passage | None, now: float) -> None:
        """Takes what came of the last train, None if nothing can be told."""
        if self._train_time is None:
            return
        self._train_time = None
        capacity = self._capacity(passage) if passage else 0.0
        self._next_train = now + RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        if self._is_diagnosis:
            least = self._least + SOUND_BPS
            is_thin = capacity < least if passage else self._failures >= HOPELESS_TRAINS
            if is_thin and self._level:
                self._change(self._level - 1, now)
        elif self._level < self._plan.top and capacity >= self._needed * TRAIN_PROOF:
            fitting = self._plan.fitting(capacity / TRAIN_PROOF - SOUND_BPS)
            allowed = self._blocked - 1 if now < self._blocked_until else self._plan.top
            self._raise(max(self._level + 1, min(fitting, allowed)), now)
        elif passage and _is_undelayed(passage) and self._haste < MAX_HASTE:
            # It came as it went, but it went too slowly to prove anything.
            self._haste = min(self._haste * HASTE, MAX_HASTE)
            self._next_train = now + HASTE_SECONDS

    def _capacity(self, passage: Passage) -> float:
        """Returns the rate that the link bears at least: the train shared it with what is sent anyhow."""
        others = self._sent + SOUND_BPS
        if _is_undelayed(passage):
            return passage.sent + others
        return passage.arrived + others * passage.arrived / passage.sent

    @property
    def _sent(self) -> float:
        return self._plan.totals[self._level]

    @property
    def _needed(self) -> float:
        return self._plan.needs[self._level + 1] + SOUND_BPS

    @property
    def limited(self) -> str:
        """Why someone gets less than there is: `link`, `choice`, or nothing."""
        if self._level < self._plan.top:
            return "link"
        slots = zip(self._names, self._rates, strict=True)
        chosen = any(self._limits.get(name, UNLIMITED) < len(rates) - 1 for name, rates in slots)
        return "choice" if chosen else ""
