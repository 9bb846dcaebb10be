"""Static files: from their folders in the embedded mode, hashed and compressed in production."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from servestatic.asgi import ServeStaticASGI
from servestatic.responders import StaticFile
from servestatic.storage import CompressedManifestStaticFilesStorage
from servestatic.utils import decode_path_info

SMALL_BYTES = 256 << 10
"""Files up to this size are answered from memory."""
MAX_ANSWERS = 2048
"""So many may be kept, one for each file and `Accept-Encoding`, of which browsers know two or three."""
ABOUT_BODY = frozenset({b"content-type", b"content-length", b"content-encoding"})


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Names files by their hash at `collectstatic`, in scripts' imports too; production links to those."""

    support_js_module_import_aggregation = True
    max_post_process_passes = 30
    """Each pass names one more level of scripts that import each other."""

    def url(self, name: str | None, force: bool = False) -> str:
        """Returns the file's address."""
        if settings.PRODUCTION:
            return str(super().url(name, force))
        return FileSystemStorage.url(self, name)

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        """Returns what puts the hashed name in place of a matched address."""
        convert = super().url_converter(name, hashed_files, template)

        def convert_unless_type(match: re.Match[str]) -> str:
            # A type in a comment loads nothing, and types may go in circles, which no hash could end.
            return match["matched"] if match["matched"].startswith("import(") else str(convert(match))

        return convert_unless_type


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plain GET of a file brings."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes


class SmallFilesInMemory(ServeStaticASGI):
    """Serves static files; what is small is read once, since a room's page asks for 150 of them at a time."""

    def initialize(self) -> None:
        """Is called once by the constructor."""
        super().initialize()
        self._answers: dict[tuple[str, bytes], Answer] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a file's request, or hands the request on."""
        answer = None
        if scope["type"] == "http" and scope["method"] == "GET" and not self.autorefresh:
            headers = dict(scope["headers"])
            if b"range" not in headers:
                answer = self._answer(scope["path"], headers.get(b"accept-encoding", b""))
        if answer is None:
            await super().__call__(scope, receive, send)
            return
        if headers.get(b"if-none-match") == answer.etag:
            status, body = 304, b""
            sent = [header for header in answer.headers if header[0] not in ABOUT_BODY]
        else:
            status, body, sent = 200, answer.body, answer.headers
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str, encodings: bytes) -> Answer | None:
        """The answer for a small file, in the best encoding that is accepted; None for everything else."""
        key = path, encodings
        if (known := self._answers.get(key)) is not None:
            return known
        file = self.files.get(decode_path_info(path))
        if not isinstance(file, StaticFile):
            return None
        found = file.get_response("GET", {"HTTP_ACCEPT_ENCODING": encodings.decode("latin-1")})
        with cast(BinaryIO, found.file) as content:
            if int(dict(found.headers)["Content-Length"] or 0) > SMALL_BYTES:
                return None
            headers = [(name.lower().encode(), (value or "").encode()) for name, value in found.headers]
            answer = Answer(headers, content.read(), dict(headers)[b"etag"])
        if len(self._answers) >= MAX_ANSWERS:
            self._answers.clear()
        self._answers[key] = answer
        return answer


def with_static_files(application: Any) -> SmallFilesInMemory:
    """Wraps an ASGI application so that static files are answered before it.

    In front of Django's middleware they cost no thread, and a page of thirty scripts loads at once.
    """
    server = SmallFilesInMemory(
        application,
        # A file of fixed name may change with the next start, so the browser asks each time (and gets a 304).
        max_age=0,
        allow_all_origins=False,
        autorefresh=settings.DEBUG,
        add_headers_function=_add_headers,
    )
    for folder in _folders():
        server.add_files(folder, prefix=settings.STATIC_URL)
    return server


def _folders() -> list[str]:
    """The last ones win: later files stand over earlier ones of the same name."""
    if settings.PRODUCTION:
        if not (settings.STATIC_ROOT / "staticfiles.json").exists():
            raise ImproperlyConfigured(
                f"“{settings.STATIC_ROOT}” holds no files: run manage.py collectstatic first."
            )
        return [str(settings.STATIC_ROOT)]
    found: dict[str, None] = {}
    for finder in finders.get_finders():
        for storage in getattr(finder, "storages", {}).values():
            found.setdefault(str(storage.location))
    return list(reversed(found))


def _add_headers(headers: Headers, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
