"""The Django app of courses, lessons and their rooms."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClassroomConfig(AppConfig):
    """Courses, lessons and their rooms."""

    name = "classroom"
    verbose_name = _("Courses and lessons")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Begins to listen to the changes that rights follow from."""
        from classroom import signals

        signals.connect()
