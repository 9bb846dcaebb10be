"""Asking the class: polls, presses and the timer with three people, and after a reload and a restart."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect
from tests.support.room import Room, go_through


@pytest.fixture
def lesson(classroom: ClassRoom) -> tuple[Room, Room, Room]:
    """A teacher, live with the Ask tab open, and two students who watch."""
    teacher = classroom.heard_teacher()
    ask_tab(teacher)
    return teacher, classroom.watching("student1"), classroom.watching("student2")


def ask_tab(room: Room) -> None:
    """Opens the tab in which is asked."""
    if room.page.locator("#panel").is_visible():
        room.page.locator("#tab-questions").click()
    else:
        room.page.locator("[data-opener=questions]").click()
    expect(room.page.locator("#panel-questions")).to_be_visible()


def press(room: Room, name: str) -> None:
    """Presses a button of the Ask tab."""
    room.page.locator("#panel-questions").get_by_role("button", name=name, exact=True).click()


def card(room: Room) -> Locator:
    """What the student is asked, over the stage's corner."""
    return room.page.locator("#poll-card")


def option(room: Room, name: str) -> Locator:
    """A button of the card."""
    return card(room).locator(".option", has_text=name)


def bars(room: Room) -> Locator:
    """The counts of the newest poll's results in the Ask tab."""
    return room.page.locator("#polls-list .poll").first.locator(".bar__count")


def codes(room: Room, *requests: tuple[str, dict[str, object]]) -> list[str]:
    """What a page is told that sends requests behind its own back."""
    replies = [room.say(*request) for request in requests]
    return [reply["error"]["code"] if reply and not reply["ok"] else "" for reply in replies]


def test_a_question_reaches_all_and_only_the_teacher_sees_the_answers_until_they_are_shown(
    classroom: ClassRoom, lesson: tuple[Room, Room, Room]
) -> None:
    teacher, first, second = lesson
    press(teacher, "Yes / No")
    option(first, "Yes").click()
    expect(option(first, "Yes")).to_have_attribute("aria-pressed", "true")
    expect(card(second)).to_be_visible()
    second.page.locator("#content").focus()
    second.page.keyboard.press("2")
    expect(option(second, "No")).to_have_attribute("aria-pressed", "true")
    expect(bars(teacher)).to_have_text([re.compile(r"^1 · 50"), re.compile(r"^1 · 50")])
    second.page.keyboard.press("1")
    expect(bars(teacher)).to_have_text([re.compile(r"^2 · 100"), re.compile(r"^0 · 0")])
    expect(teacher.page.get_by_text("2 of 2 have answered")).to_be_visible()

    poll = teacher.page.locator("#polls-list .poll").first.get_attribute("data-poll")
    assert (
        codes(first, ("polls.close", {"poll": poll}), ("polls.answers", {"poll": poll})) == ["forbidden"] * 2
    )
    assert "results" not in str(first.say("room.snapshot"))
    first.page.reload()
    expect(option(first, "Yes")).to_have_attribute("aria-pressed", "true")
    expect(first.page.locator("#poll-card .bar").first).to_be_hidden()

    press(teacher, "Close and show to all")
    for student in (first, second):
        expect(card(student).locator(".bar__count").first).to_have_text(re.compile(r"^2 · 100"))
    press(teacher, "Who answered what")
    expect(teacher.page.locator(".poll__names li")).to_have_text(
        [re.compile("Student 1.*Yes"), re.compile("Student 2.*Yes")]
    )

    go_through(classroom.lectern.restart_web, lesson)
    for room in lesson:
        ask_tab(room)
        expect(bars(room).first).to_have_text(re.compile(r"^2 · 100"))


def test_a_quiz_is_prepared_asked_anonymously_and_explained(lesson: tuple[Room, Room, Room]) -> None:
    teacher, first, second = lesson
    form = teacher.page.locator("#poll-maker")
    press(teacher, "Write a question…")
    form.get_by_label("Question", exact=True).fill("Is <b>light</b> a wave?")
    form.get_by_label("Kind of answer").select_option("quiz")
    form.get_by_label("Answer 1", exact=True).fill("A wave")
    form.get_by_label("Answer 2", exact=True).fill("Both")
    form.get_by_label("Answer 2 is right").check()
    form.get_by_label("Explanation").fill("It depends on how one looks.")
    form.get_by_label("Anonymous").check()
    form.get_by_role("button", name="Keep for later").click()
    expect(teacher.page.locator("#polls-list .poll")).to_have_attribute("data-state", "draft")
    assert "light" not in str(first.say("room.snapshot"))

    press(teacher, "Ask now")
    expect(card(first).locator(".poll__question")).to_have_text("Is <b>light</b> a wave?")
    option(first, "Both").click()
    option(second, "A wave").click()
    expect(bars(teacher).first).to_have_text(re.compile(r"^1 · 50"))
    expect(card(first).locator(".poll__status")).to_contain_text("Sent: Both")
    first.page.reload()
    expect(option(first, "Both")).to_have_attribute("aria-pressed", "true")
    option(first, "A wave").click()
    expect(bars(teacher)).to_have_text([re.compile(r"^2 · 100"), re.compile(r"^0 · 0")])
    poll = teacher.page.locator("#polls-list .poll").get_attribute("data-poll")
    assert codes(teacher, ("polls.answers", {"poll": poll})) == ["conflict"]
    assert codes(first, ("polls.answer", {"poll": poll, "answer": [1], "slip": "x" * 20})) == ["conflict"]

    press(teacher, "Close and show to all")
    expect(card(second).locator(".bar--right .bar__mark")).to_have_text("Right answer")
    expect(card(second).locator(".poll__explanation")).to_have_text("It depends on how one looks.")
    card(second).get_by_role("button").last.click()
    expect(card(second)).to_be_hidden()


def test_presses_are_counted_for_the_teacher_and_nobody_else(lesson: tuple[Room, Room, Room]) -> None:
    teacher, first, second = lesson
    for student in (first, second):
        ask_tab(student)
        press(student, "I'm lost")
        expect(student.page.locator("[data-action=mood_lost]")).to_have_attribute("aria-pressed", "true")
    expect(teacher.page.locator("[data-mood=lost] .mood__now")).to_have_text("2")
    expect(teacher.page.locator("[data-mood=fast] .mood__now")).to_have_text("0")
    snapshot = first.say("room.snapshot")
    assert snapshot
    assert set(snapshot["body"]["moods"]) == {"mine", "lasts_ms"}
    first.page.reload()
    ask_tab(first)
    expect(first.page.locator("[data-action=mood_lost]")).to_have_attribute("aria-pressed", "true")
    teacher.page.reload()
    ask_tab(teacher)
    expect(teacher.page.locator("[data-mood=lost] .mood__now")).to_have_text("2")


def seconds_left(room: Room) -> int:
    """What the timer on the stage shows."""
    shown = room.page.locator("#timer-clock").inner_text()
    minutes, seconds = shown.split(":")
    return int(minutes) * 60 + int(seconds)


def test_the_timer_is_the_same_on_every_screen_and_after_a_reload(lesson: tuple[Room, Room, Room]) -> None:
    teacher, first, second = lesson
    teacher.page.get_by_label("What for?").fill("Group work")
    press(teacher, "3 min")
    for room in lesson:
        expect(room.page.locator("#timer-label")).to_have_text("Group work")
    press(teacher, "One minute more")
    expect(first.page.locator("#timer-clock")).to_have_text(re.compile("^[34]:"))
    first.page.reload()
    expect(first.page.locator("#timer-clock")).to_be_visible()
    before = time.monotonic()
    shown = [seconds_left(room) for room in lesson]
    assert max(shown) - min(shown) <= 2 + time.monotonic() - before
    assert min(shown) > 180
    assert codes(second, ("timer.stop", {}), ("timer.add", {"seconds": 5})) == ["forbidden"] * 2
    press(teacher, "Stop the timer")
    for room in lesson:
        expect(room.page.locator("#timer")).to_be_hidden()


def test_a_timer_ends_for_all(lesson: tuple[Room, Room, Room]) -> None:
    teacher, first, _second = lesson
    assert codes(teacher, ("timer.start", {"seconds": 5, "label": ""})) == [""]
    for room in (teacher, first):
        expect(room.page.locator("#timer-clock")).to_have_text("Time is up")


def test_every_state_of_asking_can_be_used_by_all(lesson: tuple[Room, Room, Room]) -> None:
    teacher, first, second = lesson
    ask_tab(second)
    press(teacher, "Write a question…")
    teacher.page.locator("#poll-maker").get_by_label("Kind of answer").select_option("quiz")
    inspect(teacher.page)
    press(teacher, "Cancel")
    teacher.page.locator("[data-action=poll_letters]").click()
    press(teacher, "3 min")
    expect(card(first)).to_be_visible()
    for room in lesson:
        inspect(room.page)
    first.page.locator("#panel [data-action='panel-close']").click()
    expect(first.page.locator("#stage > #poll-card")).to_be_visible()
    inspect(first.page)
    option(first, "C").click()
    first.page.mouse.move(5, 5)
    first.page.locator("#content").focus()
    expect(card(first).locator(".poll__form")).to_be_hidden()
    expect(card(first).locator(".poll__status")).to_contain_text("Sent: C")
    press(teacher, "Close and show to all")
    expect(card(first).locator(".bar__count").nth(2)).to_have_text(re.compile("^1 "))
    for room in lesson:
        inspect(room.page)
