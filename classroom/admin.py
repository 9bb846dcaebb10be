"""Courses, enrolments and lessons in the admin; relays have a module of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.forms import BaseInlineFormSet, Widget
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.scoping import SchoolScoped, ScopedInline
from classroom import admin_audit as admin_audit
from classroom import admin_checks as admin_checks
from classroom import admin_keys as admin_keys
from classroom import admin_relays as admin_relays
from classroom import admin_reports as admin_reports
from classroom.models import Course, Enrolment, Lesson
from classroom.services import lessons
from classroom.services.errors import ServiceError

INLINE_LIMIT = 200
"""A course with more people is managed in the list of enrolments: a form of so many rows serves nobody."""


class PersonText(Widget):
    """Shows who it is, without asking the database for each row."""

    def __init__(self, person: Model) -> None:
        super().__init__()
        self._person = person

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Returns the person's name and address."""
        return format_html("<span>{}</span>", self._person)


class EnrolmentFormSet(BaseInlineFormSet):
    """In the rows that are there already, the person is fixed: an enrolment is ended, not handed on."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Adds what a row of the set needs."""
        super().add_fields(form, index)
        if not form.instance._state.adding:
            form.fields["user"].disabled = True
            form.fields["user"].widget = PersonText(form.instance.user)


class EnrolmentInline(ScopedInline):
    """Who belongs to a course."""

    model = Enrolment
    formset = EnrolmentFormSet
    fields = ("user", "role")
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrolment]:
        """Returns the enrolments with their people."""
        return super().get_queryset(request).select_related("user", "course").order_by("role", "user__name")


@admin.register(Course)
class CourseAdmin(SchoolScoped):
    """Courses with the people enrolled."""

    school_path = "school"
    fixed_fields = ("school", "everyone")
    fieldsets = (
        (None, {"fields": ("title", "school", "everyone")}),
        (
            _("In the room"),
            {
                "fields": ("format", "admission", "student_chat", "student_cameras", "supervision_grace"),
                "description": _("What holds in the course's lessons."),
            },
        ),
        (_("Register"), {"fields": ("late_after", "early_before")}),
    )
    list_display = ("title", "format", "people", "school")
    list_filter = ("school",)
    list_select_related = ("school",)
    ordering = ("title",)
    search_fields = ("title",)
    autocomplete_fields = ("school",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        """Returns the courses with the number of their people."""
        return super().get_queryset(request).annotate(enrolled=Count("enrolments"))

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Returns the form's parts; a course that isn't there yet has nobody."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "everyone"]})
            for title, options in fieldsets
        ]

    def get_inlines(self, request: HttpRequest, obj: Course | None) -> Any:
        """Returns the enrolments, unless they are too many for a form."""
        return [] if obj is not None and self.people(obj) > INLINE_LIMIT else [EnrolmentInline]

    @admin.display(description=_("people"), ordering="enrolled")
    def people(self, course: Course) -> int:
        """How many are enrolled."""
        return getattr(course, "enrolled", 0)

    @admin.display(description=_("register"))
    def register(self, course: Course) -> SafeString:
        """A link to the course's register."""
        address = reverse("classroom:course-register", args=[course.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Register"))

    @admin.display(description=_("people"))
    def everyone(self, course: Course) -> SafeString:
        """A link to the list of a course's enrolments."""
        address = reverse("admin:classroom_enrolment_changelist")
        return format_html(
            '<a href="{}?course__id__exact={}">{}</a>', address, course.pk, _enrolled(self.people(course))
        )


def _enrolled(number: int) -> str:
    return gettext("%(number)d enrolled") % {"number": number}


@admin.register(Enrolment)
class EnrolmentAdmin(SchoolScoped):
    """Who belongs to which course."""

    school_path = "course__school"
    fixed_fields = ("course", "user")
    fields = ("course", "user", "role")
    list_display = ("user", "course", "role")
    list_filter = ("role",)
    list_select_related = ("user", "course")
    search_fields = ("user__name", "user__email", "course__title")
    autocomplete_fields = ("course", "user")
    ordering = ("course__title", "user__name")


@admin.register(Lesson)
class LessonAdmin(SchoolScoped):
    """Lessons; they are cancelled and ended by actions, since rooms and relays must hear of it."""

    school_path = "course__school"
    fixed_fields = ("course", "state", "went_live_at", "ended_at")
    fields = ("course", "title", "starts_at", "ends_at", "format")
    list_display = ("title", "course", "starts_at", "ends_at", "state")
    list_filter = ("state",)
    list_select_related = ("course",)
    search_fields = ("title", "course__title")
    autocomplete_fields = ("course",)
    date_hierarchy = "starts_at"
    ordering = ("-starts_at",)
    actions = ("cancel_lessons", "end_lessons")

    def get_fields(self, request: HttpRequest, obj: Lesson | None = None) -> Any:
        """Returns the form's fields; a new lesson has no past."""
        return self.fields if obj is None else (*self.fields, "state", "went_live_at", "ended_at")

    @admin.action(description=_("Cancel the selected lessons"), permissions=("change",))
    def cancel_lessons(self, request: HttpRequest, rows: QuerySet[Lesson]) -> None:
        """Cancels lessons and closes their rooms."""
        self._each(request, rows, lessons.cancel_lesson)

    @admin.action(description=_("End the selected lessons"), permissions=("change",))
    def end_lessons(self, request: HttpRequest, rows: QuerySet[Lesson]) -> None:
        """Ends lessons that are live."""
        self._each(request, rows, lessons.end_lesson)

    def _each(self, request: HttpRequest, rows: Iterable[Lesson], act: Callable[[UUID], None]) -> None:
        for lesson in rows:
            try:
                act(lesson.pk)
            except ServiceError as refusal:
                self.message_user(request, f"{lesson}: {refusal}", messages.WARNING)
            else:
                self.message_user(request, str(lesson), messages.SUCCESS)
