"""What was taught: a lesson's page after the lesson, put together from the features' sections."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.models import Lesson
from classroom.permissions import Action, standing
from classroom.services import timetable
from classroom.views import board, chat, library, polls, register, slides
from classroom.views.lessons import closed
from classroom.views.sections import MakeSection, Viewer

SECTIONS: tuple[MakeSection, ...] = (
    slides.section,
    board.section,
    library.section,
    chat.section,
    polls.section,
    register.section,
)
"""One for each feature, in the order of the page."""


@never_cache
@require_safe
def review(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """The page; one and the same answer for everyone who may not see it, whatever the reason."""
    user_id = request.user.pk
    found = standing(user_id, lesson_id) if user_id else None
    if user_id is None or found is None or not found.allows(Action.REVIEW):
        return closed(request)
    lesson = Lesson.objects.select_related("course__school").get(pk=lesson_id)
    viewer = Viewer(user_id, found.is_staff, request.GET)
    made = (make(lesson, viewer) for make in SECTIONS)
    context = {
        "lesson": lesson,
        "zone_name": str(lesson.course.school.zone),
        "teachers": timetable.teachers_of(lesson.course_id),
        "sections": [section for section in made if section is not None],
        "can_enter": found.allows(Action.ENTER),
        "is_staff": found.is_staff,
        "lesson_before": timetable.lesson_before(lesson),
        "lesson_after": timetable.lesson_after(lesson),
    }
    return render(request, "classroom/review.html", context)
