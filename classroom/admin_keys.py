"""Keys for devices in the admin: to look at and to revoke; their makers alone have ever seen them."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.scoping import SchoolScoped
from classroom.models import StreamKey
from classroom.services import devices


@admin.register(StreamKey)
class StreamKeyAdmin(SchoolScoped):
    """Whose keys there are and what for."""

    school_path = "lesson__course__school"
    platform_actions = frozenset({"add", "delete"})
    fields = ("user", "lesson", "kind", "purpose", "created_at", "expires_at", "revoked_at", "last_used_at")
    readonly_fields = fields
    list_display = ("purpose_shown", "kind", "user", "lesson", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("kind",)
    list_select_related = ("user", "lesson__course")
    search_fields = ("purpose", "user__name", "user__email", "lesson__title")
    ordering = ("-created_at",)
    actions = ("revoke_keys",)

    def may(self, action: str, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person may do this; nobody makes or deletes a key for another."""
        return action not in self.platform_actions and super().may(action, request, obj)

    @admin.display(description=_("purpose"), ordering="purpose")
    def purpose_shown(self, key: StreamKey) -> str:
        """What the key is for, or at least of what kind."""
        return str(key)

    @admin.action(description=_("Revoke the selected keys"), permissions=("change",))
    def revoke_keys(self, request: HttpRequest, rows: QuerySet[StreamKey]) -> None:
        """Revokes keys and ends what they have open."""
        for key in rows:
            if devices.revoke_key(key.pk):
                self.message_user(request, str(key), messages.SUCCESS)
            else:
                sentence = gettext("revoked already or expired")
                self.message_user(request, f"{key}: {sentence}", messages.WARNING)
