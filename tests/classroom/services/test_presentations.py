"""Presentations: converted by LibreOffice in a place without network, else kept with a word on what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image

from classroom.models import Material
from classroom.services import library_files, library_sandbox
from tests.support import files
from tests.support.cast import Cast
from tests.support.upload import upload

pytestmark = pytest.mark.django_db

needs_converter = pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="LibreOffice is not installed here (Debian: libreoffice-impress): nothing can be converted",
)
WORKERS_PROGRAMS = ("unshare", "sh", "mount", "mkdir", "test")


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    """Materials of a test lie in a folder of its own."""
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()


@pytest.fixture
def other_site() -> Iterator[tuple[str, list[str]]]:
    """A site on this machine: the address of a picture there, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(files.make_picture())

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_words: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/picture.png", asked
    server.shutdown()
    server.server_close()


def by_teacher(cast: Cast, content: bytes) -> Material:
    """A material of the lesson, checked."""
    return upload(cast.teacher, cast.lesson, "Optics.pptx", content)


@needs_converter
def test_a_presentation_becomes_pages_with_pictures_and_words(cast: Cast) -> None:
    material = by_teacher(cast, files.make_slides(["Optics", "The lens", "The eye"]))
    assert (material.state, material.kind, material.pages) == ("ready", "document", 3)
    assert [page.text.strip() for page in material.page_set.all()] == ["Optics", "The lens", "The eye"]
    with Image.open(library_files.page(material.pk, 1)) as picture:
        assert picture.width == 1600
        assert len(set(picture.convert("L").get_flattened_data())) > 2, "nothing is drawn"


@needs_converter
def test_what_a_presentation_points_to_is_asked_for_by_nobody(
    cast: Cast, other_site: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = other_site
    assert library_sandbox.is_complete(), "this machine allows no namespaces: nothing shuts the worker off"
    content = files.make_slides(["Optics"], picture_from=address)
    assert (by_teacher(cast, content).kind, asked) == ("document", [])
    # With nothing around it the converter would have asked: so it was the sandbox that kept it from that.
    folder = Path(library_files.root()).parent / "open"
    folder.mkdir()
    (folder / "source").write_bytes(content)
    monkeypatch.setattr(library_sandbox, "is_complete", lambda: False)
    library_sandbox.run(folder, "show", "convert")
    assert "/picture.png" in asked


@needs_converter
@pytest.mark.parametrize("content", [files.make_presentation(), files.make_slides(["Optics"])[:-40]])
def test_what_the_converter_cannot_read_is_kept_or_refused_in_plain_words(cast: Cast, content: bytes) -> None:
    material = by_teacher(cast, content)
    assert (material.kind, material.pages) == ("file", 0)
    assert material.reason in ("export_as_pdf", "")


@needs_converter
def test_without_a_sandbox_nothing_is_converted(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_sandbox, "is_complete", lambda: False)
    material = by_teacher(cast, files.make_slides(["Optics"]))
    assert (material.state, material.kind, material.reason) == ("ready", "file", "export_as_pdf")


def test_without_a_converter_it_says_what_to_do(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in WORKERS_PROGRAMS:
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    material = by_teacher(cast, files.make_slides(["Optics"]))
    assert (material.state, material.kind, material.reason) == ("ready", "file", "export_as_pdf")
