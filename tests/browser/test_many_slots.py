"""Chromium's answer to an offer of as many slots as a room may have."""

from __future__ import annotations

import json
import random

import pytest
from playwright.sync_api import Browser

from classroom.live import protocol as room_protocol
from media_relay import protocol
from media_relay.core import sdp
from media_relay.core.room import Room
from media_relay.core.sdp_writer import make_offer
from media_relay.io import negotiation
from tests.media_relay.core.descriptions import TRANSPORT

ANSWER = """async (sdp) => {
  const peer = new RTCPeerConnection();
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription();
  const answer = peer.localDescription.sdp;
  peer.close();
  return answer;
}"""
TEACHERS = [
    ("teacher-microphone", "audio"),
    ("teacher-camera", "video"),
    ("teacher-screen", "video"),
    ("teacher-screen-audio", "audio"),
]
LECTURE = [
    *TEACHERS,
    *((f"floor-{number}-microphone", "audio") for number in range(1, 5)),
    *((f"floor-{number}-camera", "video") for number in range(1, 5)),
    ("floor-screen", "video"),
    ("staff-screen", "video"),
    *((f"gallery-{number}-camera", "video") for number in range(1, 31)),
]
SEMINAR = [
    *TEACHERS,
    *((f"seat-{number}-microphone", "audio") for number in range(1, 17)),
    *((f"seat-{number}-camera", "video") for number in range(1, 17)),
]
MOST = [(f"slot-{number}-of-the-longest-name", "video") for number in range(protocol.MAX_SLOTS)]


@pytest.mark.parametrize("slots", [LECTURE, SEMINAR, MOST], ids=["lecture", "seminar", "most"])
def test_chromium_takes_all_slots_of_a_room(chromium: Browser, slots: list[tuple[str, str]]) -> None:
    room = Room("room", random.Random(1).randbytes)
    room.set_slots(tuple(slots))
    offer = make_offer(TRANSPORT, negotiation.offer_sections(room, room.slots.values()))
    page = chromium.new_page()
    text = page.evaluate(ANSWER, offer)
    page.close()
    answer = sdp.parse(text)
    assert [media.kind for media in answer.media if media.receives] == [kind for _, kind in slots]
    assert negotiation.answered(answer) == (True, True)
    assert len(offer) <= protocol.MAX_SDP_BYTES
    said = json.dumps({"id": 1, "type": "media.answer", "body": {"sdp": text}})
    assert len(said) <= room_protocol.MAX_MESSAGE_BYTES
