"""Pictures in the chat: whose they are, who sees them, and what is no picture."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import Course, Material
from classroom.services import chat, chat_reading, lessons, library, presence
from classroom.services.chat import To
from classroom.services.errors import ConflictError
from tests.support.cast import Cast
from tests.support.files import make_pdf, make_picture
from tests.support.upload import address, announce, signed_in, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def live(cast: Cast, settings: Any, tmp_path: Path) -> None:
    """The lesson is live, and its people are in the room."""
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()
    Course.objects.filter(pk=cast.course.pk).update(student_chat=True)
    for user in (cast.teacher, *cast.students):
        presence.enter(Seat(cast.lesson.pk, user.pk, "page-0001"), "a channel")
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, "page-0001"))


def take(cast: Cast, user: User, content: bytes = b"") -> Material:
    """Uploads a picture for the chat and has it checked."""
    return upload(user, cast.lesson, "x.png", content or make_picture(), library.CHAT)


def send(cast: Cast, user: User, to: To, picture: UUID, nonce: str = "nonce-0001") -> dict[str, Any]:
    """Sends a picture without words."""
    return chat.send(cast.lesson.pk, user.pk, to, "", nonce, picture)


def seen_by(cast: Cast, user: User, picture: Material) -> bool:
    """Whether somebody gets the picture's bytes."""
    path = address("file-page", cast.lesson, picture.pk, number=1)
    return bool(signed_in(user).get(path).status_code == 200)


def test_a_picture_is_seen_by_those_who_may_read_its_message(cast: Cast) -> None:
    one, other, third, _fourth = cast.students
    people = (cast.teacher, one, other, third, cast.outsider, cast.stranger)
    for number, (to, expected) in enumerate(
        (
            (To("all"), [True, True, True, True, False, False]),
            (To("staff"), [True, True, False, False, False, False]),
            (To("person", other.pk), [False, True, True, False, False, False]),
        )
    ):
        picture = take(cast, one)
        assert [seen_by(cast, user, picture) for user in people] == [False, True] + 4 * [False]
        sent = send(cast, one, to, picture.pk, f"nonce-{number:04}")
        assert sent["picture"] == {"id": str(picture.pk), "width": 640, "height": 360}
        assert [seen_by(cast, user, picture) for user in people] == expected


def test_a_deleted_message_takes_its_picture_away(cast: Cast) -> None:
    picture = take(cast, cast.student)
    message = send(cast, cast.student, To("all"), picture.pk)["id"]
    chat.delete(cast.lesson.pk, cast.teacher.pk, message)
    assert not seen_by(cast, cast.teacher, picture)
    assert not seen_by(cast, cast.students[1], picture)
    [seen] = chat_reading.history(cast.lesson.pk, cast.teacher.pk, is_staff=True)["messages"]
    assert seen["picture"] is None


def test_only_ones_own_picture_for_this_chat_can_be_sent(cast: Cast) -> None:
    others = take(cast, cast.students[1])
    material = upload(cast.teacher, cast.lesson, "a.png", make_picture())
    refused = take(cast, cast.student, make_pdf(["no picture"]))
    assert (refused.state, refused.reason) == (Material.State.REFUSED, "no_picture")
    unchecked = announce(cast.student, cast.lesson, "b.png", 100, library.CHAT).json()["id"]
    for picture in (others.pk, refused.pk, UUID(unchecked), cast.student.pk):
        with pytest.raises(ConflictError, match="can't be sent"):
            send(cast, cast.student, To("all"), picture)
    with pytest.raises(ConflictError, match="can't be sent"):
        send(cast, cast.teacher, To("all"), material.pk)


def test_the_chats_pictures_are_not_among_the_materials(cast: Cast) -> None:
    picture = take(cast, cast.student)
    send(cast, cast.student, To("all"), picture.pk)
    for user in (cast.student, cast.teacher, cast.students[1]):
        assert signed_in(user).get(address("files", cast.lesson)).json()["materials"] == []


def test_whoever_may_not_write_may_not_upload_either(cast: Cast) -> None:
    chat.mute(cast.lesson.pk, cast.teacher.pk, cast.student.pk, is_muted=True)
    assert announce(cast.student, cast.lesson, "b.png", 100, library.CHAT).status_code == 404
    assert announce(cast.students[1], cast.lesson, "b.png", 100, library.CHAT).status_code == 201
    assert announce(cast.outsider, cast.lesson, "b.png", 100, library.CHAT).status_code == 404


def test_a_person_puts_so_many_pictures_into_a_chat(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "MAX_IN_CHAT", 1)
    take(cast, cast.student)
    assert announce(cast.student, cast.lesson, "b.png", 100, library.CHAT).status_code == 409
    assert announce(cast.students[1], cast.lesson, "b.png", 100, library.CHAT).status_code == 201


def test_pictures_that_nobody_has_sent_are_forgotten(cast: Cast) -> None:
    sent, unsent = take(cast, cast.student), take(cast, cast.student)
    send(cast, cast.student, To("all"), sent.pk)
    Material.objects.update(touched_at=timezone.now() - library.ABANDONED_AFTER - timedelta(seconds=1))
    library.prune()
    assert list(Material.objects.values_list("pk", flat=True)) == [sent.pk]
    assert unsent.pk != sent.pk
