"""A sheet's content, for a page that begins to show it or has missed some; the board after the lesson."""

from __future__ import annotations

import gzip
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classroom.models import Lesson
from classroom.permissions import Action, Standing, standing
from classroom.services import board
from classroom.views.sections import Section, Viewer

GZIP_LEVEL = 1
"""Coordinates as JSON shrink to a third with it; the highest level gains little for ten times the work."""
MAX_DIGITS = 16


@require_safe
def sheet(request: HttpRequest, lesson_id: UUID, sheet_id: UUID) -> HttpResponse:
    """The elements of a sheet with their version, or with `?since=<version>` the effects after it.

    404 for whoever is neither in the room nor may look at what was taught, whatever the reason.
    """
    found = standing(request.user.pk, lesson_id) if request.user.is_authenticated else None
    if found is None or not _may_see(found):
        return _missing()
    since = request.GET.get("since", "")
    is_number = since.isascii() and since.isdigit() and len(since) <= MAX_DIGITS
    content = board.content(lesson_id, sheet_id, int(since) if is_number else None)
    return _missing() if content is None else _answer(request, *content)


def _may_see(found: Standing) -> bool:
    is_inside = found.is_admitted and found.allows(Action.STAY)
    return is_inside or found.allows(Action.REVIEW)


def section(lesson: Lesson, viewer: Viewer) -> Section | None:
    """The board's pages on which something is drawn; None where there are none."""
    pages = [
        {
            "number": number,
            "background": background,
            "sheet": reverse("classroom:sheet", kwargs={"lesson_id": lesson.pk, "sheet_id": key}),
        }
        for number, key, background in board.drawn_pages(lesson.pk)
    ]
    return Section("board", _("Board"), "classroom/review/board.html", {"pages": pages}) if pages else None


def _answer(request: HttpRequest, version: int, text: str) -> HttpResponse:
    tag = f'"{version}"'
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(text, content_type="application/json")
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.content = gzip.compress(response.content, GZIP_LEVEL, mtime=0)
            response["Content-Encoding"] = "gzip"
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ("Cookie", "Accept-Encoding"))
    return response


def _missing() -> HttpResponse:
    response = HttpResponse(status=404)
    response["Cache-Control"] = "no-store"
    return response
