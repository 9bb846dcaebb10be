"""Courses and who belongs to them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import School


class Course(models.Model):
    """What is taught: a group of lessons and the people enrolled."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(
        School, verbose_name=_("school"), on_delete=models.CASCADE, related_name="courses"
    )
    title = models.CharField(_("title"), max_length=160)

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
