"""The Django app of schools and people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Schools and people."""

    name = "accounts"
    verbose_name = _("Schools and people")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connects the receivers."""
        from accounts import signals

        signals.connect()
