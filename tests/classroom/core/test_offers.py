"""What a door reads of a session description."""

from __future__ import annotations

import pytest

from classroom.core.offers import fragment_ufrag, outline

HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\na=sendonly\r\n"
VIDEO = "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=recvonly\r\n"
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=inactive\r\n"
FRAGMENT = b"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"


def test_an_outline_names_the_lines_of_sound_and_pictures_in_their_order() -> None:
    found = outline((HEAD + DATA + AUDIO + VIDEO).encode())
    assert found.lines == (("audio", "sendonly"), ("video", "recvonly"))
    assert found.kinds == ("audio", "video")
    assert found.directions == {"sendonly", "recvonly"}
    assert found.ufrag == "EsAw"


def test_a_line_without_a_direction_has_that_of_the_session() -> None:
    lines = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:EsAw\r\n"
    assert outline((HEAD + lines).encode()).lines == (("audio", "sendrecv"),)
    assert outline((HEAD + "a=recvonly\r\n" + lines).encode()).lines == (("audio", "recvonly"),)


def test_plain_line_feeds_are_taken_too() -> None:
    assert outline((HEAD + AUDIO).replace("\r\n", "\n").encode()).kinds == ("audio",)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "a line that is not of a session description"),
        (b"{}", "a line that is not of a session description"),
        (b"v=0\r\n\xff=\r\n", "not UTF-8"),
        (b"s=-\r\n", "no session description"),
        ((HEAD + "m=audio\r\n").encode(), "malformed m-line"),
        ((HEAD + VIDEO).encode(), "no ICE username fragment"),
        ((HEAD + "a=ice-ufrag:abc\r\n").encode(), "no ICE username fragment"),
        ((HEAD + f"a=ice-ufrag:{'a' * 257}\r\n").encode(), "no ICE username fragment"),
        ((HEAD + AUDIO + "a=x\x00y\r\n").encode(), "a line that is not of a session description"),
    ],
)
def test_what_is_no_offer_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        outline(body)


def test_a_fragment_names_its_ice_session() -> None:
    assert fragment_ufrag(FRAGMENT) == "EsAw"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"a=ice-ufrag:EsAw\r\n", "no ICE password"),
        (b"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", "no ICE username fragment"),
        (b"candidate", "a line that is not"),
    ],
)
def test_what_is_no_fragment_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        fragment_ufrag(body)
