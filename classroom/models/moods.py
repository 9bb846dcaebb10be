"""How the class follows: presses of the last minute, and counts of every minute."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.models.lesson import Lesson


class Mood(models.TextChoices):
    """What can be pressed."""

    LOST = "lost", _("I'm lost")
    FAST = "fast", _("Too fast")
    GOT_IT = "got_it", _("Got it")


class MoodPress(models.Model):
    """Somebody's press; the row is deleted when it is a minute old."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="mood_presses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    mood = models.CharField(max_length=12, choices=Mood.choices, blank=True)
    """Empty when it was taken back."""
    pressed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("lesson", "user"), name="one_press_of_a_person")]

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.mood}"


class MoodMinute(models.Model):
    """How many have pressed what within a minute; no names."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="mood_minutes")
    minute = models.DateTimeField()
    """The minute's beginning."""
    mood = models.CharField(max_length=12, choices=Mood.choices)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("lesson", "minute", "mood"), name="one_count_of_a_minute")
        ]

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} {self.mood} {self.count}"
