"""The people, courses and lessons that tests play with: always the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts import roles
from accounts.models import School, User
from classroom.models import Course, Enrolment, Lesson
from tests.support.people import PASSWORD

STUDENTS = 4
ROLE = Enrolment.Role


@dataclass(frozen=True)
class Cast:
    """Demo School with one course, Other School with another; who is who."""

    school: School
    other_school: School
    course: Course
    """Taught by `teacher` and `colleague`, with `assistant`; attended by `students`."""
    second_course: Course
    """Of the same school; taught by `colleague`, attended by `outsider`."""
    other_course: Course
    """Of the other school; taught by `other_teacher`, attended by `stranger`."""
    teacher: User
    colleague: User
    assistant: User
    students: tuple[User, ...]
    outsider: User
    """Of the same school, not enrolled in `course`."""
    admin: User
    other_teacher: User
    stranger: User
    other_admin: User
    staff: User
    """Of the platform: belongs to no school."""
    lesson: Lesson
    """On now, not live yet."""
    later_lesson: Lesson
    """Tomorrow: not open yet."""
    cancelled_lesson: Lesson
    """Would be on now."""
    ended_lesson: Lesson
    """Was on until an hour ago."""
    second_lesson: Lesson
    """On now in `second_course`."""
    other_lesson: Lesson
    """On now in the other school."""

    @property
    def student(self) -> User:
        """The first of the students."""
        return self.students[0]


def make_person(school: School | None, email: str, name: str, password_hash: str, **fields: object) -> User:
    """Makes a person whose password has been hashed before: hashing it each time is slow on purpose."""
    return User.objects.create(school=school, email=email, name=name, password=password_hash, **fields)


def make_lesson(
    course: Course, title: str, starts_in: timedelta = timedelta(minutes=-5), **fields: object
) -> Lesson:
    """Makes a lesson of an hour; one that is on now unless told otherwise."""
    starts_at = timezone.now() + starts_in
    return Lesson.objects.create(
        course=course, title=title, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), **fields
    )


def hold(lesson: Lesson, minutes: int, ended_ago: timedelta) -> None:
    """Lets a lesson have been held for so many minutes, as the timetable had it."""
    ends_at = timezone.now() - ended_ago
    starts_at = ends_at - timedelta(minutes=minutes)
    Lesson.objects.filter(pk=lesson.pk).update(
        starts_at=starts_at,
        ends_at=ends_at,
        went_live_at=starts_at,
        ended_at=ends_at,
        state=Lesson.State.ENDED,
    )


def _enrol(course: Course, role: str, *people: User) -> None:
    Enrolment.objects.bulk_create(Enrolment(course=course, user=person, role=role) for person in people)


@cache
def _hashed(password: str) -> str:
    """Hashed once for all tests: that is slow on purpose."""
    return make_password(password)


def make_cast() -> Cast:
    """Puts the whole cast into an empty database."""
    hashed = _hashed(PASSWORD)
    school = School.objects.create(name="Demo School", slug="demo", time_zone="Europe/Berlin")
    other = School.objects.create(name="Other School", slug="other", time_zone="America/New_York")
    teacher = make_person(school, "teacher@demo.school", "Ada Teacher", hashed)
    colleague = make_person(school, "colleague@demo.school", "Carl Colleague", hashed)
    assistant = make_person(school, "assistant@demo.school", "Asta Assistant", hashed)
    students = tuple(
        make_person(school, f"student{number}@demo.school", f"Student {number}", hashed)
        for number in range(1, STUDENTS + 1)
    )
    outsider = make_person(school, "outsider@demo.school", "Otto Outsider", hashed)
    other_teacher = make_person(other, "teacher@other.school", "Olga Teacher", hashed)
    stranger = make_person(other, "stranger@other.school", "Stella Stranger", hashed)
    course = Course.objects.create(school=school, title="Physics 8b")
    second_course = Course.objects.create(school=school, title="History 9a")
    other_course = Course.objects.create(school=other, title="Chemistry")
    _enrol(course, ROLE.TEACHER, teacher, colleague)
    _enrol(course, ROLE.ASSISTANT, assistant)
    _enrol(course, ROLE.STUDENT, *students)
    _enrol(second_course, ROLE.TEACHER, colleague)
    _enrol(second_course, ROLE.STUDENT, outsider)
    _enrol(other_course, ROLE.TEACHER, other_teacher)
    _enrol(other_course, ROLE.STUDENT, stranger)
    return Cast(
        school=school,
        other_school=other,
        course=course,
        second_course=second_course,
        other_course=other_course,
        teacher=teacher,
        colleague=colleague,
        assistant=assistant,
        students=students,
        outsider=outsider,
        admin=make_person(school, "admin@demo.school", "Anna Admin", hashed, role=roles.SCHOOL_ADMIN),
        other_teacher=other_teacher,
        stranger=stranger,
        other_admin=make_person(other, "admin@other.school", "Omar Admin", hashed, role=roles.SCHOOL_ADMIN),
        staff=make_person(None, "staff@lectern.example", "Sam Staff", hashed, is_superuser=True),
        lesson=make_lesson(course, "Optics"),
        later_lesson=make_lesson(course, "Waves", timedelta(days=1)),
        cancelled_lesson=make_lesson(course, "Excursion", state=Lesson.State.CANCELLED),
        ended_lesson=make_lesson(course, "Mechanics", timedelta(hours=-2), state=Lesson.State.ENDED),
        second_lesson=make_lesson(second_course, "Rome"),
        other_lesson=make_lesson(other_course, "Acids"),
    )
