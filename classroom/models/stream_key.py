"""Keys with which a device publishes or watches a lesson, and what each key has open now."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.models.lesson import Lesson

DIGEST_LENGTH = 64
"""Of SHA-256, in hexadecimal."""
MAX_PURPOSE_LENGTH = 80


class StreamKey(models.Model):
    """One person's key to one lesson; the secret itself is shown once and kept nowhere."""

    class Kind(models.TextChoices):
        """The door that the key opens."""

        WHIP = "whip", _("Send: encoder")
        WHEP = "whep", _("Watch: player")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lesson = models.ForeignKey(
        Lesson, verbose_name=_("lesson"), on_delete=models.CASCADE, related_name="stream_keys"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="stream_keys",
    )
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    purpose = models.CharField(_("purpose"), max_length=MAX_PURPOSE_LENGTH, blank=True)
    digest = models.CharField(max_length=DIGEST_LENGTH, unique=True, editable=False)
    """SHA-256 of the secret: 256 random bits need neither salt nor slowness."""
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    """When a session was last opened with it."""

    class Meta:
        ordering = ("-created_at",)
        verbose_name = _("stream key")
        verbose_name_plural = _("stream keys")

    def __str__(self) -> str:
        return self.purpose or self.get_kind_display()


class StreamSession(models.Model):
    """The one session that a key has open; there is no row when it is over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    """Names the session's resource: 122 random bits (RFC 9725 section 5)."""
    key = models.OneToOneField(StreamKey, on_delete=models.CASCADE, related_name="session")
    client = models.CharField(max_length=64)
    """What the session is in the room and to the relay, as a page's id is."""
    ice_ufrag = models.CharField(max_length=256)
    """Of the offer: another one in a fragment asks for an ICE restart."""
    epoch = models.CharField(max_length=64)
    """The start of the relay that carries it: media of an older one is gone."""
    started_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    """When the relay took the offer."""

    def __str__(self) -> str:
        return self.client
