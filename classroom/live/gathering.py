"""Asks once for many: who asks while an answer is on its way is answered, with all others, by the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError

from classroom.live.database import in_database

OUTAGES = (OperationalError, InterfaceError)
"""What a database raises that is away: whoever asked again, alone or not, would hear the same."""

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass
class Round(Generic[Q, A]):
    """What is asked at once, and who waits for it."""

    questions: list[Q] = field(default_factory=list)
    answers: list[asyncio.Future[A]] = field(default_factory=list)

    def halves(self) -> list[Round[Q, A]]:
        """Those who still wait, in two rounds."""
        waiting = [pair for pair in zip(self.questions, self.answers, strict=True) if not pair[1].done()]
        middle = len(waiting) // 2
        parts = (waiting[:middle], waiting[middle:])
        return [Round([one for one, _ in part], [answer for _, answer in part]) for part in parts if part]

    def settle(self, found: Sequence[A]) -> None:
        """Answers those who still wait; ValueError, and nobody is answered, unless there is one for each."""
        for answer, value in list(zip(self.answers, found, strict=True)):
            # Whose line is lost meanwhile waits no more.
            if not answer.done():
                answer.set_result(value)

    def fail(self, error: Exception) -> None:
        """Has those who still wait hear of an error."""
        for answer in self.answers:
            if not answer.done():
                answer.set_exception(error)


class Gathering(Generic[Q, A]):
    """Puts questions about a lesson to a service, one round at a time.

    Whoever asks alone waits for nobody. An answer is never older than its question: what is under way when it
    comes does not answer it. What nobody could have been answered with, because of one of them, is asked in
    halves until that one is alone: so a service that writes does so in one transaction, all of it or nothing.
    """

    def __init__(self, service: Callable[[UUID, Sequence[Q]], Sequence[A]]) -> None:
        self._service = service
        self._next: dict[UUID, Round[Q, A]] = {}
        self._rounds: dict[UUID, asyncio.Task[None]] = {}

    async def ask(self, lesson_id: UUID, question: Q) -> A:
        """The service's answer to the question; raises what the service raises for it alone, or an outage."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        gathered = self._next.setdefault(lesson_id, Round())
        gathered.questions.append(question)
        gathered.answers.append(answer)
        if lesson_id not in self._rounds:
            self._rounds[lesson_id] = asyncio.create_task(self._run(lesson_id))
        return await answer

    async def _run(self, lesson_id: UUID) -> None:
        try:
            while lesson_id in self._next:
                await self._settle(lesson_id, self._next.pop(lesson_id))
        finally:
            del self._rounds[lesson_id]

    async def _settle(self, lesson_id: UUID, gathered: Round[Q, A]) -> None:
        try:
            gathered.settle(await in_database(self._service, lesson_id, gathered.questions))
        except Exception as error:
            if len(gathered.questions) == 1 or isinstance(error, OUTAGES):
                gathered.fail(error)
                return
            for half in gathered.halves():
                await self._settle(lesson_id, half)
