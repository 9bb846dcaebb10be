"""The page of a lesson's keys."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from classroom.core import schedule
from classroom.models import Lesson, StreamKey, StreamSession
from classroom.services import stream_keys
from classroom.services.stream_keys import WHEP, WHIP, digest_of
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
SHOWN = re.compile(r'id="key-(url|secret)" type="text" readonly value="([^"]+)"')


def page_of(lesson: Lesson) -> str:
    """The path of a lesson's keys."""
    return reverse("classroom:keys", args=[lesson.pk])


def signed_in(user: User | None) -> Client:
    """A browser in which the person, or nobody, is signed in."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def make(user: User, lesson: Lesson, kind: str, purpose: str = "") -> Any:
    """What the person gets who makes a key."""
    return signed_in(user).post(page_of(lesson), {"kind": kind, "purpose": purpose})


def test_a_new_key_is_shown_once_and_works(cast: Cast) -> None:
    response = make(cast.teacher, cast.lesson, WHIP, "OBS <studio>")
    shown = dict(SHOWN.findall(response.content.decode()))
    assert shown["url"] == f"http://testserver/whip/{cast.lesson.pk}/"
    assert stream_keys.grant(WHIP, cast.lesson.pk, digest_of(shown["secret"])) is not None
    assert "OBS &lt;studio&gt;" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    later = signed_in(cast.teacher).get(page_of(cast.lesson)).content.decode()
    assert shown["secret"] not in later
    assert StreamKey.objects.get().digest not in later
    assert "OBS &lt;studio&gt;" in later


def test_a_student_is_offered_keys_to_watch_alone(cast: Cast) -> None:
    text = signed_in(cast.student).get(page_of(cast.lesson)).content.decode()
    assert 'value="whep"' in text
    assert 'value="whip"' not in text
    assert make(cast.student, cast.lesson, WHEP).status_code == 200
    assert make(cast.student, cast.lesson, WHIP).status_code == 409
    assert [key.kind for key in StreamKey.objects.all()] == [WHEP]


@pytest.mark.parametrize("fields", [{}, {"kind": "rtmp"}, {"kind": WHEP, "purpose": "x" * 81}])
def test_nothing_is_made_of_a_bad_form(cast: Cast, fields: dict[str, str]) -> None:
    assert signed_in(cast.teacher).post(page_of(cast.lesson), fields).status_code == 409
    assert not StreamKey.objects.exists()


def test_everyone_else_gets_the_page_of_a_closed_room(cast: Cast) -> None:
    unknown = reverse("classroom:keys", args=[uuid.uuid4()])
    for user in (cast.outsider, cast.stranger, cast.admin, cast.staff, None):
        for path in (page_of(cast.lesson), unknown):
            assert signed_in(user).get(path).status_code == 404
            assert signed_in(user).post(path, {"kind": WHEP}).status_code == 404
    for lesson in (cast.cancelled_lesson, cast.other_lesson):
        assert signed_in(cast.teacher).get(page_of(lesson)).status_code == 404
    over = timezone.now() - schedule.LIVE_AFTER - timedelta(minutes=1)
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_at=over)
    assert signed_in(cast.teacher).get(page_of(cast.lesson)).status_code == 404
    assert not StreamKey.objects.exists()


def test_revoking_a_key_ends_what_it_has_open(cast: Cast) -> None:
    key, _secret = stream_keys.issue(cast.teacher.pk, cast.lesson.pk, WHIP)
    StreamSession.objects.create(key=key, client="whip-0123456789abcdef")
    text = signed_in(cast.teacher).get(page_of(cast.lesson)).content.decode()
    path = reverse("classroom:revoke-key", args=[cast.lesson.pk, key.pk])
    assert "In use" in text
    assert path in text
    assert signed_in(cast.teacher).post(path)["Location"] == page_of(cast.lesson)
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert not StreamSession.objects.exists()
    assert signed_in(cast.teacher).post(path).status_code == 404


def test_nobody_revokes_anothers_key_here(cast: Cast) -> None:
    key, _secret = stream_keys.issue(cast.teacher.pk, cast.lesson.pk, WHIP)
    path = reverse("classroom:revoke-key", args=[cast.lesson.pk, key.pk])
    for user in (cast.colleague, cast.student, cast.admin, cast.stranger, None):
        assert signed_in(user).post(path).status_code == 404
    assert signed_in(cast.teacher).get(path).status_code == 405
    key.refresh_from_db()
    assert key.revoked_at is None


def test_forms_need_the_token_against_forgery(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.teacher)
    assert client.post(page_of(cast.lesson), {"kind": WHIP}).status_code == 403


def test_the_timetable_leads_to_the_keys_of_what_is_not_over(cast: Cast) -> None:
    text = signed_in(cast.teacher).get("/").content.decode()
    assert page_of(cast.lesson) in text
    assert page_of(cast.cancelled_lesson) not in text
