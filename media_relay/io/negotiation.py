"""From session descriptions to what the router knows, and back: sources, slots, layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from media_relay import protocol
from media_relay.core import codecs, sdp
from media_relay.core.links import MAX_LAYERS, Offered
from media_relay.core.room import Room, stream_name
from media_relay.core.sdp_writer import OfferSection
from media_relay.core.slot import Slot
from media_relay.core.watching import Watched

PUBLISHER_EXTENSIONS = codecs.PUBLISHER_EXTENSIONS | {codecs.URI_TRANSPORT_CC}
DEFAULT_SOURCES = {sdp.AUDIO: protocol.MICROPHONE, sdp.VIDEO: protocol.CAMERA}


def offered(remote: sdp.Description, sources: Mapping[str, str]) -> list[Offered]:
    """Returns the sources, by mid, with what each is taken with; raises ValueError.

    Without any, the first m-line of sound is the microphone and the first of pictures the camera.
    """
    by_mid = {media.mid: media for media in remote.media if media.is_rtp and not media.is_rejected}
    found = []
    for mid, source in (sources or _usual_sources(by_mid.values())).items():
        media = by_mid.get(mid)
        if media is None or media.kind != protocol.SOURCE_KINDS[source]:
            raise ValueError(f"SDP has no usable m-line for the {source}")
        chosen = codecs.choose(media)
        if not chosen:
            raise ValueError(f"SDP has no usable codec for the {source}")
        # Our pages name the lowest layer first, others the one they prefer (RFC 8853 section 5.2).
        rids = layers(media) if sources else layers(media)[::-1]
        found.append(Offered(source, media, chosen, codecs.choose_rtx(media, chosen), rids))
    if len({item.kind for item in found}) != len(found):
        raise ValueError("Two m-lines are named for one source")
    return found


def _usual_sources(medias: Iterable[sdp.Media]) -> dict[str, str]:
    found: dict[str, str] = {}
    for media in medias:
        source = DEFAULT_SOURCES[media.kind]
        if media.sends and source not in found.values():
            found[media.mid] = source
    if not found:
        raise ValueError("SDP has no m-line that sends")
    return found


def layers(media: sdp.Media) -> tuple[str, ...]:
    """Returns the names of the layers that are taken, as they are ordered; none if there is but one."""
    named = {codecs.URI_MID, codecs.URI_RID} <= media.extensions.keys()
    rids = media.simulcast[:MAX_LAYERS] if named else ()
    return rids if len(rids) > 1 else ()


def offer_sections(room: Room, slots: Iterable[Slot]) -> list[OfferSection]:
    """Returns the m-lines of an offer, one for each of these slots; the mid is the slot's place."""
    return [
        _section(
            room,
            slot,
            str(index),
            codecs.SUBSCRIBER_VIDEO_CODECS if slot.is_video else codecs.SUBSCRIBER_AUDIO_CODECS,
            codecs.SUBSCRIBER_VIDEO_EXTENSIONS if slot.is_video else codecs.SUBSCRIBER_AUDIO_EXTENSIONS,
        )
        for index, slot in enumerate(slots)
    ]


def watch_sections(room: Room, watched: Iterable[Watched]) -> list[OfferSection]:
    """Returns the m-lines of an answer to a player's offer."""
    return [_section(room, room.slots[item.slot], item.mid, item.codecs, item.extensions) for item in watched]


def _section(
    room: Room, slot: Slot, mid: str, chosen: tuple[sdp.Codec, ...], extensions: Mapping[str, int]
) -> OfferSection:
    return OfferSection(
        mid=mid,
        kind=slot.kind,
        ssrc=slot.ssrc,
        cname=room.cname,
        stream=stream_name(slot.name),
        track=slot.name,
        codecs=chosen,
        extensions=extensions,
        rtx_ssrc=slot.rtx_ssrc if any(codec.name.lower() == codecs.RTX for codec in chosen) else 0,
    )


def answered(remote: sdp.Description) -> tuple[bool, bool]:
    """Tells whether a subscriber takes retransmissions, and tells when packets arrive that it is sent."""
    video = [media for media in remote.media if media.kind == sdp.VIDEO and media.receives]
    takes_rtx = any(codec.name.lower() == codecs.RTX for media in video for codec in media.codecs)
    takes_trains = takes_rtx and any(
        codecs.URI_TRANSPORT_CC in media.extensions
        and any(codecs.TRANSPORT_CC in codec.feedback for codec in media.codecs)
        for media in video
    )
    return takes_rtx, takes_trains
