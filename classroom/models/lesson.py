"""Lessons and who is present in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.core import schedule
from classroom.models.course import Course, Format

MAIN_VIEWS = ("camera", "screen", "slides", "board", "video", "floor")
MAX_VIEW_LENGTH = 80


class ChatMode(models.TextChoices):
    """Who may write to all."""

    ON = "on", _("On")
    SLOW = "slow", _("Slow")
    OFF = "off", _("Off")


class BoardMode(models.TextChoices):
    """Which students draw on board and slides."""

    NOBODY = "nobody", _("Nobody")
    FLOOR = "floor", _("Who has the floor")
    EVERYBODY = "everybody", _("Everybody")


class Lesson(models.Model):
    """A scheduled hour of a course, and its room."""

    class State(models.TextChoices):
        """What a row says of the lesson; the lobby follows from the time (`phase`)."""

        SCHEDULED = schedule.SCHEDULED, _("Scheduled")
        LIVE = schedule.LIVE, _("Live")
        ENDED = schedule.ENDED, _("Ended")
        CANCELLED = schedule.CANCELLED, _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(
        Course, verbose_name=_("course"), on_delete=models.CASCADE, related_name="lessons"
    )
    title = models.CharField(_("title"), max_length=160)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.SCHEDULED)
    format = models.CharField(
        _("format"),
        max_length=12,
        choices=Format.choices,
        blank=True,
        help_text=_("Left empty, it is the course's."),
    )
    went_live_at = models.DateTimeField(_("went live"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    stage_holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    stage_client = models.CharField(max_length=64, blank=True, editable=False)
    """The page (tab) from which the stage's holder publishes."""
    stage_sources = models.JSONField(default=list, blank=True, editable=False)
    """Which of the stage's sources are on, e.g. ["microphone", "camera"]."""
    event_seq = models.PositiveBigIntegerField(default=0, editable=False)
    """The number of the room's newest event."""

    is_locked = models.BooleanField(default=False, editable=False)
    """Whether nobody new comes in by themselves."""
    is_supervised = models.BooleanField(default=True, editable=False)
    """False once every teacher's connection has been lost for the course's grace time."""
    unattended_since = models.DateTimeField(null=True, blank=True, editable=False)
    """Since when a live lesson has had no teacher's connection."""
    chat_mode = models.CharField(max_length=12, choices=ChatMode.choices, default=ChatMode.ON, editable=False)
    board_mode = models.CharField(
        max_length=12, choices=BoardMode.choices, default=BoardMode.FLOOR, editable=False
    )
    may_unmute = models.BooleanField(default=True, editable=False)
    """Whether who was muted by a teacher may turn the microphone on again by themselves."""
    main_view = models.CharField(max_length=MAX_VIEW_LENGTH, blank=True, editable=False)
    """What all see large: one of MAIN_VIEWS, or `person:<id>`; empty leaves it to each."""
    ends_for_all_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When a countdown that a teacher has started ends the lesson."""

    LIVE_FIELDS = frozenset(
        (
            "went_live_at",
            "ended_at",
            "stage_holder",
            "stage_client",
            "stage_sources",
            "event_seq",
            "is_locked",
            "is_supervised",
            "unattended_since",
            "chat_mode",
            "board_mode",
            "may_unmute",
            "main_view",
            "ends_for_all_at",
        )
    )
    """What changes while a form is open; written by the services' updates alone."""

    class Meta:
        ordering = ("starts_at",)
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        indexes = [models.Index(fields=("course", "starts_at"))]

    def __str__(self) -> str:
        return f"{self.title} · {self.course}"

    def clean(self) -> None:
        """A lesson ends after it starts."""
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("A lesson ends after it starts.")})

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Saves what the timetable says; an existing row's LIVE_FIELDS only where they are named."""
        if update_fields is None and not self._state.adding and not kwargs.get("force_insert"):
            names = (field.name for field in self._meta.concrete_fields if not field.primary_key)
            update_fields = [name for name in names if name not in self.LIVE_FIELDS]
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def effective_format(self) -> str:
        """One of `formats.FORMATS`: its own or the course's."""
        return self.format or self.course.format

    def phase(self, now: datetime | None = None) -> str:
        """One of `schedule.PHASES`."""
        return schedule.phase(self.state, self.starts_at, self.ends_at, now or timezone.now())


class Presence(models.Model):
    """One page of one person in a room; open while `left_at` is null."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presences")
    client = models.CharField(max_length=64)
    """The page's own id: a reload keeps it, so that nobody is there twice."""
    channel = models.CharField(max_length=200)
    entered_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [
            models.UniqueConstraint(
                fields=("lesson", "user", "client"),
                condition=models.Q(left_at=None),
                name="present_once_per_page",
            )
        ]
        indexes = [models.Index(fields=("lesson", "left_at"))]
