"""Materials by HTTP: who gets what, and how bytes are given."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from classroom.core.library import PART_BYTES
from classroom.models import Enrolment, Lesson, Material, Participation
from classroom.services import library, slides
from tests.support import files
from tests.support.cast import Cast
from tests.support.upload import address, announce, content_of, signed_in, upload

pytestmark = [
    pytest.mark.django_db,
    # Django's test client reads an asynchronous stream in a thread, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]

READING = ("file-pages", "file-page", "file-thumbnail", "file-download", "file-video")


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    """Materials of a test lie in a folder of its own."""
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()


def address_of(name: str, lesson: Lesson, material: Material) -> str:
    """The address of something of a material; of its first page where it takes one."""
    number = {"number": 1} if name in ("file-page", "file-thumbnail", "file-part") else {}
    return address(name, lesson, material.pk, **number)


def get(user: User | None, path: str, **headers: str) -> Any:
    """What the person gets there."""
    return signed_in(user).get(path, headers=headers)


def refusal(response: Any) -> tuple[int, bytes, str]:
    """What tells one refusal from another."""
    return response.status_code, content_of(response), response["Cache-Control"]


NOT_FOUND = (404, b"There is no such file.\n", "no-store")


def test_every_member_reads_and_everyone_else_gets_one_and_the_same_answer(cast: Cast) -> None:
    material = upload(cast.teacher, cast.lesson, "Optics.pdf", files.make_pdf())
    film = upload(cast.teacher, cast.lesson, "film.webm", files.make_film())
    Enrolment.objects.filter(user=cast.students[2]).delete()
    Participation.objects.create(
        lesson=cast.lesson, user=cast.students[3], removed_at=cast.lesson.starts_at, admitted_at=None
    )
    for name in READING:
        path = address_of(name, cast.lesson, film if name == "file-video" else material)
        for user in (cast.teacher, cast.colleague, cast.assistant, cast.student, cast.students[1]):
            assert get(user, path).status_code == 200, (name, user)
        for other in (
            cast.outsider,
            cast.admin,
            cast.other_teacher,
            cast.stranger,
            cast.other_admin,
            cast.staff,
            cast.students[2],
            cast.students[3],
            None,
        ):
            refused = refusal(get(other, path))
            assert refused[:2] == NOT_FOUND[:2], (name, other)


def test_the_way_through_another_lesson_leads_nowhere(cast: Cast) -> None:
    material = upload(cast.teacher, cast.lesson, "Optics.pdf", files.make_pdf())
    elsewhere = upload(cast.other_teacher, cast.other_lesson, "Acids.pdf", files.make_pdf())
    for name in READING:
        # The colleague teaches both courses of this school, the outsider attends the second.
        for user in (cast.colleague, cast.outsider):
            assert get(user, address_of(name, cast.second_lesson, material)).status_code == 404
        assert get(cast.teacher, address_of(name, cast.lesson, elsewhere)).status_code == 404
        assert get(cast.stranger, address_of(name, cast.other_lesson, material)).status_code == 404
    for method in ("delete", "put", "post"):
        for name in ("file", "file-part", "file-finish"):
            path = address_of(name, cast.other_lesson, elsewhere)
            assert getattr(signed_in(cast.teacher), method)(path).status_code in (404, 405)
    assert Material.objects.filter(pk=elsewhere.pk).exists()


def test_another_lesson_of_the_course_may_show_it_again(cast: Cast) -> None:
    material = upload(cast.teacher, cast.ended_lesson, "Optics.pdf", files.make_pdf())
    assert get(cast.student, address_of("file-page", cast.lesson, material)).status_code == 200


def test_what_is_not_ready_has_no_bytes(cast: Cast) -> None:
    material = upload(cast.teacher, cast.lesson, "Optics.pdf", files.make_pdf())
    for state in ("uploading", "checking", "refused"):
        Material.objects.filter(pk=material.pk).update(state=state)
        for name in READING:
            assert get(cast.teacher, address_of(name, cast.lesson, material)).status_code == 404
    Material.objects.filter(pk=material.pk).update(state="ready")
    for number in (0, 4, 10**9):
        path = address("file-page", cast.lesson, material.pk, number=number)
        assert refusal(get(cast.student, path)) == NOT_FOUND


def test_students_upload_nothing_but_what_they_hand_in(cast: Cast) -> None:
    for purpose in (library.LESSON, library.COURSE, library.SNAPSHOT):
        assert announce(cast.student, cast.lesson, "x", 10, purpose).status_code == 404
        for user in (cast.teacher, cast.colleague, cast.assistant):
            assert announce(user, cast.lesson, "x", 10, purpose).status_code == 201
    assert announce(cast.student, cast.lesson, "x", 10, library.HAND_IN).status_code == 201
    assert announce(cast.teacher, cast.lesson, "x", 10, library.HAND_IN).status_code == 404
    # Handing in is of a lesson that is open; teachers may add to another ahead of it.
    assert announce(cast.student, cast.later_lesson, "x", 10, library.HAND_IN).status_code == 404
    assert announce(cast.teacher, cast.later_lesson, "x", 10).status_code == 201
    assert announce(cast.teacher, cast.cancelled_lesson, "x", 10).status_code == 404
    for other in (cast.outsider, cast.stranger, cast.admin, cast.staff, None):
        for purpose in library.PURPOSES:
            assert announce(other, cast.lesson, "x", 10, purpose).status_code == 404


def test_what_a_student_hands_in_no_other_student_reaches(cast: Cast) -> None:
    own = upload(cast.student, cast.lesson, "homework.pdf", files.make_pdf(), library.HAND_IN)
    path = address_of("file-download", cast.lesson, own)
    for user in (cast.student, cast.teacher, cast.assistant, cast.colleague):
        assert get(user, path).status_code == 200
    for other in (cast.students[1], cast.outsider, cast.stranger, cast.admin, None):
        assert refusal(get(other, path))[:2] == NOT_FOUND[:2]
    assert get(cast.student, address("files", cast.lesson)).json()["materials"][0]["id"] == str(own.pk)
    assert get(cast.students[1], address("files", cast.lesson)).json() == {"materials": []}
    assert signed_in(cast.students[1]).delete(address("file", cast.lesson, own.pk)).status_code == 404
    assert signed_in(cast.student).delete(address("file", cast.lesson, own.pk)).status_code == 204


def test_an_upload_is_its_owner_s_alone_and_goes_on_where_it_stopped(cast: Cast) -> None:
    size = PART_BYTES + 10
    begun = announce(cast.teacher, cast.lesson, "x", size).json()
    assert (begun["parts"], begun["received"]) == (2, [])
    path = address("file-part", cast.lesson, begun["id"], number=1)
    for user in (cast.colleague, cast.student, cast.stranger, None):
        assert signed_in(user).put(path, b"0123456789").status_code == 404
        assert signed_in(user).get(address("file", cast.lesson, begun["id"])).status_code == 404
        assert signed_in(user).post(address("file-finish", cast.lesson, begun["id"])).status_code == 404
    client = signed_in(cast.teacher)
    assert client.put(path, b"too short").status_code == 400
    assert client.put(path, b"and this is too long").status_code == 400
    assert client.put(path, b"0123456789").status_code == 204
    assert client.get(address("file", cast.lesson, begun["id"])).json()["received"] == [1]
    assert client.post(address("file-finish", cast.lesson, begun["id"])).status_code == 409
    assert client.put(address("file-part", cast.lesson, begun["id"], number=2), b"x").status_code == 400
    first = address("file-part", cast.lesson, begun["id"], number=0)
    assert client.put(first, bytes(PART_BYTES)).status_code == 204
    assert client.post(address("file-finish", cast.lesson, begun["id"])).status_code == 204
    assert client.post(address("file-finish", cast.lesson, begun["id"])).status_code == 204
    assert client.put(first, bytes(PART_BYTES)).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 4000,
        b'{"for": "lesson", "name": "x"}',
        b'{"for": "x", "name": "x", "size": 1}',
        b'{"for": [], "name": "x", "size": 1}',
        b'{"for": "lesson", "name": 1, "size": 1}',
        b'{"for": "lesson", "name": "x", "size": "1"}',
        b'{"for": "lesson", "name": "x", "size": true}',
    ],
)
def test_nothing_is_made_of_a_bad_announcement(cast: Cast, body: bytes) -> None:
    client = signed_in(cast.teacher)
    path = address("files", cast.lesson)
    assert client.post(path, body, content_type="application/json").status_code == 400
    assert not Material.objects.exists()


def test_an_upload_needs_the_token_against_forgery(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.teacher)
    path = address("files", cast.lesson)
    assert client.post(path, {"for": "lesson", "name": "x", "size": 1}).status_code == 403
    begun = announce(cast.teacher, cast.lesson, "x", 1).json()["id"]
    assert client.put(address("file-part", cast.lesson, begun, number=0), b"x").status_code == 403
    assert client.delete(address("file", cast.lesson, begun)).status_code == 403


def test_pages_pictures_may_be_kept_by_their_reader_alone(cast: Cast) -> None:
    material = upload(cast.teacher, cast.lesson, "Optics.pdf", files.make_pdf())
    for name in ("file-page", "file-thumbnail"):
        response = get(cast.student, address_of(name, cast.lesson, material))
        assert response["Content-Type"] == "image/webp"
        assert "private" in response["Cache-Control"]
        assert response["X-Content-Type-Options"] == "nosniff"
    pages = get(cast.student, address_of("file-pages", cast.lesson, material)).json()["pages"]
    assert pages[1] == {"number": 2, "width": 1600, "height": 900, "text": "Refraction"}


HOSTILE = [
    ("x.html", files.SCRIPT),
    ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'),
    ("x.pdf", files.SCRIPT),
    ("x.pdf", files.make_pdf(tail=b"%" + files.SCRIPT)),
    ("x.jpg", files.SCRIPT + files.make_picture("JPEG")),
    ('"\r\nContent-Type: text/html\r\n\r\n<script>.html', files.SCRIPT),
    ("../../../x.html", files.SCRIPT),
]


@pytest.mark.parametrize(("name", "content"), HOSTILE)
def test_nothing_uploaded_is_ever_shown_as_a_page(cast: Cast, name: str, content: bytes) -> None:
    material = upload(cast.teacher, cast.lesson, name, content)
    response = get(cast.student, address_of("file-download", cast.lesson, material))
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    assert "\n" not in response["Content-Disposition"]
    assert "/" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["Content-Type"] in ("application/octet-stream", "application/pdf")
    assert content_of(response) == content
    assert get(cast.student, address_of("file-video", cast.lesson, material)).status_code == 404


def test_bytes_are_given_by_range(cast: Cast) -> None:
    film = files.make_film("mp4")
    material = upload(cast.teacher, cast.lesson, "film.mp4", film)
    for name, kind in (("file-video", "inline"), ("file-download", "attachment")):
        path = address_of(name, cast.lesson, material)
        whole = get(cast.student, path)
        assert (whole.status_code, content_of(whole)) == (200, film)
        assert whole["Content-Type"] == "video/mp4"
        assert whole["Content-Disposition"].startswith(kind)
        assert (whole["Accept-Ranges"], whole["Content-Length"]) == ("bytes", str(len(film)))
        some = get(cast.student, path, range="bytes=100-199")
        assert (some.status_code, content_of(some)) == (206, film[100:200])
        assert some["Content-Range"] == f"bytes 100-199/{len(film)}"
        rest = get(cast.student, path, range=f"bytes={len(film) - 5}-")
        assert (rest.status_code, content_of(rest)) == (206, film[-5:])
        beyond = get(cast.student, path, range=f"bytes={len(film)}-")
        assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(film)}")
        fresh = get(cast.student, path, range="bytes=0-9", if_range=whole["ETag"])
        assert (fresh.status_code, content_of(fresh)) == (206, film[:10])
        stale = get(cast.student, path, range="bytes=0-9", if_range='"another"')
        assert (stale.status_code, content_of(stale)) == (200, film)
        head = signed_in(cast.student).head(path, headers={"range": "bytes=0-9"})
        assert (head.status_code, head["Content-Length"], head.content) == (206, "10", b"")


def test_no_address_of_a_file_takes_a_path() -> None:
    for name, path in product(("download", "video", "pages/1"), ("..", "%2e%2e", "..%2f..%2fsecret_key")):
        assert Client().get(f"/lessons/{path}/files/{path}/{name}/").status_code == 404
    assert reverse("classroom:files", kwargs={"lesson_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12})


def test_the_lesson_s_page_after_it_has_its_files_and_the_pages_that_were_shown(cast: Cast) -> None:
    material = upload(cast.teacher, cast.lesson, "Optics.pdf", files.make_pdf(["Light", "Shadow", "Lens"]))
    own = upload(cast.student, cast.lesson, "homework.txt", b"words", library.HAND_IN)
    for page in (1, 3):
        slides.show(cast.lesson.pk, cast.teacher.pk, material.pk, page)
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=Lesson.State.ENDED)
    page_of = reverse("classroom:review", args=[cast.lesson.pk])
    for user, sees_own in ((cast.teacher, True), (cast.student, True), (cast.students[1], False)):
        text = get(user, page_of).content.decode()
        assert address_of("file-download", cast.lesson, material) in text
        assert (address_of("file-download", cast.lesson, own) in text) == sees_own
        for number, is_shown in ((1, True), (2, False), (3, True)):
            path = address("file-page", cast.lesson, material.pk, number=number)
            assert (f'src="{path}"' in text) == is_shown
        assert "Lens" in text
        assert "Shadow" not in text


def test_ink_on_a_page_is_for_those_who_may_look_at_what_was_taught(cast: Cast) -> None:
    material = upload(cast.teacher, cast.lesson, "Optics.pdf", files.make_pdf())
    slides.show(cast.lesson.pk, cast.teacher.pk, material.pk, 1)
    told = slides.state(cast.lesson.pk)
    assert told is not None
    path = reverse("classroom:sheet", args=[cast.lesson.pk, told["sheets"]["1"]])
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_locked=True)
    assert get(cast.teacher, path).status_code == 200
    # Who waits in the lobby sees nothing of the room yet.
    assert get(cast.student, path).status_code == 404
    over = {"state": Lesson.State.ENDED, "ends_at": cast.lesson.ends_at - timedelta(days=9)}
    Lesson.objects.filter(pk=cast.lesson.pk).update(**over)
    for user, status in (
        (cast.teacher, 200),
        (cast.student, 200),
        (cast.outsider, 404),
        (cast.stranger, 404),
    ):
        assert get(user, path).status_code == status
