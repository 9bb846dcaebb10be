"""No address gives anything of one school to a person of another; made from the URLconf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from classroom.models import Material, Poll, Sheet, StreamSession
from classroom.services import stream_keys
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db

ELSEWHERE = frozenset({"admin"})
"""Shown to keep schools apart by tests of their own."""
SAFE_REFUSALS = (401, 403, 404)


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named address under a resolver, with its namespace."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (namespace, entry.namespace or "") if part)
            if inner not in ELSEWHERE:
                yield from addresses(entry, inner)
        elif entry.name:
            yield f"{namespace}:{entry.name}" if namespace else entry.name, entry


def tells_nothing(response: Any) -> bool:
    """Whether an answer is a refusal, or empty, as a door's is for every id there may be."""
    return response.status_code in SAFE_REFUSALS or (response.status_code, response.content) == (204, b"")


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


def stream_session(cast: Cast) -> StreamSession:
    """What a teacher of the other school has open."""
    key, _secret = stream_keys.issue(cast.other_teacher.pk, cast.other_lesson.pk, stream_keys.WHIP)
    return StreamSession.objects.create(key=key, client="whip-0123456789abcdef")


def material(cast: Cast) -> Material:
    """A material of the other school, ready to be had."""
    given = {"course": cast.other_course, "lesson": cast.other_lesson, "owner": cast.other_teacher}
    return Material.objects.create(**given, name="x", size=1, pages=1, state=Material.State.READY)


@pytest.mark.parametrize(("name", "names"), TAKING_IDS)
def test_ids_of_another_school_lead_nowhere(cast: Cast, name: str, names: tuple[str, ...]) -> None:
    session = stream_session(cast)
    foreign = {
        "lesson_id": cast.other_lesson.pk,
        "course_id": cast.other_course.pk,
        "user_id": cast.stranger.pk,
        "session_id": session.pk,
        "key_id": session.key_id,
        "poll_id": Poll.objects.create(lesson=cast.other_lesson, kind="scale", question="Which?").pk,
        "material_id": material(cast).pk,
        "sheet_id": Sheet.objects.create(lesson=cast.other_lesson).pk,
        "number": 1,
    }
    path = reverse(name, kwargs={argument: foreign[argument] for argument in names})
    for user in (cast.teacher, cast.assistant, cast.student, cast.outsider, cast.admin, None):
        client = Client()
        if user is not None:
            client.force_login(user)
        for send in (client.get, client.post, client.put, client.delete):
            response = send(path)
            assert response.status_code == 405 or tells_nothing(response), f"{path} for {user}"
