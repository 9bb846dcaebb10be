"""What a player that makes the offer itself (WHEP) is sent, and under which numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from media_relay.core import codecs
from media_relay.core.codecs import Profile
from media_relay.core.sdp import AUDIO, Codec, Description, Media


@dataclass(frozen=True, slots=True)
class Watched:
    """An m-line of the player's offer and the slot that it gets; codecs and extensions under its numbers."""

    mid: str
    slot: str
    codecs: tuple[Codec, ...]
    extensions: Mapping[str, int]


def choose_watched(remote: Description, slots: Iterable[tuple[str, str]]) -> tuple[Profile, list[Watched]]:
    """Gives each m-line that would receive the next slot of its kind; `slots` are names and kinds.

    Returns the one profile of them all. Raises ValueError if no slot has an m-line or the numbers of
    m-lines contradict each other.
    """
    waiting = list(slots)
    watched = []
    for media in remote.media:
        chosen = codecs.choose(media) if media.is_rtp and media.receives else ()
        slot = next((entry for entry in waiting if chosen and entry[1] == media.kind), None)
        if slot is not None:
            waiting.remove(slot)
            watched.append(_watched(media, slot[0], chosen))
    if not watched:
        raise ValueError("SDP has no m-line that what is sent here could go to")
    return _profile(watched), watched


def _watched(media: Media, slot: str, chosen: tuple[Codec, ...]) -> Watched:
    sent = codecs.SUBSCRIBER_AUDIO_EXTENSIONS if media.kind == AUDIO else codecs.SUBSCRIBER_VIDEO_EXTENSIONS
    extensions = {uri: number for uri, number in media.extensions.items() if uri in sent}
    known = codecs.AUDIO_FEEDBACK if media.kind == AUDIO else codecs.VIDEO_FEEDBACK
    wanted = [name for name in known if name != codecs.TRANSPORT_CC or codecs.URI_TRANSPORT_CC in extensions]
    answered = tuple(
        replace(codec, feedback=tuple(name for name in codec.feedback if name in wanted)) for codec in chosen
    )
    return Watched(media.mid, slot, answered + codecs.choose_rtx(media, chosen), extensions)


def _profile(watched: Iterable[Watched]) -> Profile:
    payload_types: dict[str, int] = {}
    rtx: dict[str, int] = {}
    extensions: dict[str, int] = {}
    for item in watched:
        names = {str(codec.payload_type): codec.name.lower() for codec in item.codecs}
        for codec in item.codecs:
            repaired = names.get(codec.parameters.get("apt", ""))
            _agree(rtx if repaired else payload_types, repaired or codec.name.lower(), codec.payload_type)
        for uri, number in item.extensions.items():
            _agree(extensions, uri, number)
    numbers = [*payload_types.values(), *rtx.values()]
    if len(set(numbers)) != len(numbers) or len(set(extensions.values())) != len(extensions):
        raise ValueError("SDP uses a number for two things in one bundle")
    return Profile(payload_types, rtx, extensions)


def _agree(numbers: dict[str, int], name: str, number: int) -> None:
    if numbers.setdefault(name, number) != number:
        raise ValueError("SDP has m-lines of different numbers for one thing")
