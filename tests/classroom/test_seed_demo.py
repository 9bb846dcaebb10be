"""The demo schools."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import School, User
from classroom.core import schedule
from classroom.management.commands.seed_demo import MAIN_COURSE, OTHER_COURSE, PASSWORD
from classroom.models import Course, Enrolment, Lesson

SECOND_RUN_QUERIES = 60


@pytest.fixture(autouse=True)
def _demo_is_on(settings: Any, db: None) -> None:
    settings.LECTERN_DEMO = True


def seed() -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def lessons_on_now(course: str) -> list[Lesson]:
    now = timezone.now()
    rows = Lesson.objects.filter(course__title=course, starts_at__lte=now, ends_at__gt=now)
    return [lesson for lesson in rows if lesson.phase(now) in (schedule.LOBBY, schedule.LIVE)]


def test_it_is_refused_where_the_demo_is_off(settings: Any) -> None:
    settings.LECTERN_DEMO = False
    with pytest.raises(CommandError, match="LECTERN_DEMO"):
        seed()
    assert not User.objects.exists()


def test_everybody_of_the_demo_can_sign_in() -> None:
    table = seed()
    for email in (
        "admin@demo.school",
        "teacher@demo.school",
        "student1@demo.school",
        "outsider@other.school",
    ):
        assert email in table
        assert authenticate(None, email=email, password=PASSWORD)
    assert authenticate(None, email="student30@demo.school", password=PASSWORD)
    assert User.objects.get(email="admin@demo.school").is_school_admin
    assert not User.objects.filter(is_superuser=True).exists()


def test_the_class_is_enrolled_and_the_outsider_is_not() -> None:
    seed()
    enrolled = Enrolment.objects.filter(course__title=MAIN_COURSE)
    assert enrolled.filter(role="student", user__email__startswith="student").count() == 30
    assert enrolled.filter(role="teacher").get().user.email == "teacher@demo.school"
    outsider = User.objects.get(email="outsider@other.school")
    assert [one.course.title for one in outsider.enrolments.all()] == [OTHER_COURSE]


def test_names_look_like_people() -> None:
    seed()
    names = list(User.objects.values_list("name", flat=True))
    assert len(set(names)) == len(names) == 33
    assert all(" " in name for name in names)


def test_one_lesson_is_on_now_and_others_are_later_this_week() -> None:
    seed()
    assert len(lessons_on_now(MAIN_COURSE)) == 1
    now = timezone.now()
    later = Lesson.objects.filter(starts_at__gt=now, starts_at__lt=now + timedelta(days=8))
    assert later.filter(course__title=MAIN_COURSE).count() >= 3
    assert School.objects.get(slug="demo").zone.key == "Europe/Berlin"
    assert {lesson.starts_at.astimezone(lesson.course.school.zone).hour for lesson in later} <= {9, 10, 11}


def test_a_second_run_changes_nothing_and_costs_little(django_assert_max_num_queries: Any) -> None:
    seed()
    before = _everything()
    with django_assert_max_num_queries(SECOND_RUN_QUERIES):
        seed()
    assert _everything() == before


def _everything() -> list[list[tuple[Any, ...]]]:
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (School, User, Course, Enrolment, Lesson)
    ]


@pytest.mark.parametrize("state", [Lesson.State.ENDED, Lesson.State.CANCELLED])
def test_a_fresh_lesson_is_on_when_the_last_one_is_over(state: str) -> None:
    seed()
    (held,) = lessons_on_now(MAIN_COURSE)
    Lesson.objects.filter(pk=held.pk).update(state=state)
    seed()
    fresh = lessons_on_now(MAIN_COURSE)
    assert [lesson.pk for lesson in fresh] != [held.pk]
    assert len(fresh) == 1
    assert Lesson.objects.get(pk=held.pk).state == state


def test_a_lesson_that_nobody_held_is_moved_instead_of_piling_up() -> None:
    seed()
    count = Lesson.objects.count()
    (unheld,) = lessons_on_now(MAIN_COURSE)
    yesterday = timezone.now() - timedelta(days=1)
    Lesson.objects.filter(pk=unheld.pk).update(starts_at=yesterday, ends_at=yesterday + timedelta(hours=1))
    seed()
    assert [lesson.pk for lesson in lessons_on_now(MAIN_COURSE)] == [unheld.pk]
    assert Lesson.objects.count() == count
