"""The register of a lesson and of a course: pages, and the same as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from classroom.core import attendance as core
from classroom.core.tables import to_csv
from classroom.models import Course, Lesson
from classroom.models.attendance import CORRECTIONS, MAX_REASON_LENGTH
from classroom.permissions import keeps_register
from classroom.services import attendance, checks
from classroom.services.attendance import Sheet
from classroom.services.attendance_lines import Line
from classroom.services.errors import ConflictError
from classroom.views.lessons import closed
from classroom.views.sections import Section, Viewer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def of_lesson(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """The register of a lesson; a POST corrects one line."""
    lesson = _lesson(request, lesson_id)
    if lesson is None:
        return closed(request)
    if request.method == "POST":
        return _correct(request, lesson_id)
    sheet = attendance.sheet(lesson_id)
    context = {
        "sheet": sheet,
        "lesson": sheet.lesson,
        "zone_name": sheet.lesson.course.school.time_zone,
        "corrections": CORRECTIONS,
        "max_reason": MAX_REASON_LENGTH,
        "counts": _counts(sheet),
        "troubles": [] if sheet.final_at else _troubles(sheet),
    }
    return render(request, "classroom/register.html", context)


@never_cache
@require_safe
def of_lesson_csv(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """The register of a lesson as CSV."""
    lesson = _lesson(request, lesson_id)
    if lesson is None:
        return closed(request)
    sheet = attendance.sheet(lesson_id)
    zone = sheet.lesson.course.school.zone
    rows: list[Sequence[object]] = [_csv_head(), *(_csv_line(line, zone) for line in sheet.lines)]
    day = sheet.lesson.starts_at.astimezone(zone).strftime("%Y-%m-%d")
    return _csv(rows, f"register-{slugify(sheet.lesson.title)}-{day}")


@never_cache
@require_safe
def of_course(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The register of all the lessons of a course that were held."""
    course = _course(request, course_id)
    if course is None:
        return closed(request)
    sheets, totals = attendance.of_course(course_id)
    context = {"course": course, "sheets": sheets, "totals": totals, "zone_name": course.school.time_zone}
    return render(request, "classroom/register_course.html", context)


@never_cache
@require_safe
def of_course_csv(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The register of a course as CSV: a line for each student, a column for each lesson."""
    course = _course(request, course_id)
    if course is None:
        return closed(request)
    sheets, totals = attendance.of_course(course_id)
    zone = course.school.zone
    days = [
        f"{sheet.lesson.starts_at.astimezone(zone):%Y-%m-%d %H:%M} {sheet.lesson.title}" for sheet in sheets
    ]
    head = [
        _("Name"),
        _("Attended"),
        _("Late"),
        _("Absent"),
        _("Tried and could not connect"),
        _("Minutes"),
        *days,
    ]
    rows: list[Sequence[object]] = [head]
    for total in totals:
        marks = [line.label if line else "" for line in total.lines]
        figures = (total.attended, total.late, total.absent, total.tried, total.minutes)
        rows.append([total.name, *figures, *marks])
    return _csv(rows, f"register-{slugify(course.title)}")


def section(lesson: Lesson, viewer: Viewer) -> Section | None:
    """What the register comes to, for staff alone; None before anybody taught."""
    if not viewer.is_staff or lesson.went_live_at is None:
        return None
    sheet = attendance.sheet(lesson.pk)
    context = {"sheet": sheet, "counts": _counts(sheet), "lesson": lesson}
    return Section("register", _("Register"), "classroom/review/register.html", context)


def _lesson(request: HttpRequest, lesson_id: UUID) -> Lesson | None:
    """The lesson, if the person keeps its course's register."""
    lesson = Lesson.objects.filter(pk=lesson_id).first()
    return lesson if lesson is not None and keeps_register(request.user, lesson.course_id) else None


def _course(request: HttpRequest, course_id: UUID) -> Course | None:
    if not keeps_register(request.user, course_id):
        return None
    return Course.objects.select_related("school").get(pk=course_id)


def _correct(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    user = cast(User, request.user)
    status, reason = request.POST.get("status", ""), request.POST.get("reason", "")
    try:
        student = UUID(request.POST.get("student", ""))
        attendance.correct(lesson_id, user.pk, student, status, reason)
    except ConflictError as refusal:
        messages.error(request, str(refusal))
    except ValueError:
        messages.error(request, _("This person isn't in the register."))
    else:
        messages.success(request, _("The register is corrected; what was found stays to be seen."))
    return redirect("classroom:register", lesson_id)


def _troubles(sheet: Sheet) -> list[tuple[str, str]]:
    """Who will have trouble by their device check, and with what, in words."""
    found = checks.troubles(sheet.lesson.course_id)
    names = {str(line.user_id): line.name for line in sheet.lines}
    words = checks.part_words()
    return [
        (names[key], ", ".join(words[part] for part in parts)) for key, parts in found.items() if key in names
    ]


def _counts(sheet: Sheet) -> list[tuple[str, int]]:
    """What the register comes to, in words and numbers; what nobody has isn't named."""
    counted = [
        (_("attended"), sheet.attended),
        (_("late"), sheet.count(core.LATE, core.LATE_AND_EARLY)),
        (_("left early"), sheet.count(core.LEFT_EARLY, core.LATE_AND_EARLY)),
        (_("tried and could not connect"), sheet.count(core.TRIED)),
        (_("absent"), sheet.count(core.ABSENT)),
    ]
    return [(words, number) for words, number in counted if number]


def _csv_head() -> list[str]:
    return [
        _("Name"),
        _("Register"),
        _("Arrived"),
        _("Left"),
        _("Minutes"),
        _("Attempts"),
        _("Found by itself"),
        _("Corrected by"),
        _("Reason"),
    ]


def _csv_line(line: Line, zone: ZoneInfo) -> list[object]:
    newest = line.corrections[-1] if line.corrections else None
    return [
        line.name,
        line.label,
        _clock(line.arrived_at, zone),
        _clock(line.left_at, zone),
        line.minutes,
        ", ".join(line.tried),
        line.found_label,
        newest.by if newest else "",
        newest.reason if newest else "",
    ]


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%H:%M") if moment else ""


def _csv(rows: Sequence[Sequence[object]], name: str) -> HttpResponse:
    response = HttpResponse(to_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
