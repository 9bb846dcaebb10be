"""The timetable: whose lessons, which days, in which zone, at which cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from classroom.models import Course, Enrolment, Lesson
from classroom.services import timetable
from tests.support.cast import Cast, make_person

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)
"""A Friday; on the following Sunday the clocks of Berlin go forward."""


@pytest.fixture
def pupil(cast: Cast) -> User:
    """Somebody with one course and no lessons yet."""
    course = Course.objects.create(school=cast.school, title="Music")
    pupil = make_person(cast.school, "pupil@demo.school", "Paula Pupil", "!")
    Enrolment.objects.create(course=course, user=pupil)
    Enrolment.objects.create(course=course, user=cast.teacher, role=Enrolment.Role.TEACHER)
    Enrolment.objects.create(course=course, user=cast.colleague, role=Enrolment.Role.TEACHER)
    return pupil


def add(title: str, starts_at: datetime, hours: int = 1, **fields: object) -> Lesson:
    """Puts a lesson into the pupil's course."""
    course = Course.objects.get(title="Music")
    ends_at = starts_at + timedelta(hours=hours)
    return Lesson.objects.create(course=course, title=title, starts_at=starts_at, ends_at=ends_at, **fields)


def titles(user: User) -> dict[str, list[str]]:
    """The titles of the lessons by day."""
    days = timetable.week_of(user, NOON)
    return {f"{day.date:%a %d}": [lesson.title for lesson in day.lessons] for day in days}


def test_today_comes_first_even_without_lessons(pupil: User) -> None:
    add("Choir", NOON + timedelta(days=2))
    days = timetable.week_of(pupil, NOON)
    assert [(str(day.date), day.is_today) for day in days] == [("2026-03-27", True), ("2026-03-29", False)]
    assert days[0].lessons == []


def test_a_lesson_shows_all_that_a_person_needs(cast: Cast, pupil: User) -> None:
    lesson = add("Choir", NOON)
    (entry,) = timetable.week_of(pupil, NOON)[0].lessons
    assert (entry.id, entry.title, entry.course) == (lesson.pk, "Choir", "Music")
    assert entry.teachers == ["Ada Teacher", "Carl Colleague"]
    assert (entry.phase, entry.can_enter) == ("lobby", True)
    assert entry.room_url == f"/lessons/{lesson.pk}/room/"
    assert f"{entry.starts_at:%H:%M %Z} {entry.ends_at:%H:%M}" == "13:00 CET 14:00"


def test_days_are_those_of_the_schools_zone_over_a_change_of_the_clocks(pupil: User) -> None:
    add("Late on Saturday", datetime(2026, 3, 28, 22, 30, tzinfo=UTC))
    add("Early on Sunday", datetime(2026, 3, 28, 23, 30, tzinfo=UTC))
    add("Late on Sunday", datetime(2026, 3, 29, 21, 30, tzinfo=UTC))
    assert titles(pupil) == {
        "Fri 27": [],
        "Sat 28": ["Late on Saturday"],
        "Sun 29": ["Early on Sunday", "Late on Sunday"],
    }


def test_the_week_has_seven_days_and_no_past(pupil: User) -> None:
    add("Yesterday", NOON - timedelta(days=1))
    add("In six days", NOON + timedelta(days=6))
    add("In seven days", NOON + timedelta(days=7))
    assert titles(pupil) == {"Fri 27": [], "Thu 02": ["In six days"]}


def test_a_lesson_over_midnight_is_still_on_today(pupil: User) -> None:
    add("Night of music", NOON - timedelta(hours=16), hours=20)
    assert titles(pupil) == {"Fri 27": ["Night of music"]}


def test_a_lesson_of_yesterday_that_goes_on_is_on_today(pupil: User) -> None:
    evening = NOON - timedelta(hours=15, minutes=30)
    add("Encore", evening, hours=2, state=Lesson.State.LIVE)
    add("Rehearsal", evening, hours=2, state=Lesson.State.ENDED)
    after_midnight = evening + timedelta(hours=2, minutes=40)
    entries = timetable.week_of(pupil, after_midnight)[0].lessons
    assert [(entry.title, entry.can_enter) for entry in entries] == [("Encore", True)]


def test_a_lesson_that_is_not_open_or_cancelled_cannot_be_entered(pupil: User) -> None:
    add("Later", NOON + timedelta(minutes=50))
    add("Cancelled", NOON, state=Lesson.State.CANCELLED)
    entries = timetable.week_of(pupil, NOON)[0].lessons
    assert [(entry.phase, entry.can_enter) for entry in entries] == [
        ("cancelled", False),
        ("scheduled", False),
    ]


def test_a_teacher_may_enter_earlier(cast: Cast, pupil: User) -> None:
    add("Later", NOON + timedelta(minutes=50))
    entries = timetable.week_of(cast.teacher, NOON)[0].lessons
    assert [entry.can_enter for entry in entries] == [True]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("student", {"Optics", "Waves", "Excursion", "Mechanics"}),
        ("outsider", {"Rome"}),
        ("colleague", {"Optics", "Waves", "Excursion", "Mechanics", "Rome"}),
        ("stranger", {"Acids"}),
        ("admin", set()),
        ("staff", set()),
    ],
)
def test_one_sees_the_lessons_of_ones_courses_and_nothing_else(
    cast: Cast, name: str, expected: set[str]
) -> None:
    now = cast.lesson.starts_at.replace(hour=12)
    Lesson.objects.exclude(title="Waves").update(starts_at=now, ends_at=now + timedelta(hours=1))
    days = timetable.week_of(getattr(cast, name), now)
    assert {lesson.title for day in days for lesson in day.lessons} == expected


def test_an_enrolment_across_schools_shows_nothing(cast: Cast) -> None:
    Enrolment.objects.bulk_create([Enrolment(course=cast.course, user=cast.stranger)])
    courses = {lesson.course for day in timetable.week_of(cast.stranger) for lesson in day.lessons}
    assert courses == {"Chemistry"}


def test_a_week_takes_three_queries_however_full_it_is(
    pupil: User, django_assert_max_num_queries: Any
) -> None:
    for hour in range(40):
        add(f"Lesson {hour}", NOON + timedelta(hours=hour))
    user = User.objects.get(pk=pupil.pk)
    with django_assert_max_num_queries(3):
        assert sum(len(day.lessons) for day in timetable.week_of(user, NOON)) == 40


def test_the_last_days_come_latest_first_with_what_was_taught(pupil: User) -> None:
    lessons = {days: add(f"{days} ago", NOON - timedelta(days=days)) for days in (1, 3, 7, 8)}
    days = timetable.past_week_of(pupil, NOON)
    assert [f"{day.date:%a %d}" for day in days] == ["Thu 26", "Tue 24", "Fri 20"]
    assert days[0].lessons[0].review_url == f"/lessons/{lessons[1].pk}/"


def test_the_last_days_cost_three_queries_whatever_there_was(
    pupil: User, django_assert_max_num_queries: Any
) -> None:
    for hours in range(1, 60):
        add("Choir", NOON - timedelta(hours=hours))
    with django_assert_max_num_queries(3):
        assert len(timetable.past_week_of(pupil, NOON)) == 2
