"""No address gives anything of one school to a person of another; made from the URLconf."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.support.cast import Cast

pytestmark = pytest.mark.django_db

ELSEWHERE = frozenset({"admin"})
"""Shown to keep schools apart by tests of their own."""
SAFE_REFUSALS = (403, 404)


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named address under a resolver, with its namespace."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (namespace, entry.namespace or "") if part)
            if inner not in ELSEWHERE:
                yield from addresses(entry, inner)
        elif entry.name:
            yield f"{namespace}:{entry.name}" if namespace else entry.name, entry


def arguments(pattern: URLPattern) -> tuple[str, ...]:
    """The names of what an address takes."""
    return tuple(pattern.pattern.regex.groupindex)


TAKING_IDS = sorted(
    (name, arguments(pattern))
    for name, pattern in addresses(get_resolver())
    if ":" in name and arguments(pattern)
)


def test_the_room_is_among_the_addresses() -> None:
    assert ("classroom:room", ("lesson_id",)) in TAKING_IDS


@pytest.mark.parametrize(("name", "names"), TAKING_IDS)
def test_ids_of_another_school_lead_nowhere(cast: Cast, name: str, names: tuple[str, ...]) -> None:
    foreign = {
        "lesson_id": cast.other_lesson.pk,
        "course_id": cast.other_course.pk,
        "user_id": cast.stranger.pk,
    }
    path = reverse(name, kwargs={argument: foreign[argument] for argument in names})
    for user in (cast.teacher, cast.assistant, cast.student, cast.outsider, cast.admin, None):
        client = Client()
        if user is not None:
            client.force_login(user)
        for send in (client.get, client.post):
            assert send(path).status_code in (*SAFE_REFUSALS, 405), f"{path} for {user}"
        assert client.get(path).status_code in SAFE_REFUSALS
