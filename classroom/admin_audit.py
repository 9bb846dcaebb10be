"""The audit trail in the admin of a school: to be read, and nothing else."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.scoping import SchoolScoped
from classroom.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(SchoolScoped):
    """Who has done what to whom in the school's lessons."""

    school_path = "school"
    fields = ("at", "action", "actor", "subject", "lesson", "more", "school")
    readonly_fields = fields
    list_display = ("at", "action", "actor", "subject", "lesson", "school")
    list_filter = ("action", "school")
    list_select_related = ("actor", "subject", "lesson__course", "school")
    search_fields = ("actor__name", "subject__name", "lesson__title")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")

    def may(self, action: str, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person may do this; what is in the trail stays as it is, for platform staff too."""
        return action == "view" and super().may(action, request, obj)

    @admin.display(description=_("details"))
    def more(self, entry: AuditEntry) -> str:
        """The details as text."""
        return json.dumps(entry.details, ensure_ascii=False, sort_keys=True) if entry.details else ""
