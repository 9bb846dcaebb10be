"""Relays that have registered, and which of them carries a lesson."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from classroom.models.lesson import Lesson

HEARTBEAT_LIMIT = timedelta(seconds=5)
"""A relay that has been silent for longer counts as gone."""
FULL_USAGE = 0.8
"""A relay that uses so much of its budget takes no new lessons: those it has may still grow."""


class Relay(models.Model):
    """A media relay that has dialled in."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    version = models.CharField(_("version"), max_length=64, blank=True)
    epoch = models.CharField(_("start"), max_length=64, blank=True)
    """New for every start of the relay's process: media of an older epoch is gone."""
    address = models.CharField(_("address"), max_length=200, blank=True)
    port = models.PositiveIntegerField(_("UDP port"), default=0)
    capacity = models.PositiveIntegerField(_("capacity"), default=0)
    channel = models.CharField(max_length=200, blank=True, editable=False)
    """Of the connection that speaks for the relay now; empty while there is none."""
    connected = models.BooleanField(_("connected"), default=False)
    heartbeat_at = models.DateTimeField(_("last heard of"), null=True)
    load = models.JSONField(_("load"), default=dict, blank=True)
    draining = models.BooleanField(_("draining"), default=False)
    """Whether it is about to stop, and takes no lessons."""

    class Meta:
        ordering = ("name",)
        verbose_name = _("relay")
        verbose_name_plural = _("relays")

    def __str__(self) -> str:
        return self.name

    @property
    def is_available(self) -> bool:
        """Whether the relay is connected and was heard of within HEARTBEAT_LIMIT."""
        return bool(
            self.connected and self.heartbeat_at and timezone.now() - self.heartbeat_at < HEARTBEAT_LIMIT
        )

    @property
    def usage(self) -> float:
        """How much of its budget it used when it was last heard of: 0 to 1, or above."""
        return float(self.load.get("usage", 0))


class RelaySample(models.Model):
    """What a relay carried at a moment of the last hour; rates are per second."""

    relay = models.ForeignKey(Relay, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField(db_index=True)
    in_pps = models.FloatField()
    out_pps = models.FloatField()
    in_mbps = models.FloatField()
    out_mbps = models.FloatField()
    cpu_percent = models.FloatField()
    loop_lag_ms = models.FloatField()
    subscribers = models.PositiveIntegerField()
    drops = models.PositiveBigIntegerField()
    """Since the relay's start."""

    def __str__(self) -> str:
        return f"{self.relay_id} {self.at:%H:%M:%S}"


class Placement(models.Model):
    """Which relay carries a lesson; `generation` numbers the permit sets sent for it."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="placement")
    relay = models.ForeignKey(Relay, null=True, on_delete=models.SET_NULL, related_name="placements")
    generation = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.lesson} @ {self.relay}"
