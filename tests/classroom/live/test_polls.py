"""Who hears what of polls, presses and the timer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.live.database import in_database
from classroom.models import Poll
from tests.classroom.live.wire import Page, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
QUIZ = {
    "kind": "quiz",
    "question": "How much is 2 + 2?",
    "options": ["3", "4"],
    "right": 1,
    "explanation": "Count.",
    "is_anonymous": False,
    "open": True,
}


async def three(cast: Cast) -> tuple[Page, Page, Page]:
    """A teacher and two students in the room."""
    return (
        await open_page(cast.teacher, cast.lesson, "page-of-teacher"),
        await open_page(cast.student, cast.lesson),
        await open_page(cast.students[1], cast.lesson),
    )


async def ask(teacher: Page, **changes: Any) -> str:
    """Asks the class; returns the poll's id."""
    reply = await teacher.request("polls.make", {**QUIZ, **changes})
    assert reply["ok"], reply
    poll: str = reply["body"]["poll"]
    return poll


async def told(page: Page) -> str:
    """All that a page was told until now, as text."""
    await page.request("room.ping")
    return str(page.messages)


async def test_students_hear_neither_the_right_answer_nor_how_others_answered(cast: Cast) -> None:
    teacher, first, second = await three(cast)
    poll = await ask(teacher)
    assert (await first.heard("polls.changed"))["body"]["poll"]["question"] == QUIZ["question"]
    assert (await first.request("polls.answer", {"poll": poll, "answer": [1], "slip": ""}))["ok"]
    while (await teacher.heard("polls.changed"))["body"]["poll"].get("results", {}).get("answered") != 1:
        continue
    for page in (first, second):
        text = await told(page)
        assert "results" not in text
        assert "Count." not in text
    await teacher.request("polls.close", {"poll": poll})
    await teacher.request("polls.show", {"poll": poll, "is_shown": True})
    while not (shown := (await second.heard("polls.changed"))["body"]["poll"]["shown"]):
        continue
    assert shown == {"answered": 1, "counts": [0, 1], "right": 1, "explanation": "Count."}


async def test_a_prepared_poll_is_told_to_staff_alone(cast: Cast) -> None:
    teacher, first, _second = await three(cast)
    poll = await ask(teacher, open=False)
    assert (await teacher.heard("polls.changed"))["body"]["poll"]["state"] == "draft"
    await teacher.request("polls.delete", {"poll": poll})
    await teacher.heard("polls.deleted")
    assert "2 + 2" not in await told(first)
    assert poll not in await told(first)


async def test_an_anonymous_answer_is_told_to_nobody_by_name(cast: Cast) -> None:
    teacher, first, _second = await three(cast)
    poll = await ask(teacher, is_anonymous=True)
    body = {"poll": poll, "answer": [0], "slip": "a-slip-that-nobody-guesses"}
    assert (await first.request("polls.answer", body))["ok"]
    while (await teacher.heard("polls.changed"))["body"]["poll"].get("results", {}).get("answered") != 1:
        continue
    reply = await teacher.request("polls.answers", {"poll": poll})
    assert reply["error"]["code"] == "conflict"
    row = str(await in_database(lambda: Poll.objects.values().get()))
    assert str(cast.student.pk) not in row
    assert "a-slip" not in row


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "vote"},
        {"question": ""},
        {"question": "x" * 301},
        {"options": ["4"]},
        {"options": [str(number) for number in range(10)]},
        {"options": ["4", 5]},
        {"right": None},
        {"right": 2},
        {"explanation": "x" * 601},
        {"is_anonymous": "no"},
    ],
)
async def test_what_is_no_poll_is_a_bad_request(cast: Cast, changes: dict[str, Any]) -> None:
    teacher = await open_page(cast.teacher, cast.lesson)
    reply = await teacher.request("polls.make", {**QUIZ, **changes})
    assert reply["error"]["code"] == "bad_request"
    assert not await in_database(Poll.objects.exists)


async def test_presses_are_counted_for_staff_and_told_to_nobody_else(cast: Cast) -> None:
    teacher, first, second = await three(cast)
    assert (await first.request("moods.press", {"mood": "lost"}))["body"] == {"lasts_ms": 60_000}
    heard = (await teacher.heard("moods.changed"))["body"]
    assert heard["now"] == {"lost": 1, "fast": 0, "got_it": 0}
    assert str(cast.student.pk) not in str(heard)
    assert "moods" not in await told(second)
    assert (await first.request("moods.press", {"mood": "fast"}))["error"]["code"] == "too_fast"


async def test_the_timer_is_told_to_all(cast: Cast) -> None:
    teacher, first, _second = await three(cast)
    await teacher.request("timer.start", {"seconds": 60, "label": "Groups"})
    timer = (await first.heard("timer.changed"))["body"]["timer"]
    assert (timer["label"], timer["seconds"]) == ("Groups", 60)
    assert timedelta() < datetime.fromisoformat(timer["ends_at"]) - timezone.now() <= timedelta(seconds=60)
    late = await open_page(cast.students[2], cast.lesson)
    assert late.snapshot["timer"]["label"] == "Groups"
    await teacher.request("timer.stop")
    assert (await first.heard("timer.changed", timer=None))["body"] == {"timer": None}
