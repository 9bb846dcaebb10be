"""Static files: from their folders in the embedded mode, hashed and compressed in production."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from servestatic.asgi import ServeStaticASGI
from servestatic.storage import CompressedManifestStaticFilesStorage


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


def with_static_files(application: Any) -> ServeStaticASGI:
    """Wraps an ASGI application so that static files are answered before it.

    In front of Django's middleware they cost no thread, and a page of thirty scripts loads at once.
    """
    server = ServeStaticASGI(
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
