"""Who gets a socket to a room, and who is turned away before anything is accepted."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from django.conf import settings

from accounts.models import User
from classroom.live import access
from classroom.live.database import in_database
from classroom.models import Enrolment, Lesson, Presence
from tests.classroom.live.wire import (
    PAGE,
    browser_headers,
    is_refused,
    make_session,
    open_page,
    open_socket,
    room_path,
)
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

FOREIGN_ORIGINS = (
    "",
    "null",
    "https://evil.example",
    "http://127.0.0.1.evil.example:8000",
    "ws://127.0.0.1:8000",
    "http://127.0.0.1:8000/",
    "http://127.0.0.1",
)


async def refused(user: User | None, lesson_id: object, **parts: str) -> bool:
    """Whether the person, or nobody, is refused at the door of a room."""
    key = await in_database(make_session, user) if user else ""
    path = room_path(str(lesson_id), parts.get("client", PAGE))
    return await is_refused(path, browser_headers(key, parts.get("origin")))


@pytest.mark.parametrize("name", ["teacher", "colleague", "assistant", "student"])
async def test_who_belongs_to_the_course_gets_in(cast: Cast, name: str) -> None:
    await open_page(getattr(cast, name), cast.lesson)


@pytest.mark.parametrize(
    "name", ["outsider", "admin", "other_teacher", "stranger", "other_admin", "staff", None]
)
async def test_who_does_not_belong_to_the_course_is_refused(cast: Cast, name: str | None) -> None:
    assert await refused(getattr(cast, name) if name else None, cast.lesson.pk)
    assert not await in_database(Presence.objects.exists)


@pytest.mark.parametrize("name", ["later_lesson", "cancelled_lesson", "ended_lesson"])
async def test_a_student_is_refused_where_no_lesson_is_on(cast: Cast, name: str) -> None:
    assert await refused(cast.student, getattr(cast, name).pk)


async def test_a_teacher_may_open_an_ended_lesson_once_more(cast: Cast) -> None:
    await open_page(cast.teacher, cast.ended_lesson)


async def test_a_removed_student_is_refused(cast: Cast) -> None:
    await in_database(Enrolment.objects.filter(user=cast.student).delete)
    assert await refused(cast.student, cast.lesson.pk)


async def test_a_deactivated_student_is_refused(cast: Cast) -> None:
    await in_database(User.objects.filter(pk=cast.student.pk).update, is_active=False)
    assert await refused(cast.student, cast.lesson.pk)


async def test_a_student_moved_to_another_school_is_refused(cast: Cast) -> None:
    await in_database(User.objects.filter(pk=cast.student.pk).update, school=cast.other_school)
    assert await refused(cast.student, cast.lesson.pk)


async def test_an_unknown_lesson_is_refused(cast: Cast) -> None:
    assert await refused(cast.student, uuid.uuid4())


async def test_a_session_of_an_older_password_is_refused(cast: Cast) -> None:
    key = await in_database(make_session, cast.student)
    await in_database(User.objects.filter(pk=cast.student.pk).update, password="another hash")
    assert await is_refused(room_path(cast.lesson.pk), browser_headers(key))


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_a_foreign_origin_is_refused_before_any_row_is_written(cast: Cast, origin: str) -> None:
    assert await refused(cast.student, cast.lesson.pk, origin=origin)
    assert not await in_database(Presence.objects.exists)


async def test_a_socket_without_an_origin_is_refused(cast: Cast) -> None:
    key = await in_database(make_session, cast.student)
    cookie = (b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())
    assert await is_refused(room_path(cast.lesson.pk), [cookie])


@pytest.mark.parametrize("client", ["", "short", "x" * 65, "page 0001", "page\u00e9-0001"])
async def test_a_malformed_page_id_is_refused(cast: Cast, client: str) -> None:
    assert await refused(cast.student, cast.lesson.pk, client=client)


@pytest.mark.parametrize("path", ["/ws/", "/ws/lessons/", "/ws/lessons/1/", "/elsewhere"])
async def test_a_socket_to_nowhere_is_refused(path: str) -> None:
    assert await is_refused(path, browser_headers(""))


async def test_every_refusal_looks_the_same(cast: Cast) -> None:
    """Nothing in the answer tells one reason from another."""
    key = await in_database(make_session, cast.stranger)
    answers = []
    for lesson_id, session in ((cast.lesson.pk, ""), (cast.lesson.pk, key), (uuid.uuid4(), key)):
        socket = open_socket(room_path(lesson_id), browser_headers(session))
        answers.append(await socket.connect())
    assert len(set(answers)) == 1


async def test_nobody_enters_a_lesson_of_another_school(cast: Cast) -> None:
    """Each person of one school at each lesson of the other."""
    people = await in_database(lambda: list(User.objects.select_related("school")))
    lessons = await in_database(lambda: list(Lesson.objects.select_related("course")))
    foreign = [
        (user, lesson) for user in people for lesson in lessons if user.school_id != lesson.course.school_id
    ]
    assert foreign
    for user, lesson in foreign:
        assert await refused(user, lesson.pk), f"{user} gets into {lesson}"


# A cookie's value in quotation marks may have any byte in octal: PostgreSQL takes no NUL.
@pytest.mark.parametrize("cookie", ['"\\000"', '"abcdefgh\\000"', '"\\377"', "a" * 5000, "../../etc"])
async def test_a_cookie_that_names_no_session_troubles_nobody_else_at_the_door(
    cast: Cast, cookie: str
) -> None:
    headers = browser_headers(cookie)
    assert access.session_key({"headers": headers}) == ""
    refusals = [is_refused(room_path(str(cast.lesson.pk), PAGE), headers) for _ in range(20)]
    entering = asyncio.create_task(open_page(cast.student, cast.lesson))
    assert all(await asyncio.gather(*refusals))
    assert (await entering).snapshot["me"]["id"] == str(cast.student.pk)
