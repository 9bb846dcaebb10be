"""A slot: a place in every subscriber's connection that one source at a time fills, with its tracks."""

from __future__ import annotations

from collections.abc import Iterable

from media_relay.core import codecs
from media_relay.core.codecs import PAGE_PROFILE, Profile
from media_relay.core.links import MAX_LAYERS, Source
from media_relay.core.rewriter import FIRST_SEQUENCES, Timeline
from media_relay.core.sdp import AUDIO
from media_relay.core.track import Track


class Slot:
    """Has a track for each layer of its source and each profile; all are one SSRC to whoever watches."""

    def __init__(self, name: str, kind: str, ssrc: int, rtx_ssrc: int, random: int) -> None:
        self.name = name
        self.kind = kind
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.is_video = kind != AUDIO
        self.source: Source | None = None
        rate = codecs.VIDEO_CLOCK_RATE if self.is_video else codecs.AUDIO_CLOCK_RATE
        self._timeline = Timeline(rate, (random >> 14) & 0xFFFFFFFF)
        self._sequence = random % FIRST_SEQUENCES
        self._layers: list[dict[Profile, Track]] = [{} for _ in range(MAX_LAYERS)]
        self.track(0, PAGE_PROFILE)

    def fill(self, source: Source | None) -> None:
        """Takes its packets from another source from now on, or from none."""
        self.source = source
        for track in self.tracks():
            track.feed = None
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
