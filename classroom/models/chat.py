"""What is written in a lesson's chat; it lives with the lesson."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from classroom.core import chat
from classroom.models.lesson import Lesson


class ChatMessage(models.Model):
    """One message; what was deleted or changed keeps its words for a report, and shows them on no page."""

    class Kind(models.TextChoices):
        """Who may read it."""

        ALL = chat.ALL, "To all"
        STAFF = chat.STAFF, "To the teachers, or from them to one person"
        PERSON = chat.PERSON, "From one student to another"

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="chat_messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    partner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    """With STAFF the one person beside the teachers who may read it, null for none; with PERSON the other."""
    nonce = models.CharField(max_length=chat.NONCE_LENGTH)
    """The page's own word for it: sent once more, it is still one message."""
    text = models.TextField()
    """May be empty where there is a picture."""
    picture = models.UUIDField(null=True)
    """The key of a material of this lesson; no foreign key, since the words stay when the picture goes."""
    picture_size = models.JSONField(default=list)
    """Its width and height in pixels."""
    earlier = models.JSONField(default=list)
    """The texts before each change, the oldest first: `[{"text", "until"}]`."""
    written_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=("lesson", "author", "nonce"), name="one_message_for_a_nonce")
        ]
        indexes = [models.Index(fields=("lesson", "id"))]

    def __str__(self) -> str:
        return f"{self.lesson_id} · {self.pk}"


class ChatReaction(models.Model):
    """One person's emoji at one message; taking it back deletes the row."""

    message = models.ForeignKey(ChatMessage, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("message", "user", "emoji"), name="one_reaction_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.message_id} · {self.emoji}"
