"""The page of a lesson's keys: making one, which is shown once, and revoking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from classroom.core import schedule
from classroom.models import Lesson, StreamKey
from classroom.models.stream_key import MAX_PURPOSE_LENGTH
from classroom.permissions import Standing, standing
from classroom.services import devices, stream_keys, timetable
from classroom.services.errors import ConflictError
from classroom.views.lessons import closed


class KeyForm(forms.Form):
    """What a new key is for."""

    kind = forms.ChoiceField(choices=StreamKey.Kind.choices)
    purpose = forms.CharField(label=_("What is it for?"), max_length=MAX_PURPOSE_LENGTH, required=False)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that is shown this once."""

    kind: str
    url: str
    secret: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("secret", "new")
def keys(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """Shows the person's keys for a lesson; a POST makes one and shows it in its own answer, kept nowhere."""
    user = cast(User, request.user)
    found = _standing(user, lesson_id)
    if found is None:
        return closed(request)
    form = KeyForm(request.POST or None)
    new, refused = None, ""
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        try:
            _key, secret = stream_keys.issue(user.pk, lesson_id, kind, form.cleaned_data["purpose"])
            new = NewKey(kind, request.build_absolute_uri(f"/{kind}/{lesson_id}/"), secret)
        except ConflictError as error:
            refused = str(error)
    elif request.method == "POST":
        refused = gettext("A purpose has at most %(number)d characters.") % {"number": MAX_PURPOSE_LENGTH}
    context = _context(user, lesson_id, found) | {"new": new, "refused": refused}
    return render(request, "classroom/keys.html", context, status=409 if refused else 200)


@never_cache
@require_POST
def revoke(request: HttpRequest, lesson_id: UUID, key_id: UUID) -> HttpResponse:
    """Revokes one of the person's own keys; another's is as unknown as one that never was."""
    user = cast(User, request.user)
    if not user.is_authenticated or not stream_keys.own(user.pk, lesson_id).filter(pk=key_id).exists():
        return closed(request)
    devices.revoke_key(key_id)
    messages.success(request, gettext("The key is revoked: what used it is cut off."))
    return redirect("classroom:keys", lesson_id)


def _standing(user: User, lesson_id: UUID) -> Standing | None:
    """The person's standing, unless the lesson's room is closed for good."""
    found = standing(user.pk, lesson_id) if user.is_authenticated else None
    if found is None or found.state == schedule.CANCELLED:
        return None
    return found if timezone.now() < schedule.closes_at(found.ends_at) else None


def _context(user: User, lesson_id: UUID, found: Standing) -> dict[str, Any]:
    return {
        "lesson": Lesson.objects.select_related("course").get(pk=lesson_id),
        "may_send": found.is_staff,
        "keys": stream_keys.own(user.pk, lesson_id),
        "zone_name": str(timetable.zone_of(user)),
        "closes_at": schedule.closes_at(found.ends_at),
        "max_purpose": MAX_PURPOSE_LENGTH,
    }
