"""The admin answers in few queries, and in pages of bounded size, however large a school is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import School, User
from classroom.admin import INLINE_LIMIT
from classroom.models import Course, Enrolment, Lesson

PEOPLE, LESSONS, COURSES = 2000, 500, 50
LIST_QUERIES = 12
FORM_QUERIES = 15
PAGE_BYTES = 150_000
COURSE_PAGE_BYTES = 400_000


@pytest.fixture
def school(db: None) -> School:
    """A school of 2,000 people and 500 lessons; its first course is as large as a form may be."""
    school = School.objects.create(name="Large School", slug="large")
    people = User.objects.bulk_create(
        User(school=school, email=f"p{number}@large.school", name=f"Person {number}")
        for number in range(PEOPLE)
    )
    courses = Course.objects.bulk_create(
        Course(school=school, title=f"Course {n:03}") for n in range(COURSES)
    )
    enrolments = [Enrolment(course=courses[1 + n % (COURSES - 1)], user=one) for n, one in enumerate(people)]
    enrolments += [Enrolment(course=courses[0], user=person) for person in people[:INLINE_LIMIT]]
    Enrolment.objects.bulk_create(enrolments)
    start = timezone.now()
    Lesson.objects.bulk_create(
        Lesson(
            course=courses[number % COURSES],
            title=f"Lesson {number}",
            starts_at=start + timedelta(hours=number),
            ends_at=start + timedelta(hours=number + 1),
        )
        for number in range(LESSONS)
    )
    return school


@pytest.fixture(params=["platform staff", "school administrator"])
def manager(request: pytest.FixtureRequest, school: School, client: Client) -> Client:
    """Somebody who may open the lists."""
    who = (
        {"is_superuser": True}
        if request.param == "platform staff"
        else {"school": school, "role": "school_admin"}
    )
    client.force_login(User.objects.create(email="manager@large.school", name="M", **who))
    return client


def test_every_list_is_bounded(manager: Client, django_assert_max_num_queries: Any) -> None:
    for model, model_admin in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        if manager.get(address).status_code == 403:
            continue
        searches = [{}, {"q": "son 1"}, {"p": "2"}] if model_admin.search_fields else [{}]
        for search in searches:
            with django_assert_max_num_queries(LIST_QUERIES):
                response = manager.get(address, search)
            assert len(response.content) < PAGE_BYTES, address


def test_every_form_for_something_new_is_bounded(manager: Client, django_assert_max_num_queries: Any) -> None:
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        with django_assert_max_num_queries(FORM_QUERIES):
            response = manager.get(address)
        assert len(response.content) < PAGE_BYTES, address


def test_the_form_of_a_large_course_is_bounded(manager: Client, django_assert_max_num_queries: Any) -> None:
    course = Course.objects.get(title="Course 000")
    with django_assert_max_num_queries(FORM_QUERIES):
        response = manager.get(reverse("admin:classroom_course_change", args=[course.pk]))
    assert response.content.count(b'<td class="field-role">') >= INLINE_LIMIT
    assert len(response.content) < COURSE_PAGE_BYTES


def test_forms_of_rows_are_bounded(manager: Client, django_assert_max_num_queries: Any) -> None:
    for row in (User.objects.first(), Enrolment.objects.first(), Lesson.objects.first()):
        assert row is not None
        model = type(row)
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        with django_assert_max_num_queries(FORM_QUERIES):
            response = manager.get(reverse(name, args=[row.pk]))
        assert len(response.content) < PAGE_BYTES


def test_autocompletion_is_bounded(manager: Client, django_assert_max_num_queries: Any) -> None:
    form = {"app_label": "classroom", "model_name": "enrolment", "field_name": "user", "term": "Person"}
    with django_assert_max_num_queries(LIST_QUERIES):
        response = manager.get(reverse("admin:autocomplete"), form)
    assert len(response.json()["results"]) == 20
