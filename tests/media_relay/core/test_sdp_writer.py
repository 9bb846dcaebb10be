"""The relay's own offers and answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from media_relay.core import codecs, sdp
from media_relay.core.sdp_writer import OfferSection, make_answer, make_offer
from tests.media_relay.core.descriptions import (
    OFFERS,
    SLOTS,
    TRANSPORT,
    publisher_answer,
    read,
    sections,
    subscriber_offer,
)


def peer() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


def _ssrcs(section: OfferSection) -> tuple[int, ...]:
    return (section.ssrc, section.rtx_ssrc) if section.rtx_ssrc else (section.ssrc,)


def test_the_offer_says_what_it_was_given() -> None:
    offer = sdp.parse(subscriber_offer())
    assert (offer.ice_ufrag, offer.ice_pwd) == (TRANSPORT.ufrag, TRANSPORT.pwd)
    assert offer.fingerprints == (("sha-256", TRANSPORT.fingerprint),)
    assert offer.setup == "actpass"
    assert offer.ice_lite
    assert offer.bundle == ("0", "1", "2", "3")
    for media, section in zip(offer.media, sections(), strict=True):
        assert (media.kind, media.direction, media.ssrcs) == (section.kind, "sendonly", _ssrcs(section))
        assert media.rtx == ({section.ssrc: section.rtx_ssrc} if section.rtx_ssrc else {})
        assert media.codecs == section.codecs
        assert media.extensions == section.extensions


def test_the_offer_says_once_where_the_relay_is_and_names_its_tracks() -> None:
    offer = subscriber_offer()
    for candidate in TRANSPORT.candidates:
        assert offer.count(f"a={candidate}\r\n") == 1
    assert offer.count("a=end-of-candidates\r\n") == 1
    for _, stream, track in SLOTS:
        assert f"a=msid:{stream} {track}\r\n" in offer


def test_the_offer_asks_for_feedback_on_the_rate_of_pictures_only() -> None:
    for media in sdp.parse(subscriber_offer()).media:
        assert (codecs.URI_TRANSPORT_CC in media.extensions) is (media.kind == "video")
        for codec in media.codecs:
            is_video = media.kind == "video" and codec.name != codecs.RTX
            assert {"goog-remb", "transport-cc"}.isdisjoint(codec.feedback) is not is_video


@pytest.mark.parametrize("name", OFFERS)
def test_every_captured_offer_has_an_answer(name: str) -> None:
    offer, answer = sdp.parse(read(name)), sdp.parse(publisher_answer(read(name)))
    assert answer.setup == "passive"
    assert answer.ice_lite
    assert answer.bundle == tuple(media.mid for media in offer.media if media.is_rtp)
    for asked, given in zip(offer.media, answer.media, strict=True):
        assert (given.mid, given.kind, given.protocol) == (asked.mid, asked.kind, asked.protocol)
        assert given.is_rejected is not asked.is_rtp
        assert given.direction == ("recvonly" if asked.is_rtp else "inactive")
        assert given.extensions.items() <= asked.extensions.items()
        assert set(given.extensions) <= {*codecs.PUBLISHER_EXTENSIONS, codecs.URI_TRANSPORT_CC}
        assert {codec.payload_type for codec in given.codecs} <= {
            codec.payload_type for codec in asked.codecs
        }
        assert not given.is_rtp or given.rtcp_rsize is asked.rtcp_rsize or given.is_rejected


def test_the_camera_is_answered_with_vp8_first() -> None:
    camera = sdp.parse(publisher_answer(read("chromium-publish-tracks-offer.sdp"))).media[1]
    vp8, h264, vp8_rtx, h264_rtx = camera.codecs
    assert (vp8.payload_type, vp8.name, vp8.parameters) == (96, "VP8", {"x-google-start-bitrate": "1500"})
    assert (h264.payload_type, h264.name) == (108, "H264")
    assert h264.parameters["profile-level-id"] == "42e01f"
    assert set(vp8.feedback) == {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"}
    assert (vp8_rtx.payload_type, vp8_rtx.parameters) == (97, {"apt": "96"})
    assert (h264_rtx.payload_type, h264_rtx.parameters) == (109, {"apt": "108"})


def test_transport_wide_feedback_is_only_promised_by_who_gives_it() -> None:
    offer = sdp.parse(read("chromium-publish-tracks-offer.sdp"))
    chosen = {media.mid: codecs.choose(media) for media in offer.media}
    answer = make_answer(offer, TRANSPORT, chosen, codecs.PUBLISHER_EXTENSIONS)
    assert "transport" not in answer.replace("transport_", "").split("m=audio")[1]
    assert "goog-remb" in answer


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_layers_of_a_camera_are_taken(browser: str) -> None:
    offer = read(f"{browser}-publish-simulcast-offer.sdp")
    answer = publisher_answer(offer)
    assert "a=rid:h recv\r\na=rid:m recv\r\na=rid:l recv\r\na=simulcast:recv h;m;l\r\n" in answer
    camera = sdp.parse(answer).media[1]
    assert {codecs.URI_RID, codecs.URI_REPAIRED_RID} <= set(camera.extensions)
    chosen = {"1": codecs.choose(sdp.parse(offer).media[1])}
    fewer = make_answer(sdp.parse(offer), TRANSPORT, chosen, rids={"1": ("m", "l")})
    assert "a=rid:h" not in fewer
    assert "a=simulcast:recv m;l\r\n" in fewer
    assert "a=rid" not in make_answer(sdp.parse(offer), TRANSPORT, chosen)


def test_the_microphone_is_answered_without_a_video_bitrate() -> None:
    (opus,) = sdp.parse(publisher_answer(read("chromium-publish-tracks-offer.sdp"))).media[0].codecs
    assert opus.parameters == {"minptime": "10", "useinbandfec": "1"}


def test_an_m_line_that_is_not_chosen_is_rejected_and_the_next_one_carries_the_transport() -> None:
    answer = publisher_answer(read("chromium-publish-tracks-offer.sdp"), without={"0", "2"})
    parsed = sdp.parse(answer)
    assert [media.is_rejected for media in parsed.media] == [True, False, True, False]
    assert parsed.bundle == ("1", "3")
    assert "a=candidate" in answer.split("m=video")[1]
    assert answer.count("a=end-of-candidates") == 1


def test_an_m_line_where_nothing_is_sent_is_inactive() -> None:
    offer = read("chromium-publish-tracks-offer.sdp").replace(b"a=sendonly", b"a=recvonly", 1)
    answer = sdp.parse(publisher_answer(offer))
    assert [media.direction for media in answer.media] == ["inactive", "recvonly", "recvonly", "recvonly"]
    assert not answer.media[0].is_rejected


def test_an_offer_of_nothing_usable_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^SDP has nothing that can be accepted$"):
        publisher_answer(read("aiortc-data-channel-offer.sdp"), without={"0"})


def test_an_offer_that_leads_to_no_connection_is_refused() -> None:
    offer = sdp.parse(read("chromium-publish-tracks-offer.sdp"))
    chosen = {"0": codecs.choose(offer.media[0])}
    with pytest.raises(ValueError, match=r"^SDP has no usable setup role$"):
        make_answer(replace(offer, setup="passive"), TRANSPORT, chosen)
    with pytest.raises(
        ValueError, match=r"^SDP is of an ICE-lite agent, which waits for the other side as we do$"
    ):
        make_answer(replace(offer, ice_lite=True), TRANSPORT, chosen)


def test_an_offer_may_have_any_number_of_slots() -> None:
    many = [replace(sections()[1], mid=str(index), ssrc=index + 1) for index in range(sdp.MAX_MEDIA)]
    assert len(sdp.parse(make_offer(TRANSPORT, many)).media) == sdp.MAX_MEDIA


async def test_aiortc_answers_our_offer() -> None:
    subscriber = peer()
    await subscriber.setRemoteDescription(RTCSessionDescription(subscriber_offer(), "offer"))
    answer = sdp.parse((await subscriber.createAnswer()).sdp)
    assert [media.receives for media in answer.media] == [True] * 4
    assert [media.codecs[0].payload_type for media in answer.media] == [111, 96, 96, 111]
    await subscriber.close()


async def test_aiortc_takes_our_answer() -> None:
    publisher = peer()
    for kind, _, _ in SLOTS:
        publisher.addTransceiver(kind, direction="sendonly")
    await publisher.setLocalDescription(await publisher.createOffer())
    answer = publisher_answer(publisher.localDescription.sdp)
    await publisher.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    assert publisher.signalingState == "stable"
    assert [transceiver.currentDirection for transceiver in publisher.getTransceivers()] == ["sendonly"] * 4
    await publisher.close()
