"""What the class is asked, and what it has answered."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.core import polls
from classroom.models.lesson import Lesson


class Poll(models.Model):
    """A question to the class; it is kept with its lesson."""

    class Kind(models.TextChoices):
        """What can be answered."""

        CHOICE = polls.CHOICE, _("One of several answers")
        CHOICES = polls.CHOICES, _("Several answers")
        SCALE = polls.SCALE, _("Scale from 1 to 5")
        TEXT = polls.TEXT, _("Short text")
        QUIZ = polls.QUIZ, _("Quiz with a right answer")

    class State(models.TextChoices):
        """Whether it can be answered."""

        DRAFT = "draft", _("Prepared")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="polls")
    made_at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    question = models.CharField(_("question"), max_length=polls.MAX_QUESTION_LENGTH)
    options = models.JSONField(default=list)
    """The answers to choose from, in their order; empty for a scale and a text."""
    right = models.PositiveSmallIntegerField(null=True)
    """Which of the options is right, from 0; of a quiz alone."""
    explanation = models.CharField(max_length=polls.MAX_EXPLANATION_LENGTH, blank=True)
    is_anonymous = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    is_shown = models.BooleanField(default=False)
    """Whether all may see the results."""
    ballots = models.JSONField(default=dict)
    """What was answered to an anonymous poll, by the digest of the slip that each page has kept.

    Digests are written in their own order, and there is no time: neither says who came first.
    """

    class Meta:
        ordering = ("made_at", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("lesson",), condition=models.Q(state="open"), name="one_open_poll_in_a_lesson"
            )
        ]

    def __str__(self) -> str:
        return self.question


class PollAnswer(models.Model):
    """That somebody has answered, and what; the latter stays null where the poll is anonymous."""

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="answers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("poll", "user"), name="one_answer_of_a_person")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.poll_id}"
