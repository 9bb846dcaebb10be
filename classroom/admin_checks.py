"""Device checks in the admin: who will have trouble, and with what."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.scoping import SchoolScoped
from classroom.models import DeviceCheck


@admin.register(DeviceCheck)
class DeviceCheckAdmin(SchoolScoped):
    """What was found of whose browser; to look at."""

    school_path = "user__school"
    shown_actions = frozenset({"view", "delete"})
    fields = ("user", "browser", "checked_at", "camera", "microphone", "speaker", "network", "rtt_ms", "loss")
    readonly_fields = fields
    list_display = (
        "user",
        "network",
        "camera",
        "microphone",
        "speaker",
        "rtt_ms",
        "loss",
        "browser",
        "checked_at",
    )
    list_filter = ("network", "camera", "microphone", "speaker", "checked_at")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "browser")
    ordering = ("-checked_at",)

    def may(self, action: str, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person may do this; nobody writes what a browser has found."""
        return action in self.shown_actions and super().may(action, request, obj)
