"""The timer on a lesson's stage."""

from __future__ import annotations

from django.db import models

from classroom.models.lesson import Lesson

MAX_LABEL_LENGTH = 80


class Timer(models.Model):
    """A countdown that everybody sees; stopping it deletes the row."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="timer")
    label = models.CharField(max_length=MAX_LABEL_LENGTH, blank=True)
    seconds = models.PositiveIntegerField()
    """How long it runs altogether."""
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.seconds}"
