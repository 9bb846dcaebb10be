"""Codecs: which are taken, under which numbers they are passed on, and where a keyframe begins.

RFC 7587 (Opus), RFC 7741 (VP8), RFC 6184 (H.264), RFC 6386 section 9.1 (VP8 frame tag), RFC 4588 (rtx).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from media_relay.core.rtp import Data
from media_relay.core.sdp import AUDIO, Codec, Media

OPUS = "opus"
VP8 = "vp8"
H264 = "h264"
RTX = "rtx"

VIDEO_CLOCK_RATE = 90_000
AUDIO_CLOCK_RATE = 48_000

URI_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
URI_AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
URI_ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
URI_PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
URI_VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
URI_RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
URI_REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
URI_TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

# What is asked back of publishers; URI_TRANSPORT_CC only by who answers with its feedback.
PUBLISHER_EXTENSIONS = frozenset(
    (URI_MID, URI_RID, URI_REPAIRED_RID, URI_AUDIO_LEVEL, URI_ABS_SEND_TIME, URI_VIDEO_ORIENTATION)
)

# Under these ids every subscriber gets its header extensions. One id means the same in all m-lines of a
# bundle (RFC 8843 section 9.2).
MID_ID = 1
ABS_SEND_TIME_ID = 2
AUDIO_LEVEL_ID = 3
PLAYOUT_DELAY_ID = 4
VIDEO_ORIENTATION_ID = 5
TRANSPORT_CC_ID = 6
SUBSCRIBER_AUDIO_EXTENSIONS = {
    URI_MID: MID_ID,
    URI_ABS_SEND_TIME: ABS_SEND_TIME_ID,
    URI_AUDIO_LEVEL: AUDIO_LEVEL_ID,
}
SUBSCRIBER_VIDEO_EXTENSIONS = {
    URI_MID: MID_ID,
    URI_ABS_SEND_TIME: ABS_SEND_TIME_ID,
    URI_PLAYOUT_DELAY: PLAYOUT_DELAY_ID,
    URI_VIDEO_ORIENTATION: VIDEO_ORIENTATION_ID,
    URI_TRANSPORT_CC: TRANSPORT_CC_ID,
}

# Under these payload types every subscriber gets its packets.
OPUS_PAYLOAD_TYPE = 111
VP8_PAYLOAD_TYPE = 96
H264_PAYLOAD_TYPE = 102
PAYLOAD_TYPES = {OPUS: OPUS_PAYLOAD_TYPE, VP8: VP8_PAYLOAD_TYPE, H264: H264_PAYLOAD_TYPE}
RTX_PAYLOAD_TYPES = {VP8: VP8_PAYLOAD_TYPE + 1, H264: H264_PAYLOAD_TYPE + 1}

TRANSPORT_CC = "transport-cc"
VIDEO_FEEDBACK = ("goog-remb", TRANSPORT_CC, "ccm fir", "nack", "nack pli")
AUDIO_FEEDBACK = ("nack",)
SUBSCRIBER_AUDIO_CODECS = (
    Codec(
        OPUS_PAYLOAD_TYPE,
        "opus",
        AUDIO_CLOCK_RATE,
        2,
        {"minptime": "10", "useinbandfec": "1", "stereo": "1"},
        AUDIO_FEEDBACK,
    ),
)
SUBSCRIBER_VIDEO_CODECS = (
    Codec(VP8_PAYLOAD_TYPE, "VP8", VIDEO_CLOCK_RATE, feedback=VIDEO_FEEDBACK),
    Codec(
        H264_PAYLOAD_TYPE,
        "H264",
        VIDEO_CLOCK_RATE,
        parameters={
            "level-asymmetry-allowed": "1",
            "packetization-mode": "1",
            "profile-level-id": "42e01f",
        },
        feedback=VIDEO_FEEDBACK,
    ),
    *(
        Codec(number, RTX, VIDEO_CLOCK_RATE, parameters={"apt": str(PAYLOAD_TYPES[name])})
        for name, number in RTX_PAYLOAD_TYPES.items()
    ),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """The numbers under which a subscriber gets its packets, by lower-case codec name and extension URI.

    Subscribers whose profiles are equal can share plaintext.
    """

    payload_types: Mapping[str, int]
    rtx_payload_types: Mapping[str, int]
    extensions: Mapping[str, int]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Makes the hash that everyone's tracks are looked up by all the time."""
        numbers = (self.payload_types, self.rtx_payload_types, self.extensions)
        object.__setattr__(self, "_hash", hash(tuple(frozenset(mapping.items()) for mapping in numbers)))

    def __hash__(self) -> int:
        """Agrees with equality: the order of the numbers doesn't count."""
        return self._hash


PAGE_PROFILE = Profile(
    PAYLOAD_TYPES, RTX_PAYLOAD_TYPES, {**SUBSCRIBER_AUDIO_EXTENSIONS, **SUBSCRIBER_VIDEO_EXTENSIONS}
)
"""The relay's own numbers, which the room's pages are offered."""

# RFC 6184 section 8.1: the constrained baseline profile is baseline with constraint_set1.
_CONSTRAINED_BASELINE = re.compile(r"42[4-7c-fC-F][0-9a-fA-F]{3}")
# What browsers call baseline uses none of the tools that the constrained profile leaves out.
PLAIN_BASELINE = "42001f"
_H264_PARAMETERS = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
_OPUS_PARAMETERS = ("minptime", "useinbandfec", "stereo", "sprop-stereo")

H264_IDR = 5
H264_SPS = 7
H264_STAP_A = 24
H264_FU_A = 28


def choose(media: Media) -> tuple[Codec, ...]:
    """Returns the codecs taken of an m-line under the sender's payload types, the preferred one first.

    Sound: Opus. Pictures: VP8, then H.264 constrained baseline in packetization mode 1, one payload type
    each; a sender may use either, which shows in its packets. Empty if there is none.
    """
    if media.kind == AUDIO:
        found = [_opus(codec) for codec in media.codecs if _is_opus(codec)]
        return tuple(found[:1])
    vp8 = [replace(codec, parameters={}) for codec in media.codecs if _is_vp8(codec)]
    h264 = sorted((_h264(codec) for codec in media.codecs if _is_h264(codec)), key=_is_plain_baseline)
    return tuple(vp8[:1] + h264[:1])


def choose_rtx(media: Media, chosen: Iterable[Codec]) -> tuple[Codec, ...]:
    """Returns the retransmissions (RFC 4588 section 8.1) of those chosen codecs that they are offered for.

    Each one's parameter `apt` is the payload type of the codec that it repairs.
    """
    found = {
        codec.parameters.get("apt"): replace(codec, parameters={"apt": codec.parameters["apt"]}, feedback=())
        for codec in reversed(media.codecs)
        if codec.name.lower() == RTX and "apt" in codec.parameters
    }
    numbers = (str(codec.payload_type) for codec in chosen)
    return tuple(found[number] for number in numbers if number in found)


def _is_opus(codec: Codec) -> bool:
    return codec.name.lower() == OPUS and codec.clock_rate == AUDIO_CLOCK_RATE and codec.channels == 2


def _is_vp8(codec: Codec) -> bool:
    return codec.name.lower() == VP8 and codec.clock_rate == VIDEO_CLOCK_RATE


def _is_h264(codec: Codec) -> bool:
    # RFC 6184 section 8.1: without a profile-level-id the profile is baseline, without constraints.
    profile = codec.parameters.get("profile-level-id", "42000a")
    return (
        codec.name.lower() == H264
        and codec.clock_rate == VIDEO_CLOCK_RATE
        and codec.parameters.get("packetization-mode", "0") == "1"
        and (_CONSTRAINED_BASELINE.fullmatch(profile) is not None or profile.lower() == PLAIN_BASELINE)
    )


def _is_plain_baseline(codec: Codec) -> bool:
    return codec.parameters["profile-level-id"].lower() == PLAIN_BASELINE


def _opus(codec: Codec) -> Codec:
    kept = {name: codec.parameters[name] for name in _OPUS_PARAMETERS if name in codec.parameters}
    return replace(codec, parameters=kept)


def _h264(codec: Codec) -> Codec:
    kept = {name: codec.parameters[name] for name in _H264_PARAMETERS if name in codec.parameters}
    return replace(codec, parameters=kept)


class Vp8Descriptor(NamedTuple):
    """The VP8 payload descriptor (RFC 7741 section 4.2); -1 stands for what is absent.

    Offsets are bytes within the payload; `size` is where the VP8 data begins.
    """

    size: int
    start_of_partition: bool
    partition: int
    non_reference: bool
    picture_id: int
    picture_id_offset: int
    picture_id_bits: int
    tl0_picture_index: int
    tl0_offset: int
    temporal_layer: int
    layer_sync: bool
    keyframe: bool


def parse_vp8(payload: Data) -> Vp8Descriptor:
    """Reads a VP8 payload's descriptor and whether a keyframe begins in it; raises ValueError."""
    try:
        return _parse_vp8(payload)
    except IndexError:
        raise ValueError("VP8 payload descriptor is truncated") from None


def _parse_vp8(payload: Data) -> Vp8Descriptor:
    first = payload[0]
    position = 1
    picture_id = picture_id_offset = tl0 = tl0_offset = temporal = -1
    picture_id_bits, layer_sync, extended = 0, False, 0
    if first & 0x80:
        extended = payload[1]
        position = 2
    if extended & 0x80:
        picture_id_offset, picture_id, picture_id_bits = position, payload[position], 7
        position += 1
        if picture_id & 0x80:
            picture_id, picture_id_bits = (picture_id & 0x7F) << 8 | payload[position], 15
            position += 1
    if extended & 0x40:
        tl0_offset, tl0 = position, payload[position]
        position += 1
    if extended & 0x30:
        if extended & 0x20:
            temporal, layer_sync = payload[position] >> 6, bool(payload[position] & 0x20)
        position += 1
    if position > len(payload):
        raise ValueError("VP8 payload descriptor is truncated")
    start, partition = bool(first & 0x10), first & 0x07
    return Vp8Descriptor(
        position,
        start,
        partition,
        bool(first & 0x20),
        picture_id,
        picture_id_offset,
        picture_id_bits,
        tl0,
        tl0_offset,
        temporal,
        layer_sync,
        start and partition == 0 and position < len(payload) and not payload[position] & 0x01,
    )


def is_keyframe(codec_name: str, payload: Data) -> bool:
    """Tells whether a frame that needs none before it begins in this payload; never raises.

    Any Opus payload can be begun with. For H.264 that is an IDR slice or the parameter set before it.
    """
    if not payload:
        return False
    name = codec_name.lower()
    if name == VP8:
        return _is_vp8_keyframe(payload)
    if name == H264:
        return _is_h264_keyframe(payload)
    return name == OPUS


def _is_vp8_keyframe(payload: Data) -> bool:
    # All but the first packet of a frame are told apart by one byte.
    if payload[0] & 0x17 != 0x10:
        return False
    try:
        return _parse_vp8(payload).keyframe
    except (IndexError, ValueError):
        return False


def _is_h264_keyframe(payload: Data) -> bool:
    kind = payload[0] & 0x1F
    if kind == H264_STAP_A:
        return _has_h264_keyframe(payload)
    if kind == H264_FU_A:
        return len(payload) > 1 and payload[1] >= 0x80 and payload[1] & 0x1F in (H264_IDR, H264_SPS)
    return kind in (H264_IDR, H264_SPS)


def _has_h264_keyframe(payload: Data) -> bool:
    """Looks through the NAL units of an aggregation packet (RFC 6184 section 5.7.1)."""
    position, size = 1, len(payload)
    while position + 2 < size:
        if payload[position + 2] & 0x1F in (H264_IDR, H264_SPS):
            return True
        position += 2 + (payload[position] << 8 | payload[position + 1])
    return False
