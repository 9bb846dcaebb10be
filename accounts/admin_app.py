"""The Django app of the admin."""

from django.contrib.admin.apps import AdminConfig


class LecternAdminConfig(AdminConfig):
    """Django's admin, entered through our own sign-in page."""

    default_site = "accounts.admin_site.LecternAdminSite"
