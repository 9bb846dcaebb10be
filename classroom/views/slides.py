"""What was shown in a lesson, on the lesson's page after it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from classroom.models import Lesson
from classroom.services import slides
from classroom.views.sections import Section, Viewer


def section(lesson: Lesson, viewer: Viewer) -> Section | None:
    """Every page that was shown, with its words and, where it was drawn on, its sheet; None without any."""
    pages = [
        {
            **page,
            "picture": reverse("classroom:file-page", args=[lesson.pk, page["material"], page["number"]]),
            "sheet": reverse("classroom:sheet", args=[lesson.pk, page["sheet"]])
            if page["is_drawn_on"]
            else "",
        }
        for page in slides.pages_shown(lesson.pk)
    ]
    return Section("slides", _("Slides"), "classroom/review/slides.html", {"pages": pages}) if pages else None
