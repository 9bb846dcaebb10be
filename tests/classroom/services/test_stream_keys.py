"""Keys for devices: who may have one, what it grants and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from classroom.core import schedule
from classroom.models import Enrolment, Lesson, StreamKey
from classroom.services import stream_keys
from classroom.services.errors import ConflictError
from classroom.services.stream_keys import MAX_KEYS, WHEP, WHIP, digest_of, grant, issue
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def granted(secret: str, lesson: Lesson, kind: str = WHIP) -> bool:
    """Whether the secret opens the lesson's door."""
    return grant(kind, lesson.pk, digest_of(secret)) is not None


def test_a_secret_is_long_told_once_and_not_kept(cast: Cast) -> None:
    key, secret = issue(cast.teacher.pk, cast.lesson.pk, WHIP, "Studio")
    assert len(secret) >= 43
    kept = StreamKey.objects.filter(pk=key.pk).values().get()
    assert secret not in str(kept)
    assert kept["digest"] == digest_of(secret)
    assert issue(cast.teacher.pk, cast.lesson.pk, WHIP)[1] != secret


@pytest.mark.parametrize("name", ["teacher", "colleague", "assistant"])
def test_who_teaches_may_have_a_key_to_send(cast: Cast, name: str) -> None:
    person: User = getattr(cast, name)
    found = grant(WHIP, cast.lesson.pk, digest_of(issue(person.pk, cast.lesson.pk, WHIP)[1]))
    assert found is not None
    assert (found.user_id, found.lesson_id, found.is_open) == (person.pk, cast.lesson.pk, True)


@pytest.mark.parametrize("name", ["student", "outsider", "admin", "stranger", "other_teacher", "staff"])
def test_nobody_else_may(cast: Cast, name: str) -> None:
    with pytest.raises(ConflictError):
        issue(getattr(cast, name).pk, cast.lesson.pk, WHIP)


@pytest.mark.parametrize("name", ["teacher", "assistant", "student"])
def test_everybody_enrolled_may_have_a_key_to_watch(cast: Cast, name: str) -> None:
    _key, secret = issue(getattr(cast, name).pk, cast.lesson.pk, WHEP)
    assert granted(secret, cast.lesson, WHEP)


@pytest.mark.parametrize("name", ["outsider", "admin", "stranger", "other_teacher", "staff"])
def test_nobody_who_is_not_enrolled_may(cast: Cast, name: str) -> None:
    with pytest.raises(ConflictError):
        issue(getattr(cast, name).pk, cast.lesson.pk, WHEP)


def test_a_lesson_that_is_over_has_no_new_keys(cast: Cast) -> None:
    with pytest.raises(ConflictError, match="over"):
        issue(cast.teacher.pk, cast.cancelled_lesson.pk, WHIP)
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_at=timezone.now() - schedule.LIVE_AFTER)
    with pytest.raises(ConflictError, match="over"):
        issue(cast.teacher.pk, cast.lesson.pk, WHIP)


def test_a_person_has_so_many_keys_for_a_lesson_and_no_more(cast: Cast) -> None:
    keys = [issue(cast.teacher.pk, cast.lesson.pk, WHIP)[0] for _ in range(MAX_KEYS)]
    with pytest.raises(ConflictError, match="revoke one first"):
        issue(cast.teacher.pk, cast.lesson.pk, WHEP)
    issue(cast.colleague.pk, cast.lesson.pk, WHIP)
    assert stream_keys.revoke(keys[0].pk)
    issue(cast.teacher.pk, cast.lesson.pk, WHEP)


def test_a_key_opens_one_door_of_one_lesson(cast: Cast) -> None:
    _key, secret = issue(cast.teacher.pk, cast.lesson.pk, WHIP)
    assert granted(secret, cast.lesson)
    assert not granted(secret, cast.lesson, WHEP)
    assert not granted(secret, cast.later_lesson)
    assert not granted(secret + "x", cast.lesson)
    assert not granted("", cast.lesson)


def test_a_key_lasts_no_longer_than_its_lesson_can(cast: Cast) -> None:
    key, secret = issue(cast.teacher.pk, cast.lesson.pk, WHIP)
    assert key.expires_at == schedule.closes_at(cast.lesson.ends_at)
    StreamKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not granted(secret, cast.lesson)


def test_a_revoked_key_opens_nothing_and_is_not_revoked_twice(cast: Cast) -> None:
    key, secret = issue(cast.teacher.pk, cast.lesson.pk, WHIP)
    assert stream_keys.revoke(key.pk)
    assert not stream_keys.revoke(key.pk)
    assert not granted(secret, cast.lesson)
    assert not stream_keys.own(cast.teacher.pk, cast.lesson.pk).exists()


def test_rights_are_looked_at_with_every_use(cast: Cast) -> None:
    sending = issue(cast.teacher.pk, cast.lesson.pk, WHIP)[1]
    watching = issue(cast.teacher.pk, cast.lesson.pk, WHEP)[1]
    Enrolment.objects.filter(user=cast.teacher).update(role=Enrolment.Role.STUDENT)
    assert not granted(sending, cast.lesson)
    assert granted(watching, cast.lesson, WHEP)
    User.objects.filter(pk=cast.teacher.pk).update(is_active=False)
    assert not granted(watching, cast.lesson, WHEP)
    User.objects.filter(pk=cast.teacher.pk).update(is_active=True, school=cast.other_school)
    assert not granted(watching, cast.lesson, WHEP)
    User.objects.filter(pk=cast.teacher.pk).update(school=cast.school)
    Enrolment.objects.filter(user=cast.teacher).delete()
    assert not granted(watching, cast.lesson, WHEP)


def test_a_key_for_tomorrow_grants_nothing_today(cast: Cast) -> None:
    _key, secret = issue(cast.teacher.pk, cast.later_lesson.pk, WHIP)
    found = grant(WHIP, cast.later_lesson.pk, digest_of(secret))
    assert found is not None
    assert not found.is_open


def test_finding_a_key_takes_at_most_two_queries(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    digest = digest_of(issue(cast.teacher.pk, cast.lesson.pk, WHIP)[1])
    with django_assert_num_queries(2):
        grant(WHIP, cast.lesson.pk, digest)
    with django_assert_num_queries(1):
        grant(WHIP, cast.lesson.pk, digest_of("unknown"))
