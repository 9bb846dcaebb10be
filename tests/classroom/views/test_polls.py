"""Polls outside of the room: prepared before the lesson, and seen after it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from classroom.models import Lesson, Poll
from classroom.services import moods, polls
from classroom.services.polls import Draft
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
QUIZ = {
    "question": "How much is 2 + 2?",
    "kind": "quiz",
    "options": "3\r\n4\r\n",
    "right": "2",
    "explanation": "Count.",
}


def signed_in(user: User | None) -> Client:
    """A browser in which the person, or nobody, is signed in."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def page_of(lesson: Lesson) -> str:
    """Where questions for the lesson are prepared."""
    return reverse("classroom:polls", args=[lesson.pk])


def prepare(user: User | None, lesson: Lesson, **changes: str) -> Any:
    """What somebody gets who prepares a question."""
    return signed_in(user).post(page_of(lesson), {**QUIZ, **changes})


def test_staff_prepare_questions_days_before(cast: Cast) -> None:
    assert prepare(cast.assistant, cast.later_lesson).status_code == 302
    poll = Poll.objects.get()
    assert (poll.state, poll.options, poll.right, poll.explanation) == ("draft", ["3", "4"], 1, "Count.")
    text = signed_in(cast.teacher).get(page_of(cast.later_lesson)).content.decode()
    assert "How much is 2 + 2?" in text
    signed_in(cast.teacher).post(reverse("classroom:delete-poll", args=[cast.later_lesson.pk, poll.pk]))
    assert not Poll.objects.exists()


@pytest.mark.parametrize("name", ["student", "outsider", "other_teacher", "admin", ""])
def test_all_others_get_one_and_the_same_page(cast: Cast, name: str) -> None:
    user = getattr(cast, name) if name else None
    assert prepare(user, cast.later_lesson).status_code == 404
    assert signed_in(user).get(page_of(cast.later_lesson)).status_code == 404
    assert not Poll.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [{"options": "4"}, {"right": "3"}, {"right": ""}, {"question": " "}, {"kind": "x"}, {"options": "4\n4"}],
)
def test_what_cannot_be_asked_is_told_in_the_form(cast: Cast, changes: dict[str, str]) -> None:
    response = prepare(cast.teacher, cast.later_lesson, **changes)
    assert response.status_code == 400
    assert not Poll.objects.exists()


def test_a_question_that_was_asked_is_not_deleted(cast: Cast) -> None:
    poll_id = polls.make(cast.lesson.pk, Draft("scale", "Which?"), opens=True)
    signed_in(cast.teacher).post(reverse("classroom:delete-poll", args=[cast.lesson.pk, poll_id]))
    assert Poll.objects.filter(pk=poll_id).exists()


def test_results_and_register_stay_with_the_lesson(cast: Cast) -> None:
    lesson = cast.ended_lesson
    Lesson.objects.filter(pk=lesson.pk).update(went_live_at=lesson.starts_at, ended_at=timezone.now())
    for question in ("Shown?", "Hidden?"):
        poll_id = polls.make(lesson.pk, Draft("choice", question, ("Yes", "No")), opens=True)
        polls.answer(lesson.pk, poll_id, cast.student.pk, [0])
        polls.close(lesson.pk, poll_id)
        if question == "Shown?":
            polls.show(lesson.pk, poll_id, is_shown=True)
    moods.press(lesson.pk, cast.student.pk, "lost")
    seen = {
        user: signed_in(user).get(reverse("classroom:review", args=[lesson.pk])).content.decode()
        for user in (cast.teacher, cast.student)
    }
    for words in ("Shown?", "Hidden?", "Pressed during the lesson", "The whole register"):
        assert words in seen[cast.teacher]
    assert "Shown?" in seen[cast.student]
    for words in ("Hidden?", "Pressed during the lesson", "The whole register"):
        assert words not in seen[cast.student]
