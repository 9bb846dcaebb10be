"""What files are, by their bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.core import sniffing
from classroom.core.sniffing import DamagedError, UnplayableError, mp4_seconds, sniff, webm_seconds
from tests.support import files


@pytest.fixture(scope="module")
def webm() -> bytes:
    return files.make_film("webm")


@pytest.fixture(scope="module")
def mp4() -> bytes:
    return files.make_film("mp4")


def seconds(measure: Callable[[sniffing.Read, int], float], film: bytes) -> float:
    """How long the film says that it lasts."""
    return measure(lambda place, count: film[place : place + count], len(film))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (files.make_pdf(), sniffing.PDF),
        (files.make_picture("PNG"), sniffing.PNG),
        (files.make_picture("JPEG"), sniffing.JPEG),
        (files.make_picture("GIF"), sniffing.GIF),
        (files.make_picture("WEBP"), sniffing.WEBP),
        (files.make_zip({"a": b"b"}), sniffing.ZIP),
        (b"<!doctype html><title>x</title>", sniffing.OTHER),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', sniffing.OTHER),
        (b"", sniffing.OTHER),
        (b"MZ\x90\0", sniffing.PROGRAM),
        (b"\x7fELF\x02", sniffing.PROGRAM),
        (files.EICAR, sniffing.PROGRAM),
        (b" \n" + files.make_pdf(), sniffing.OTHER),
        (b"<script>1</script>" + files.make_picture("JPEG"), sniffing.OTHER),
    ],
)
def test_a_file_is_what_its_first_byte_says(head: bytes, kind: str) -> None:
    assert sniff(head[: sniffing.HEAD_BYTES]) == kind


def test_archives_are_told_from_presentations() -> None:
    powerpoint = {"[Content_Types].xml", "ppt/presentation.xml"}
    assert sniffing.office_type(powerpoint, b"") == sniffing.PPTX
    assert sniffing.office_type({"mimetype", "content.xml"}, sniffing.ODP.encode()) == sniffing.ODP
    assert sniffing.office_type({"ppt/presentation.xml"}, b"text/html") == sniffing.ZIP


def test_films_tell_how_long_they_last(webm: bytes, mp4: bytes) -> None:
    assert (sniff(webm), sniff(mp4)) == (sniffing.WEBM, sniffing.MP4)
    assert seconds(webm_seconds, webm) == pytest.approx(4, abs=0.1)
    assert seconds(mp4_seconds, mp4) == pytest.approx(4, abs=0.1)


def test_a_cut_off_film_is_damaged(webm: bytes, mp4: bytes) -> None:
    for measure, film in ((webm_seconds, webm), (mp4_seconds, mp4)):
        for length in (10, 40, len(film) // 2, len(film) - 1):
            with pytest.raises(DamagedError):
                seconds(measure, film[:length])


def test_a_film_that_browsers_do_not_play_is_named_so(mp4: bytes, webm: bytes) -> None:
    with pytest.raises(UnplayableError):
        seconds(mp4_seconds, mp4.replace(b"avc1", b"mp4v"))
    with pytest.raises(UnplayableError):
        seconds(webm_seconds, webm.replace(b"webm", b"mkvv", 1))


@given(st.data())
def test_no_change_of_a_film_does_more_than_damage_it(webm: bytes, mp4: bytes, data: st.DataObject) -> None:
    measure, film = data.draw(st.sampled_from([(webm_seconds, webm), (mp4_seconds, mp4)]))
    changed = bytearray(film)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, 600))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DamagedError, UnplayableError):
        assert seconds(measure, bytes(changed)) >= 0


@given(st.binary(max_size=300))
def test_nothing_at_all_is_read_as_a_film_without_an_answer(content: bytes) -> None:
    for measure in (webm_seconds, mp4_seconds):
        with contextlib.suppress(DamagedError, UnplayableError):
            seconds(measure, b"\0\0\0\x08ftyp" + content)
        with contextlib.suppress(DamagedError, UnplayableError):
            seconds(measure, b"\x1a\x45\xdf\xa3" + content)
