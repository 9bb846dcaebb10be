"""The pages of timetable and room."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from classroom.models import Enrolment, Lesson
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def get(user: User | None, path: str) -> Any:
    """What the person, or nobody, gets at a path."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(path)


def room_of(lesson: Lesson) -> str:
    """The path of a lesson's room."""
    return reverse("classroom:room", args=[lesson.pk])


def test_the_timetable_asks_to_sign_in(cast: Cast) -> None:
    response = get(None, "/")
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=/")


def test_the_timetable_shows_the_persons_lessons(cast: Cast) -> None:
    response = get(cast.student, "/")
    assert response.context["school_name"] == "Demo School"
    assert response.context["zone_name"] == "Europe/Berlin"
    assert response.context["today"] is response.context["days"][0]
    text = response.content.decode()
    assert "Optics" in text
    assert "Rome" not in text
    assert "no-store" in response["Cache-Control"]


def test_platform_staff_have_an_empty_timetable(cast: Cast) -> None:
    response = get(cast.staff, "/")
    assert (response.status_code, response.context["school_name"]) == (200, "")


def test_a_room_tells_its_page_where_things_are(cast: Cast) -> None:
    path = room_of(cast.lesson)
    response = get(cast.student, path)
    config = response.context["room_config"]
    assert abs(datetime.fromisoformat(config.pop("now")) - timezone.now()) < timedelta(minutes=1)
    assert response.context["teachers"] == ["Ada Teacher", "Carl Colleague"]
    assert config == {
        "lessonId": str(cast.lesson.pk),
        "socketPath": f"/ws/lessons/{cast.lesson.pk}/",
        "roomPath": path,
        "timetableUrl": "/",
        "signInUrl": f"/accounts/login/?next={path.replace('/', '%2F')}",
        "title": "Optics",
        "course": "Physics 8b",
        "role": "student",
        "myName": "Student 1",
    }
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("name", ["teacher", "assistant"])
def test_who_teaches_gets_a_room_to_teach_in(cast: Cast, name: str) -> None:
    assert get(getattr(cast, name), room_of(cast.later_lesson)).status_code == 404
    assert get(getattr(cast, name), room_of(cast.lesson)).context["room_config"]["role"] == name


def closed_body(response: Any, path: str) -> str:
    """The answer without what differs from request to request: its own path and its nonce."""
    assert response.status_code == 404
    assert next(template.name for template in response.templates) == "classroom/closed.html"
    text = response.content.decode().replace(path.replace("/", "%2F"), "").replace(path, "")
    nonce = getattr(response.wsgi_request, "csp_nonce", None)
    return text.replace(str(nonce), "") if nonce else text


def test_everyone_who_may_not_enter_gets_one_and_the_same_answer(cast: Cast) -> None:
    Enrolment.objects.filter(user=cast.students[1]).delete()
    User.objects.filter(pk=cast.students[2].pk).update(school=cast.other_school)
    unknown = reverse("classroom:room", args=[uuid.uuid4()])
    on_now = room_of(cast.lesson)
    cases = [
        (cast.outsider, on_now),
        (cast.stranger, on_now),
        (cast.admin, on_now),
        (cast.staff, on_now),
        (cast.students[1], on_now),
        (cast.students[2], on_now),
        (cast.student, room_of(cast.cancelled_lesson)),
        (cast.student, room_of(cast.later_lesson)),
        (cast.student, room_of(cast.other_lesson)),
        (cast.student, unknown),
        (cast.stranger, unknown),
    ]
    answers = {(user.email, path): get(user, path) for user, path in cases}
    for lesson in Lesson.objects.all():
        for response in answers.values():
            assert lesson.title not in response.content.decode()
    same_person = {
        closed_body(answers[(cast.student.email, path)], path) for user, path in cases if user == cast.student
    }
    assert len(same_person) == 1
    for (_email, path), response in answers.items():
        closed_body(response, path)
    nobody = {
        closed_body(get(None, path), path) for path in (on_now, unknown, room_of(cast.cancelled_lesson))
    }
    assert len(nobody) == 1


def test_a_room_is_not_there_to_be_written_to(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.teacher)
    for path in ("/", room_of(cast.lesson)):
        assert client.post(path).status_code == 405
