"""The admin of a school: its administrators see and touch the rows of their own school alone."""

from __future__ import annotations

from functools import reduce
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Field, Model, QuerySet
from django.forms import BaseModelForm, ModelForm
from django.http import HttpRequest

SELF = ""
"""The path of a school to itself."""


def is_platform_staff(request: HttpRequest) -> bool:
    """Whether the request is from somebody who manages all schools."""
    return bool(request.user.is_active and request.user.is_superuser)


def is_school_admin(request: HttpRequest) -> bool:
    """Whether the request is from somebody who manages one school."""
    return bool(request.user.is_active and getattr(request.user, "is_school_admin", False))


def own_school_id(request: HttpRequest) -> UUID | None:
    """Returns the school that the person belongs to."""
    return getattr(request.user, "school_id", None)


class ScopedChoices(BaseModelAdmin):
    """Offers, and accepts, only such rows for a foreign key as the person may see."""

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any] | None:
        """Returns the choices; None stands for all of them."""
        if is_platform_staff(request):
            return super().get_field_queryset(db, db_field, request)
        model = db_field.remote_field.model
        try:
            related = self.admin_site.get_model_admin(model)
        except NotRegistered:
            return model._default_manager.none()
        return related.get_queryset(request) if isinstance(related, SchoolScoped) else model.objects.none()


class SchoolScoped(ScopedChoices, admin.ModelAdmin):
    """An admin whose rows belong to a school, found by `school_path`.

    Every page of Django's admin (list, form, choices, autocomplete, actions, history) begins with
    `get_queryset` and asks the four permissions, so these decide everything.
    """

    school_path: str | None = None
    """The lookup from a row to its school, SELF for the school itself, None for rows of the platform."""
    platform_fields: tuple[str, ...] = ("school",)
    """Only platform staff see these, in forms, lists and filters."""
    fixed_fields: tuple[str, ...] = ()
    """Chosen once, when the row is made."""
    platform_actions: frozenset[str] = frozenset()
    """Permissions ("add", "delete") that a school's administrators don't have."""
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Returns the rows that the person may see."""
        rows = super().get_queryset(request)
        if is_platform_staff(request):
            return rows
        if not is_school_admin(request) or self.school_path is None:
            return rows.none()
        return self.school_rows(rows, own_school_id(request))

    def school_rows(self, rows: QuerySet[Any], school_id: Any) -> QuerySet[Any]:
        """Returns the rows of one school."""
        return rows.filter(**{self.school_path or "pk": school_id})

    def owns(self, obj: Model, school_id: Any) -> bool:
        """Whether a row belongs to the school."""
        path = (self.school_path or "").split("__") if self.school_path else []
        school = reduce(getattr, path, obj)
        return bool(school is not None and school.pk == school_id)

    def may(self, action: str, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person may do this here at all or, with a row, to it."""
        if is_platform_staff(request):
            return True
        if not is_school_admin(request) or self.school_path is None or action in self.platform_actions:
            return False
        return obj is None or self.owns(obj, own_school_id(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the admin's first page shows it."""
        return self.may("view", request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether rows may be seen."""
        return self.may("view", request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether rows may be made."""
        return self.may("add", request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether rows may be changed."""
        return self.may("change", request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether rows may be deleted."""
        return self.may("delete", request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Returns the form's parts; what isn't in them isn't taken from a request either."""
        fieldsets = super().get_fieldsets(request, obj)
        return [
            (title, {**options, "fields": self._visible(request, options["fields"])})
            for title, options in fieldsets
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Returns the list's columns."""
        return self._visible(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Returns the list's filters."""
        return self._visible(request, super().get_list_filter(request))

    def _visible(self, request: HttpRequest, fields: Any) -> tuple[Any, ...]:
        return tuple(
            name for name in fields if is_platform_staff(request) or name not in self.platform_fields
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Returns what a form only shows."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if obj is None else self._visible(request, fields + self.fixed_fields)

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Returns the form; what a school's administrator makes belongs to the school from the start."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None or self.school_path != "school" or is_platform_staff(request):
            return form
        return _with_school(form, own_school_id(request))

    def save_model(self, request: HttpRequest, obj: Model, form: BaseModelForm[Any], change: bool) -> None:
        """Saves what was changed and nothing else: the room may be writing to the same row."""
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields if isinstance(field, Field)}
        if changed := [name for name in form.changed_data if name in columns]:
            obj.save(update_fields=changed)


class ScopedInline(ScopedChoices, admin.TabularInline):
    """Rows inside the form of another, whose own admin has decided whether the person may touch it."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the rows may be seen."""
        return is_platform_staff(request) or is_school_admin(request)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


def _with_school(form: type[ModelForm[Any]], school_id: Any) -> type[ModelForm[Any]]:
    class InSchool(form):  # type: ignore[misc,valid-type]  # made at run time, as Django's own is
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.instance.school_id = school_id

    return InSchool
