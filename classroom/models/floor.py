"""The floor: raised hands, and turns in which somebody beside the stage's holder may send."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.models.lesson import Lesson


class Hand(models.Model):
    """A raised hand; lowering it deletes the row."""

    class Word(models.TextChoices):
        """What it is about."""

        NONE = "", ""
        QUESTION = "question", _("Question")
        ANSWER = "answer", _("Answer")
        CANT_HEAR = "cant_hear", _("Can't hear")
        SCREEN = "screen", _("Share a screen")

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="hands")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=12, choices=Word.choices, blank=True)
    raised_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("raised_at", "pk")
        constraints = [models.UniqueConstraint(fields=("lesson", "user"), name="one_hand_in_a_lesson")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.lesson_id}"


class Turn(models.Model):
    """A place in which a person may send, from one page of theirs, once they have accepted it."""

    class Kind(models.TextChoices):
        """Which places these are, and who sees them."""

        FLOOR = "floor", _("Floor")
        SEAT = "seat", _("Seat in a seminar")
        SCREEN = "screen", _("Screen for all")
        STAFF_SCREEN = "staff_screen", _("Screen for the teachers")
        GALLERY = "gallery", _("Small camera for the teachers")

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="turns")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="turns")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    place = models.PositiveSmallIntegerField()
    """Which of the places of this kind, from 1."""
    client = models.CharField(max_length=64, blank=True)
    """The page that has accepted; empty until one has."""
    sources = models.JSONField(default=list)
    """Which sources that page has on now, e.g. ["microphone"]."""
    is_muted = models.BooleanField(default=False)
    """Muted by a teacher: no sound is let through, whatever the page does."""
    given_at = models.DateTimeField(default=timezone.now)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    seconds = models.PositiveIntegerField(null=True)
    """How long it lasts from its acceptance; null until it is taken back."""
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("given_at", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("lesson", "user", "kind"),
                condition=models.Q(ended_at=None),
                name="one_open_turn_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=("lesson", "kind", "place"),
                condition=models.Q(ended_at=None),
                name="one_person_in_a_place",
            ),
        ]
        indexes = [models.Index(fields=("lesson", "ended_at"))]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.kind} {self.place}"
