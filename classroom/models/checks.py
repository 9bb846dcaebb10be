"""What the device check has found of a person's browser."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.core.checks import MAX_NAME_LENGTH
from classroom.models.relay import Relay


class DeviceCheck(models.Model):
    """The newest check of one person with one browser."""

    class Device(models.TextChoices):
        """How a device fared."""

        UNKNOWN = "", _("Not checked")
        OK = "ok", _("Works")
        BLOCKED = "blocked", _("Blocked")
        MISSING = "missing", _("None found")
        BUSY = "busy", _("In use elsewhere")
        FAILED = "failed", _("Doesn't work")

    class Network(models.TextChoices):
        """Whether media comes through."""

        UNKNOWN = "", _("Not checked")
        OK = "ok", _("Works")
        WEAK = "weak", _("Weak")
        BLOCKED = "blocked", _("Blocked")
        UNSUPPORTED = "unsupported", _("Browser too old")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="device_checks",
    )
    browser = models.CharField(_("browser"), max_length=MAX_NAME_LENGTH)
    checked_at = models.DateTimeField(_("checked"), default=timezone.now)
    camera = models.CharField(_("camera"), max_length=12, choices=Device.choices, blank=True)
    microphone = models.CharField(_("microphone"), max_length=12, choices=Device.choices, blank=True)
    speaker = models.CharField(_("speaker"), max_length=12, choices=Device.choices, blank=True)
    network = models.CharField(_("network"), max_length=12, choices=Network.choices, blank=True)
    rtt_ms = models.PositiveIntegerField(_("round trip in ms"), null=True)
    loss = models.FloatField(_("loss"), null=True)
    """0 to 1."""

    class Meta:
        ordering = ("-checked_at",)
        verbose_name = _("device check")
        verbose_name_plural = _("device checks")
        constraints = [models.UniqueConstraint(fields=("user", "browser"), name="one_check_of_a_browser")]

    def __str__(self) -> str:
        return f"{self.user} · {self.browser}"


class CheckRun(models.Model):
    """A room of its own on a relay, for as long as somebody's check may take."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    """Also the room's id."""
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    relay = models.ForeignKey(Relay, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id} {self.started_at:%H:%M:%S}"
