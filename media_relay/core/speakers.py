"""Who speaks now, told from the audio levels (RFC 6464) of the microphones on stage.

A voice counts once it has been loud for most of half a second, so that a cough is nobody's turn, and until it
has been silent for a second and a half, so that a pause for breath ends none. The dominant one stays so until
another has clearly been louder for a while.
"""

from __future__ import annotations

import math
from collections.abc import Collection

SOURCE = "microphone"
"""The kind of source that people speak into."""
SILENCE = 127
"""A level is how far below the loudest sound there can be it is, in decibels: 0 to 127."""
LOUD = 50
"""A level up to this may be speech: rooms hum below it."""
RISE_SECONDS = 0.6
FALL_SECONDS = 1.0
BEGINS, ENDS = 0.5, 0.2
"""How much of the last moments, 0 to 1, is loud where somebody begins to speak or has ended."""
LOUDNESS_SECONDS = 1.0
MARGIN = 6.0
"""Decibels by which another must be louder than the dominant one."""
TAKEOVER_SECONDS = 1.0
MAX_STEP = 0.1
"""Seconds that one packet says something of at most; browsers send nearly none of silence."""
MAX_SPEAKERS = 4
TELL_INTERVAL = 0.25
REPEAT_INTERVAL = 3.0
"""While somebody speaks it is told again so often: to who has just come, or has missed a word."""
LOOK_INTERVAL = 0.1


class _Voice:
    """One person's microphone."""

    __slots__ = ("activity", "heard", "loudness", "speaks")

    def __init__(self, now: float) -> None:
        self.heard = now
        self.activity = 0.0
        self.loudness = 0.0
        """Decibels above silence, smoothed."""
        self.speaks = False

    def hear(self, level: int, now: float) -> None:
        self.fade(now - MAX_STEP)
        self._follow(level <= LOUD, SILENCE - level, now)

    def fade(self, now: float) -> None:
        """Takes what was not heard until now for silence."""
        self._follow(False, 0, now)

    def _follow(self, loud: bool, loudness: int, now: float) -> None:
        passed = now - self.heard
        if passed <= 0:
            return
        self.heard = now
        self.activity += (loud - self.activity) * _part(passed, RISE_SECONDS if loud else FALL_SECONDS)
        self.loudness += (loudness - self.loudness) * _part(passed, LOUDNESS_SECONDS)
        self.speaks = self.activity >= (ENDS if self.speaks else BEGINS)


def _part(passed: float, seconds: float) -> float:
    return 1 - math.exp(-passed / seconds)


class Speakers:
    """The voices of one room; times are seconds."""

    def __init__(self) -> None:
        self._voices: dict[str, _Voice] = {}
        self._speaking: list[str] = []
        """Who speaks: the dominant one, then in the order in which they began."""
        self._challenger, self._since = "", math.inf
        self._told: tuple[str, ...] = ()
        self._next_look = self._next_word = self._next_repeat = -math.inf

    def hear(self, participant: str, level: int, now: float) -> None:
        """Takes the level of a packet of somebody's microphone."""
        voice = self._voices.get(participant)
        if voice is None:
            voice = self._voices[participant] = _Voice(now)
        voice.hear(level, now)

    def keep(self, participants: Collection[str]) -> None:
        """Forgets everyone whose microphone is not let in, or not on stage."""
        self._voices = {who: voice for who, voice in self._voices.items() if who in participants}
        self._speaking = [who for who in self._speaking if who in participants]
        self._next_look = -math.inf

    def repeat(self) -> None:
        """Tells again who speaks, to who may not have heard it."""
        self._told = ("",)

    def news(self, now: float) -> tuple[str, ...] | None:
        """Returns who speaks, the dominant one first, if that has changed or is to be told again.

        At most every `TELL_INTERVAL`; that nobody speaks is told once.
        """
        if now < self._next_look or not (self._voices or self._told):
            return None
        self._next_look = now + LOOK_INTERVAL
        self._look(now)
        speaking = tuple(self._speaking[:MAX_SPEAKERS])
        is_old = speaking == self._told and not (speaking and now >= self._next_repeat)
        if is_old or now < self._next_word:
            return None
        self._told, self._next_word = speaking, now + TELL_INTERVAL
        self._next_repeat = now + REPEAT_INTERVAL
        return speaking

    def _look(self, now: float) -> None:
        for voice in self._voices.values():
            voice.fade(now - MAX_STEP)
        self._speaking = [who for who in self._speaking if self._voices[who].speaks]
        self._speaking += [
            who for who, voice in self._voices.items() if voice.speaks and who not in self._speaking
        ]
        self._look_for_dominant(now)

    def _look_for_dominant(self, now: float) -> None:
        if not self._speaking:
            return
        loudest = max(self._speaking, key=lambda who: self._voices[who].loudness)
        dominant = self._speaking[0]
        if self._voices[loudest].loudness < self._voices[dominant].loudness + MARGIN:
            self._challenger = ""
        elif loudest != self._challenger:
            self._challenger, self._since = loudest, now
        elif now - self._since >= TAKEOVER_SECONDS:
            self._speaking.remove(loudest)
            self._speaking.insert(0, loudest)
            self._challenger = ""
