"""Polls outside of the room: prepared before the lesson, and their results after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from classroom.core import polls as core
from classroom.models import Lesson, Poll
from classroom.permissions import Action, standing
from classroom.services import moods, polls
from classroom.services.errors import ConflictError
from classroom.services.polls import Draft
from classroom.views.lessons import closed
from classroom.views.sections import Section, Viewer

SCALE = tuple(str(step + 1) for step in range(core.SCALE_STEPS))


class PollForm(forms.Form):
    """A poll that is prepared."""

    question = forms.CharField(label=gettext_lazy("Question"), max_length=core.MAX_QUESTION_LENGTH)
    kind = forms.ChoiceField(label=gettext_lazy("Kind of answer"), choices=Poll.Kind.choices)
    options = forms.CharField(
        label=gettext_lazy("Answers, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=core.MAX_OPTIONS * (core.MAX_OPTION_LENGTH + 2),
    )
    right = forms.IntegerField(
        label=gettext_lazy("Number of the right answer (quiz)"),
        required=False,
        min_value=1,
        max_value=core.MAX_OPTIONS,
    )
    explanation = forms.CharField(
        label=gettext_lazy("Explanation (quiz)"), required=False, max_length=core.MAX_EXPLANATION_LENGTH
    )
    is_anonymous = forms.BooleanField(
        label=gettext_lazy("Anonymous: nobody can see who answered what"), required=False
    )

    def draft(self) -> Draft:
        """What was written; raises ValueError where it can't be asked."""
        data = self.cleaned_data
        kind, right = data["kind"], data["right"]
        options = tuple(line.strip() for line in data["options"].splitlines() if line.strip())
        return Draft(
            kind=kind,
            question=data["question"].strip(),
            options=options if kind in core.WITH_OPTIONS else (),
            right=right - 1 if kind == core.QUIZ and right else None,
            explanation=data["explanation"].strip() if kind == core.QUIZ else "",
            is_anonymous=data["is_anonymous"],
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def prepare(request: HttpRequest, lesson_id: UUID) -> HttpResponse:
    """The polls prepared for a lesson, for its staff; a POST makes one more."""
    if not _may_prepare(request, lesson_id):
        return closed(request)
    form = PollForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _make(request, lesson_id, form):
        return redirect("classroom:polls", lesson_id)
    drafts = Poll.objects.filter(lesson=lesson_id, state=Poll.State.DRAFT)
    context = {
        "lesson": Lesson.objects.select_related("course").get(pk=lesson_id),
        "polls": drafts,
        "form": form,
    }
    return render(request, "classroom/polls.html", context, status=400 if form.errors else 200)


def _make(request: HttpRequest, lesson_id: UUID, form: PollForm) -> bool:
    """Whether the poll could be made; otherwise the form says why not."""
    try:
        polls.make(lesson_id, form.draft())
    except ConflictError as refusal:
        form.add_error(None, str(refusal))
    except ValueError:
        sentence = _("A choice needs 2 to 9 different answers, a quiz also the number of the right one.")
        form.add_error(None, sentence)
    else:
        messages.success(request, _("The question is prepared: you find it in the room, under Ask."))
        return True
    return False


@never_cache
@require_POST
def delete(request: HttpRequest, lesson_id: UUID, poll_id: UUID) -> HttpResponse:
    """Deletes a prepared poll."""
    if not _may_prepare(request, lesson_id):
        return closed(request)
    try:
        polls.delete(lesson_id, poll_id)
    except ConflictError as refusal:
        messages.error(request, str(refusal))
    return redirect("classroom:polls", lesson_id)


def _may_prepare(request: HttpRequest, lesson_id: UUID) -> bool:
    user = cast(User, request.user)
    found = standing(user.pk, lesson_id) if user.is_authenticated else None
    return found is not None and found.allows(Action.SUPPLY)


# After the lesson


def section(lesson: Lesson, viewer: Viewer) -> Section | None:
    """What the class was asked, and how it followed: all of it for staff, what was shown for others."""
    asked = [_shown(poll) for poll in polls.kept(lesson.pk, is_staff=viewer.is_staff)]
    pressed = moods.minutes(lesson.pk) if viewer.is_staff else []
    if not asked and not pressed:
        return None
    totals = [(label, sum(minute[mood] for minute in pressed)) for mood, label in moods.labels()]
    context = {"polls": asked, "pressed": [pair for pair in totals if pair[1]]}
    return Section("polls", _("Questions to the class"), "classroom/review/polls.html", context)


def _shown(poll: Mapping[str, Any]) -> dict[str, Any]:
    results = poll["results"]
    labels = SCALE if poll["kind"] == core.SCALE else poll["options"]
    pairs = results["texts"] if poll["kind"] == core.TEXT else zip(labels, results["counts"], strict=True)
    rows = [
        {"label": label, "count": count, "is_right": index == poll["right"]}
        for index, (label, count) in enumerate(pairs)
    ]
    return {**poll, "rows": rows, "answered": results["answered"], "most": max(1, results["answered"])}
