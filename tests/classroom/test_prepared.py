"""Queries that are written once answer as Django's own do."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from classroom.models import Enrolment, Participation
from classroom.prepared import Prepared
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def parts(user_ids: Collection[UUID] | None, lesson_ids: Collection[UUID]) -> QuerySet[Any, Any]:
    """Rows with every type of value that databases keep in ways of their own."""
    rows = Participation.objects.filter(lesson__in=lesson_ids).order_by("user")
    if user_ids is not None:
        rows = rows.filter(user_id__in=user_ids)
    staff = Enrolment.objects.filter(user=OuterRef("user"), course=OuterRef("lesson__course"), role="teacher")
    return rows.annotate(teaches=Exists(staff)).values_list(
        "user_id", "lesson", "admitted_at", "removed_at", "is_chat_muted", "chat_read_upto", "teaches"
    )


@pytest.fixture
def people(cast: Cast) -> list[UUID]:
    """Five who have a part in two lessons."""
    users = (cast.teacher, *cast.students)
    Participation.objects.bulk_create(
        Participation(
            lesson=lesson, user=user, admitted_at=timezone.now(), is_chat_muted=user == cast.student
        )
        for lesson in (cast.lesson, cast.later_lesson)
        for user in users
    )
    return [user.pk for user in users]


def test_the_rows_are_the_querysets_own_for_any_number_of_ids(cast: Cast, people: list[UUID]) -> None:
    prepared = Prepared(parts)
    lessons = [cast.lesson.pk, cast.later_lesson.pk]
    for chosen in (None, *(people[:count] for count in range(1, 6)), people[2:], people[:1]):
        for among in (lessons[:1], lessons[1:], lessons):
            expected = [list(row) for row in parts(chosen, among)]
            assert list(prepared.rows(chosen, among)) == expected
            assert len(expected) == len(among) * len(people if chosen is None else chosen)


def test_who_is_not_asked_for_is_not_told_of(cast: Cast, people: list[UUID]) -> None:
    prepared = Prepared(parts)
    for user_id in people:
        assert [row[0] for row in prepared.rows([user_id], [cast.lesson.pk])] == [user_id]


def test_one_query_answers_and_none_where_nobody_is_asked_for(
    cast: Cast, people: list[UUID], django_assert_num_queries: Any
) -> None:
    prepared = Prepared(parts)
    with django_assert_num_queries(1):
        assert len(list(prepared.rows(people, [cast.lesson.pk]))) == len(people)
    with django_assert_num_queries(0):
        assert list(prepared.rows([], [cast.lesson.pk])) == list(prepared.rows(people, [])) == []
