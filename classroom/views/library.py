"""Materials by HTTP: uploading in parts, the list, pages' pictures, and the bytes themselves, by range."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotFound,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.http import content_disposition_header, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.core.library import PART_BYTES, UnsatisfiableRangeError, count_parts, parse_range
from classroom.core.sniffing import OTHER, PDF, PICTURES, VIDEOS
from classroom.models import Lesson, Material
from classroom.permissions import Action, Standing, standing
from classroom.services import library, library_files
from classroom.services.errors import ConflictError
from classroom.views.sections import Section, Viewer

CHUNK_BYTES = 256 << 10
MAX_JSON_BYTES = 4096
KNOWN_TYPES = PICTURES | VIDEOS | {PDF}
"""What a download may be called; everything else is only bytes."""
PICTURE_SECONDS = 24 * 60 * 60
"""A page's picture never changes; it is asked for anew by everyone who may still see it tomorrow."""
SANDBOX = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who belongs to a lesson's course."""

    lesson: Lesson
    user_id: UUID
    standing: Standing

    @property
    def is_staff(self) -> bool:
        """Whether they teach or assist."""
        return self.standing.is_staff

    def material(self, material_id: UUID) -> Material | None:
        """The material, if they may have its bytes; one query."""
        return library.readable(self.lesson, material_id, self.user_id, is_staff=self.is_staff)


View = Callable[..., HttpResponseBase]


def not_found() -> HttpResponse:
    """The one answer to whoever may not, whatever the reason."""
    headers = {"Cache-Control": "no-store"}
    return HttpResponseNotFound("There is no such file.\n", content_type="text/plain", headers=headers)


def for_readers(view: View) -> View:
    """Gives a view a Reader in the place of the lesson's id; all others get `not_found`. Two queries."""

    @wraps(view)
    def respond(request: HttpRequest, lesson_id: UUID, **ids: Any) -> HttpResponseBase:
        user_id = request.user.pk
        found = standing(user_id, lesson_id) if user_id else None
        if user_id is None or found is None or not found.allows(Action.READ):
            return not_found()
        reader = Reader(Lesson.objects.get(pk=lesson_id), user_id, found)
        try:
            return view(request, reader, **ids)
        except ConflictError as error:
            return JsonResponse({"error": str(error)}, status=409)
        except ValueError as error:
            return JsonResponse({"error": str(error)}, status=400)

    return respond


# The list, and a new upload


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def files(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Lists what there is; a POST of `{"name", "size", "for"}` begins an upload."""
    if request.method != "POST":
        listed = library.listing(reader.lesson, reader.user_id, is_staff=reader.is_staff)
        return JsonResponse({"materials": listed})
    purpose, name, size = _announcement(request)
    wanted = {library.HAND_IN: Action.ATTEND, library.CHAT: Action.ASK}.get(purpose, Action.SUPPLY)
    if not reader.standing.allows(wanted) or (purpose == library.HAND_IN and reader.is_staff):
        return not_found()
    material = library.start(reader.lesson, reader.user_id, purpose, name, size)
    return JsonResponse(_progress(material), status=201)


def _announcement(request: HttpRequest) -> tuple[str, str, int]:
    try:
        body = json.loads(request.read(MAX_JSON_BYTES))
        purpose, name, size = body["for"], body["name"], body["size"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("expected for, name and size") from None
    if purpose not in library.PURPOSES or not isinstance(name, str) or type(size) is not int:
        raise ValueError("expected for, name and size")
    return purpose, name, size


def _progress(material: Material) -> dict[str, Any]:
    """How far an upload has come, for whoever goes on with it."""
    return {
        "id": str(material.pk),
        "state": material.state,
        "part_bytes": PART_BYTES,
        "parts": count_parts(material.size),
        "received": library_files.parts(material.pk, material.size),
    }


# One material


@never_cache
@require_http_methods(["GET", "HEAD", "DELETE"])
@for_readers
def material(request: HttpRequest, reader: Reader, material_id: UUID) -> HttpResponseBase:
    """Tells its owner how far an upload has come; a DELETE deletes it."""
    if request.method == "DELETE":
        deleted = library.delete(reader.lesson, material_id, reader.user_id, is_staff=reader.is_staff)
        return HttpResponse(status=204) if deleted else not_found()
    upload = library.upload_of(reader.lesson.pk, material_id, reader.user_id)
    return JsonResponse(_progress(upload)) if upload else not_found()


@never_cache
@require_http_methods(["PUT"])
@for_readers
def part(request: HttpRequest, reader: Reader, material_id: UUID, number: int) -> HttpResponseBase:
    """Takes one part of an upload, as often as it is sent."""
    upload = library.upload_of(reader.lesson.pk, material_id, reader.user_id)
    if upload is None:
        return not_found()
    library.put_part(upload, number, request.read(PART_BYTES + 1))
    return HttpResponse(status=204)


@never_cache
@require_POST
@for_readers
def finish(request: HttpRequest, reader: Reader, material_id: UUID) -> HttpResponseBase:
    """Hands an upload over to be checked."""
    upload = library.upload_of(reader.lesson.pk, material_id, reader.user_id)
    if upload is None:
        return not_found()
    library.finish(upload)
    return HttpResponse(status=204)


@require_safe
@for_readers
def pages(request: HttpRequest, reader: Reader, material_id: UUID) -> HttpResponseBase:
    """The sizes and words of all pages."""
    found = reader.material(material_id)
    return _kept(JsonResponse({"pages": library.page_texts(found.pk)})) if found else not_found()


@require_safe
@for_readers
def page(request: HttpRequest, reader: Reader, material_id: UUID, number: int) -> HttpResponseBase:
    """A page's picture."""
    return _picture(reader, material_id, library_files.page, number)


@require_safe
@for_readers
def thumbnail(request: HttpRequest, reader: Reader, material_id: UUID, number: int) -> HttpResponseBase:
    """A page's small picture."""
    return _picture(reader, material_id, library_files.thumbnail, number)


def _picture(
    reader: Reader, material_id: UUID, path: Callable[[UUID, int], Path], number: int
) -> HttpResponseBase:
    found = reader.material(material_id)
    if found is None or not 1 <= number <= found.pages:
        return not_found()
    return _kept(_guarded(HttpResponse(path(found.pk, number).read_bytes(), content_type="image/webp")))


def _kept(response: HttpResponseBase) -> HttpResponseBase:
    """Lets this browser, and nobody between, keep what never changes."""
    response.headers["Cache-Control"] = f"private, max-age={PICTURE_SECONDS}, immutable"
    return response


@never_cache
@require_safe
@for_readers
def download(request: HttpRequest, reader: Reader, material_id: UUID) -> HttpResponseBase:
    """The material's own bytes, to be kept as a file and never to be shown as a page."""
    found = reader.material(material_id)
    return _bytes(request, found, as_attachment=True) if found else not_found()


@never_cache
@require_safe
@for_readers
def film(request: HttpRequest, reader: Reader, material_id: UUID) -> HttpResponseBase:
    """A video's bytes, for the page that plays it."""
    found = reader.material(material_id)
    if found is None or found.kind != Material.Kind.VIDEO:
        return not_found()
    return _bytes(request, found, as_attachment=False)


# Bytes, by range


def _bytes(request: HttpRequest, found: Material, *, as_attachment: bool) -> HttpResponseBase:
    """All of a file or the range that is asked for (RFC 9110, section 14)."""
    etag = quote_etag(found.sha256)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Content-Type": found.media_type if found.media_type in KNOWN_TYPES else OTHER,
        "Content-Disposition": content_disposition_header(as_attachment, found.name) or "inline",
    }
    try:
        asked = _asked_range(request, etag, found.size)
    except UnsatisfiableRangeError:
        headers["Content-Range"] = f"bytes */{found.size}"
        return _guarded(HttpResponse(status=416, headers=headers))
    start, end = asked or (0, found.size)
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    headers["Content-Length"] = str(end - start)
    status = 206 if asked else 200
    if request.method == "HEAD":
        return _guarded(HttpResponse(status=status, headers=headers))
    file = library_files.source(found.pk).open("rb")
    return _guarded(StreamingHttpResponse(_chunks(file, start, end), status=status, headers=headers))


def _asked_range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    condition = request.headers.get("If-Range", etag)
    return parse_range(request.headers.get("Range", ""), size) if condition == etag else None


async def _chunks(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes between two places; read in threads, as fast as the server takes them."""
    with file:
        file.seek(start)
        while start < end:
            data = await asyncio.to_thread(file.read, min(CHUNK_BYTES, end - start))
            if not data:
                return
            start += len(data)
            yield data


def _guarded(response: HttpResponseBase) -> HttpResponseBase:
    """Keeps a browser from taking a file for anything else than it is said to be, or from running it."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # django-csp leaves a policy alone that is there.
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


# On the lesson's page after it


def section(lesson: Lesson, viewer: Viewer) -> Section | None:
    """What the lesson and its course have to be kept, and what was handed in to those who may see it."""
    listed = [
        {**row, "url": reverse("classroom:file-download", args=[lesson.pk, row["id"]])}
        for row in library.listing(lesson, viewer.user_id, is_staff=viewer.is_staff)
        if row["state"] == Material.State.READY
    ]
    if not listed:
        return None
    return Section("files", _("Files"), "classroom/review/files.html", {"materials": listed})
