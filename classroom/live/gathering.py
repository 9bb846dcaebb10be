"""Asks once for many: who asks while an answer is on its way is answered, with all others, by the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from classroom.live.database import in_database

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass
class Round(Generic[Q, A]):
    """What is asked at once, and who waits for it."""

    questions: list[Q] = field(default_factory=list)
    answers: list[asyncio.Future[A]] = field(default_factory=list)


class Gathering(Generic[Q, A]):
    """Puts questions about a lesson to a service, one round at a time.

    Whoever asks alone waits for nobody. An answer is never older than its question: what is under way when it
    comes does not answer it.
    """

    def __init__(self, service: Callable[[UUID, Sequence[Q]], Sequence[A]]) -> None:
        self._service = service
        self._next: dict[UUID, Round[Q, A]] = {}
        self._rounds: dict[UUID, asyncio.Task[None]] = {}

    async def ask(self, lesson_id: UUID, question: Q) -> A:
        """The service's answer to the question; raises what the service raises, like all of its round."""
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
        waiting = gathered.answers
        try:
            found = await in_database(self._service, lesson_id, gathered.questions)
        except Exception as error:
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, value in zip(waiting, found, strict=True):
            # Whose line is lost meanwhile waits no more.
            if not answer.done():
                answer.set_result(value)
