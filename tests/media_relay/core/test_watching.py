"""Players that make the offer themselves."""

from __future__ import annotations

from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from media_relay.core import codecs, sdp
from media_relay.core.sdp_writer import make_watch_answer
from media_relay.core.watching import choose_watched
from tests.media_relay.core.descriptions import SLOT_KINDS, TRANSPORT, read, watch_answer

OFFER = read("chromium-publish-tracks-offer.sdp").decode().replace("a=sendonly", "a=recvonly")


def test_each_m_line_gets_the_next_slot_of_its_kind() -> None:
    remote = sdp.parse(OFFER)
    _, watched = choose_watched(remote, SLOT_KINDS)
    by_mid = {item.mid: item.slot for item in watched}
    kinds = {media.mid: media.kind for media in remote.media}
    sound = [by_mid[mid] for mid in by_mid if kinds[mid] == "audio"]
    pictures = [by_mid[mid] for mid in by_mid if kinds[mid] == "video"]
    assert sound == ["teacher-microphone", "teacher-screen-audio"]
    assert pictures == ["teacher-camera", "teacher-screen"]


def test_the_player_s_numbers_make_the_profile() -> None:
    profile, _ = choose_watched(sdp.parse(OFFER), SLOT_KINDS)
    assert profile.payload_types == {"opus": 111, "vp8": 96, "h264": 108}
    assert profile.rtx_payload_types == {"vp8": 97, "h264": 109}
    assert profile.extensions[codecs.URI_MID] == 4
    assert profile.extensions[codecs.URI_TRANSPORT_CC] == 3
    assert codecs.URI_RID not in profile.extensions
    assert profile != codecs.PAGE_PROFILE


def test_the_answer_sends_what_was_chosen_and_nothing_else() -> None:
    answer = sdp.parse(watch_answer(OFFER, SLOT_KINDS[:2]))
    assert [media.direction for media in answer.media] == ["sendonly", "sendonly", "inactive", "inactive"]
    assert not any(media.is_rejected for media in answer.media)
    assert answer.media[2].ssrcs == ()
    assert answer.setup == "passive"
    assert answer.ice_lite
    camera = answer.media[1]
    assert [codec.payload_type for codec in camera.codecs] == [96, 108, 97, 109]
    assert camera.rtx == {1002: 2002}
    assert set(camera.codecs[0].feedback) == set(codecs.VIDEO_FEEDBACK)
    assert set(camera.extensions) == set(codecs.SUBSCRIBER_VIDEO_EXTENSIONS)


def test_an_m_line_without_a_codec_of_ours_is_rejected() -> None:
    answer = sdp.parse(watch_answer(OFFER.replace("opus/48000/2", "speex/48000/2", 1), SLOT_KINDS))
    assert [media.is_rejected for media in answer.media].count(True) == 1
    assert answer.media[0].is_rejected
    assert answer.bundle == ("1", "2", "3")


def test_transport_wide_feedback_needs_its_extension() -> None:
    lines = [line for line in OFFER.splitlines() if codecs.URI_TRANSPORT_CC not in line]
    assert "transport-cc" not in watch_answer("\n".join(lines), SLOT_KINDS)


def test_an_m_line_that_only_sends_or_has_no_codec_of_ours_gets_nothing() -> None:
    sending = OFFER.replace("a=recvonly", "a=sendonly", 1)
    assert choose_watched(sdp.parse(sending), SLOT_KINDS)[1][0].mid != "0"
    strange = OFFER.replace("opus/48000/2", "speex/48000/2", 1)
    assert choose_watched(sdp.parse(strange), SLOT_KINDS)[1][0].mid != "0"


def test_an_offer_without_a_fitting_m_line_is_refused() -> None:
    sentence = r"^SDP has no m-line that what is sent here could go to$"
    with pytest.raises(ValueError, match=sentence):
        choose_watched(sdp.parse(OFFER.replace("a=recvonly", "a=sendonly")), SLOT_KINDS)
    with pytest.raises(ValueError, match=sentence):
        choose_watched(sdp.parse(OFFER), [])


def section(mid: str, payload_type: int, extension: int) -> str:
    """An m-line that would receive sound."""
    return (
        f"m=audio 9 UDP/TLS/RTP/SAVPF {payload_type}\na=mid:{mid}\na=rtcp-mux\na=recvonly\n"
        f"a=rtpmap:{payload_type} opus/48000/2\na=extmap:{extension} {codecs.URI_MID}\n"
    )


def player(*sections: str) -> sdp.Description:
    """An offer of these m-lines."""
    mids = " ".join(str(index) for index in range(len(sections)))
    head = (
        f"v=0\na=group:BUNDLE {mids}\na=ice-ufrag:abcd\na=ice-pwd:{'p' * 22}\na=setup:actpass\n"
        f"a=fingerprint:sha-256 {TRANSPORT.fingerprint}\n"
    )
    return sdp.parse(head + "".join(sections))


def test_numbers_that_contradict_each_other_are_refused() -> None:
    same = player(section("0", 111, 1), section("1", 111, 1))
    assert choose_watched(same, SLOT_KINDS)[0].payload_types == {"opus": 111}
    sentence = r"^SDP has m-lines of different numbers for one thing$"
    for other in (section("1", 112, 1), section("1", 111, 2)):
        with pytest.raises(ValueError, match=sentence):
            choose_watched(player(section("0", 111, 1), other), SLOT_KINDS)
    picture = section("1", 111, 2).replace("m=audio", "m=video").replace("opus/48000/2", "VP8/90000")
    picture = picture.replace(codecs.URI_MID, codecs.URI_VIDEO_ORIENTATION)
    with pytest.raises(ValueError, match=r"^SDP uses a number for two things in one bundle$"):
        choose_watched(player(section("0", 111, 1), picture), SLOT_KINDS)


def test_no_connection_comes_of_an_agent_that_waits() -> None:
    with pytest.raises(ValueError, match=r"^SDP is of an ICE-lite agent"):
        watch_answer(OFFER.replace("t=0 0", "t=0 0\na=ice-lite"), SLOT_KINDS)
    with pytest.raises(ValueError, match=r"^SDP has nothing that can be accepted$"):
        make_watch_answer(sdp.parse(OFFER), TRANSPORT, [])


async def test_aiortc_takes_the_answer_to_its_offer() -> None:
    peer: Any = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for kind in ("video", "audio", "audio"):
        peer.addTransceiver(kind, direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    answer = watch_answer(peer.localDescription.sdp, SLOT_KINDS[:2])
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    directions = [transceiver.currentDirection for transceiver in peer.getTransceivers()]
    assert directions == ["recvonly", "recvonly", "inactive"]
    await peer.close()
