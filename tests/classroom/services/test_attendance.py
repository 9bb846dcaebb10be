"""The register: found from presence and attempts, final, corrected."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from classroom.core.schedule import LIVE_AFTER
from classroom.core.seats import Seat
from classroom.models import (
    Attempt,
    AuditEntry,
    Correction,
    Course,
    DeviceCheck,
    Enrolment,
    Lesson,
    Participation,
    Presence,
    Register,
)
from classroom.services import attendance, lessons, presence
from classroom.services.attendance_lines import Line
from classroom.services.errors import ConflictError
from tests.support.cast import Cast, hold, make_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(cast: Cast) -> Lesson:
    """A lesson of 45 minutes that was live from its start and ended in time, an hour ago."""
    hold(cast.lesson, 45, ended_ago=timedelta(hours=1))
    return Lesson.objects.get(pk=cast.lesson.pk)


def minute(lesson: Lesson, number: float) -> datetime:
    """So many minutes after the lesson's start."""
    return lesson.starts_at + timedelta(minutes=number)


def there(
    lesson: Lesson, user: User, start: float, end: float, *, admitted: bool = True, **fields: Any
) -> None:
    """Somebody's page was there, from when to when in minutes."""
    if admitted:
        defaults = {"admitted_at": minute(lesson, start)}
        Participation.objects.get_or_create(lesson=lesson, user=user, defaults=defaults)
    left = minute(lesson, end)
    values: dict[str, Any] = {"client": f"page-{start}", "channel": "", "seen_at": left, "left_at": left}
    Presence.objects.create(
        lesson=lesson, user=user, entered_at=minute(lesson, start), **{**values, **fields}
    )


def attempt(lesson: Lesson, user: User, kind: str, at: float) -> None:
    """Somebody tried at a minute."""
    moment = minute(lesson, at)
    Attempt.objects.create(lesson=lesson, user=user, kind=kind, first_at=moment, last_at=moment)


def line_of(lesson: Lesson, user: User) -> Line:
    """What the register says of somebody."""
    return next(line for line in attendance.sheet(lesson.pk).lines if line.user_id == user.pk)


def test_reconnects_are_joined_and_two_devices_counted_once(cast: Cast, held: Lesson) -> None:
    there(held, cast.student, 0, 20)
    there(held, cast.student, 21, 45)
    there(held, cast.student, 5, 30, client="the-phone")
    line = line_of(held, cast.student)
    assert (line.status, line.minutes) == ("present", 45)


def test_thresholds_are_those_of_the_course(cast: Cast, held: Lesson) -> None:
    there(held, cast.student, 8, 38)
    assert line_of(held, cast.student).status == "late_and_early"
    Course.objects.filter(pk=cast.course.pk).update(late_after=10)
    assert line_of(held, cast.student).status == "left_early"
    Course.objects.filter(pk=cast.course.pk).update(early_before=10)
    assert line_of(held, cast.student).status == "present"


def test_absent_is_told_from_tried(cast: Cast, held: Lesson) -> None:
    page, media, nobody, check = cast.students
    attempt(held, page, Attempt.Kind.PAGE, 3)
    attempt(held, media, Attempt.Kind.MEDIA, 3)
    DeviceCheck.objects.create(user=check, browser="Firefox", network="blocked", checked_at=minute(held, -5))
    assert [line_of(held, user).status for user in (page, media, nobody, check)] == [
        "tried",
        "tried",
        "absent",
        "tried",
    ]
    assert line_of(held, page).tried == ["opened the room's page"]


def test_whoever_was_connected_and_left_before_the_lesson_did_not_try_in_vain(
    cast: Cast, held: Lesson
) -> None:
    attempt(held, cast.student, Attempt.Kind.PAGE, -10)
    there(held, cast.student, -10, -8)
    assert line_of(held, cast.student).status == "absent"


def test_a_bad_device_check_of_another_day_excuses_nobody(cast: Cast, held: Lesson) -> None:
    DeviceCheck.objects.create(
        user=cast.student, browser="Firefox", network="blocked", checked_at=minute(held, -60)
    )
    assert line_of(held, cast.student).status == "absent"


def test_waiting_in_the_lobby_counts_once_somebody_is_let_in(cast: Cast, held: Lesson) -> None:
    there(held, cast.student, 0, 45, admitted=False)
    assert line_of(held, cast.student).status == "tried"
    assert line_of(held, cast.student).tried == ["waited in the lobby"]
    Participation.objects.create(lesson=held, user=cast.student, admitted_at=minute(held, 10))
    assert line_of(held, cast.student).status == "present"


def test_a_presence_that_the_web_tier_could_not_end_ends_when_it_was_last_seen(
    cast: Cast, held: Lesson
) -> None:
    there(held, cast.student, 0, 45, seen_at=minute(held, 20))
    assert line_of(held, cast.student).minutes == 20


def test_a_clock_that_was_set_back_does_no_harm(cast: Cast, held: Lesson) -> None:
    there(held, cast.student, 2, -60)
    line = line_of(held, cast.student)
    assert (line.status, line.seconds) == ("left_early", 0)


def test_nobody_is_absent_before_the_end_or_where_no_teacher_came(cast: Cast) -> None:
    assert {line.status for line in attendance.sheet(cast.lesson.pk).lines} == {"expected"}
    seat = Seat(cast.lesson.pk, cast.teacher.pk, "page-of-teacher")
    lessons.go_live(seat)
    presence.enter(Seat(cast.lesson.pk, cast.student.pk, "page-of-student"), "channel")
    assert line_of(cast.lesson, cast.student).status == "present"
    assert line_of(cast.lesson, cast.students[1]).status == "expected"
    lessons.end_lesson(cast.lesson.pk)
    assert line_of(cast.lesson, cast.students[1]).status == "absent"
    skipped = Lesson.objects.create(
        course=cast.course,
        title="Skipped",
        starts_at=timezone.now() - timedelta(hours=3),
        ends_at=timezone.now() - timedelta(hours=2),
    )
    assert {line.status for line in attendance.sheet(skipped.pk).lines} == {"expected"}


def test_what_is_final_is_not_touched_by_what_changes_later(cast: Cast, held: Lesson) -> None:
    there(held, cast.student, 8, 45)
    assert attendance.sheet(held.pk).final_at is None
    assert attendance.finalise_due() == 1
    assert attendance.finalise_due() == 0
    Course.objects.filter(pk=cast.course.pk).update(late_after=30)
    Enrolment.objects.filter(user=cast.student).delete()
    sheet = attendance.sheet(held.pk)
    assert sheet.final_at is not None
    assert line_of(held, cast.student).status == "late"
    assert (sheet.attended, sheet.count("absent")) == (1, 3)


def test_a_lesson_that_is_opened_again_gets_a_new_register_at_its_next_end(cast: Cast, held: Lesson) -> None:
    attendance.finalise_due()
    assert line_of(held, cast.student).status == "absent"
    seat = Seat(held.pk, cast.teacher.pk, "page-of-teacher")
    lessons.go_live(seat)
    assert attendance.sheet(held.pk).final_at is None
    there(held, cast.student, 0, 45)
    lessons.end_lesson(held.pk)
    assert attendance.finalise_due() == 1
    assert line_of(held, cast.student).status == "present"
    assert Register.objects.count() == 1


def test_a_lesson_that_was_left_live_is_written_down_too(cast: Cast, held: Lesson) -> None:
    Lesson.objects.filter(pk=held.pk).update(state=Lesson.State.LIVE, ended_at=None)
    assert attendance.finalise_due() == 0
    assert attendance.finalise_due(held.ends_at + LIVE_AFTER) == 1


def test_a_course_of_years_is_written_down_and_read_by_five_queries(
    cast: Cast, held: Lesson, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for days in range(100, 100 + attendance.FINAL_AT_ONCE):
        hold(make_lesson(cast.course, "Long ago"), 45, ended_ago=timedelta(days=days))
    assert attendance.finalise_due() == attendance.FINAL_AT_ONCE
    assert attendance.sheet(held.pk).final_at is not None
    assert [attendance.finalise_due(), attendance.finalise_due()] == [1, 0]
    with django_assert_num_queries(5):
        sheets, _totals = attendance.of_course(cast.course.pk)
    assert len(sheets) == attendance.FINAL_AT_ONCE + 1


def test_a_correction_has_a_reason_is_kept_with_what_was_found_and_noted(cast: Cast, held: Lesson) -> None:
    attendance.finalise_due()
    attendance.correct(held.pk, cast.teacher.pk, cast.student.pk, "excused", "  At the\ndentist ")
    line = line_of(held, cast.student)
    assert (line.status, line.found, line.corrections[0].by) == ("excused", "absent", "Ada Teacher")
    assert line.corrections[0].reason == "At the dentist"
    attendance.correct(held.pk, cast.assistant.pk, cast.student.pk, "present", "Was there after all")
    line = line_of(held, cast.student)
    assert line.status == "present"
    assert [entry.status for entry in line.corrections] == ["excused", "present"]
    entry = AuditEntry.objects.order_by("pk").first()
    assert entry is not None
    assert (entry.action, entry.actor, entry.subject) == ("register.correct", cast.teacher, cast.student)
    assert entry.details == {"status": "excused", "was": "absent"}


@pytest.mark.parametrize(
    ("status", "reason"), [("excused", "  "), ("excused", "x" * 201), ("expected", "Why"), ("dead", "Why")]
)
def test_a_correction_without_reason_or_sense_is_refused(
    cast: Cast, held: Lesson, status: str, reason: str
) -> None:
    with pytest.raises(ConflictError):
        attendance.correct(held.pk, cast.teacher.pk, cast.student.pk, status, reason)
    assert not Correction.objects.exists()


@pytest.mark.parametrize("name", ["teacher", "outsider", "stranger"])
def test_only_students_of_the_register_are_corrected(cast: Cast, held: Lesson, name: str) -> None:
    with pytest.raises(ConflictError):
        attendance.correct(held.pk, cast.teacher.pk, getattr(cast, name).pk, "present", "Why not")


def test_attempts_are_one_row_of_a_kind_however_often(cast: Cast) -> None:
    for _ in range(50):
        attendance.note_attempt(cast.lesson.pk, cast.student.pk, Attempt.Kind.PAGE)
    assert list(Attempt.objects.values_list("count", flat=True)) == [50]


def test_a_course_sums_up_the_lessons_that_were_held(cast: Cast, held: Lesson) -> None:
    there(held, cast.student, 8, 45)
    sheets, totals = attendance.of_course(cast.course.pk)
    assert [sheet.lesson for sheet in sheets] == [held]
    first = next(total for total in totals if total.user_id == cast.student.pk)
    assert (first.attended, first.late, first.absent, first.minutes) == (1, 1, 0, 37)
    assert [total.absent for total in totals] == [0, 1, 1, 1]
