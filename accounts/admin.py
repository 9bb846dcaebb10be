"""Schools and people in the admin."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import School, User
from accounts.scoping import SELF, SchoolScoped, is_platform_staff

# Rights follow from roles, and there is one address a person: neither is a thing to manage.
admin.site.unregister((Group, EmailAddress))


@admin.register(School)
class SchoolAdmin(SchoolScoped):
    """Schools; their administrators may set the name and the time zone."""

    school_path = SELF
    platform_actions = frozenset(("add", "delete"))
    list_display = ("name", "slug", "time_zone")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "time_zone")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Returns what a form only shows."""
        return () if is_platform_staff(request) else ("slug",)


class PersonCreationForm(AdminUserCreationForm):
    """Makes a person, with a password or without one."""

    class Meta:
        model = User
        fields = ("email", "name", "role", "school", "is_superuser")


class PersonChangeForm(UserChangeForm):
    """Changes a person; the password has a page of its own."""

    class Meta:
        model = User
        fields = ("email", "name", "role", "school", "is_active", "is_superuser", "password")


@admin.register(User)
class PersonAdmin(SchoolScoped, UserAdmin):
    """People; a school's administrators don't see the platform's staff, even in their own school."""

    school_path = "school"
    platform_fields = ("school", "is_superuser")
    fixed_fields = ("school", "last_login", "joined_at")
    form = PersonChangeForm
    add_form = PersonCreationForm
    list_display = ("name", "email", "role", "is_active", "school")
    list_filter = ("role", "is_active", "school")
    list_select_related = ("school",)
    search_fields = ("name", "email")
    ordering = ("name", "email")
    filter_horizontal = ()
    autocomplete_fields = ("school",)
    fieldsets = (
        (None, {"fields": ("name", "email", "password")}),
        (_("Place"), {"fields": ("school", "role", "is_active", "is_superuser")}),
        (_("Dates"), {"fields": ("joined_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("name", "email", "school", "role", "is_superuser")}),
        (_("Password"), {"fields": ("usable_password", "password1", "password2")}),
    )

    def school_rows(self, rows: QuerySet[Any], school_id: Any) -> QuerySet[Any]:
        """Returns the people of one school."""
        return super().school_rows(rows, school_id).filter(is_superuser=False)

    def owns(self, obj: Model, school_id: Any) -> bool:
        """Whether a person belongs to the school and not to the platform."""
        return super().owns(obj, school_id) and not getattr(obj, "is_superuser", True)
