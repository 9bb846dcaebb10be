"""Events are numbered with the change that they tell of, and told after it."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from classroom.models import Lesson
from classroom.services import events
from tests.support.cast import Cast
from tests.support.processes import free_port

pytestmark = pytest.mark.django_db


class TakenBackError(Exception):
    """Makes a transaction roll back."""


def number(lesson: Lesson) -> int:
    """The number of the room's newest event."""
    return Lesson.objects.get(pk=lesson.pk).event_seq


def test_events_are_numbered_room_by_room(cast: Cast) -> None:
    for _ in range(3):
        events.publish(cast.lesson.pk, "test.event", dict)
    events.publish(cast.second_lesson.pk, "test.event", dict)
    assert (number(cast.lesson), number(cast.second_lesson)) == (3, 1)


def test_what_an_event_says_is_read_after_its_number_is_taken(cast: Cast) -> None:
    seen: list[int] = []

    def body() -> dict[str, object]:
        seen.append(number(cast.lesson))
        return {}

    events.publish(cast.lesson.pk, "test.event", body)
    assert seen == [1]


def test_an_event_is_sent_only_once_its_change_is_committed(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as told:
        events.publish(cast.lesson.pk, "test.event", dict)
    assert len(told) == 1


def test_a_change_whose_event_cannot_be_told_is_taken_back(cast: Cast) -> None:
    def body() -> dict[str, object]:
        raise TakenBackError

    with suppress(TransactionManagementError), transaction.atomic():
        Lesson.objects.filter(pk=cast.lesson.pk).update(title="Changed")
        with suppress(TakenBackError):
            events.publish(cast.lesson.pk, "test.event", body)
    assert Lesson.objects.get(pk=cast.lesson.pk).title != "Changed"


def test_an_event_within_a_change_costs_two_queries_and_no_savepoint(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    with transaction.atomic(), django_assert_num_queries(2):
        events.publish(cast.lesson.pk, "test.event", dict)


def test_a_change_taken_back_takes_its_events_number_back(cast: Cast) -> None:
    with suppress(TakenBackError), transaction.atomic():
        events.publish(cast.lesson.pk, "test.event", dict)
        assert number(cast.lesson) == 1
        raise TakenBackError
    assert number(cast.lesson) == 0


def test_a_lesson_that_is_gone_has_no_events(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as told:
        events.publish(uuid.uuid4(), "test.event", dict)
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_a_change_holds_though_the_channel_layer_is_down(cast: Cast, settings: Any) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}"
    broken = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [nowhere]}}
    settings.CHANNEL_LAYERS = {"default": broken}
    events.publish(cast.lesson.pk, "test.event", dict)
    assert number(cast.lesson) == 1
