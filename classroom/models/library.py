"""Materials of courses and lessons, and what of them is shown in a lesson now."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.core.library import MAX_NAME_LENGTH
from classroom.models.course import Course
from classroom.models.lesson import Lesson

MAX_PAGE_TEXT = 8000
"""Characters of a page's text that are kept for those who listen to it."""


class Material(models.Model):
    """One file; its bytes lie in a folder that is named by its id."""

    class Kind(models.TextChoices):
        """What it is to the lesson; of what it was uploaded for, and what it was found to be."""

        DOCUMENT = "document", _("Document")
        IMAGE = "image", _("Picture")
        VIDEO = "video", _("Video")
        FILE = "file", _("File")
        HANDED_IN = "handed_in", _("Handed in")
        SNAPSHOT = "snapshot", _("Snapshot of the stage")
        CHAT = "chat", _("Picture in the chat")

    class State(models.TextChoices):
        """How far it has come."""

        UPLOADING = "uploading", _("Uploading")
        CHECKING = "checking", _("Being checked")
        READY = "ready", _("Ready")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="materials")
    lesson = models.ForeignKey(Lesson, null=True, on_delete=models.CASCADE, related_name="materials")
    """Null for a material of the whole course."""
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="materials"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.FILE)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.UPLOADING)
    reason = models.CharField(max_length=32, blank=True)
    """The key of a sentence: why it was refused, or why it can't be shown."""
    name = models.CharField(_("name"), max_length=MAX_NAME_LENGTH)
    size = models.PositiveBigIntegerField(_("size"))
    """In bytes: what was announced, and what is there once it is ready."""
    sha256 = models.CharField(max_length=64, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    """As found in the bytes, whatever name and browser said."""
    pages = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    """How long a video lasts; 0 where it doesn't say."""
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)
    """When the newest part of it came, or a check of it began."""

    class Meta:
        ordering = ("created_at", "pk")
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        indexes = [
            models.Index(fields=("course", "lesson")),
            models.Index(
                fields=("touched_at",),
                condition=models.Q(state__in=("uploading", "checking")),
                name="unfinished_materials",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MaterialPage(models.Model):
    """One page that can be shown: a picture and a thumbnail in the material's folder, and its words."""

    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="page_set")
    number = models.PositiveIntegerField()
    """From 1."""
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    """Of the picture, in pixels."""
    text = models.TextField(blank=True, max_length=MAX_PAGE_TEXT)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("material", "number"), name="one_page_of_a_number")]

    def __str__(self) -> str:
        return f"{self.material_id} {self.number}"


class Slides(models.Model):
    """Which page of which material a lesson's slides stand at, or stood at last; no row before the first."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="slides")
    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="+")
    page = models.PositiveIntegerField(default=1)
    is_shown = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.page}"


class Playback(models.Model):
    """Where a video stands that is played to all; there is no row while none is."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="playback")
    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="+")
    is_playing = models.BooleanField(default=False)
    position = models.FloatField(default=0)
    """Seconds from the video's beginning, at the time `at`."""
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.position}"
