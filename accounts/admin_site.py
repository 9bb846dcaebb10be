"""The admin's entrance."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _


class LecternAdminSite(admin.AdminSite):
    """Signs in and changes passwords on our own pages, so that their limits hold here too."""

    site_title = _("Lectern")
    site_header = _("Lectern")
    index_title = _("Administration")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sends strangers to the sign-in page; refuses those who don't manage anything."""
        return enter(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sends one to the page that changes passwords."""
        return redirect("account_change_password")


@secure_admin_login
def enter(request: HttpRequest) -> HttpResponseBase:
    """Opens the admin for those who manage something."""
    return redirect("admin:index")
