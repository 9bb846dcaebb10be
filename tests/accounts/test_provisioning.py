"""Making schools and people."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from accounts import roles
from accounts.models import School, User
from accounts.provisioning import Person, ensure_people, ensure_school

PEOPLE = [Person(f"Pupil{number}@New.School", f"Pupil {number}") for number in range(30)]


@pytest.fixture
def school(db: None) -> School:
    return ensure_school("new", "New School", "Europe/Madrid")


def test_a_school_is_made_once(school: School) -> None:
    assert ensure_school("new", "Another name", "UTC") == school
    assert School.objects.get(slug="new").name == "New School"


def test_people_are_made_once_and_can_sign_in(school: School) -> None:
    people = ensure_people(school, PEOPLE, "a shared pass-phrase")
    again = ensure_people(school, PEOPLE, "another pass-phrase")
    assert {user.pk for user in again.values()} == {user.pk for user in people.values()}
    assert User.objects.get(email="pupil7@new.school").check_password("a shared pass-phrase")


def test_a_class_costs_a_few_queries(
    school: School, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(5):
        ensure_people(school, PEOPLE, "a shared pass-phrase")


def test_a_role_is_kept(school: School) -> None:
    person = Person("head@new.school", "The Head", roles.SCHOOL_ADMIN)
    assert ensure_people(school, [person], "a pass-phrase")["head@new.school"].is_school_admin


def test_somebody_of_another_school_is_not_taken_over(school: School) -> None:
    ensure_people(school, PEOPLE[:1], "a shared pass-phrase")
    other = ensure_school("other", "Other", "UTC")
    with pytest.raises(IntegrityError), transaction.atomic():
        ensure_people(other, PEOPLE[:1], "a shared pass-phrase")
