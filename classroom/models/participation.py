"""What holds of one person in one lesson: let in, removed, muted in the chat."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from classroom.models.lesson import Lesson


class Participation(models.Model):
    """A person's part in one lesson; there is no row before they first come in."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="participations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations"
    )
    admitted_at = models.DateTimeField(null=True)
    """Null while they wait in the lobby."""
    removed_at = models.DateTimeField(null=True)
    """Set, they are kept out for the lesson."""
    is_chat_muted = models.BooleanField(default=False)
    chat_read_upto = models.PositiveBigIntegerField(default=0)
    """The newest message of the chat that they have seen."""
    last_spoke_at = models.DateTimeField(null=True)
    """When they last began to have the floor."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=("lesson", "user"), name="one_part_in_a_lesson")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.lesson_id}"
