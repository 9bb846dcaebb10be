"""Courses and who belongs to them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import School
from classroom.core import formats


class Format(models.TextChoices):
    """Who is on the stage of a lesson."""

    LECTURE = formats.LECTURE, _("Lecture: teachers, and students who have the floor")
    SEMINAR = formats.SEMINAR, _("Seminar: up to 16 people see and hear each other")
    OFFICE_HOURS = formats.OFFICE_HOURS, _("Office hours: one student at a time")


class Admission(models.TextChoices):
    """How students come into a lesson's room."""

    AUTOMATIC = "automatic", _("By themselves")
    BY_HAND = "by_hand", _("Admitted by a teacher")


class Course(models.Model):
    """What is taught: a group of lessons and the people enrolled."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(
        School, verbose_name=_("school"), on_delete=models.CASCADE, related_name="courses"
    )
    title = models.CharField(_("title"), max_length=160)
    format = models.CharField(
        _("format"),
        max_length=12,
        choices=Format.choices,
        default=Format.LECTURE,
        help_text=_("Who is seen and heard in its lessons."),
    )
    admission = models.CharField(
        _("admission"),
        max_length=12,
        choices=Admission.choices,
        default=Admission.AUTOMATIC,
        help_text=_("Whether students come in by themselves or wait until a teacher admits them."),
    )
    student_chat = models.BooleanField(
        _("students may write to each other"),
        default=False,
        help_text=_("Privately, one to one; teachers don't see it."),
    )
    student_cameras = models.BooleanField(
        _("ask students for a small camera"),
        default=False,
        help_text=_("In a lecture: only teachers see these pictures."),
    )
    late_after = models.PositiveSmallIntegerField(
        _("late after"), default=5, help_text=_("Minutes after a lesson's start.")
    )
    early_before = models.PositiveSmallIntegerField(
        _("left early before"), default=5, help_text=_("Minutes before a lesson's end.")
    )
    supervision_grace = models.PositiveSmallIntegerField(
        _("supervision grace"),
        default=10,
        help_text=_("Seconds without any teacher's connection until students are muted."),
    )

    class Meta:
        ordering = ("title",)
        verbose_name = _("course")
        verbose_name_plural = _("courses")

    def __str__(self) -> str:
        return self.title


class Enrolment(models.Model):
    """A person's part in a course."""

    class Role(models.TextChoices):
        """What one does in a course; an assistant has a teacher's rights in the room."""

        STUDENT = "student", _("Student")
        ASSISTANT = "assistant", _("Assistant")
        TEACHER = "teacher", _("Teacher")

    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="enrolments"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="enrolments",
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.STUDENT)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [models.UniqueConstraint(fields=("course", "user"), name="enrolled_once_in_a_course")]

    def __str__(self) -> str:
        return f"{self.user} · {self.course}"

    def clean(self) -> None:
        """Course and person must belong to the same school."""
        super().clean()
        if self.course_id and self.user_id and self.course.school_id != self.user.school_id:
            raise ValidationError({"user": _("This person belongs to another school.")})
