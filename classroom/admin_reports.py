"""Reports in the admin of a school: to be read, and nothing else; who has read one is noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.scoping import SchoolScoped
from classroom.models import Report
from classroom.services import reports

TIMES = ("at", "until", "deleted_at", "entered_at", "left_at")


@admin.register(Report)
class ReportAdmin(SchoolScoped):
    """What was reported, with the copy of what had been written and done before."""

    school_path = "school"
    fields = ("lesson", "reporter", "at", "words", "copied")
    readonly_fields = fields
    list_display = ("at", "lesson", "reporter", "words_shown", "school")
    list_filter = ("school",)
    list_select_related = ("lesson__course", "reporter", "school")
    date_hierarchy = "at"
    ordering = ("-at",)

    def may(self, action: str, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person may do this; a report is read, by nobody changed."""
        return action == "view" and super().may(action, request, obj)

    @admin.display(description=_("in their words"))
    def words_shown(self, report: Report) -> str:
        """The beginning of what the reporter has written."""
        return report.words[:80]

    @admin.display(description=_("what went before"))
    def copied(self, report: Report) -> SafeString:
        """The copy, as tables."""
        copy = {name: list(_with_times(rows)) for name, rows in report.copy.items()}
        context = {"copy": copy, "about": report.message_key, "zone": report.school.zone}
        return render_to_string("admin/classroom/report/copy.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Shows a report and notes that it was read."""
        response = super().change_view(request, object_id, form_url, extra_context)
        report = self.get_object(request, object_id)
        if report is not None and response.status_code == 200:
            reports.note_read(report, request.user.pk)  # type: ignore[arg-type]  # whoever sees it has a key
        return response


def _with_times(rows: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """The rows of a copy with times instead of their texts."""
    for row in rows:
        read = {name: datetime.fromisoformat(row[name]) for name in TIMES if row.get(name)}
        earlier = {"earlier": list(_with_times(row["earlier"]))} if "earlier" in row else {}
        yield {**row, **read, **earlier}
