"""Uploads as the room's page makes them."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from classroom.core.library import PART_BYTES
from classroom.models import Lesson, Material
from classroom.services import library


def signed_in(user: User | None) -> Client:
    """A browser in which the person, or nobody, is signed in."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def address(name: str, lesson: Lesson, material_id: Any = None, **ids: Any) -> str:
    """Where something of a material, or of all, is to be had."""
    given = {"material_id": material_id} if material_id else {}
    return reverse(f"classroom:{name}", kwargs={"lesson_id": lesson.pk, **given, **ids})


def announce(user: User | None, lesson: Lesson, name: str, size: int, purpose: str = library.LESSON) -> Any:
    """What the person gets who begins an upload."""
    body = {"for": purpose, "name": name, "size": size}
    return signed_in(user).post(address("files", lesson), body, content_type="application/json")


def send(user: User, lesson: Lesson, name: str, content: bytes, purpose: str = library.LESSON) -> str:
    """Uploads a whole file; returns its id. It is not checked yet."""
    begun = announce(user, lesson, name, len(content), purpose)
    assert begun.status_code == 201, begun.content
    material_id: str = begun.json()["id"]
    client = signed_in(user)
    for number in range(begun.json()["parts"]):
        part = content[number * PART_BYTES : (number + 1) * PART_BYTES]
        sent = client.put(address("file-part", lesson, material_id, number=number), part)
        assert sent.status_code == 204, sent.content
    assert client.post(address("file-finish", lesson, material_id)).status_code == 204
    return material_id


def upload(user: User, lesson: Lesson, name: str, content: bytes, purpose: str = library.LESSON) -> Material:
    """Uploads a file and has it checked; returns its row."""
    material_id = send(user, lesson, name, content, purpose)
    while library.check_next():
        pass
    return Material.objects.get(pk=material_id)


def content_of(response: Any) -> bytes:
    """The body of an answer, streamed or not."""
    return b"".join(response) if response.streaming else response.content
