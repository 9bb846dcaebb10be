"""Which codecs are taken, and where a keyframe begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import codecs, sdp
from media_relay.core.sdp import Codec, Media
from tests.media_relay.core.descriptions import read

PROFILE = "profile-level-id"


def media(kind: str, *offered: Codec) -> Media:
    formats = tuple(str(codec.payload_type) for codec in offered)
    return Media("0", kind, 9, "UDP/TLS/RTP/SAVPF", formats, "sendonly", offered)


def h264(payload_type: int, profile: str | None, mode: str = "1") -> Codec:
    parameters = {"packetization-mode": mode} | ({PROFILE: profile} if profile else {})
    return Codec(payload_type, "H264", 90000, 1, parameters)


@pytest.mark.parametrize(
    ("browser", "sound", "pictures"),
    [("chromium", 111, [96, 108]), ("firefox", 109, [120]), ("aiortc", 96, [97, 101])],
)
def test_opus_vp8_and_constrained_baseline_are_taken_of_browsers(
    browser: str, sound: int, pictures: list[int]
) -> None:
    microphone, camera = sdp.parse(read(f"{browser}-publish-no-tracks-offer.sdp")).media[:2]
    assert [codec.payload_type for codec in codecs.choose(microphone)] == [sound]
    assert [codec.payload_type for codec in codecs.choose(camera)] == pictures


def test_the_sender_s_parameters_are_cut_to_those_that_are_understood() -> None:
    opus = Codec(109, "OPUS", 48000, 2, {"stereo": "1", "maxplaybackrate": "48000"})
    vp8 = Codec(120, "vp8", 90000, 1, {"max-fs": "12288"})
    assert codecs.choose(media("audio", opus))[0].parameters == {"stereo": "1"}
    assert codecs.choose(media("video", vp8))[0].parameters == {}


def test_the_retransmissions_of_what_is_taken_are_taken() -> None:
    camera = sdp.parse(read("chromium-publish-tracks-offer.sdp")).media[1]
    repairs = codecs.choose_rtx(camera, codecs.choose(camera))
    assert [(codec.payload_type, codec.parameters) for codec in repairs] == [
        (97, {"apt": "96"}),
        (109, {"apt": "108"}),
    ]
    alone = media("video", Codec(96, "VP8", 90000), Codec(97, "rtx", 90000), Codec(98, "rtx", 90000))
    assert codecs.choose_rtx(alone, codecs.choose(alone)) == ()


def test_profiles_of_equal_numbers_are_one() -> None:
    profile = codecs.Profile({"vp8": 96, "opus": 111}, {"vp8": 97}, {"b": 2, "a": 1})
    same = codecs.Profile({"opus": 111, "vp8": 96}, {"vp8": 97}, {"a": 1, "b": 2})
    assert len({profile, same}) == 1
    assert len({profile, codecs.Profile({"opus": 111, "vp8": 96}, {}, {}), codecs.PAGE_PROFILE}) == 3


def test_the_relay_s_own_numbers_are_those_it_offers() -> None:
    profile = codecs.PAGE_PROFILE
    offered = (*codecs.SUBSCRIBER_AUDIO_CODECS, *codecs.SUBSCRIBER_VIDEO_CODECS)
    numbers = {codec.payload_type: codec for codec in offered}
    assert len(numbers) == len(offered)
    for name, number in profile.payload_types.items():
        assert numbers[number].name.lower() == name
    for name, number in profile.rtx_payload_types.items():
        assert numbers[number].parameters == {"apt": str(profile.payload_types[name])}


def test_h264_is_taken_alone_where_vp8_is_not_offered() -> None:
    assert [codec.payload_type for codec in codecs.choose(media("video", h264(99, "42e01f")))] == [99]


def test_the_constrained_profile_is_preferred_to_the_plain_one() -> None:
    (chosen,) = codecs.choose(media("video", h264(98, "42001F"), h264(99, "42e034")))
    assert chosen.payload_type == 99
    (chosen,) = codecs.choose(media("video", h264(98, "42001f")))
    assert chosen.payload_type == 98


@pytest.mark.parametrize(
    "codec",
    [
        h264(99, "42e01f", mode="0"),
        h264(99, "4d001f"),
        h264(99, "64001f"),
        h264(99, "42001e"),
        h264(99, None),
        h264(99, "42e01"),
        h264(99, "zz"),
        Codec(99, "H264", 90000),
        Codec(99, "VP9", 90000),
        Codec(99, "VP8", 48000),
        Codec(99, "opus", 48000, 2),
        Codec(99, "rtx", 90000, 1, {"apt": "96"}),
    ],
)
def test_other_pictures_are_not_taken(codec: Codec) -> None:
    assert codecs.choose(media("video", codec)) == ()


@pytest.mark.parametrize(
    "codec", [Codec(0, "PCMU", 8000), Codec(99, "opus", 48000, 1), Codec(99, "VP8", 90000)]
)
def test_other_sound_is_not_taken(codec: Codec) -> None:
    assert codecs.choose(media("audio", codec)) == ()


def test_nothing_is_taken_of_a_data_channel() -> None:
    assert codecs.choose(sdp.parse(read("chromium-data-channel-offer.sdp")).media[-1]) == ()


def test_a_header_extension_has_one_id_in_all_m_lines() -> None:
    sound, pictures = codecs.SUBSCRIBER_AUDIO_EXTENSIONS, codecs.SUBSCRIBER_VIDEO_EXTENSIONS
    both = {**sound, **pictures}
    assert len(set(both.values())) == len(both)
    assert all(sound.get(uri, number) == number for uri, number in pictures.items())


def test_a_full_vp8_descriptor_is_read() -> None:
    # X, S; I, L, T, K; 15-bit picture id 0x1234, TL0PICIDX 7, TID 2 with Y, KEYIDX 5; a keyframe.
    payload = bytes.fromhex("90f0923407a500ffff")
    assert codecs.parse_vp8(payload) == codecs.Vp8Descriptor(
        size=6,
        start_of_partition=True,
        partition=0,
        non_reference=False,
        picture_id=0x1234,
        picture_id_offset=2,
        picture_id_bits=15,
        tl0_picture_index=7,
        tl0_offset=4,
        temporal_layer=2,
        layer_sync=True,
        keyframe=True,
    )


def test_a_vp8_descriptor_without_options_is_one_byte() -> None:
    found = codecs.parse_vp8(b"\x21\x00")
    assert (found.size, found.start_of_partition, found.partition, found.non_reference) == (1, False, 1, True)
    assert (found.picture_id, found.tl0_picture_index, found.temporal_layer) == (-1, -1, -1)
    assert not found.keyframe


def test_a_short_picture_id_and_a_key_index_alone_are_read() -> None:
    found = codecs.parse_vp8(bytes.fromhex("90907f1f01"))
    assert (found.picture_id, found.picture_id_bits, found.temporal_layer, found.size) == (127, 7, -1, 4)
    assert not found.keyframe


@pytest.mark.parametrize("payload", ["", "80", "8080", "808080", "8040", "8020", "8010", "80f0800001"])
def test_a_truncated_vp8_descriptor_is_refused(payload: str) -> None:
    with pytest.raises(ValueError, match=r"^VP8 payload descriptor is truncated$"):
        codecs.parse_vp8(bytes.fromhex(payload))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("1000", True),
        ("10", False),
        ("1001", False),
        ("1100", False),
        ("0000", False),
        ("9080812300", True),
        ("9080812301", False),
        ("90808123", False),
        ("9080", False),
        ("", False),
    ],
)
def test_a_vp8_keyframe_begins_in_its_first_packet(payload: str, expected: bool) -> None:
    assert codecs.is_keyframe("VP8", bytes.fromhex(payload)) is expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("65", True),
        ("67", True),
        ("68", False),
        ("61", False),
        ("7c85", True),
        ("7c87", True),
        ("7c05", False),
        ("7c45", False),
        ("7c81", False),
        ("7c", False),
        ("78 0001 67 0001 68", True),
        ("78 0001 68 0002 65ff", True),
        ("78 0001 68 0001 61", False),
        ("78 0000", False),
        ("78 ffff 68", False),
        ("78 0000 0000 0000", False),
        ("78", False),
        ("", False),
    ],
)
def test_an_h264_keyframe_begins_with_its_parameters_or_its_first_slice(payload: str, expected: bool) -> None:
    assert codecs.is_keyframe("H264", bytes.fromhex(payload)) is expected


def test_any_sound_can_be_begun_with() -> None:
    assert codecs.is_keyframe("opus", b"\xfc")
    assert not codecs.is_keyframe("opus", b"")
    assert not codecs.is_keyframe("VP9", b"\x00")


@given(st.sampled_from(["VP8", "H264", "opus"]), st.binary(max_size=40))
def test_looking_for_a_keyframe_never_fails(name: str, payload: bytes) -> None:
    assert codecs.is_keyframe(name, payload) is codecs.is_keyframe(name.lower(), memoryview(payload))


@given(st.binary(max_size=12))
def test_a_vp8_keyframe_is_what_the_descriptor_says(payload: bytes) -> None:
    try:
        expected = codecs.parse_vp8(payload).keyframe
    except ValueError:
        expected = False
    assert codecs.is_keyframe("vp8", payload) is expected
