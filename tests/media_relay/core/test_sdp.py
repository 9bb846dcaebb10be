"""Session descriptions of browsers, and of those who want to harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import sdp
from media_relay.core.sdp import Description, Media
from tests.media_relay.core.descriptions import ANSWERS, OFFERS, SLOTS, read

KINDS = [kind for kind, _, _ in SLOTS]
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"

SMALL = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 {digest}
a=setup:actpass
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
""".format(digest=":".join(["ab"] * 32))


def small(old: str = "", new: str = "", *, more: str = "") -> Description:
    """The small offer, changed in one place or with more lines at its end."""
    assert old in SMALL
    return sdp.parse(SMALL.replace(old, new) + more if old else SMALL + more)


def audio(*lines: str) -> Media:
    """The m-line of the small offer with more attributes."""
    (media,) = small(more="".join(f"a={line}\n" for line in lines)).media
    return media


@pytest.mark.parametrize("name", OFFERS)
def test_every_captured_offer_is_read(name: str) -> None:
    offer = sdp.parse(read(name))
    assert offer.setup == "actpass"
    assert offer.can_be_dtls_client
    assert not offer.ice_lite
    assert offer.bundle == tuple(media.mid for media in offer.media)
    assert len(offer.ice_ufrag) >= 4
    assert "sha-256" in dict(offer.fingerprints)
    for media in offer.media:
        if media.is_rtp:
            assert media.sends
            assert media.rtcp_mux
            assert MID in media.extensions


@pytest.mark.parametrize("name", [name for name in OFFERS if "tracks" in name])
def test_the_offer_of_a_lesson_has_its_four_m_lines(name: str) -> None:
    offer = sdp.parse(read(name))
    assert [media.kind for media in offer.media] == KINDS
    assert {media.direction for media in offer.media} == {"sendonly"}
    assert all(media.ssrcs for media in offer.media)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_captured_answer_is_read(name: str) -> None:
    answer = sdp.parse(read(name))
    assert answer.setup == "active"
    assert answer.can_be_dtls_client
    assert [media.kind for media in answer.media] == KINDS
    assert all(media.receives and not media.sends for media in answer.media)
    assert [media.codecs[0].payload_type for media in answer.media] == [111, 96, 96, 111]


def test_the_offer_of_chromium_is_read_in_full() -> None:
    microphone, camera = sdp.parse(read("chromium-publish-tracks-offer.sdp")).media[:2]
    opus, red = microphone.codecs[:2]
    assert (opus.name, opus.clock_rate, opus.channels) == ("opus", 48000, 2)
    assert opus.parameters == {"minptime": "10", "useinbandfec": "1"}
    assert red.parameters == {"111/111": ""}
    vp8, rtx, h264 = camera.codecs[:3]
    assert vp8.feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert (rtx.name, rtx.parameters) == ("rtx", {"apt": "96"})
    assert h264.parameters["profile-level-id"] == "42001f"
    assert len(camera.codecs) == len(camera.formats) == 23
    assert camera.extensions[MID] == 4
    media, repair = camera.ssrcs
    assert camera.rtx == {media: repair}
    assert camera.rtcp_rsize


def test_firefox_signs_for_the_whole_session() -> None:
    offer = sdp.parse(read("firefox-publish-tracks-offer.sdp"))
    (fingerprint,) = offer.fingerprints
    assert fingerprint[0] == "sha-256"
    assert [media.rtcp_rsize for media in offer.media] == [False, True, True, False]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("chromium-publish-simulcast-offer.sdp", ("h", "m", "l")),
        ("firefox-publish-simulcast-offer.sdp", ("h", "m", "l")),
    ],
)
def test_the_layers_of_a_camera_are_known(name: str, layers: tuple[str, ...]) -> None:
    camera = sdp.parse(read(name)).media[1]
    assert camera.rids == layers
    assert camera.simulcast == layers


def test_a_data_channel_is_no_media() -> None:
    offer = sdp.parse(read("chromium-data-channel-offer.sdp"))
    data = offer.media[-1]
    assert (data.kind, data.is_rtp, data.codecs) == ("application", False, ())
    assert data.mid in offer.bundle


def test_a_text_may_end_its_lines_as_it_likes() -> None:
    assert sdp.parse(SMALL) == sdp.parse(SMALL.replace("\n", "\r\n")) == sdp.parse(SMALL.encode().rstrip())


def test_the_first_m_line_of_the_bundle_describes_the_transport() -> None:
    second = SMALL[SMALL.index("m=audio") :].replace("mid:0", "mid:1").replace("abcd\n", "efgh\n")
    offer = sdp.parse(SMALL.replace("BUNDLE 0", "BUNDLE 1 0") + second)
    assert offer.ice_ufrag == "efgh"
    assert offer.bundle == ("1", "0")


def test_the_transport_may_be_described_for_the_whole_session() -> None:
    transport = SMALL[SMALL.index("a=ice-ufrag") : SMALL.index("a=sendonly")]
    moved = SMALL.replace(transport, "").replace("t=0 0\n", "t=0 0\n" + transport)
    assert sdp.parse(moved) == sdp.parse(SMALL)


def test_a_rejected_m_line_needs_nothing_and_gives_nothing() -> None:
    offer = small(more="m=video 0 UDP/TLS/RTP/SAVPF 96\na=sendonly\na=rtpmap:96 VP8/90000\n")
    video = offer.media[1]
    assert video.is_rejected
    assert not video.sends
    assert video.codecs == ()


def test_bundle_only_takes_the_rejection_back() -> None:
    video = "m=video 0 UDP/TLS/RTP/SAVPF 96\na=mid:1\na=bundle-only\na=rtcp-mux\n"
    offer = sdp.parse(SMALL.replace("BUNDLE 0", "BUNDLE 0 1") + video)
    assert not offer.media[1].is_rejected


def test_direction_is_inherited_and_otherwise_both_ways() -> None:
    assert small("a=sendonly\n", "").media[0].direction == "sendrecv"
    assert sdp.parse(SMALL.replace("a=sendonly\n", "").replace("t=0 0", "t=0 0\na=inactive")).media[
        0
    ].direction == ("inactive")


def test_feedback_for_all_formats_is_each_format_s() -> None:
    assert audio("rtcp-fb:* nack", "rtcp-fb:111  ccm   fir", "rtcp-fb:9 nope").codecs[0].feedback == (
        "nack",
        "ccm fir",
    )


def test_parameters_are_read_whatever_their_writing() -> None:
    (opus,) = audio("fmtp:111 MinPTime=10; stereo=1 ;;x", "fmtp:111 stereo=0").codecs
    assert opus.parameters == {"minptime": "10", "stereo": "1", "x": ""}


def test_formats_without_a_usable_name_are_no_codecs() -> None:
    offer = small(
        "SAVPF 111", "SAVPF 0 111 128 x 111 96 97", more="a=rtpmap:128 A/1\na=rtpmap:96 A/0\na=rtpmap:x A/1\n"
    )
    assert [codec.payload_type for codec in offer.media[0].codecs] == [111]


def test_extensions_that_cannot_be_sent_are_left_out() -> None:
    media = audio(
        "extmap:1 urn:a",
        "extmap:2/sendonly urn:b",
        "extmap:3 urn:c more",
        "extmap:4096 urn:d",
        "extmap:0 urn:e",
    )
    assert media.extensions == {"urn:a": 1, "urn:b": 2, "urn:c": 3}


def test_repair_streams_are_known_by_the_stream_they_repair() -> None:
    media = audio(
        "ssrc-group:FID 1 2",
        "ssrc-group:SIM 1 3",
        "ssrc-group:FID 3 9",
        "ssrc-group:",
        "ssrc:1 a",
        "ssrc:2 b",
        "ssrc:3",
    )
    assert media.ssrcs == (1, 2, 3)
    assert media.rtx == {1: 2}


def test_only_layers_that_are_sent_count() -> None:
    media = audio(
        "rid:a send",
        "rid:b send max-width=9",
        "rid:c recv",
        "rid:d",
        "rid:- send",
        "simulcast:recv c send ~a,x;b;z",
    )
    assert media.rids == ("a", "b")
    assert media.simulcast == ("a", "b")
    assert audio("rid:a send", "simulcast:send").simulcast == ()


def test_weak_and_unknown_fingerprints_are_left_out() -> None:
    line = SMALL[SMALL.index("a=fingerprint") : SMALL.index("a=setup")]
    weak = "a=fingerprint:sha-1 " + ":".join(["01"] * 20) + "\n"
    assert small(line, weak + line).fingerprints == (("sha-256", ":".join(["AB"] * 32)),)


FINGERPRINT = SMALL[SMALL.index("a=fingerprint") : SMALL.index("a=setup")]
REFUSED = [
    ("v=0", "v=1", "SDP does not begin with its version"),
    ("s=-", "s=\x00", "SDP has a malformed line"),
    ("s=-", "s=a\rb", "SDP has a malformed line"),
    ("s=-", "", "SDP has a malformed line"),
    ("s=-", "S=-", "SDP has a malformed line"),
    ("s=-", "s=" + "a" * 4095, "SDP has a malformed line"),
    (SMALL[SMALL.index("m=") :], "", "SDP has no m-line"),
    ("audio 9 ", "audio 65536 ", "SDP has a malformed m-line"),
    ("audio 9 ", "audio ٣ ", "SDP has a malformed m-line"),
    ("audio 9 ", "audio ", "SDP has a malformed m-line"),
    ("SAVPF 111", "SAVPF", "SDP has a malformed m-line"),
    ("mid:0", "mid:0 0", "SDP has a malformed mid"),
    ("mid:0", "mid:" + "0" * 33, "SDP has a malformed mid"),
    ("audio 9", "audio 0", "SDP has no m-line that is on"),
    ("a=group:BUNDLE 0\n", "", "SDP has no BUNDLE group"),
    ("BUNDLE 0", "LS 0", "SDP has no BUNDLE group"),
    ("BUNDLE 0", "BUNDLE 1", "SDP has no BUNDLE group"),
    ("a=mid:0\n", "", "SDP has no BUNDLE group"),
    ("a=rtcp-mux\n", "", "SDP has media without rtcp-mux"),
    ("a=ice-ufrag:abcd\n", "", "SDP has no ICE credentials"),
    ("a=ice-pwd:abcdefghijklmnopqrstuv\n", "", "SDP has no ICE credentials"),
    ("ufrag:abcd", "ufrag:abc", "SDP has malformed ICE credentials"),
    ("ufrag:abcd", "ufrag:ab:d", "SDP has malformed ICE credentials"),
    ("ufrag:abcd", "ufrag:" + "a" * 257, "SDP has malformed ICE credentials"),
    ("pwd:a", "pwd:", "SDP has malformed ICE credentials"),
    ("pwd:a", "pwd:é", "SDP has malformed ICE credentials"),
    (FINGERPRINT, "", "SDP has no fingerprint"),
    (FINGERPRINT, FINGERPRINT * 9, "SDP has too many fingerprints"),
    ("sha-256 ab", "sha-256 zz", "SDP has a malformed fingerprint"),
    ("sha-256 ab:", "sha-256 ", "SDP has no usable fingerprint"),
    ("sha-256", "md5", "SDP has no usable fingerprint"),
    ("setup:actpass", "setup:holdconn", "SDP has no usable setup role"),
    ("a=setup:actpass\n", "", "SDP has no usable setup role"),
    ("a=sendonly", "a=extmap:x urn:a", "SDP has a malformed extmap"),
    ("a=sendonly", "a=extmap:1 urn:a\na=extmap:1 urn:b", "SDP uses a header extension id twice"),
    ("a=sendonly", "a=ssrc:x cname:a", "SDP has a malformed ssrc"),
    ("a=sendonly", "a=ssrc:0 cname:a", "SDP has a malformed ssrc"),
    ("a=sendonly", "a=ssrc:4294967296 cname:a", "SDP has a malformed ssrc"),
    ("a=sendonly", "\n".join(f"a=ssrc:{n}" for n in range(1, 66)), "SDP has too many ssrcs"),
    ("a=sendonly", "\n".join(f"a=rid:{n} send" for n in range(9)), "SDP has too many rids"),
    ("a=sendonly", "\n".join(["a=x"] * 500), "SDP has too many lines in one section"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), REFUSED)
def test_an_unusable_description_is_refused(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        small(old, new)


def test_two_m_lines_may_not_share_a_mid() -> None:
    with pytest.raises(ValueError, match=r"^SDP uses a mid twice$"):
        small(more=SMALL[SMALL.index("m=") :])


def test_media_outside_the_bundle_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^SDP has media outside the BUNDLE group$"):
        small(more="m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:1\n")


def test_as_many_m_lines_as_allowed_are_read_and_no_more() -> None:
    rejected = "m=video 0 UDP/TLS/RTP/SAVPF 96\n"
    assert len(small(more=rejected * (sdp.MAX_MEDIA - 1)).media) == sdp.MAX_MEDIA
    with pytest.raises(ValueError, match=r"^SDP has too many m-lines$"):
        small(more=rejected * sdp.MAX_MEDIA)


def test_what_is_too_large_is_refused_as_bytes_and_as_text() -> None:
    filling = "a=" + "é" * 1000 + "\n"
    large = SMALL + filling * (sdp.MAX_BYTES // len(filling.encode()) + 1)
    for text in (large, large.encode(), "v=0\n" * sdp.MAX_BYTES):
        with pytest.raises(ValueError, match=r"^SDP is too large$"):
            sdp.parse(text)


@pytest.mark.parametrize("text", [b"v=0\ns=\xff\n", "v=0\ns=\ud800\n"])
def test_what_is_not_utf_8_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"^SDP is not UTF-8$"):
        sdp.parse(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^SDP "):
        sdp.parse(text)
