"""`manage.py seed_demo`: two schools to try Lectern with."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import roles
from accounts.models import School
from accounts.provisioning import Person, ensure_people, ensure_school
from classroom.models import Course, Enrolment
from classroom.services import courses

PASSWORD = "lectern-demo"  # noqa: S105 (known to everybody: demo people exist on loopback alone)
ADMIN = Person("admin@demo.school", "Miriam Vogel", roles.SCHOOL_ADMIN)
TEACHER = Person("teacher@demo.school", "Jonas Lindner")
OUTSIDER = Person("outsider@other.school", "Robin Archer")
STUDENT_NAMES = (
    "Amelie Berger",
    "Ben Schuster",
    "Clara Hoffmann",
    "David Yilmaz",
    "Emma Krause",
    "Finn Petersen",
    "Greta Sommer",
    "Hannes Wolf",
    "Ida Brandt",
    "Jakob Nowak",
    "Katharina Engel",
    "Leon Fischer",
    "Mia Lehmann",
    "Noah Kaya",
    "Olivia Seidel",
    "Paul Richter",
    "Quirin Maier",
    "Rosa Albrecht",
    "Samuel Okafor",
    "Theresa Vogt",
    "Umut Demir",
    "Valentina Rossi",
    "Wim Jansen",
    "Xenia Popova",
    "Yannick Dubois",
    "Zoe Winter",
    "Anton Keller",
    "Bella Horvat",
    "Carlo Neumann",
    "Dana Simon",
)
STUDENTS = tuple(
    Person(f"student{number}@demo.school", name) for number, name in enumerate(STUDENT_NAMES, start=1)
)

MAIN_COURSE, SECOND_COURSE, OTHER_COURSE = "Physics 8b", "History 8b", "Chemistry 10"
NOW_TITLE = "Light and shadow"
PLAN = (
    (0, time(9), MAIN_COURSE, "Mirrors and lenses"),
    (0, time(11), SECOND_COURSE, "The Hanseatic League"),
    (1, time(10), MAIN_COURSE, "The colours of light"),
    (2, time(9), SECOND_COURSE, "Guilds and markets"),
    (3, time(10), MAIN_COURSE, "Building a pinhole camera"),
    (4, time(9), MAIN_COURSE, "Questions and revision"),
    (4, time(11), SECOND_COURSE, "A walk through the old town"),
)
"""Weekday from Monday, the school's own time, course, title."""
PLANNED_DAYS = 7
LESSON = timedelta(minutes=45)
NOW_LESSON = timedelta(minutes=90)
LEFT_AT_LEAST = timedelta(minutes=30)
"""A lesson that is over sooner doesn't count as being on."""


class Command(BaseCommand):
    """Makes the demo schools, or what is missing of them; a lesson is on after each run."""

    help = "Makes two demo schools with people and lessons; one lesson is on now. Needs LECTERN_DEMO."

    def handle(self, **options: Any) -> None:
        """Seeds everything; prints who can sign in."""
        if not settings.LECTERN_DEMO:
            raise CommandError("Demo people are made only where LECTERN_DEMO is on.")
        with transaction.atomic():
            _seed_demo_school()
            _seed_other_school()
        if options["verbosity"]:
            self.stdout.write(people_table())


def people_table() -> str:
    """Returns who can sign in, as a table for the terminal."""
    last = STUDENTS[-1].email.split("@")[0].removeprefix("student")
    rows = (
        (ADMIN.email, "manages Demo School at /admin/"),
        (TEACHER.email, f"teaches {MAIN_COURSE} and {SECOND_COURSE}"),
        (f"{STUDENTS[0].email} … student{last}", f"attend {MAIN_COURSE}"),
        (OUTSIDER.email, "belongs to Other School"),
    )
    lines = [f"  {email:<36}{what}" for email, what in rows]
    return "\n".join([f"Demo people, password {PASSWORD}:", *lines])


def _seed_demo_school() -> None:
    school = ensure_school("demo", "Demo School", "Europe/Berlin")
    people = ensure_people(school, (ADMIN, TEACHER, *STUDENTS), PASSWORD)
    students = [people[student.email] for student in STUDENTS]
    planned = {}
    for title, attending in ((MAIN_COURSE, students), (SECOND_COURSE, students[:10])):
        course = planned[title] = courses.ensure_course(school.pk, title)
        courses.ensure_enrolled(course, [people[TEACHER.email]], Enrolment.Role.TEACHER)
        courses.ensure_enrolled(course, attending, Enrolment.Role.STUDENT)
    _plan_week(school, planned)
    _open_now(planned[MAIN_COURSE])


def _seed_other_school() -> None:
    school = ensure_school("other", "Other School", "Europe/London")
    people = ensure_people(school, [OUTSIDER], PASSWORD)
    course = courses.ensure_course(school.pk, OTHER_COURSE)
    courses.ensure_enrolled(course, people.values(), Enrolment.Role.STUDENT)
    _open_now(course)


def _plan_week(school: School, planned: dict[str, Course]) -> None:
    """Plans from tomorrow on: today belongs to the lesson that is on now."""
    today = timezone.localdate(timezone=school.zone)
    for ahead in range(1, PLANNED_DAYS + 1):
        day = today + timedelta(days=ahead)
        for weekday, hour, course, title in PLAN:
            if day.weekday() == weekday:
                starts_at = datetime.combine(day, hour, tzinfo=school.zone)
                courses.plan_lesson(planned[course], title, starts_at, starts_at + LESSON)


def _open_now(course: Course) -> None:
    now = timezone.now()
    if courses.open_lesson_until(course, now, now + LEFT_AT_LEAST):
        return
    starts_at = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    if not courses.move_unheld_lesson(course, starts_at, starts_at + NOW_LESSON):
        courses.add_lesson(course, NOW_TITLE, starts_at, starts_at + NOW_LESSON)
