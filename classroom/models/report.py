"""What somebody in a room has reported to the school."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import School
from classroom.models.lesson import Lesson


class Report(models.Model):
    """A report with a copy of what had been written and done just before; rows are only ever added."""

    school = models.ForeignKey(School, verbose_name=_("school"), on_delete=models.CASCADE, related_name="+")
    lesson = models.ForeignKey(
        Lesson, verbose_name=_("lesson"), null=True, on_delete=models.SET_NULL, related_name="reports"
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reported by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    words = models.TextField(_("in their words"), blank=True)
    message_key = models.BigIntegerField(null=True)
    """Which of the copied messages it is about."""
    copy = models.JSONField(default=dict)
    """`{"messages": […], "events": […], "present": […]}` as `services.reports` writes it."""
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes = [models.Index(fields=("reporter", "at"))]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} · {self.lesson}"
