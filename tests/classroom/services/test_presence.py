"""Presence: one open row for a page, short breaks forgiven, no ghosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import Presence
from classroom.services import presence
from classroom.services.presence import Arrival
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
PAGE, OTHER_PAGE = "page-0001", "page-0002"
LATE = presence.GRACE + timedelta(seconds=1)


def seat_of(cast: Cast, user: User, client: str = PAGE) -> Seat:
    """The person's seat in the lesson that is on now."""
    return Seat(cast.lesson.pk, user.pk, client)


def names(cast: Cast) -> list[str]:
    """Who is present in the lesson that is on now."""
    return [person["name"] for person in presence.people(cast.lesson.pk)]


def test_the_same_page_entering_again_goes_on_with_its_row(cast: Cast) -> None:
    seat = seat_of(cast, cast.student)
    key, is_new = presence.enter(seat, "channel-1")
    assert is_new
    assert presence.enter(seat, "channel-2") == (key, False)
    assert Presence.objects.get().channel == "channel-2"


def test_an_older_socket_that_drops_late_does_not_touch_the_newer_one(cast: Cast) -> None:
    seat = seat_of(cast, cast.student)
    key, _is_new = presence.enter(seat, "channel-1")
    presence.enter(seat, "channel-2")
    assert presence.is_replaced(seat, "channel-1")
    assert not presence.is_replaced(seat, "channel-2")
    presence.detach(key, "channel-1")
    assert Presence.objects.get().channel == "channel-2"


def test_a_page_whose_presence_has_ended_is_not_replaced_until_it_is_back(cast: Cast) -> None:
    seat = seat_of(cast, cast.student)
    presence.enter(seat, "channel-1")
    presence.leave(seat)
    assert not presence.is_replaced(seat, "channel-1")
    presence.enter(seat, "channel-2")
    assert presence.is_replaced(seat, "channel-1")


def test_a_page_that_left_gets_a_new_row(cast: Cast) -> None:
    seat = seat_of(cast, cast.student)
    key, _is_new = presence.enter(seat, "channel-1")
    assert presence.leave(seat)
    assert not presence.leave(seat)
    again, is_new = presence.enter(seat, "channel-2")
    assert is_new
    assert again != key


def test_any_number_of_pages_come_in_by_as_few_queries_as_one(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    one, *others = [Arrival(seat_of(cast, student), f"channel-of-{student.pk}") for student in cast.students]
    with CaptureQueriesContext(connection) as of_one:
        assert [is_news for _key, is_news in presence.enter_all(cast.lesson.pk, [one])] == [True]
    with django_assert_num_queries(len(of_one)):
        found = presence.enter_all(cast.lesson.pk, others)
    assert [is_news for _key, is_news in found] == [True] * len(others)
    rows = Presence.objects.filter(pk__in=[key for key, _is_news in found]).values_list("user_id", "channel")
    assert dict(rows) == {arrival.seat.user_id: arrival.channel for arrival in others}
    assert names(cast) == ["Student 1", "Student 2", "Student 3", "Student 4"]


def test_of_those_who_come_at_once_each_is_new_or_goes_on_by_themselves(cast: Cast) -> None:
    back, new = seat_of(cast, cast.students[0]), seat_of(cast, cast.students[1])
    waiting = seat_of(cast, cast.students[2])
    key, _is_news = presence.enter(back, "channel-1")
    arrivals = [
        Arrival(new, "channel-2"),
        Arrival(back, "channel-3"),
        Arrival(waiting, "channel-4", is_admitted=False),
        Arrival(new, "channel-5"),
    ]
    found = presence.enter_all(cast.lesson.pk, arrivals)
    assert [is_news for _key, is_news in found] == [True, False, True, False]
    assert found[1][0] == key
    assert found[0][0] == found[3][0]
    assert presence.is_replaced(new, "channel-2")
    assert not presence.is_replaced(new, "channel-5")
    assert not presence.is_replaced(back, "channel-3")
    assert names(cast) == ["Student 1", "Student 2"]


def test_a_person_with_two_pages_is_named_once(cast: Cast) -> None:
    for user, client in ((cast.student, PAGE), (cast.student, OTHER_PAGE), (cast.teacher, PAGE)):
        presence.enter(seat_of(cast, user, client), "channel")
    assert names(cast) == ["Ada Teacher", "Student 1"]
    presence.leave(seat_of(cast, cast.student, PAGE))
    assert names(cast) == ["Ada Teacher", "Student 1"]
    presence.leave(seat_of(cast, cast.student, OTHER_PAGE))
    assert names(cast) == ["Ada Teacher"]


def test_only_those_asked_about_are_named(cast: Cast) -> None:
    for user in (cast.student, cast.teacher):
        presence.enter(seat_of(cast, user), "channel")
    assert [person["id"] for person in presence.people(cast.lesson.pk, [cast.student.pk])] == [
        str(cast.student.pk)
    ]
    assert presence.people(cast.second_lesson.pk) == []


def test_the_sweep_ends_what_was_not_seen_for_the_grace_time(cast: Cast) -> None:
    stays, goes = seat_of(cast, cast.teacher), seat_of(cast, cast.student)
    kept, _is_new = presence.enter(stays, "channel-1")
    lost, _is_new = presence.enter(goes, "channel-2")
    presence.detach(lost, "channel-2")
    assert presence.sweep() == []
    later = timezone.now() + LATE
    Presence.objects.filter(pk=kept).update(seen_at=later)
    assert presence.sweep(later) == [goes]
    assert presence.sweep(later) == []
    row = Presence.objects.get(pk=lost)
    assert row.left_at == row.seen_at, "who is gone left when they were last seen"
    assert names(cast) == ["Ada Teacher"]


def test_a_refresh_tells_which_rows_have_ended(cast: Cast, django_assert_num_queries: Any) -> None:
    keys = [presence.enter(seat_of(cast, student), "channel")[0] for student in cast.students]
    with django_assert_num_queries(1):
        assert presence.refresh(keys) == set(keys)
    presence.leave(seat_of(cast, cast.student))
    assert presence.refresh(keys) == set(keys[1:])


def test_a_roster_is_one_query_however_many_are_there(cast: Cast, django_assert_num_queries: Any) -> None:
    for student in cast.students:
        presence.enter(seat_of(cast, student), "channel")
    with django_assert_num_queries(1):
        assert len(presence.people(cast.lesson.pk)) == len(cast.students)
