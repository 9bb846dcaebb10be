"""Makes schools and people: the only place that does so beside the admin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import roles
from accounts.models import School, User


@dataclass(frozen=True)
class Person:
    """Somebody to be made."""

    email: str
    name: str
    role: str = roles.MEMBER


def ensure_school(slug: str, name: str, time_zone: str) -> School:
    """Returns the school of that short name; makes it when there is none."""
    school, _ = School.objects.get_or_create(slug=slug, defaults={"name": name, "time_zone": time_zone})
    return school


def ensure_people(school: School, people: Iterable[Person], password: str) -> dict[str, User]:
    """Returns the school's people by address; makes those who are missing, all with the same password.

    The password is hashed once for all, so that a class is there in no time. An address that another school
    has is an error of the database.
    """
    wanted = {person.email.lower(): person for person in people}
    there = {user.email: user for user in User.objects.filter(school=school, email__in=wanted)}
    missing = [person for email, person in wanted.items() if email not in there]
    if missing:
        hashed = make_password(password)
        with transaction.atomic():
            made = User.objects.bulk_create(
                User(school=school, email=one.email.lower(), name=one.name, role=one.role, password=hashed)
                for one in missing
            )
        there.update((user.email, user) for user in made)
    return there
