"""Slides and video: one state for all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from classroom.core.seats import Seat
from classroom.models import Lesson, Material, MaterialPage, Playback, Sheet
from classroom.services import library, slides, snapshot, video
from classroom.services.errors import ConflictError
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def make_material(cast: Cast, **fields: Any) -> Material:
    """A document of three pages, ready to be shown."""
    given = {"course": cast.course, "lesson": cast.lesson, "owner": cast.teacher, "name": "Optics.pdf"}
    ready = {"size": 1, "pages": 3, "kind": "document", "state": "ready"}
    material = Material.objects.create(**{**given, **ready, **fields})
    shape = {"width": 1600, "height": 900}
    numbers = range(1, material.pages + 1)
    MaterialPage.objects.bulk_create(MaterialPage(material=material, number=n, **shape) for n in numbers)
    return material


def make_film(cast: Cast) -> Material:
    """A film of a minute."""
    return make_material(cast, name="film.mp4", kind="video", pages=0, seconds=60.0)


def main_view(cast: Cast) -> str:
    """What all see large."""
    return str(Lesson.objects.values_list("main_view", flat=True).get(pk=cast.lesson.pk))


def told(lesson_id: UUID) -> tuple[dict[str, Any], list[str]]:
    """What is said of the slides, and which pages have a sheet."""
    state = slides.state(lesson_id)
    assert state is not None
    return state, list(state.pop("sheets"))


def test_slides_are_shown_turned_and_taken_away(cast: Cast) -> None:
    lesson_id, actor = cast.lesson.pk, cast.teacher.pk
    material = make_material(cast)
    assert slides.state(lesson_id) is None
    slides.show(lesson_id, actor, material.pk, 2)
    shown = {"material": str(material.pk), "name": "Optics.pdf", "pages": 3, "page": 2}
    assert told(lesson_id) == (shown, ["2"])
    assert main_view(cast) == "slides"
    slides.turn(lesson_id, 3)
    assert told(lesson_id) == ({**shown, "page": 3}, ["2", "3"])
    sheet = Sheet.objects.get(lesson=lesson_id, page=3)
    # As high as the page is: 1600 by 900.
    assert (sheet.kind, sheet.height) == ("slide", 9000)
    slides.close(lesson_id, actor)
    slides.close(lesson_id, actor)
    assert (slides.state(lesson_id), main_view(cast)) == (None, "")


def test_what_is_not_there_is_not_shown(cast: Cast) -> None:
    lesson_id, actor = cast.lesson.pk, cast.teacher.pk
    with pytest.raises(ConflictError):
        slides.turn(lesson_id, 1)
    other = {"course": cast.other_course, "lesson": cast.other_lesson}
    cases = [
        make_material(cast, state="checking"),
        make_material(cast, pages=0, kind="file"),
        make_material(cast, course=cast.second_course, lesson=cast.second_lesson),
        make_material(cast, **other),
    ]
    for material_id in [*(material.pk for material in cases), uuid4()]:
        with pytest.raises(ConflictError):
            slides.show(lesson_id, actor, material_id, 1)
        with pytest.raises(ConflictError):
            video.show(lesson_id, actor, material_id)
    material = make_material(cast)
    for page in (0, 4):
        with pytest.raises(ConflictError):
            slides.show(lesson_id, actor, material.pk, page)
    slides.show(lesson_id, actor, material.pk, 1)
    with pytest.raises(ConflictError):
        slides.turn(lesson_id, 4)


def test_what_is_deleted_is_taken_off_the_stage_with_its_ink(cast: Cast) -> None:
    lesson_id, actor = cast.lesson.pk, cast.teacher.pk
    material, film = make_material(cast), make_film(cast)
    slides.show(lesson_id, actor, material.pk, 1)
    video.show(lesson_id, actor, film.pk)
    for each in (material, film):
        assert library.delete(cast.lesson, each.pk, actor, is_staff=True)
    assert slides.state(lesson_id) is None
    assert video.state(lesson_id) is None
    assert main_view(cast) == ""
    assert not Sheet.objects.exists()


def test_closing_leaves_alone_what_else_is_shown_large(cast: Cast) -> None:
    slides.show(cast.lesson.pk, cast.teacher.pk, make_material(cast).pk, 1)
    video.show(cast.lesson.pk, cast.teacher.pk, make_film(cast).pk)
    slides.close(cast.lesson.pk, cast.teacher.pk)
    assert main_view(cast) == "video"
    video.close(cast.lesson.pk, cast.teacher.pk)
    assert main_view(cast) == ""


def rewind_clock(cast: Cast, seconds: float) -> None:
    """Lets so much time have passed since the video was last touched."""
    row = Playback.objects.get(lesson=cast.lesson)
    Playback.objects.update(at=row.at - timedelta(seconds=seconds))


def place(cast: Cast) -> float:
    """Where the video stands by what is said of it now."""
    told = video.state(cast.lesson.pk)
    assert told is not None
    elapsed = told["now"] - told["at"] if told["is_playing"] else 0
    return min(float(told["position"]) + elapsed, float(told["seconds"]))


def test_a_video_goes_on_by_the_server_s_clock(cast: Cast) -> None:
    lesson_id = cast.lesson.pk
    for move in (video.play, video.pause):
        with pytest.raises(ConflictError):
            move(lesson_id)
    video.show(lesson_id, cast.teacher.pk, make_film(cast).pk)
    assert main_view(cast) == "video"
    rewind_clock(cast, 10)
    assert place(cast) == 0
    video.play(lesson_id)
    rewind_clock(cast, 10)
    assert place(cast) == pytest.approx(10, abs=1)
    video.pause(lesson_id)
    rewind_clock(cast, 10)
    assert place(cast) == pytest.approx(10, abs=1)
    video.seek(lesson_id, 50.0)
    assert place(cast) == 50
    video.play(lesson_id)
    rewind_clock(cast, 30)
    video.pause(lesson_id)
    assert place(cast) == 60
    video.play(lesson_id)
    assert place(cast) == pytest.approx(0, abs=1)
    video.seek(lesson_id, 1e6)
    assert place(cast) == 60


def test_a_late_joiner_is_told_all_by_three_queries(cast: Cast, django_assert_num_queries: Any) -> None:
    Lesson.objects.filter(pk=cast.lesson.pk).update(state="live", went_live_at=timezone.now())
    slides.show(cast.lesson.pk, cast.teacher.pk, make_material(cast).pk, 2)
    video.show(cast.lesson.pk, cast.teacher.pk, make_film(cast).pk)
    seat = Seat(cast.lesson.pk, cast.student.pk, "page-0001")
    (told,) = snapshot.for_viewers(cast.lesson.pk, [snapshot.Viewer(seat, "student")])
    assert (told["slides"]["page"], told["video"]["position"]) == (2, 0)
    with django_assert_num_queries(3):
        slides.state(cast.lesson.pk)
        video.state(cast.lesson.pk)
