"""Presses of how the class follows, and the timer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Reader
from classroom.models import Lesson, MoodMinute, MoodPress, Timer
from classroom.services import moods, timer
from classroom.services.errors import ConflictError, RequestError
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def age(seconds: float) -> None:
    """Lets every press be so much older."""
    MoodPress.objects.update(pressed_at=timezone.now() - timedelta(seconds=seconds))


def seconds_until(time: str) -> float:
    """How long it is until then."""
    return (datetime.fromisoformat(time) - timezone.now()).total_seconds()


def now_pressed(cast: Cast) -> dict[str, int]:
    """How many have pressed what now."""
    found: dict[str, int] = moods.meter(cast.lesson.pk)["now"]
    return found


def shown(cast: Cast) -> dict[str, Any] | None:
    """The timer as pages see it."""
    return timer.section(Lesson.objects.get(pk=cast.lesson.pk))


def told(cast: Cast, user: User) -> dict[str, Any]:
    """What a student is told at first."""
    return moods.sections(cast.lesson.pk, [Reader(user.pk, is_staff=False)])[0]


def test_a_press_lasts_a_minute_and_its_count_is_kept_without_a_name(cast: Cast) -> None:
    for student in cast.students[:2]:
        moods.press(cast.lesson.pk, student.pk, "lost")
    assert now_pressed(cast) == {"lost": 2, "fast": 0, "got_it": 0}
    age(61)
    assert now_pressed(cast)["lost"] == 0
    moods.expire()
    assert not MoodPress.objects.exists()
    assert sum(MoodMinute.objects.values_list("count", flat=True)) == 2
    assert not any("user" in field.name for field in MoodMinute._meta.fields)


def test_pressing_again_while_it_lasts_is_counted_once(cast: Cast) -> None:
    for mood in ("fast", "fast", "got_it"):
        moods.press(cast.lesson.pk, cast.student.pk, mood)
        age(4)
    assert now_pressed(cast) == {"lost": 0, "fast": 0, "got_it": 1}
    assert dict(MoodMinute.objects.values_list("mood", "count")) == {"fast": 1, "got_it": 1}


def test_a_press_can_be_taken_back(cast: Cast) -> None:
    moods.press(cast.lesson.pk, cast.student.pk, "lost")
    age(4)
    assert moods.press(cast.lesson.pk, cast.student.pk, moods.NONE) is None
    assert now_pressed(cast)["lost"] == 0
    assert told(cast, cast.student) == {"mine": "", "lasts_ms": 0}


def test_nobody_presses_in_quick_succession(cast: Cast) -> None:
    moods.press(cast.lesson.pk, cast.student.pk, "lost")
    with pytest.raises(RequestError) as refusal:
        moods.press(cast.lesson.pk, cast.student.pk, "fast")
    assert refusal.value.code == "too_fast"
    assert now_pressed(cast) == {"lost": 1, "fast": 0, "got_it": 0}


def test_a_student_is_told_of_their_own_press_alone(cast: Cast) -> None:
    moods.press(cast.lesson.pk, cast.student.pk, "lost")
    own = told(cast, cast.student)
    assert own["mine"] == "lost"
    assert 0 < own["lasts_ms"] <= 60_000
    assert told(cast, cast.students[1])["mine"] == ""


def test_each_of_many_is_told_of_their_own_press_and_staff_of_all(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    moods.press(cast.lesson.pk, cast.students[0].pk, "lost")
    moods.press(cast.lesson.pk, cast.students[1].pk, "fast")
    people = (*cast.students[:3], cast.teacher)
    readers = [Reader(user.pk, is_staff=user == cast.teacher) for user in people]
    with django_assert_num_queries(3):
        *students, teacher = moods.sections(cast.lesson.pk, readers)
    assert [own["mine"] for own in students] == ["lost", "fast", ""]
    assert teacher["now"] == {"lost": 1, "fast": 1, "got_it": 0}


def test_a_timer_runs_is_prolonged_and_stopped(cast: Cast) -> None:
    timer.start(cast.lesson.pk, 60, "Group work")
    timer.add(cast.lesson.pk, 30)
    running = shown(cast)
    assert running is not None
    assert (running["label"], running["seconds"]) == ("Group work", 90)
    assert 80 < seconds_until(running["ends_at"]) <= 90
    timer.stop(cast.lesson.pk)
    timer.stop(cast.lesson.pk)
    assert shown(cast) is None
    with pytest.raises(ConflictError):
        timer.add(cast.lesson.pk, 30)


def test_a_timer_that_is_over_goes_on_from_now(cast: Cast) -> None:
    timer.start(cast.lesson.pk, 60)
    Timer.objects.update(ends_at=timezone.now() - timedelta(seconds=20))
    timer.add(cast.lesson.pk, 30)
    told = shown(cast)
    assert told is not None
    assert 20 < seconds_until(told["ends_at"]) <= 30


def test_a_timer_is_not_prolonged_without_end(cast: Cast) -> None:
    timer.start(cast.lesson.pk, timer.MAX_SECONDS)
    with pytest.raises(ConflictError):
        timer.add(cast.lesson.pk, 60)


def test_a_timer_that_was_forgotten_is_told_to_nobody(cast: Cast) -> None:
    timer.start(cast.lesson.pk, 60)
    Timer.objects.update(ends_at=timezone.now() - timer.OVER_SHOWN)
    assert shown(cast) is None
