"""A slot: a place in every subscriber's connection that one source at a time fills, with its tracks."""

from __future__ import annotations

from collections.abc import Iterable

from media_relay.core import codecs
from media_relay.core.codecs import PAGE_PROFILE, Profile
from media_relay.core.links import MAX_LAYERS, Source
from media_relay.core.rewriter import FIRST_SEQUENCES, Timeline
from media_relay.core.sdp import AUDIO
from media_relay.core.track import Track

FLOW_SECONDS = 5.0
"""A screen on which nothing moves is sent this seldom at least."""
MOMENT_SECONDS = 1.0
START_SECONDS = 5.0
"""How long a publisher may take until a layer that it is told to send flows again."""
RATE_TOLERANCE = 0.1
"""Changes below this part are not worth anybody's thought."""


class Slot:
    """Has a track for each layer of its source and each profile; all are one SSRC to whoever watches."""

    def __init__(self, name: str, kind: str, ssrc: int, rtx_ssrc: int, random: int) -> None:
        self.name = name
        self.kind = kind
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.is_video = kind != AUDIO
        self.for_staff = False
        """Whether staff alone get it."""
        self.source: Source | None = None
        self.offered: tuple[int, ...] = ()
        """The layers that can be had now, the lowest first."""
        self.rates: tuple[float, ...] = ()
        """Bits per second at which each of them flows."""
        self.needs: tuple[float, ...] = ()
        """Bits per second for which there must be room for each of them."""
        rate = codecs.VIDEO_CLOCK_RATE if self.is_video else codecs.AUDIO_CLOCK_RATE
        self._timeline = Timeline(rate, (random >> 14) & 0xFFFFFFFF)
        self._sequence = random % FIRST_SEQUENCES
        self._layers: list[dict[Profile, Track]] = [{} for _ in range(MAX_LAYERS)]

    @property
    def is_screen(self) -> bool:
        """Whether what it shows is to be read."""
        return self.name.endswith("screen")

    @property
    def is_gallery(self) -> bool:
        """Whether it shows one of many small pictures beside the lesson: what staff see of the class."""
        return self.is_video and self.for_staff and not self.is_screen

    def fill(self, source: Source | None) -> None:
        """Takes its packets from another source from now on, or from none; nothing of the former is kept."""
        self.source = source
        self.offered, self.rates, self.needs = (), (), ()
        for track in self.tracks():
            track.cut()
        for layer in range(source.layer_count if source is not None else 0):
            self.track(layer, PAGE_PROFILE)

    def track(self, layer: int, profile: Profile) -> Track:
        """Returns the track of a layer under a profile's numbers."""
        tracks = self._layers[layer]
        found = tracks.get(profile)
        if found is None:
            found = tracks[profile] = Track(
                self.ssrc, layer, profile, self._timeline, self._sequence, is_video=self.is_video
            )
        return found

    def measure(self, now: float) -> None:
        """Looks which layers flow, or would if someone wanted them, and how fast."""
        source = self.source
        if source is None:
            return
        offered = tuple(layer for layer in range(source.layer_count) if _can_be_had(source, layer, now))
        rates = tuple(source.rates[layer] for layer in offered)
        needs = tuple(max(source.rates[layer], source.steady[layer].bps) for layer in offered)
        if offered != self.offered or _differ(rates, self.rates) or _differ(needs, self.needs):
            self.offered, self.rates, self.needs = offered, rates, needs

    def best_flowing(self, limit: int, now: float) -> int:
        """Returns the highest layer up to a limit that flows this moment, 0 if none does."""
        streams = self.source.streams if self.source is not None else []
        flowing = [
            layer
            for layer, stream in enumerate(streams[: limit + 1])
            if stream is not None and now - stream.meter.latest < MOMENT_SECONDS
        ]
        return flowing[-1] if flowing else 0

    def rate(self, layer: int) -> float:
        """Returns the bits per second of a layer, 0 while that is unknown."""
        return self.source.rates[layer] if self.source is not None and layer < len(self.source.rates) else 0.0

    def reference(self, track: Track) -> Track | None:
        """Returns the lowest track that carries something, by which a higher one is aligned."""
        for tracks in self._layers[: track.layer]:
            lower = tracks.get(track.profile)
            if lower is not None and lower.feed is not None:
                return lower
        return None

    def carrying(self, layer: int) -> Iterable[Track]:
        """Returns the tracks of one layer, one for each profile."""
        return self._layers[layer].values()

    def tracks(self) -> Iterable[Track]:
        """Returns all tracks."""
        return [track for tracks in self._layers for track in tracks.values()]

    def discard(self, track: Track) -> None:
        """Forgets a track of a foreign profile that nobody uses any more."""
        if track.profile != PAGE_PROFILE and not track.users:
            self._layers[track.layer].pop(track.profile, None)


def _can_be_had(source: Source, layer: int, now: float) -> bool:
    """Whether a layer flows, whose rate is measured then, or would flow if someone wanted it."""
    stream = source.streams[layer]
    if stream is None or now - stream.meter.latest >= FLOW_SECONDS:
        if source.rates[layer] and _is_held_back(source, layer, now):
            source.rates[layer] = source.steady[layer].bps
            return True
        return False
    source.rates[layer] = stream.meter.rate(now) or source.rates[layer]
    if now - stream.meter.latest < MOMENT_SECONDS:
        source.steady[layer].follow(source.rates[layer], now)
    return True


def _differ(rates: tuple[float, ...], others: tuple[float, ...]) -> bool:
    """Whether rates of the same layers are no longer about the same."""
    return any(abs(new - old) > old * RATE_TOLERANCE for new, old in zip(rates, others, strict=True))


def _is_held_back(source: Source, layer: int, now: float) -> bool:
    """Whether a layer doesn't flow only because nobody wanted it until now."""
    return source.wanted is not None and (
        layer not in source.wanted or now - source.asked[layer] < START_SECONDS
    )
