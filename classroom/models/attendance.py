"""The register: what was written when a lesson ended, corrections of it, and attempts to come in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.core import attendance
from classroom.models.lesson import Lesson

MAX_REASON_LENGTH = 200


class Status(models.TextChoices):
    """What the register says of a student."""

    EXPECTED = attendance.EXPECTED, _("Not yet there")
    PRESENT = attendance.PRESENT, _("Present")
    LATE = attendance.LATE, _("Late")
    LEFT_EARLY = attendance.LEFT_EARLY, _("Left early")
    LATE_AND_EARLY = attendance.LATE_AND_EARLY, _("Late, and left early")
    TRIED = attendance.TRIED, _("Tried and could not connect")
    ABSENT = attendance.ABSENT, _("Absent")
    EXCUSED = "excused", _("Excused")


CORRECTIONS = tuple(status for status in Status if status is not Status.EXPECTED)
"""What a teacher may write instead; `excused` is never found by itself."""


class Attempt(models.Model):
    """That somebody tried to come in or to get media; one row of a kind for a person and lesson."""

    class Kind(models.TextChoices):
        """How far they came."""

        PAGE = attendance.PAGE, _("opened the room's page")
        SOCKET = attendance.SOCKET, _("was refused a connection")
        MEDIA = attendance.MEDIA, _("got no picture or sound")

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("lesson", "user", "kind"), name="one_attempt_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.kind}"


class Register(models.Model):
    """That a lesson's register is final; one that is opened again gets a new one at its next end."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="register")
    final_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.final_at:%Y-%m-%d %H:%M}"


class RegisterEntry(models.Model):
    """What was found of one student when the lesson ended: later changes of the course don't touch it."""

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="entries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=16, choices=Status.choices)
    seconds = models.PositiveIntegerField(default=0)
    arrived_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    attempts = models.JSONField(default=list)
    """The kinds of their attempts."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=("register", "user"), name="one_entry_of_a_student")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.status}"


class Correction(models.Model):
    """What a teacher has written instead; rows are only ever added, the newest counts."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="corrections")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=16, choices=Status.choices)
    reason = models.CharField(max_length=MAX_REASON_LENGTH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("at", "pk")
        indexes = [models.Index(fields=("lesson", "user"))]

    def __str__(self) -> str:
        return f"{self.user_id} {self.status}"
