"""What every request of a person carries."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

View = Callable[[HttpRequest], HttpResponseBase]


def admin_in_school_time(get_response: View) -> View:
    """Shows and reads times in the admin in the time zone of the administrator's school."""
    admin = reverse("admin:index")

    def respond(request: HttpRequest) -> HttpResponseBase:
        school = None
        if request.path_info.startswith(admin) and request.user.is_authenticated:
            school = request.user.school
        # A new context for each request: without a school it is the site's own zone again.
        with timezone.override(school.zone if school else None):
            return get_response(request)

    return respond
