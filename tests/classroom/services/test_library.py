"""Materials: how they come in, and what becomes of those that are not what they say."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from classroom.models import AuditEntry, Material, MaterialPage
from classroom.services import library, library_files, library_sandbox
from classroom.services.errors import ConflictError
from tests.support import files
from tests.support.cast import Cast
from tests.support.upload import announce, send, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> Path:
    """Materials of a test lie in a folder of its own."""
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()
    return Path(settings.VAR)


def by_teacher(cast: Cast, content: bytes, name: str = "a.pdf", purpose: str = library.LESSON) -> Material:
    """A material of the lesson."""
    return upload(cast.teacher, cast.lesson, name, content, purpose)


def test_a_pdf_becomes_pages_with_pictures_and_words(cast: Cast) -> None:
    material = by_teacher(cast, files.make_pdf(["Optics", "Lenses"]), "Optics.pdf")
    assert (material.state, material.kind, material.pages) == ("ready", "document", 2)
    assert material.media_type == "application/pdf"
    assert [(page.number, page.text) for page in material.page_set.all()] == [(1, "Optics"), (2, "Lenses")]
    with Image.open(library_files.page(material.pk, 2)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (1600, 900))
    with Image.open(library_files.thumbnail(material.pk, 1)) as picture:
        assert picture.size == (320, 180)


def test_a_picture_is_drawn_anew_without_what_else_was_in_it(cast: Cast) -> None:
    photo = files.make_photo_with_place()
    assert b"Camera of Student 1" in photo
    assert photo.endswith(files.SCRIPT)
    material = by_teacher(cast, photo, "photo.jpg")
    kept = library_files.source(material.pk).read_bytes()
    assert (material.kind, material.media_type, material.size) == ("image", "image/jpeg", len(kept))
    for bytes_now in (kept, library_files.page(material.pk, 1).read_bytes()):
        assert b"Camera" not in bytes_now
        assert b"script" not in bytes_now
    with Image.open(library_files.source(material.pk)) as picture:
        assert not picture.getexif()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_each_kind_of_picture_is_shown(cast: Cast, kind: str) -> None:
    material = by_teacher(cast, files.make_picture(kind), f"x.{kind}")
    assert (material.state, material.kind, material.pages) == ("ready", "image", 1)


@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_a_film_is_looked_at_and_kept_as_it_is(cast: Cast, kind: str) -> None:
    film = files.make_film(kind)
    material = by_teacher(cast, film, "film")
    assert (material.kind, material.media_type) == ("video", f"video/{kind}")
    assert material.seconds == pytest.approx(4, abs=0.1)
    assert library_files.source(material.pk).read_bytes() == film


REFUSED = [
    ("program", b"MZ" + bytes(100), "homework.pdf"),
    ("program", files.EICAR, "eicar.txt"),
    ("damaged", files.make_pdf()[:200], "cut.pdf"),
    ("damaged", b"%PDF-1.7\n" + files.SCRIPT, "x.pdf"),
    ("damaged", files.make_picture("PNG")[:300], "cut.png"),
    ("damaged", b"\xff\xd8\xff" + files.SCRIPT, "x.jpg"),
    ("damaged", b"GIF89a" + files.SCRIPT, "x.gif"),
    ("too_many_pixels", files.make_png_bomb(), "bomb.png"),
    ("too_many_pages", files.make_pdf(["x"] * 301), "long.pdf"),
    ("damaged", files.make_film("mp4", 1)[:-100], "cut.mp4"),
]


@pytest.mark.parametrize(("reason", "content", "name"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_is_hostile_or_broken_is_refused_and_not_kept(
    cast: Cast, reason: str, content: bytes, name: str
) -> None:
    material = by_teacher(cast, content, name)
    assert (material.state, material.reason, material.pages) == ("refused", reason, 0)
    assert not library_files.folder(material.pk).exists()
    assert not MaterialPage.objects.exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (files.SCRIPT, "x.html"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "x.svg"),
        (files.SCRIPT, "x.pdf"),
        (files.SCRIPT + files.make_picture("JPEG"), "x.jpg"),
        (b"\n" + files.make_pdf(), "x.pdf"),
        (files.make_zip({"bomb": bytes(50_000_000)}), "x.zip"),
    ],
)
def test_what_is_nothing_to_show_is_only_kept(cast: Cast, content: bytes, name: str) -> None:
    material = by_teacher(cast, content, name)
    assert (material.state, material.kind, material.pages) == ("ready", "file", 0)
    assert library_files.source(material.pk).read_bytes() == content


def test_a_pdf_that_is_a_page_besides_is_shown_by_its_pictures_alone(cast: Cast) -> None:
    material = by_teacher(cast, files.make_pdf(tail=b"%" + files.SCRIPT))
    assert (material.kind, material.pages) == ("document", 3)
    assert b"script" not in library_files.page(material.pk, 1).read_bytes()


def test_the_worker_has_no_network_and_sees_neither_secrets_nor_other_processes(own_folder: Path) -> None:
    assert library_sandbox.is_complete(), "this machine allows no namespaces: nothing shuts the worker off"
    (own_folder / "secret_key").write_text("secret")
    work = own_folder / "media" / "x"
    work.mkdir(parents=True)
    look = (
        f"ls -A {own_folder}; ls; cat /proc/net/dev | tail -n +3 | cut -d: -f1; ls /proc | grep -c '^[0-9]'"
    )
    (work / "source").write_text("x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_KEY", "canary")
        command = library_sandbox._command(own_folder.parent, work, ["sh", "-c", look])
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    (own_folder.parent / ".work").rmdir()
    assert told[:2] == ["source", "lo"]
    assert int(told[2]) <= 4


def test_a_worker_that_hangs_or_dies_is_ended_and_the_file_refused(cast: Cast, monkeypatch: Any) -> None:
    for script, seconds in (("import time; time.sleep(600)", 1), ("import os; os.abort()", 60)):
        worker = library_files.root().parent / "worker.py"
        worker.write_text(script)
        monkeypatch.setattr(library_sandbox, "is_complete", lambda: False)
        monkeypatch.setattr(library_sandbox, "WORKER", worker)
        monkeypatch.setattr(library_sandbox, "CHECK_SECONDS", seconds)
        material = by_teacher(cast, files.make_pdf())
        assert (material.state, material.reason) == ("refused", "unreadable")


def test_the_worker_s_memory_files_and_time_are_bounded(own_folder: Path) -> None:
    script = (
        "import runpy, resource; worker = runpy.run_path('classroom/services/library_worker.py');"
        "worker['limit_self'](); print(resource.getrlimit(resource.RLIMIT_CPU)[1]);"
        "print(len(bytes(2 << 30)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout == "200\n"
    assert "MemoryError" in ran.stderr


# Bounds


def test_a_file_over_its_limit_is_refused_before_a_byte_is_sent(cast: Cast) -> None:
    largest = library.MAX_BYTES[Material.Kind.VIDEO]
    assert announce(cast.teacher, cast.lesson, "x", largest).status_code == 201
    for size in (0, -1, largest + 1):
        assert announce(cast.teacher, cast.lesson, "x", size).status_code == 409
    handed_in = library.MAX_BYTES[Material.Kind.HANDED_IN]
    assert announce(cast.student, cast.lesson, "x", handed_in + 1, "hand_in").status_code == 409


def test_a_file_over_the_limit_of_what_it_is_found_to_be_is_refused(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setitem(library.MAX_BYTES, Material.Kind.DOCUMENT, 100)
    assert by_teacher(cast, files.make_pdf()).reason == "too_large"


def test_a_course_has_bounds(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr(library, "MAX_COURSE_BYTES", 1000)
    assert announce(cast.teacher, cast.lesson, "x", 900).status_code == 201
    assert announce(cast.teacher, cast.lesson, "x", 200).status_code == 409
    monkeypatch.setattr(library, "MAX_COURSE_FILES", 1)
    assert announce(cast.teacher, cast.lesson, "x", 1).status_code == 409


def test_a_person_has_so_many_uploads_at_a_time_and_hands_in_so_much(cast: Cast, monkeypatch: Any) -> None:
    for _ in range(library.MAX_UPLOADS):
        assert announce(cast.teacher, cast.lesson, "x", 10).status_code == 201
    assert announce(cast.teacher, cast.lesson, "x", 10).status_code == 409
    monkeypatch.setattr(library, "MAX_HANDED_IN", 1)
    assert upload(cast.student, cast.lesson, "x", b"words", "hand_in").state == "ready"
    assert announce(cast.student, cast.lesson, "x", 10, "hand_in").status_code == 409


# Handing in, deleting, forgetting


def test_what_is_handed_in_is_for_its_owner_and_the_staff(cast: Cast) -> None:
    own = upload(cast.student, cast.lesson, "homework.pdf", files.make_pdf(), "hand_in")
    assert (own.kind, own.media_type, own.pages) == ("handed_in", "application/pdf", 0)
    lesson = cast.lesson

    def seen_by(user: Any, *, is_staff: bool) -> bool:
        listed = any(row["id"] == str(own.pk) for row in library.listing(lesson, user.pk, is_staff=is_staff))
        readable = library.readable(lesson, own.pk, user.pk, is_staff=is_staff) is not None
        assert listed == readable
        return readable

    assert seen_by(cast.student, is_staff=False)
    assert seen_by(cast.teacher, is_staff=True)
    assert not seen_by(cast.students[1], is_staff=False)


def test_a_snapshot_must_be_a_picture(cast: Cast) -> None:
    assert by_teacher(cast, files.make_picture(), "s.png", "snapshot").kind == "snapshot"
    assert by_teacher(cast, files.make_pdf(), "s.png", "snapshot").reason == "no_picture"


def test_deleting_takes_row_and_bytes_and_is_noted_where_it_is_anothers(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    own = upload(cast.student, cast.lesson, "x", b"words", "hand_in")
    lesson = cast.lesson
    assert not library.delete(lesson, own.pk, cast.students[1].pk, is_staff=False)
    assert not library.delete(cast.second_lesson, own.pk, cast.colleague.pk, is_staff=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert library.delete(lesson, own.pk, cast.teacher.pk, is_staff=True)
    assert not Material.objects.exists()
    assert not library_files.folder(own.pk).exists()
    assert AuditEntry.objects.get().action == "files.delete"


def test_what_nobody_goes_on_with_is_forgotten(cast: Cast, monkeypatch: Any) -> None:
    begun = UUID(announce(cast.teacher, cast.lesson, "x", 10).json()["id"])
    kept = by_teacher(cast, b"words")
    orphan = uuid4()
    library_files.make(orphan)
    library.prune()
    assert library_files.folder(begun).exists()
    assert library_files.folder(orphan).exists()
    monkeypatch.setattr(library, "ORPHAN_SECONDS", -1.0)
    monkeypatch.setattr(library, "ABANDONED_AFTER", timedelta(seconds=-1))
    library.prune()
    assert [row.pk for row in Material.objects.all()] == [kept.pk]
    assert not library_files.folder(begun).exists()
    assert not library_files.folder(orphan).exists()
    assert library_files.folder(kept.pk).exists()


def test_a_check_that_died_with_its_process_is_made_again(cast: Cast, monkeypatch: Any) -> None:
    material_id = send(cast.teacher, cast.lesson, "x", b"words")
    with monkeypatch.context() as patch:
        patch.setattr(library, "_settle", lambda *_: None)
        assert library.check_next()
    assert not library.check_next()
    assert Material.objects.get(pk=material_id).state == "checking"
    monkeypatch.setattr(library, "CHECK_LIMIT", timedelta(seconds=-1))
    assert library.check_next()
    assert Material.objects.get(pk=material_id).state == "ready"


def test_a_missing_part_is_not_overlooked(cast: Cast) -> None:
    begun = library.start(cast.lesson, cast.teacher.pk, library.LESSON, "x", 10)
    with pytest.raises(ConflictError, match="not arrived"):
        library.finish(begun)
    with pytest.raises(ValueError, match="exactly its size"):
        library.put_part(begun, 0, b"too long for it")
    library.put_part(begun, 0, b"0123456789")
    library.put_part(begun, 0, b"9876543210")
    library.finish(begun)
    with pytest.raises(ConflictError):
        library.put_part(begun, 0, b"0123456789")
    assert library_files.source(begun.pk).read_bytes() == b"9876543210"
