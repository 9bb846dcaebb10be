"""Asking the class, and what is kept of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classroom.core.polls import MAX_POLLS
from classroom.core.seats import Reader
from classroom.models import Poll, PollAnswer
from classroom.services import polls
from classroom.services.errors import ConflictError
from classroom.services.polls import Draft
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
SLIP = "slip-of-the-first-student"
OTHER_SLIP = "slip-of-the-second-student"
COLOURS = Draft("choice", "Which colour?", ("Red", "Green", "Blue"))
SECRET = Draft("choice", "Did you understand?", ("Yes", "No"), is_anonymous=True)
QUIZ = Draft("quiz", "How much is 2 + 2?", ("3", "4"), right=1, explanation="Count.")


def asked(cast: Cast, draft: Draft = COLOURS) -> UUID:
    """An open poll of the lesson."""
    return polls.make(cast.lesson.pk, draft, opens=True)


def seen(cast: Cast, poll_id: UUID, user: Any, *, is_staff: bool = False) -> dict[str, Any] | None:
    """The poll as somebody's snapshot has it."""
    [rows] = polls.sections(cast.lesson.pk, [Reader(user.pk, is_staff)])
    return next((row for row in rows if row["id"] == str(poll_id)), None)


def counts(cast: Cast, poll_id: UUID) -> list[int]:
    """What staff see of a poll's results."""
    poll = seen(cast, poll_id, cast.teacher, is_staff=True)
    assert poll is not None
    found: list[int] = poll["results"]["counts"]
    return found


def answer(cast: Cast, poll_id: UUID, given: Any, number: int = 0, slip: str = "") -> None:
    """Has one of the students answer."""
    polls.answer(cast.lesson.pk, poll_id, cast.students[number].pk, given, slip)


def test_a_prepared_poll_is_unknown_to_students_until_it_is_opened(cast: Cast) -> None:
    poll_id = polls.make(cast.lesson.pk, QUIZ)
    assert seen(cast, poll_id, cast.student) is None
    polls.open_poll(cast.lesson.pk, poll_id)
    poll = seen(cast, poll_id, cast.student)
    assert poll is not None
    assert (poll["state"], poll["shown"], poll["answered_by_me"]) == ("open", None, False)
    assert "right" not in poll
    assert "results" not in poll


def test_only_one_poll_is_open_at_a_time(cast: Cast) -> None:
    first, second = asked(cast), asked(cast)
    assert list(Poll.objects.order_by("made_at").values_list("state", flat=True)) == ["closed", "open"]
    polls.open_poll(cast.lesson.pk, first)
    assert Poll.objects.get(pk=second).state == "closed"


def test_an_answer_can_be_changed_while_the_poll_is_open_and_counts_once(cast: Cast) -> None:
    poll_id = asked(cast)
    for given in ([0], [0], [2]):
        answer(cast, poll_id, given)
    answer(cast, poll_id, [2], 1)
    assert counts(cast, poll_id) == [0, 0, 2]
    poll = seen(cast, poll_id, cast.student)
    assert poll is not None
    assert poll["mine"] == [2]
    polls.close(cast.lesson.pk, poll_id)
    with pytest.raises(ConflictError):
        answer(cast, poll_id, [0])
    assert counts(cast, poll_id) == [0, 0, 2]


def test_students_see_results_and_the_right_answer_only_when_they_are_shown(cast: Cast) -> None:
    poll_id = asked(cast, QUIZ)
    answer(cast, poll_id, [1])
    with pytest.raises(ConflictError):
        polls.show(cast.lesson.pk, poll_id, is_shown=True)
    polls.close(cast.lesson.pk, poll_id)
    poll = seen(cast, poll_id, cast.student)
    assert poll is not None
    assert poll["shown"] is None
    polls.show(cast.lesson.pk, poll_id, is_shown=True)
    poll = seen(cast, poll_id, cast.student)
    assert poll is not None
    assert poll["shown"] == {"answered": 1, "counts": [0, 1], "right": 1, "explanation": "Count."}
    polls.show(cast.lesson.pk, poll_id, is_shown=False)
    poll = seen(cast, poll_id, cast.student)
    assert poll is not None
    assert poll["shown"] is None


def test_nothing_joins_a_person_and_an_anonymous_answer(cast: Cast) -> None:
    poll_id = asked(cast, SECRET)
    answer(cast, poll_id, [1], 0, SLIP)
    answer(cast, poll_id, [0], 1, OTHER_SLIP)
    assert counts(cast, poll_id) == [1, 1]
    assert set(PollAnswer.objects.values_list("answer", flat=True)) == {None}
    row = Poll.objects.values().get(pk=poll_id)
    for student in cast.students:
        assert str(student.pk) not in str(row)
        assert student.pk.hex not in str(row)
    assert SLIP not in str(row)
    assert list(row["ballots"]) == sorted(row["ballots"])
    with pytest.raises(ConflictError):
        polls.named_answers(cast.lesson.pk, poll_id)
    poll = seen(cast, poll_id, cast.student)
    assert poll is not None
    assert (poll["answered_by_me"], poll["mine"]) == (True, None)


def test_an_anonymous_answer_is_changed_by_its_own_slip_alone(cast: Cast) -> None:
    poll_id = asked(cast, SECRET)
    answer(cast, poll_id, [1], 0, SLIP)
    answer(cast, poll_id, [1], 0, SLIP)
    answer(cast, poll_id, [0], 0, SLIP)
    assert counts(cast, poll_id) == [1, 0]
    for number, slip in ((0, OTHER_SLIP), (1, SLIP), (1, "")):
        with pytest.raises(ConflictError):
            answer(cast, poll_id, [1], number, slip)
    assert counts(cast, poll_id) == [1, 0]
    assert PollAnswer.objects.count() == 1


def test_staff_are_told_who_answered_what_where_names_were_announced(cast: Cast) -> None:
    poll_id = asked(cast)
    answer(cast, poll_id, [1])
    assert polls.named_answers(cast.lesson.pk, poll_id) == [
        {"id": str(cast.student.pk), "name": "Student 1", "answer": [1]}
    ]


def test_what_was_asked_can_be_neither_changed_nor_deleted(cast: Cast) -> None:
    poll_id = polls.make(cast.lesson.pk, COLOURS)
    polls.edit(cast.lesson.pk, poll_id, QUIZ)
    assert Poll.objects.get().kind == "quiz"
    polls.open_poll(cast.lesson.pk, poll_id)
    for act in (
        lambda: polls.edit(cast.lesson.pk, poll_id, COLOURS),
        lambda: polls.delete(cast.lesson.pk, poll_id),
    ):
        with pytest.raises(ConflictError):
            act()
    assert Poll.objects.get().kind == "quiz"


def test_a_poll_of_another_lesson_is_unknown(cast: Cast) -> None:
    poll_id = asked(cast)
    other = cast.other_lesson.pk
    acts: tuple[Any, ...] = (
        lambda: polls.open_poll(other, poll_id),
        lambda: polls.close(other, poll_id),
        lambda: polls.show(other, poll_id, is_shown=True),
        lambda: polls.edit(other, poll_id, QUIZ),
        lambda: polls.delete(other, poll_id),
        lambda: polls.named_answers(other, poll_id),
        lambda: polls.answer(other, poll_id, cast.stranger.pk, [0]),
    )
    for act in acts:
        with pytest.raises(ConflictError):
            act()
    assert Poll.objects.get().state == "open"


def test_an_answer_that_does_not_fit_is_refused(cast: Cast) -> None:
    poll_id = asked(cast)
    with pytest.raises(ConflictError):
        answer(cast, poll_id, [7])
    assert not PollAnswer.objects.exists()


def test_a_lesson_has_only_so_many_polls(cast: Cast) -> None:
    Poll.objects.bulk_create(Poll(lesson=cast.lesson, **COLOURS.fields()) for _ in range(MAX_POLLS - 1))
    polls.make(cast.lesson.pk, COLOURS)
    with pytest.raises(ConflictError):
        polls.make(cast.lesson.pk, COLOURS)


def test_a_snapshot_of_many_polls_takes_as_few_queries_for_all_as_for_one(cast: Cast) -> None:
    for number, draft in enumerate((COLOURS, SECRET, QUIZ) * 3):
        poll_id = asked(cast, draft)
        answer(cast, poll_id, [0], number % 3, SLIP if draft.is_anonymous else "")
        polls.close(cast.lesson.pk, poll_id)
        polls.show(cast.lesson.pk, poll_id, is_shown=number % 2 == 0)
    polls.make(cast.lesson.pk, QUIZ)
    readers = [
        Reader(cast.teacher.pk, is_staff=True),
        *(Reader(one.pk, is_staff=False) for one in cast.students),
    ]
    with CaptureQueriesContext(connection) as queries:
        together = polls.sections(cast.lesson.pk, readers)
    assert len(queries) <= 3
    assert [len(rows) for rows in together] == [10, *[9] * len(cast.students)]
    for reader, rows in zip(readers, together, strict=True):
        with CaptureQueriesContext(connection) as queries:
            assert polls.sections(cast.lesson.pk, [reader]) == [rows]
        assert len(queries) <= (2 if reader.is_staff else 3)
    own = [[(row["answered_by_me"], row["mine"]) for row in rows] for rows in together[1:]]
    assert own[0] == [(True, [0]), (False, None), (False, None)] * 3
    assert own[1] == [(False, None), (True, None), (False, None)] * 3
    assert own[3] == [(False, None)] * 9
    assert all(
        ("results" in row) == reader.is_staff
        for reader, rows in zip(readers, together, strict=True)
        for row in rows
    )


def test_afterwards_staff_see_what_was_asked_and_students_what_was_shown(cast: Cast) -> None:
    shown, hidden = asked(cast), asked(cast, QUIZ)
    polls.make(cast.lesson.pk, SECRET)
    polls.show(cast.lesson.pk, shown, is_shown=True)
    assert [row["id"] for row in polls.kept(cast.lesson.pk, is_staff=True)] == [str(shown), str(hidden)]
    assert [row["id"] for row in polls.kept(cast.lesson.pk, is_staff=False)] == [str(shown)]
