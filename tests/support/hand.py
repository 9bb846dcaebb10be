"""A helping hand inside a running installation: makes and reads rows there when a test asks for it.

It is a process with the installation's own environment; the test's process never touches that database.
One JSON text a line goes in (`["name", {arguments}]`), one comes out (`{"result"}` or `{"error"}`).
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import django

Helper = Callable[..., Any]


def make_cast() -> dict[str, str]:
    """Puts the cast into the empty database; returns the ids of its rows, a person's e-mail address."""
    from accounts.models import User
    from tests.support import cast as casts

    rows = vars(casts.make_cast())
    rows |= {f"student{number}": student for number, student in enumerate(rows.pop("students"), 1)}
    return {name: row.email if isinstance(row, User) else str(row.pk) for name, row in rows.items()}


def new_class(**fields: Any) -> dict[str, str]:
    """Makes a course with the cast's teachers and students and one lesson, on now unless told otherwise."""
    from datetime import timedelta

    from accounts.models import School
    from classroom.models import Course, Enrolment
    from tests.support.cast import make_lesson

    course = Course.objects.create(school=School.objects.get(slug="demo"), title="Physics again")
    pattern = Enrolment.objects.filter(course__title="Physics 8b")
    Enrolment.objects.bulk_create(Enrolment(course=course, user=row.user, role=row.role) for row in pattern)
    starts_in = timedelta(minutes=fields.pop("starts_in_minutes", -5))
    return {"course": str(course.pk), "lesson": str(make_lesson(course, "Optics", starts_in, **fields).pk)}


def new_lesson(course: str, title: str, **fields: Any) -> str:
    """Makes one more lesson of a course, which begins later than the others; returns its id."""
    from datetime import timedelta

    from classroom.models import Course
    from tests.support.cast import make_lesson

    row = Course.objects.get(pk=course)
    return str(make_lesson(row, title, timedelta(minutes=row.lessons.count()), **fields).pk)


def new_student(course: str, email: str) -> dict[str, str]:
    """Makes one more student of a course, for tests that change the person."""
    from accounts.models import User
    from classroom.models import Course, Enrolment
    from tests.support.cast import PASSWORD

    row = Course.objects.get(pk=course)
    user = User.objects.create_user(email, PASSWORD, school=row.school, name=f"Visitor {email.split('@')[0]}")
    enrolment = Enrolment.objects.create(course=row, user=user)
    return {"email": user.email, "user": str(user.pk), "enrolment": str(enrolment.pk)}


def sign_in_visitors(course: str, count: int) -> list[str]:
    """Makes so many more students of a course who are signed in; returns the keys of their sessions."""
    from django.contrib.auth.hashers import make_password

    from classroom.models import Course, Enrolment
    from tests.classroom.live.wire import make_session
    from tests.support.cast import PASSWORD, make_person

    row, hashed = Course.objects.get(pk=course), make_password(PASSWORD)
    people = [
        make_person(row.school, f"visitor{number}-{course[:8]}@demo.school", f"Visitor {number}", hashed)
        for number in range(count)
    ]
    Enrolment.objects.bulk_create(Enrolment(course=row, user=person) for person in people)
    return [make_session(person) for person in people]


def sign_in(email: str) -> str:
    """Signs a person in; returns the key of the session."""
    from accounts.models import User
    from tests.classroom.live.wire import make_session

    return make_session(User.objects.get(email=email))


def entering_queries(lesson: str, email: str, other: str) -> int:
    """How many queries it takes a page of that person to come into the room, where another one is."""
    import asyncio

    from accounts.models import User
    from classroom.models import Lesson
    from tests.support import queries

    user, beside = (User.objects.get(email=address) for address in (email, other))
    return len(asyncio.run(queries.entering_queries(user, Lesson.objects.get(pk=lesson), beside)))


def rename(user: str, name: str) -> None:
    """Gives somebody another name."""
    from accounts.models import User

    User.objects.filter(pk=user).update(name=name)


def set_lesson_state(lesson: str, state: str) -> None:
    """Writes a lesson's state as the admin would."""
    from classroom.models import Lesson

    Lesson.objects.filter(pk=lesson).update(state=state)


def set_course(course: str, **fields: Any) -> None:
    """Writes fields of a course as the admin would."""
    from classroom.models import Course

    row = Course.objects.get(pk=course)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def lesson_row(lesson: str) -> dict[str, Any]:
    """What the database says of a lesson: its state and its stage."""
    from classroom.models import Lesson

    row = Lesson.objects.select_related("stage_holder").get(pk=lesson)
    holder = row.stage_holder.email if row.stage_holder else None
    return {"state": row.state, "holder": holder, "client": row.stage_client, "sources": row.stage_sources}


def open_presences(lesson: str) -> list[str]:
    """The e-mail address of every open presence: one for each page that counts as present."""
    from classroom.models import Presence

    rows = Presence.objects.filter(lesson__id=lesson, left_at=None)
    return sorted(rows.values_list("user__email", flat=True))


def new_key(lesson: str, email: str, kind: str) -> str:
    """Makes a person's key to a lesson; returns its secret."""
    from uuid import UUID

    from accounts.models import User
    from classroom.services import stream_keys

    return stream_keys.issue(User.objects.get(email=email).pk, UUID(lesson), kind)[1]


def device_checks(email: str) -> list[dict[str, Any]]:
    """What a person's device checks have found, the newest first."""
    from classroom.models import DeviceCheck

    rows = DeviceCheck.objects.filter(user__email=email)
    fields = ("camera", "microphone", "speaker", "network", "rtt_ms", "loss")
    return [dict(row) for row in rows.values(*fields)]


def check_runs() -> int:
    """How many device checks are under way."""
    from classroom.models import CheckRun

    return CheckRun.objects.count()


HELPERS: dict[str, Helper] = {
    helper.__name__: helper
    for helper in (
        make_cast,
        new_class,
        new_lesson,
        new_student,
        sign_in_visitors,
        sign_in,
        entering_queries,
        rename,
        set_lesson_state,
        set_course,
        lesson_row,
        open_presences,
        new_key,
        device_checks,
        check_runs,
    )
}


def main() -> None:
    """Answers one request a line until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr
    django.setup()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"result": HELPERS[name](**arguments)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
