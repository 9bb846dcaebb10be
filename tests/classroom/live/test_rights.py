"""Rights that change while somebody is in the room: socket and media end within two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import User
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import Course, Enrolment, Lesson
from classroom.services import lessons
from media_relay import protocol
from tests.classroom.live.wire import PAGE, FakeRelay, Page, open_page, open_relay
from tests.support.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 2.0


def sign_out(cast: Cast, session_key: str) -> None:
    """Signs the student out through the site."""
    client = Client()
    client.cookies["sessionid"] = session_key
    client.post(reverse("account_logout"))
    assert not Session.objects.filter(session_key=session_key).exists()


def change_password(cast: Cast, session_key: str) -> None:
    """Gives the student a new password."""
    student = User.objects.get(pk=cast.student.pk)
    student.set_password("quite another password")
    student.save()


def change_own_password(cast: Cast, session_key: str) -> None:
    """The student takes a new password through the site, which keeps them signed in under a new session."""
    client = Client()
    client.cookies["sessionid"] = session_key
    new = "quite another password"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post(reverse("account_change_password"), fields).status_code == 302


def deactivate(cast: Cast, session_key: str) -> None:
    """Closes the student's account."""
    student = User.objects.get(pk=cast.student.pk)
    student.is_active = False
    student.save()


def unenrol(cast: Cast, session_key: str) -> None:
    """Takes the student out of the course."""
    Enrolment.objects.get(course=cast.course, user=cast.student).delete()


def unenrol_many(cast: Cast, session_key: str) -> None:
    """Takes everybody out of the course in one query."""
    Enrolment.objects.filter(course=cast.course).delete()


def move_to_another_school(cast: Cast, session_key: str) -> None:
    """Puts the student into the other school."""
    student = User.objects.get(pk=cast.student.pk)
    student.school = cast.other_school
    student.save()


def delete_student(cast: Cast, session_key: str) -> None:
    """Deletes the student and, by cascade, what belongs to them."""
    User.objects.get(pk=cast.student.pk).delete()


def delete_school(cast: Cast, session_key: str) -> None:
    """Deletes the school and, by cascade, everything in it."""
    cast.school.delete()


def delete_course(cast: Cast, session_key: str) -> None:
    """Deletes the course and, by cascade, its lessons."""
    Course.objects.get(pk=cast.course.pk).delete()


def cancel(cast: Cast, session_key: str) -> None:
    """Cancels the lesson."""
    lessons.cancel_lesson(cast.lesson.pk)


def cancel_in_a_form(cast: Cast, session_key: str) -> None:
    """Cancels the lesson as a form does."""
    lesson = Lesson.objects.get(pk=cast.lesson.pk)
    lesson.state = Lesson.State.CANCELLED
    lesson.save()


def put_off(cast: Cast, session_key: str) -> None:
    """Moves the lesson to next week."""
    lesson = Lesson.objects.get(pk=cast.lesson.pk)
    lesson.starts_at += timedelta(days=7)
    lesson.ends_at += timedelta(days=7)
    lesson.save()


CHANGES = [
    (sign_out, 4401),
    (change_password, 4401),
    (change_own_password, 4401),
    (deactivate, 4403),
    (unenrol, 4403),
    (unenrol_many, 4403),
    (move_to_another_school, 4403),
    (delete_student, 4401),
    (delete_school, 4401),
    (delete_course, 4403),
    (cancel, 4403),
    (cancel_in_a_form, 4403),
    (put_off, 4403),
]


async def watching(cast: Cast) -> tuple[FakeRelay, Page]:
    """A relay, and the student watching through it."""
    relay = await open_relay()
    student = await open_page(cast.student, cast.lesson)
    asked = await student.send("media.subscribe")
    question = await relay.expect(protocol.Subscribe)
    await relay.say(protocol.Offer(question.id, "v=0", {}))
    await student.reply_to(asked)
    return relay, student


async def media_ends(relay: FakeRelay, cast: Cast) -> None:
    """Waits until the relay is told to close the student's media, or that the student may not watch."""
    student = str(cast.student.pk)

    def is_over(message: object) -> bool:
        if isinstance(message, protocol.Permits):
            return message.room == str(cast.lesson.pk) and student not in message.viewers
        return isinstance(message, protocol.Close) and (message.participant, message.client) == (
            student,
            PAGE,
        )

    while not is_over(protocol.decode(await relay.socket.receive_from(SECONDS))):
        pass


@pytest.mark.parametrize(
    ("change", "code"), CHANGES, ids=lambda value: getattr(value, "__name__", str(value))
)
async def test_socket_and_media_end_with_the_right(
    cast: Cast, change: Callable[[Cast, str], None], code: int
) -> None:
    relay, student = await watching(cast)
    await in_database(change, cast, student.session_key)
    async with asyncio.timeout(SECONDS):
        assert await student.close_code() == code
        await media_ends(relay, cast)


async def test_what_concerns_one_leaves_the_others_alone(cast: Cast) -> None:
    first = await open_page(cast.students[0], cast.lesson)
    second = await open_page(cast.students[1], cast.lesson)
    await in_database(unenrol, cast, first.session_key)
    assert await first.close_code() == 4403
    assert (await second.request("room.ping"))["ok"]
    await second.heard_roster(left=str(cast.student.pk))


async def test_signing_out_in_one_browser_leaves_the_other_alone(cast: Cast) -> None:
    first = await open_page(cast.student, cast.lesson)
    second = await open_page(cast.student, cast.lesson, "page-0002")
    await in_database(sign_out, cast, first.session_key)
    assert await first.close_code() == 4401
    assert (await second.request("room.ping"))["ok"]


async def test_signing_in_elsewhere_leaves_the_page_alone(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    fields = {"login": cast.student.email, "password": PASSWORD}
    await in_database(Client().post, reverse("account_login"), fields)
    await registry.recheck()
    assert (await student.request("room.ping"))["ok"]


async def test_another_role_makes_the_page_come_in_anew(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)

    def promote() -> None:
        enrolment = Enrolment.objects.get(course=cast.course, user=cast.student)
        enrolment.role = Enrolment.Role.ASSISTANT
        enrolment.save()

    await in_database(promote)
    assert await student.close_code() == 4410
    again = await open_page(cast.student, cast.lesson, session_key=student.session_key)
    assert again.snapshot["me"]["role"] == "assistant"


async def test_what_nobody_was_told_is_found_by_the_regular_look(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    await in_database(Enrolment.objects.filter(user=cast.student).update, course=cast.second_course)
    await registry.recheck_all()
    await registry.recheck()
    assert await student.close_code() == 4403


async def test_a_student_keeps_the_socket_of_an_ended_lesson(cast: Cast) -> None:
    student = await open_page(cast.student, cast.lesson)
    await in_database(Lesson.objects.filter(pk=cast.lesson.pk).update, state=Lesson.State.ENDED)
    await registry.recheck_all()
    await registry.recheck()
    assert (await student.request("room.ping"))["ok"]
