"""Static files: as they lie there in the embedded mode, by their hashes in production."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from config.static_files import SMALL_BYTES, with_static_files

SCRIPT = "js/tests/first.js"
IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)


async def not_found(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Stands for Django."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def get(application: Any, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    communicator = ApplicationCommunicator(application, scope | {"headers": raw})
    await communicator.send_input({"type": "http.request"})
    start = await communicator.receive_output()
    body = b""
    while (part := await communicator.receive_output()).get("more_body"):
        body += part["body"]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, body + part["body"]


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Two scripts, of which one imports the other."""
    path = tmp_path / "static"
    (path / "js/tests").mkdir(parents=True)
    (path / SCRIPT).write_text('import { second } from "./second.js";\nsecond();\n')
    (path / "js/tests/second.js").write_text("export function second() {}\n")
    settings.STATICFILES_DIRS = [path]
    return path


@pytest.fixture
def collected(folder: Path, tmp_path: Path, settings: Any) -> Path:
    """What `collectstatic` makes of them."""
    settings.STATIC_ROOT = tmp_path / "built"
    settings.PRODUCTION = True
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "built"


async def test_the_embedded_mode_serves_files_as_they_are(folder: Path) -> None:
    application = with_static_files(not_found)
    status, headers, body = await get(application, f"/static/{SCRIPT}")
    assert (status, body) == (200, (folder / SCRIPT).read_bytes())
    assert headers["content-type"].startswith("text/javascript")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "max-age=0, public"
    assert "access-control-allow-origin" not in headers
    assert staticfiles_storage.url(SCRIPT) == f"/static/{SCRIPT}"


async def test_a_file_that_the_browser_has_is_not_sent_again(folder: Path) -> None:
    application = with_static_files(not_found)
    _, headers, _ = await get(application, f"/static/{SCRIPT}")
    status, _, body = await get(application, f"/static/{SCRIPT}", if_none_match=headers["etag"])
    assert (status, body) == (304, b"")


async def test_a_small_file_is_read_once(folder: Path) -> None:
    application = with_static_files(not_found)
    first = await get(application, f"/static/{SCRIPT}")
    (folder / SCRIPT).unlink()
    assert await get(application, f"/static/{SCRIPT}") == first


async def test_a_large_file_and_a_part_of_a_file_come_from_the_disk(folder: Path) -> None:
    (folder / "film.bin").write_bytes(bytes(SMALL_BYTES + 1))
    application = with_static_files(not_found)
    status, _, body = await get(application, "/static/film.bin")
    assert (status, len(body)) == (200, SMALL_BYTES + 1)
    await get(application, f"/static/{SCRIPT}")
    status, _, body = await get(application, f"/static/{SCRIPT}", range="bytes=0-5")
    assert (status, body) == (206, b"import")


async def test_no_more_answers_are_kept_than_there_is_room_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.static_files.MAX_ANSWERS", 3)
    application = with_static_files(not_found)
    for number in range(20):
        status, _, _ = await get(application, f"/static/{SCRIPT}", accept_encoding=f"made-up-{number}")
        assert status == 200
        assert len(application._answers) <= 3


async def test_each_browser_gets_the_encoding_that_it_accepts(collected: Path) -> None:
    script = collected / "js/tests/large.js"
    script.write_text("// " + "a" * 5000)
    (collected / "js/tests/large.js.gz").write_bytes(gzip.compress(script.read_bytes()))
    application = with_static_files(not_found)
    for _ in range(2):
        _, headers, body = await get(application, "/static/js/tests/large.js", accept_encoding="gzip, br")
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(body) == script.read_bytes()
        _, headers, body = await get(application, "/static/js/tests/large.js")
        assert "content-encoding" not in headers
        assert body == script.read_bytes()


async def test_the_admin_s_files_are_served_too(folder: Path) -> None:
    status, _, _ = await get(with_static_files(not_found), "/static/admin/css/base.css")
    assert status == 200


@pytest.mark.parametrize(
    "path", ["/static/../settings.py", "/static/js/../../settings.py", "/static/", "/static/none"]
)
async def test_nothing_else_is_served(folder: Path, path: str) -> None:
    (folder.parent / "settings.py").write_text("SECRET")
    status, _, _ = await get(with_static_files(not_found), path)
    assert status == 404


async def test_production_names_files_by_their_hash_for_good(collected: Path) -> None:
    address = staticfiles_storage.url(SCRIPT)
    assert re.fullmatch(r"/static/js/tests/first\.[0-9a-f]{12}\.js", address)
    status, headers, body = await get(with_static_files(not_found), address)
    assert status == 200
    assert "immutable" in headers["cache-control"]
    (imported,) = IMPORT.findall(body.decode())
    assert re.fullmatch(r"\./second\.[0-9a-f]{12}\.js", imported)
    assert (collected / "js/tests" / imported).exists()


def test_production_without_collected_files_says_what_to_run(tmp_path: Path, settings: Any) -> None:
    settings.PRODUCTION = True
    settings.STATIC_ROOT = tmp_path
    with pytest.raises(ImproperlyConfigured, match=r"run manage.py collectstatic first"):
        with_static_files(not_found)


def test_every_import_of_our_own_scripts_has_a_hash_in_production(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.PRODUCTION = True
    call_command("collectstatic", interactive=False, verbosity=0)
    hashed = [path for path in tmp_path.glob("js/**/*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)]
    assert hashed
    for path in hashed:
        for imported in IMPORT.findall(COMMENT.sub("", path.read_text())):
            assert re.search(r"\.[0-9a-f]{12}\.js$", imported), f"{path.name} imports {imported}"
            assert (path.parent / imported).exists()
