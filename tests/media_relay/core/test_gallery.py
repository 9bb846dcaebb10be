"""The class's small cameras, which staff alone see: they come after the lesson, and pause before it."""

from __future__ import annotations

import pytest

from media_relay.core import rtcp
from media_relay.core.layers import NO_LAYER, Chooser
from tests.media_relay.core.classroom import (
    ASSISTANT,
    CAMERA,
    DELTA,
    KEYFRAME,
    SCREEN,
    SLOTS,
    TEACHER,
    Classroom,
    offered,
)
from tests.media_relay.core.simulated_link import Session

LESSON = {"floor-screen": (300e3, 1200e3), "floor-1-camera": (150e3, 500e3, 1500e3)}
GALLERY = {f"gallery-{number}-camera": (120e3,) for number in range(1, 31)}
CLASS = {**LESSON, **GALLERY}
WHOLE_LESSON = {"floor-screen": 1, "floor-1-camera": 2}


def shown(session: Session) -> int:
    return sum(session.layers[name] > NO_LAYER for name in GALLERY)


def lesson(session: Session) -> dict[str, int]:
    return {name: session.layers[name] for name in LESSON}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_good_link_gets_the_whole_gallery_from_the_start(seed: int) -> None:
    session = Session(CLASS, seed=seed, gallery=len(GALLERY))
    session.run(20)
    assert (lesson(session), shown(session)) == (WHOLE_LESSON, 30)
    assert session.changes(0, 20) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_a_thin_link_keeps_the_lesson_whole_and_as_much_of_the_gallery_as_fits(seed: int) -> None:
    session = Session(CLASS, seed=seed, rate=4.5e6, gallery=len(GALLERY))
    session.run(60)
    assert lesson(session) == WHOLE_LESSON
    assert 3 <= shown(session) <= 15
    session.link.rate = 20e6
    session.run(90)
    assert (lesson(session), shown(session)) == (WHOLE_LESSON, 30)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_poor_link_shows_the_lesson_and_no_gallery(seed: int) -> None:
    session = Session(CLASS, seed=seed, rate=700e3, gallery=len(GALLERY))
    session.run(30)
    assert (lesson(session), shown(session)) == ({"floor-screen": 0, "floor-1-camera": 0}, 0)
    assert session.chooser.limited == "link"


def test_a_gallery_without_a_lesson_comes_back_when_the_link_does() -> None:
    session = Session(GALLERY, rate=200e3, gallery=len(GALLERY))
    session.run(30)
    assert shown(session) <= 2
    session.link.rate = 20e6
    session.run(120)
    assert shown(session) == 30


def test_what_comes_onto_the_stage_is_shown_though_the_gallery_pauses() -> None:
    chooser = Chooser(tuple(CLASS), gallery=len(GALLERY))
    for name, rates in GALLERY.items():
        chooser.set_available(name, rates)
    chooser.receive_remb(50e3, 1.0)
    assert set(chooser.choose(1.0).values()) == {NO_LAYER}
    chooser.set_available("floor-1-camera", LESSON["floor-1-camera"])
    assert chooser.choose(1.1)["floor-1-camera"] == 0


def gallery_class() -> tuple[Classroom, dict[str, tuple[str, str]]]:
    """A lecture with a gallery of thirty, which is full."""
    room = Classroom()
    filled = {name: (f"student-{index}", CAMERA) for index, name in enumerate(GALLERY)}
    room.permit(
        viewers=(TEACHER, ASSISTANT),
        publishers={ASSISTANT: (CAMERA, SCREEN), **{who: (CAMERA,) for who, _ in filled.values()}},
        on_stage=ASSISTANT,
        slots=(*SLOTS, *((name, "video") for name in filled), ("staff-screen", "video")),
        staff=(TEACHER, ASSISTANT),
        staff_slots=(*filled, "staff-screen"),
        also_on_stage=filled,
    )
    return room, filled


def test_pictures_are_in_the_order_of_their_importance() -> None:
    room, filled = gallery_class()
    view = room.subscriber(TEACHER).view
    names = [slot.name for slot in view.pictures]
    assert names == ["teacher-screen", "staff-screen", "teacher-camera", *filled]
    assert view.gallery == len(filled)


@pytest.mark.parametrize("reports", [False, True])
def test_cameras_of_one_layer_are_shown_paused_and_shown_again(reports: bool) -> None:
    room, filled = gallery_class()
    links = [room.publisher(who, offered(CAMERA)) for who, _ in filled.values()]
    teacher = room.subscriber(TEACHER)
    since = room.now
    while room.now < since + 16:
        first = room.now == since
        for index, link in enumerate(links):
            content = (KEYFRAME if first or room.now - since > 12 else DELTA) + bytes(600)
            sequence = round((room.now - since) * 15)
            room.rtp(link, sequence, content, timestamp=sequence * 6000, ssrc=100 + index)
        if reports and 3 < room.now - since < 6:
            room.rtcp(teacher, rtcp.Remb(1, 300_000 if room.now - since > 4 else 9_000_000, (1,)))
        room.wait(1 / 15)
        if reports and 5 < room.now - since < 6:
            playing = [seat for seat in teacher.seats.values() if seat.track is not None]
            assert 1 <= len(playing) <= 5
            assert [seat.slot.name for seat in playing] == list(filled)[: len(playing)]
    playing = [seat for seat in teacher.seats.values() if seat.track is not None]
    # Without trains a step up is tried after ten seconds of calm.
    assert len(playing) == 30 if not reports else len(playing) >= 1
    assert room.closed() == []
