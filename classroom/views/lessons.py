"""The timetable and the room's page."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from classroom.models import Lesson
from classroom.models.attendance import Attempt
from classroom.permissions import Action, standing
from classroom.services import attendance, timetable


@never_cache
@require_safe
@login_required
def week(request: HttpRequest) -> HttpResponse:
    """The person's lessons of today and the week."""
    user = cast(User, request.user)
    days = timetable.week_of(user)
    context = {
        "school_name": user.school.name if user.school else "",
        "zone_name": str(timetable.zone_of(user)),
        "today": days[0],
        "past_days": timetable.past_week_of(user),
        "days": days,
    }
    return render(request, "classroom/timetable.html", context)


@never_cache
@require_safe
def room(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """The lesson's room; one and the same answer for everyone who may not enter, whatever the reason."""
    found = standing(request.user.pk, lesson_id) if request.user.is_authenticated else None
    if found is None or not found.allows(Action.ENTER):
        return closed(request)
    if not found.is_staff:
        attendance.note_attempt(lesson_id, cast(User, request.user).pk, Attempt.Kind.PAGE)
    lesson = Lesson.objects.select_related("course").get(pk=lesson_id)
    context = {
        "lesson": lesson,
        "teachers": timetable.teachers_of(lesson.course_id),
        "lesson_before": timetable.lesson_before(lesson),
        "room_config": _room_config(request, lesson, found.role),
    }
    return render(request, "classroom/room.html", context)


def closed(request: HttpRequest) -> HttpResponse:
    """The one page for everyone who may not see a lesson's."""
    context = {"sign_in_url": _sign_in_url(request.path), "timetable_url": reverse("classroom:timetable")}
    return render(request, "classroom/closed.html", context, status=404)


def _sign_in_url(path: str) -> str:
    return f"{reverse('account_login')}?{urlencode({'next': path})}"


def _room_config(request: HttpRequest, lesson: Lesson, role: str) -> dict[str, Any]:
    return {
        "lessonId": str(lesson.pk),
        "socketPath": f"/ws/lessons/{lesson.pk}/",
        "roomPath": request.path,
        "timetableUrl": reverse("classroom:timetable"),
        "signInUrl": _sign_in_url(request.path),
        "title": lesson.title,
        "course": lesson.course.title,
        "role": role,
        "now": timezone.now().isoformat(),
        "myName": cast(User, request.user).name,
    }
