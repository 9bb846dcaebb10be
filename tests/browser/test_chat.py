"""The chat between real people in real browsers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect, inspect_as_it_is
from tests.support.room import Room

PHONE = {"viewport": {"width": 390, "height": 844}}
HOSTILE = [
    "<img src=x onerror=\"window.hacked='img'\">",
    "<script>window.hacked='script'</script>",
    "[press me](javascript:window.hacked='link')",
    "**<svg onload=\"window.hacked='svg'\">**",
    "\u202eevil \u202dtxet\u2066\u2067",
    "zero\u200bwidth\u200d\u2060\ufeff",
    "a" + "\u0301\u0336\u20dd" * 660,
    "W" * 2_000,
    "\n".join("line" for _ in range(390)),
    "[" * 900 + "*_`" * 300,
]


class Talk:
    """One person's chat as a test sees it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.page = room.page
        self.frames: list[str] = []
        """All that the page's sockets have brought since `listen`."""

    def listen(self) -> Talk:
        """Taps what comes on the page's line from the next load on."""
        self.page.on(
            "websocket", lambda line: line.on("framereceived", lambda text: self.frames.append(str(text)))
        )
        self.page.reload()
        return self

    def open(self) -> Talk:
        """Opens the chat by its key and waits until one can write."""
        self.page.keyboard.press("Alt+c")
        expect(self.page.locator("#chat-scroll")).to_be_visible()
        return self

    def say(self, words: str, to: str = "") -> None:
        """Writes something, to all or to somebody by their name in the list."""
        if to:
            self.page.get_by_label("To", exact=True).select_option(label=to)
        self.page.locator("#chat-text").fill(words)
        self.page.locator("#chat-text").press("Enter")

    def said(self, words: str) -> Locator:
        """The message with these words."""
        return self.page.locator(".said", has_text=words)

    def expect_said(self, words: str) -> None:
        """Waits until a message has come back and is to be seen."""
        expect(
            self.said(words).locator("visible=true").and_(self.page.locator("[data-message]"))
        ).to_be_visible()

    def choose(self, words: str, deed: str) -> None:
        """Chooses something from the menu of a message."""
        self.said(words).locator(".said__more").click()
        self.page.get_by_role("menuitem", name=deed).click()

    def texts(self) -> list[str]:
        """The words of all messages, in their order."""
        return self.page.locator("[data-message] .said__text").all_inner_texts()


@pytest.fixture
def three(classroom: ClassRoom) -> tuple[Talk, Talk, Talk]:
    """The teacher, live, and two students, each with the chat open."""
    teacher = Talk(classroom.heard_teacher())
    one = Talk(classroom.watching("student1"))
    other = Talk(classroom.watching("student2", **PHONE))
    for room in (one.room, other.room):
        room.expect_state("connected")
    return teacher.open(), one.open(), other.open()


def test_three_people_talk_and_each_sees_the_same(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, one, other = three
    teacher.say("Good morning, see **chapter 3** of https://example.org/book")
    teacher.expect_said("Good morning")
    one.say("`n = 1.33`?")
    one.expect_said("n = 1.33")
    other.say("Yes\nit is")
    for talk in three:
        talk.expect_said("it is")
        assert talk.texts() == [
            "Good morning, see chapter 3 of https://example.org/book",
            "n = 1.33?",
            "Yes\nit is",
        ]
        expect(talk.said("Good morning").locator("strong")).to_have_text("chapter 3")
        expect(talk.said("Good morning").locator(".said__text a")).to_have_attribute(
            "rel", "noopener noreferrer nofollow"
        )
        expect(talk.said("n = 1.33").locator("code")).to_have_text("n = 1.33")


def test_a_private_word_reaches_the_teacher_and_no_other_page(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, one, other = three
    other.listen().open()
    one.say("I feel ill", to="Only the teachers")
    teacher.expect_said("I feel ill")
    teacher.choose("I feel ill", "Answer Student 1 alone")
    teacher.page.locator("#chat-text").fill("Then go home")
    teacher.page.keyboard.press("Enter")
    one.expect_said("Then go home")
    expect(one.said("Then go home").locator(".said__to")).to_have_text("only to you")
    teacher.say("On we go", to="Everyone")
    other.expect_said("On we go")
    assert other.texts() == ["On we go"]
    told = "".join(other.frames)
    assert "On we go" in told
    assert "I feel ill" not in told
    assert "go home" not in told


def test_one_changes_deletes_and_reacts_and_teachers_moderate(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, one, other = three
    one.say("Helo")
    one.expect_said("Helo")
    one.page.locator("#chat-text").press("ArrowUp")
    expect(one.page.locator("#chat-text")).to_have_value("Helo")
    one.page.locator("#chat-text").fill("Hello")
    one.page.locator("#chat-text").press("Enter")
    expect(other.said("Hello").locator(".said__trace")).to_have_text("changed")
    other.said("Hello").locator(".said__more").click()
    other.page.get_by_role("menuitemcheckbox", name="Celebrating").click()
    expect(teacher.said("Hello").locator(".reaction")).to_have_text("🎉 1")
    teacher.said("Hello").locator(".reaction").click()
    expect(one.said("Hello").locator(".reaction")).to_have_text("🎉 2")
    other.say("Rude")
    teacher.expect_said("Rude")
    teacher.choose("Rude", "Delete")
    teacher.page.get_by_role("menuitem", name="Press again").click()
    for talk in three:
        expect(talk.page.locator(".said--deleted .said__trace")).to_have_text(
            "A teacher has deleted this message."
        )
        assert "Rude" not in talk.page.content()
    one.choose("Hello", "Delete")
    one.page.get_by_role("menuitem", name="Press again").click()
    expect(teacher.page.locator(".said--deleted")).to_have_count(2)


def test_a_teacher_mutes_one_and_turns_the_chat_slow_and_off(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, one, other = three
    one.say("First")
    teacher.expect_said("First")
    teacher.choose("First", "Let Student 1 not write")
    expect(one.page.locator("#chat-closed")).to_contain_text("muted you")
    expect(one.page.locator("#chat-text")).to_be_hidden()
    teacher.choose("First", "Let Student 1 write")
    expect(one.page.locator("#chat-text")).to_be_visible()
    teacher.page.locator("#chat-mode").select_option("slow")
    expect(other.page.locator("#chat")).to_be_visible()
    other.say("Once")
    expect(other.page.locator("#chat-closed")).to_contain_text("Slow:")
    expect(other.page.locator("#chat-send")).to_be_disabled()
    teacher.page.locator("#chat-mode").select_option("off")
    expect(one.page.locator("#chat-closed")).to_contain_text("chat is off")
    one.page.get_by_label("To", exact=True).select_option("staff")
    one.say("May I ask?")
    teacher.expect_said("May I ask?")


def test_whoever_comes_late_reads_all_and_sees_what_is_new_after_a_reload(
    classroom: ClassRoom, three: tuple[Talk, Talk, Talk]
) -> None:
    teacher, one, other = three
    for number in range(8):
        teacher.say(f"Number {number}")
    late = Talk(classroom.watching("student3")).open()
    late.expect_said("Number 7")
    assert late.texts() == [f"Number {number}" for number in range(8)]
    one.expect_said("Number 7")
    one.page.locator("#chat-text").fill("half a thou")
    one.page.reload()
    one.room.expect_state("connected")
    one.open()
    expect(one.page.locator("#chat-text")).to_have_value("half a thou")
    one.expect_said("Number 7")
    other.page.keyboard.press("Escape")
    expect(other.page.locator("#panel")).to_be_hidden()
    teacher.say("Nobody looks")
    expect(other.page.locator("[data-unread=chat]").locator("visible=true").first).to_have_text("1 new")
    other.open()
    expect(other.page.locator(".chat__divider")).to_be_visible()
    expect(other.page.locator("[data-unread=chat]").locator("visible=true")).to_have_count(0)


def test_who_reads_further_up_is_left_in_peace(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, _one, other = three
    for number in range(8):
        teacher.say(f"Number {number}\n\nwith\n\nsome\n\nlines")
    other.expect_said("Number 7")
    scroll = other.page.locator("#chat-scroll")
    scroll.evaluate("(element) => { element.scrollTop = 40; }")
    teacher.say("Is anybody there?")
    expect(other.page.locator("#chat-new")).to_have_text("1 new message")
    assert scroll.evaluate("(element) => element.scrollTop") == 40
    teacher.choose("Number 0", "Delete")
    teacher.page.get_by_role("menuitem", name="Press again").click()
    expect(other.page.locator(".said--deleted")).to_have_count(1)
    other.page.locator("#chat-new").click()
    expect(other.said("Is anybody there?")).to_be_in_viewport()
    expect(other.page.locator("#chat-new")).to_be_hidden()


def test_what_is_written_while_the_line_is_broken_comes_once_when_it_is_back(
    classroom: ClassRoom, three: tuple[Talk, Talk, Talk]
) -> None:
    teacher, one, _other = three
    one.page.context.set_offline(True)
    one.page.evaluate("() => window.seenByTests.sockets.at(-1).socket.close()")
    one.room.expect_state("reconnecting")
    one.say("Written in a tunnel")
    expect(one.page.locator(".said--waiting")).to_contain_text("is being sent")
    one.page.context.set_offline(False)
    teacher.expect_said("Written in a tunnel")
    expect(one.page.locator(".said--waiting")).to_have_count(0)
    assert one.texts() == teacher.texts() == ["Written in a tunnel"]


def test_hostile_messages_neither_run_nor_break_the_page(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, one, _other = three
    for words in HOSTILE[:8]:
        one.say(words)
    for words in HOSTILE[8:]:
        teacher.say(words)
    for talk in three:
        expect(talk.page.locator("[data-message]")).to_have_count(len(HOSTILE))
        assert talk.page.evaluate("() => window.hacked") is None
        inside = talk.page.locator(".said__text").locator("img, script, svg, style, iframe, object")
        expect(inside).to_have_count(0)
        expect(talk.page.locator("a[href^='javascript:']")).to_have_count(0)
        assert overflowing(talk) == []
    names = json.dumps(teacher.texts())
    assert "onerror" in names


def overflowing(talk: Talk) -> list[Any]:
    """What is wider than the chat, or drawn outside of its message."""
    found: list[Any] = talk.page.evaluate(
        """() => {
          const scroll = document.querySelector("#chat-scroll");
          const wide = scroll.scrollWidth > scroll.clientWidth ? ["the list"] : [];
          const page = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
          const said = [...scroll.querySelectorAll(".said__text")].filter((element) => {
            return element.getBoundingClientRect().right > scroll.getBoundingClientRect().right + 1;
          });
          return [...wide, ...page, ...said.map((element) => element.textContent.slice(0, 40))];
        }"""
    )
    return found


def test_a_hostile_name_is_only_a_name(classroom: ClassRoom) -> None:
    name = "<img src=x onerror=\"window.hacked='name'\">\u202e" + "n\u0336" * 30
    made = classroom.lectern.ask(
        "new_student", course=classroom.course, email=f"evil{classroom.course[:8]}@demo.school"
    )
    classroom.lectern.ask("rename", user=made["user"], name=name)
    teacher = Talk(classroom.heard_teacher()).open()
    evil = Talk(classroom.watching(made["email"])).open()
    evil.say("Hello")
    teacher.expect_said("Hello")
    expect(teacher.page.locator(".said__author")).to_have_text(name)
    teacher.page.locator("#chat-to").select_option(label=name)
    teacher.said("Hello").locator(".said__more").click()
    expect(teacher.page.get_by_role("menuitem", name="Answer")).to_be_visible()
    assert teacher.page.evaluate("() => window.hacked") is None
    assert overflowing(teacher) == []


PASTE = """
async (field) => {
  const canvas = new OffscreenCanvas(320, 180);
  canvas.getContext("2d").fillRect(0, 0, 320, 90);
  const data = new DataTransfer();
  data.items.add(new File([await canvas.convertToBlob()], "pasted.png", { type: "image/png" }));
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}
"""


def test_a_pasted_picture_is_seen_by_those_it_is_for_and_what_is_none_is_refused(
    three: tuple[Talk, Talk, Talk],
) -> None:
    teacher, one, other = three
    one.page.locator("#chat-text").evaluate(PASTE)
    expect(one.page.locator("#chat-picture-text")).to_have_text("The picture goes with your message.")
    one.say("My experiment", to="Only the teachers")
    picture = teacher.said("My experiment").locator(".said__picture img")
    expect(picture).to_be_visible()
    teacher.room.wait_until(
        lambda: picture.evaluate("(image) => image.naturalWidth") == 320, 20, "no picture"
    )
    address = picture.evaluate("(image) => image.src")
    assert teacher.page.context.request.get(address).status == 200
    assert other.page.context.request.get(address).status == 404
    disguised = {"name": "x.png", "mimeType": "image/png", "buffer": b"<svg onload='alert(1)'/>"}
    one.page.locator("#chat-picture-input").set_input_files(disguised)  # type: ignore[arg-type]  # as documented
    expect(one.page.locator("#chat-picture-text")).to_have_text("This picture can't be shown here.")
    one.page.get_by_role("button", name="Remove").click()
    teacher.choose("My experiment", "Delete")
    teacher.page.get_by_role("menuitem", name="Press again").click()
    expect(one.page.locator(".said--deleted")).to_have_count(1)
    assert teacher.page.context.request.get(address).status == 404


def test_the_chat_can_be_used_by_everybody_in_all_its_states(
    classroom: ClassRoom, three: tuple[Talk, Talk, Talk]
) -> None:
    teacher, one, other = three
    inspect(one.page)
    teacher.say("**Bold**, *italic* and `code`")
    one.say("Ill", to="Only the teachers")
    teacher.expect_said("Ill")
    teacher.choose("Ill", "Answer")
    teacher.say("Go home")
    teacher.choose("Ill", "Delete")
    teacher.page.get_by_role("menuitem", name="Press again").click()
    one.said("Bold").locator(".said__more").click()
    inspect_as_it_is(one.page, "the menu of a message")
    one.page.keyboard.press("ArrowRight")
    one.page.keyboard.press("Enter")
    expect(teacher.said("Bold").locator(".reaction")).to_be_visible()
    for talk in three:
        inspect(talk.page)
    one.choose("Bold", "Report to the school")
    inspect(one.page)
    one.page.keyboard.press("Escape")
    teacher.page.locator("#chat-mode").select_option("off")
    expect(other.page.locator("#chat-closed")).to_be_visible()
    inspect(other.page)
    one.page.goto(classroom.url.removesuffix("room/"))
    expect(one.page.get_by_role("heading", name="This room isn't open to you")).to_be_visible()
    teacher.page.goto(classroom.url.removesuffix("room/"))
    expect(teacher.page.get_by_role("heading", name="Chat")).to_be_visible()
    inspect(teacher.page)


def test_the_messages_menus_are_one_stop_of_the_tab_key(three: tuple[Talk, Talk, Talk]) -> None:
    teacher, one, _other = three
    for words in ("First", "Second", "Third"):
        teacher.say(words)
    one.expect_said("Third")
    one.page.locator("#chat-scroll").focus()
    one.page.keyboard.press("Tab")
    expect(one.said("Third").locator(".said__more")).to_be_focused()
    one.page.keyboard.press("ArrowUp")
    expect(one.said("Second").locator(".said__more")).to_be_focused()
    one.page.keyboard.press("Tab")
    expect(one.page.get_by_label("To", exact=True)).to_be_focused()


def test_a_student_reports_a_message_of_which_neither_room_nor_logs_hear(
    classroom: ClassRoom, three: tuple[Talk, Talk, Talk]
) -> None:
    teacher, one, other = three
    teacher.listen().open()
    other.say("You are stupid")
    one.expect_said("You are stupid")
    one.choose("You are stupid", "Report to the school")
    one.page.get_by_label("What has happened?").fill("canary-of-the-report")
    one.page.get_by_role("button", name="Send the report").click()
    expect(one.page.locator("#notice")).to_contain_text("has your report")
    one.page.get_by_role("button", name="More", exact=True).click()
    one.page.get_by_role("menuitem", name="Report something").click()
    expect(one.page.locator("#report-about")).to_be_hidden()
    one.page.get_by_role("button", name="Cancel").click()
    teacher.say("On we go")
    one.expect_said("On we go")
    assert "canary-of-the-report" not in "".join(teacher.frames)
    logs = classroom.lectern.logs()
    for word in ("canary-of-the-report", "You are stupid", "Student 2"):
        assert word not in logs
