"""Real browsers take the relay's offers and answers, and the relay takes theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from media_relay.core import codecs, sdp
from tests.media_relay.core.descriptions import (
    SLOT_KINDS,
    SLOTS,
    publisher_answer,
    subscriber_offer,
    watch_answer,
)
from tests.support.firefox import firefox

Run = Callable[..., Any]
"""Runs the body of an asynchronous JavaScript function, with its arguments in `given`."""

FIREFOX_CALL = """
const done = arguments[arguments.length - 1];
const given = [...arguments];
(async () => { %s })().then((value) => done({ value }), (error) => done({ error: String(error) }));
"""

OFFER = """
window.peer = new RTCPeerConnection();
for (const kind of given[0]) window.peer.addTransceiver(kind, { direction: given[2] });
if (given[1]) window.peer.createDataChannel("data");
await window.peer.setLocalDescription();
return window.peer.localDescription.sdp;
"""
TAKE_ANSWER = """
await window.peer.setRemoteDescription({ type: "answer", sdp: given[0] });
const directions = {};
for (const it of window.peer.getTransceivers()) if (it.mid) directions[it.mid] = it.currentDirection;
return { state: window.peer.signalingState, directions };
"""
LAYERED_OFFER = """
window.peer = new RTCPeerConnection();
window.peer.addTransceiver("audio", { direction: "sendonly" });
const sendEncodings = given[0].map((rid) => ({ rid }));
window.layered = window.peer.addTransceiver("video", { direction: "sendonly", sendEncodings });
await window.peer.setLocalDescription();
return window.peer.localDescription.sdp;
"""
LAYERS = "return window.layered.sender.getParameters().encodings.map((encoding) => encoding.rid);"
ANSWER = """
window.peer = new RTCPeerConnection();
const tracks = [];
window.peer.ontrack = (event) =>
  tracks.push([event.transceiver.mid, event.track.kind, event.streams[0].id]);
await window.peer.setRemoteDescription({ type: "offer", sdp: given[0] });
await window.peer.setLocalDescription();
return { sdp: window.peer.localDescription.sdp, tracks };
"""
KINDS = [kind for kind, _, _ in SLOTS]


@pytest.fixture(scope="module", params=["Chromium", "Firefox"])
def run(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Run]:
    """An empty page of each browser."""
    if request.param == "Chromium":
        page = chromium.new_page()
        yield lambda body, *given: page.evaluate(f"async (given) => {{ {body} }}", list(given))
        page.close()
        return
    with firefox() as opened:
        opened.open("about:blank")

        def call(body: str, *given: Any) -> Any:
            outcome = opened.marionette.execute_async_script(
                FIREFOX_CALL % body, list(given), new_sandbox=False
            )
            assert "error" not in outcome, outcome["error"]
            return outcome.get("value")

        yield call


def test_a_subscriber_takes_the_offer_and_answers_usably(run: Run) -> None:
    answered = run(ANSWER, subscriber_offer())
    assert answered["tracks"] == [[str(index), kind, stream] for index, (kind, stream, _) in enumerate(SLOTS)]
    answer = sdp.parse(answered["sdp"])
    assert answer.setup == "active"
    assert [media.receives for media in answer.media] == [True] * len(SLOTS)
    assert [media.codecs[0].payload_type for media in answer.media] == [111, 96, 96, 111]
    for media in answer.media:
        if media.kind == "video":
            assert {"goog-remb", codecs.TRANSPORT_CC} <= set(media.codecs[0].feedback)
            assert media.extensions[codecs.URI_TRANSPORT_CC] == codecs.TRANSPORT_CC_ID
            assert [codec.payload_type for codec in codecs.choose_rtx(media, media.codecs[:1])] == [97]


def test_a_publisher_takes_the_answer_to_its_offer(run: Run) -> None:
    answer = publisher_answer(run(OFFER, KINDS, False, "sendonly"))
    taken = run(TAKE_ANSWER, answer)
    assert taken == {"state": "stable", "directions": dict.fromkeys("0123", "sendonly")}, json.dumps(answer)


def test_a_publisher_takes_an_answer_for_all_its_layers(run: Run) -> None:
    offer = run(LAYERED_OFFER, ["l", "m", "h"])
    assert sdp.parse(offer).media[1].simulcast == ("l", "m", "h")
    taken = run(TAKE_ANSWER, publisher_answer(offer))
    assert taken == {"state": "stable", "directions": {"0": "sendonly", "1": "sendonly"}}
    assert run(LAYERS) == ["l", "m", "h"]


def test_a_player_takes_the_answer_to_its_offer(run: Run) -> None:
    offer = run(OFFER, KINDS, False, "recvonly")
    all_of_it = run(TAKE_ANSWER, watch_answer(offer, SLOT_KINDS))
    assert all_of_it == {"state": "stable", "directions": dict.fromkeys("0123", "recvonly")}


def test_a_player_with_more_m_lines_than_there_are_slots_takes_the_answer(run: Run) -> None:
    offer = run(OFFER, KINDS, True, "recvonly")
    taken = run(TAKE_ANSWER, watch_answer(offer, SLOT_KINDS[:2]))
    assert taken["state"] == "stable"
    assert {mid: taken["directions"].get(mid) for mid in "01"} == dict.fromkeys("01", "recvonly")
    assert not {taken["directions"].get(mid) for mid in "23"} & {"recvonly", "sendrecv"}


def test_a_publisher_takes_an_answer_that_rejects_m_lines(run: Run) -> None:
    offer = run(OFFER, KINDS, True, "sendonly")
    assert sdp.parse(offer).media[-1].kind == "application"
    taken = run(TAKE_ANSWER, publisher_answer(offer, without={"0", "2"}))
    assert taken["state"] == "stable"
    assert {mid: taken["directions"].get(mid) for mid in "13"} == dict.fromkeys("13", "sendonly")
    assert not {taken["directions"].get(mid) for mid in "02"} & {"sendonly", "sendrecv"}
