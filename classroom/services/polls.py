"""Asking the class: polls are made, opened, answered, closed and shown; results stay with the lesson."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from classroom.core import polls as core
from classroom.core.seats import Reader
from classroom.models import Lesson, Poll, PollAnswer
from classroom.services import events
from classroom.services.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Draft:
    """What a poll asks; raises ValueError unless it can be asked."""

    kind: str
    question: str
    options: tuple[str, ...] = ()
    right: int | None = None
    explanation: str = ""
    is_anonymous: bool = False

    def __post_init__(self) -> None:
        core.check_poll(self.kind, self.question, self.options, self.right, self.explanation)

    def fields(self) -> dict[str, Any]:
        """As a poll's row has it."""
        return {**asdict(self), "options": list(self.options)}


# What staff do


def make(lesson_id: UUID, draft: Draft, *, opens: bool = False) -> UUID:
    """Makes a poll, and opens it if told to; ConflictError where the lesson has as many as it may."""
    with transaction.atomic():
        _hold(lesson_id)
        if Poll.objects.filter(lesson=lesson_id).count() >= core.MAX_POLLS:
            raise ConflictError(_("This lesson has as many polls as it can hold."))
        poll = Poll.objects.create(lesson_id=lesson_id, **draft.fields())
        if opens:
            open_poll(lesson_id, poll.pk)
        else:
            _publish(poll)
        return poll.pk


def edit(lesson_id: UUID, poll_id: UUID, draft: Draft) -> None:
    """Changes a poll that nobody has been asked yet; ConflictError otherwise."""
    with transaction.atomic():
        if not _drafts(lesson_id, poll_id).update(**draft.fields()):
            raise ConflictError(_("This poll has been asked already."))
        _publish(Poll.objects.get(pk=poll_id))


def delete(lesson_id: UUID, poll_id: UUID) -> None:
    """Deletes a poll that nobody has been asked yet; ConflictError otherwise, since results are kept."""
    with transaction.atomic():
        if not _drafts(lesson_id, poll_id).delete()[0]:
            raise ConflictError(_("This poll has been asked already."))
        _publish_gone(lesson_id, poll_id)


def bring_drafts(source_id: UUID, lesson_id: UUID) -> None:
    """Brings what was prepared for another lesson and not asked there, as far as there is room for it."""
    with transaction.atomic():
        _hold(lesson_id)
        room = max(core.MAX_POLLS - Poll.objects.filter(lesson=lesson_id).count(), 0)
        for poll in Poll.objects.filter(lesson=source_id, state=Poll.State.DRAFT)[:room]:
            poll.lesson_id = lesson_id
            if _drafts(source_id, poll.pk).update(lesson=lesson_id):
                _publish_gone(source_id, poll.pk)
                _publish(poll)


def open_poll(lesson_id: UUID, poll_id: UUID) -> None:
    """Asks the class, or asks it again, and closes what was open; ConflictError for an unknown poll."""
    with transaction.atomic():
        _hold(lesson_id)
        for other in Poll.objects.filter(lesson=lesson_id, state=Poll.State.OPEN).exclude(pk=poll_id):
            _set(other, state=Poll.State.CLOSED)
        _set(_known(lesson_id, poll_id), state=Poll.State.OPEN, is_shown=False)


def close(lesson_id: UUID, poll_id: UUID) -> None:
    """Takes no more answers; ConflictError unless it is open."""
    with transaction.atomic():
        poll = _known(lesson_id, poll_id)
        if poll.state != Poll.State.OPEN:
            raise ConflictError(_("This poll isn't open."))
        _set(poll, state=Poll.State.CLOSED)


def show(lesson_id: UUID, poll_id: UUID, *, is_shown: bool) -> None:
    """Shows all the results of a closed poll, or hides them again; ConflictError before it is closed."""
    with transaction.atomic():
        poll = _known(lesson_id, poll_id)
        if poll.state != Poll.State.CLOSED:
            raise ConflictError(_("Close the poll before you show its results."))
        _set(poll, is_shown=is_shown)


def named_answers(lesson_id: UUID, poll_id: UUID) -> list[dict[str, Any]]:
    """Who has answered what; ConflictError for an anonymous poll, of which nobody knows."""
    poll = _known_of(Poll.objects, lesson_id, poll_id)
    if poll.is_anonymous:
        raise ConflictError(_("This poll is anonymous: nobody can see who answered what."))
    rows = poll.answers.order_by("user__name", "user_id").values_list("user_id", "user__name", "answer")
    return [{"id": str(user_id), "name": name, "answer": answer} for user_id, name, answer in rows]


def _hold(lesson_id: UUID) -> None:
    """Has others who open or make polls of the lesson wait for the end of this transaction."""
    Lesson.objects.select_for_update().filter(pk=lesson_id).values_list("pk").first()


def _drafts(lesson_id: UUID, poll_id: UUID) -> Any:
    return Poll.objects.filter(pk=poll_id, lesson=lesson_id, state=Poll.State.DRAFT)


def _known(lesson_id: UUID, poll_id: UUID) -> Poll:
    """The poll, held until the end of this transaction."""
    return _known_of(Poll.objects.select_for_update(), lesson_id, poll_id)


def _known_of(polls: Any, lesson_id: UUID, poll_id: UUID) -> Poll:
    poll: Poll | None = polls.filter(pk=poll_id, lesson=lesson_id).first()
    if poll is None:
        raise ConflictError(_("There is no such poll."))
    return poll


def _set(poll: Poll, **changes: Any) -> None:
    Poll.objects.filter(pk=poll.pk).update(**changes)
    _publish(Poll.objects.get(pk=poll.pk))


# What the class does


def answer(lesson_id: UUID, poll_id: UUID, user_id: UUID, given: Any, slip: str = "") -> None:
    """Takes somebody's answer, the only one or instead of their older one; the same twice is harmless.

    To an anonymous poll it is put under a slip that the page has made by chance and keeps: it alone can
    change the answer. ConflictError where the poll isn't open, the answer doesn't fit, or the slip is wrong.
    """
    with transaction.atomic():
        poll = Poll.objects.select_for_update().filter(pk=poll_id, lesson=lesson_id).first()
        if poll is None or poll.state != Poll.State.OPEN:
            raise ConflictError(_("This poll isn't open any more."))
        try:
            fitting = core.check_answer(poll.kind, poll.options, given)
        except ValueError:
            raise ConflictError(_("This answer doesn't fit the question.")) from None
        if poll.is_anonymous:
            _cast_ballot(poll, user_id, slip, fitting)
        else:
            PollAnswer.objects.update_or_create(poll=poll, user_id=user_id, defaults={"answer": fitting})


def _cast_ballot(poll: Poll, user_id: UUID, slip: str, fitting: core.Answer) -> None:
    digest = sha256(f"{poll.pk}:{slip}".encode()).hexdigest()
    _voter, is_new = PollAnswer.objects.get_or_create(poll=poll, user_id=user_id)
    if not slip or is_new == (digest in poll.ballots):
        raise ConflictError(
            _("You have answered already. Only the browser that gave an anonymous answer can change it.")
        )
    Poll.objects.filter(pk=poll.pk).update(ballots=core.cast_ballot(poll.ballots, digest, fitting))


# What pages see


def sections(lesson_id: UUID, readers: Sequence[Reader]) -> list[list[dict[str, Any]]]:
    """The lesson's polls as each of these sees them, the oldest first; three queries at most, or two."""
    rows = list(Poll.objects.filter(lesson=lesson_id))
    asked = [poll for poll in rows if poll.state != Poll.State.DRAFT]
    has_staff = any(reader.is_staff for reader in readers)
    results = _results(rows if has_staff else [poll for poll in asked if poll.is_shown])
    for_staff = [_for_staff(poll, results[poll.pk]) for poll in rows] if has_staff else []
    for_all = [(poll.pk, _for_all(poll, results[poll.pk] if poll.is_shown else None)) for poll in asked]
    given = _given(asked, {reader.user_id for reader in readers if not reader.is_staff})
    return [
        for_staff
        if reader.is_staff
        else [{**told, **given.get((poll_id, reader.user_id), NOT_ANSWERED)} for poll_id, told in for_all]
        for reader in readers
    ]


NOT_ANSWERED = {"answered_by_me": False, "mine": None}


def _given(polls: Collection[Poll], user_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], dict[str, Any]]:
    """What these people have answered to these polls; one query, none for nobody or nothing."""
    rows = PollAnswer.objects.filter(poll__in=[poll.pk for poll in polls], user__in=user_ids).order_by()
    answers = rows.values_list("poll_id", "user_id", "answer")
    return {(poll, user): {"answered_by_me": True, "mine": answer} for poll, user, answer in answers}


def publish_results(lesson_id: UUID, poll_id: UUID) -> None:
    """Tells the staff how an open poll stands."""
    poll = Poll.objects.filter(pk=poll_id).first()
    if poll is not None:
        events.publish(
            lesson_id, "polls.changed", lambda: {"poll": _for_staff(*_with_results(poll))}, events.STAFF
        )


def _publish_gone(lesson_id: UUID, poll_id: UUID) -> None:
    """Tells the staff that a poll is no longer the lesson's."""
    events.publish(lesson_id, "polls.deleted", lambda: {"poll": str(poll_id)}, events.STAFF)


def _publish(poll: Poll) -> None:
    """Tells all what they may know of a poll, and the staff the rest."""
    if poll.state != Poll.State.DRAFT:
        results = _results([poll])[poll.pk] if poll.is_shown else None
        events.publish(poll.lesson_id, "polls.changed", lambda: {"poll": _for_all(poll, results)})
    publish_results(poll.lesson_id, poll.pk)


def _with_results(poll: Poll) -> tuple[Poll, dict[str, Any]]:
    return poll, _results([poll])[poll.pk]


def _for_all(poll: Poll, results: dict[str, Any] | None) -> dict[str, Any]:
    shown = {**results, "right": poll.right, "explanation": poll.explanation} if results else None
    return {
        "id": str(poll.pk),
        "kind": poll.kind,
        "question": poll.question,
        "options": poll.options,
        "is_anonymous": poll.is_anonymous,
        "state": poll.state,
        "is_shown": poll.is_shown,
        "shown": shown,
    }


def _for_staff(poll: Poll, results: dict[str, Any]) -> dict[str, Any]:
    told = _for_all(poll, results if poll.is_shown else None)
    return {**told, "results": results, "right": poll.right, "explanation": poll.explanation}


def _results(rows: Collection[Poll]) -> dict[UUID, dict[str, Any]]:
    """What was answered to each of these polls; one query at most."""
    given: dict[UUID, list[tuple[core.Answer, int]]] = {poll.pk: [] for poll in rows}
    named = [poll.pk for poll in rows if not poll.is_anonymous]
    for poll_id, value, number in _counted(named):
        given[poll_id].append((value, number))
    for poll in rows:
        given[poll.pk] += [(value, 1) for value in poll.ballots.values()]
    return {
        poll.pk: {
            "answered": sum(number for _answer, number in given[poll.pk]),
            **core.tally(poll.kind, poll.options, given[poll.pk]),
        }
        for poll in rows
    }


def _counted(poll_ids: Collection[UUID]) -> Iterator[tuple[UUID, core.Answer, int]]:
    if poll_ids:
        answers = PollAnswer.objects.filter(poll__in=poll_ids).order_by()
        yield from answers.values_list("poll_id", "answer").annotate(number=Count("pk"))


# What is kept with the lesson


def kept(lesson_id: UUID, *, is_staff: bool) -> list[dict[str, Any]]:
    """The polls that were asked, with their results, as staff or all may see them afterwards; two queries."""
    rows = list(Poll.objects.filter(lesson=lesson_id).exclude(state=Poll.State.DRAFT))
    if not is_staff:
        rows = [poll for poll in rows if poll.is_shown]
    results = _results(rows)
    return [_for_staff(poll, results[poll.pk]) for poll in rows]
