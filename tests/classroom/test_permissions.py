"""Who may do what in a lesson: the whole table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts import roles
from accounts.models import User
from classroom import permissions
from classroom.models import Enrolment, Lesson
from classroom.permissions import Action, may, standing
from tests.support.cast import Cast, make_lesson

pytestmark = pytest.mark.django_db

EVERYTHING = set(Action)
ENTER, STAY, WATCH, ATTEND = Action.ENTER, Action.STAY, Action.WATCH, Action.ATTEND
OPEN = {ENTER, STAY, WATCH, ATTEND}
LIVE = OPEN | {Action.WRITE, Action.ASK}
DAY = timedelta(days=1)
STATE = Lesson.State
# When the lesson starts from now (it takes an hour), its state; what a teacher may; what a student may.
TABLE = [
    (timedelta(hours=2), STATE.SCHEDULED, set(), set()),
    (timedelta(minutes=50), STATE.SCHEDULED, EVERYTHING, set()),
    (timedelta(minutes=10), STATE.SCHEDULED, EVERYTHING, OPEN),
    (timedelta(0), STATE.SCHEDULED, EVERYTHING, OPEN),
    (timedelta(minutes=-80), STATE.SCHEDULED, EVERYTHING, OPEN),
    (timedelta(hours=-2), STATE.SCHEDULED, EVERYTHING - {WATCH}, {STAY}),
    (timedelta(0), STATE.LIVE, EVERYTHING, LIVE),
    (DAY, STATE.LIVE, EVERYTHING, LIVE),
    (-DAY, STATE.LIVE, set(), set()),
    (timedelta(0), STATE.ENDED, EVERYTHING - {WATCH}, {STAY}),
    (-DAY, STATE.ENDED, set(), set()),
    (timedelta(0), STATE.CANCELLED, set(), set()),
]


def allowed(user: Any, lesson: Lesson) -> set[Action]:
    """All that the person may do in the lesson."""
    return {action for action in Action if may(user, action, lesson)}


@pytest.mark.parametrize(("starts_in", "state", "teachers", "students"), TABLE)
def test_the_table_of_roles_and_phases(
    cast: Cast, starts_in: timedelta, state: str, teachers: set[Action], students: set[Action]
) -> None:
    lesson = make_lesson(cast.course, "Any", starts_in, state=state)
    anytime = {Action.READ} if state == STATE.CANCELLED else {Action.READ, Action.SUPPLY}
    review = {Action.REVIEW}
    assert allowed(cast.teacher, lesson) == teachers | anytime | review
    assert allowed(cast.assistant, lesson) == teachers | anytime | review
    over = review if lesson.phase() == STATE.ENDED else set()
    assert allowed(cast.student, lesson) == students | {Action.READ} | over


@pytest.mark.parametrize("name", ["outsider", "admin", "other_teacher", "stranger", "other_admin", "staff"])
def test_nobody_gets_in_without_an_enrolment(cast: Cast, name: str) -> None:
    user = getattr(cast, name)
    assert allowed(user, cast.lesson) == set()
    assert standing(user.pk, cast.lesson.pk) is None


def test_the_anonymous_may_nothing_and_cost_no_query(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert not may(AnonymousUser(), Action.ENTER, cast.lesson)


def test_an_answer_takes_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert may(cast.student, Action.ENTER, cast.lesson)
    with django_assert_num_queries(1):
        people = [user.pk for user in (cast.teacher, *cast.students)]
        assert len(permissions.standings(people, [cast.lesson.pk, cast.later_lesson.pk])) == 10


def test_the_database_is_asked_not_the_objects_at_hand(cast: Cast) -> None:
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=STATE.CANCELLED)
    assert not may(cast.student, Action.ENTER, cast.lesson)


def test_an_admin_who_is_enrolled_gets_in_as_what_they_are_enrolled(cast: Cast) -> None:
    Enrolment.objects.create(course=cast.course, user=cast.admin, role=Enrolment.Role.STUDENT)
    assert cast.admin.role == roles.SCHOOL_ADMIN
    found = standing(cast.admin.pk, cast.lesson.pk)
    assert found is not None
    assert found.role == "student"
    assert not may(cast.admin, Action.CONDUCT, cast.lesson)


def test_an_enrolment_across_schools_counts_for_nothing(cast: Cast) -> None:
    Enrolment.objects.bulk_create([Enrolment(course=cast.course, user=cast.stranger, role="teacher")])
    Enrolment.objects.bulk_create([Enrolment(course=cast.course, user=cast.staff, role="teacher")])
    assert allowed(cast.stranger, cast.lesson) == allowed(cast.staff, cast.lesson) == set()


def test_a_deactivated_teacher_may_nothing(cast: Cast) -> None:
    User.objects.filter(pk=cast.teacher.pk).update(is_active=False)
    assert allowed(cast.teacher, cast.lesson) == set()


def test_a_standing_may_be_asked_about_another_time(cast: Cast) -> None:
    standing = permissions.standing(cast.student.pk, cast.later_lesson.pk)
    assert standing is not None
    assert not standing.allows(Action.ENTER)
    assert standing.allows(Action.ENTER, timezone.now() + DAY)
