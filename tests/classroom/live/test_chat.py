"""The chat on the wire: who hears what, how much one may say, and what a burst leaves behind."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

import pytest
from channels.layers import get_channel_layer

from classroom.live.commands.chat import WRITES_AT_ONCE
from classroom.live.database import in_database
from classroom.live.registry import registry
from classroom.models import ChatMessage, Course
from classroom.services import chat
from tests.classroom.live.wire import Page, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "canary-of-the-chat"


@pytest.fixture
async def pages(cast: Cast) -> dict[str, Page]:
    """A live lesson with the teacher, a colleague and three students in it."""
    await in_database(Course.objects.filter(pk=cast.course.pk).update, student_chat=True)
    teacher = await open_page(cast.teacher, cast.lesson, "page-of-teacher")
    assert (await teacher.request("lesson.go_live"))["ok"]
    found = {"teacher": teacher, "colleague": await open_page(cast.colleague, cast.lesson)}
    for number in range(3):
        found[f"student{number}"] = await open_page(cast.students[number], cast.lesson)
    return found


async def say(page: Page, text: str, to: Any = "all", nonce: str = "") -> dict[str, Any]:
    """Writes in the chat; returns the reply."""
    nonce = nonce or f"nonce-{time.monotonic_ns()}"
    return await page.request("chat.send", {"to": to, "text": text, "nonce": nonce})


async def everything(page: Page) -> str:
    """All that the page has been told since it came in, up to now, as text."""
    await page.request("room.ping")
    told = json.dumps(page.messages)
    page.messages.clear()
    return told


def texts(snapshot: dict[str, Any]) -> list[str]:
    """The words of a snapshot's messages."""
    return [message["text"] for message in snapshot["chat"]["messages"]]


async def test_a_message_to_all_is_heard_by_all(cast: Cast, pages: dict[str, Page]) -> None:
    reply = await say(pages["student0"], "Hello")
    for page in pages.values():
        assert (await page.heard("chat.message"))["body"] == reply["body"]["message"]


async def test_private_words_are_never_put_on_the_wire_to_others(cast: Cast, pages: dict[str, Page]) -> None:
    ids = {"student0": str(cast.students[0].pk), "student1": str(cast.students[1].pk)}
    ways: list[tuple[str, Any, set[str]]] = [
        ("student0", "staff", {"student0", "teacher", "colleague"}),
        ("teacher", {"person": ids["student0"]}, {"student0", "teacher", "colleague"}),
        ("teacher", "staff", {"teacher", "colleague"}),
        ("student0", {"person": ids["student1"]}, {"student0", "student1"}),
    ]
    for number, (author, to, readers) in enumerate(ways):
        word = f"{SECRET}-{number}"
        message = (await say(pages[author], word, to))["body"]["message"]["id"]
        changes = (
            ("chat.edit", {"message": message, "text": f"{word} again"}),
            ("chat.delete", {"message": message}),
        )
        react = ("chat.react", {"message": message, "emoji": "🎉", "is_on": True})
        for kind, body in (react, *changes):
            assert (await pages[author].request(kind, body))["ok"]
        for name, page in pages.items():
            told = await everything(page)
            assert (word in told) == (name in readers), f"{author} to {to}: {name}"
            assert ("chat." in told) == (name in readers), f"{author} to {to}: {name}"


async def test_private_words_are_in_no_others_snapshot_and_history(
    cast: Cast, pages: dict[str, Page]
) -> None:
    await say(pages["student0"], SECRET, "staff")
    await say(pages["student0"], SECRET, {"person": str(cast.students[1].pk)})
    last = (await say(pages["student0"], "public"))["body"]["message"]["id"]
    counts = {}
    for name, page in pages.items():
        snapshot = json.dumps((await page.request("room.snapshot"))["body"])
        history = json.dumps((await page.request("chat.history", {"before": last, "limit": 50}))["body"])
        counts[name] = (snapshot.count(SECRET), history.count(SECRET))
    both, one, none = (2, 2), (1, 1), (0, 0)
    expected = {"student0": both, "student1": one, "student2": none, "teacher": one, "colleague": one}
    assert counts == expected


async def test_whoever_waits_in_the_lobby_hears_nothing_of_the_chat(
    cast: Cast, pages: dict[str, Page]
) -> None:
    await pages["teacher"].request("room.lock", {"is_locked": True})
    waiting = await open_page(cast.students[3], cast.lesson)
    await say(pages["teacher"], SECRET)
    assert "chat" not in waiting.snapshot
    assert SECRET not in await everything(waiting)


async def test_what_was_deleted_is_on_no_page_again(cast: Cast, pages: dict[str, Page]) -> None:
    message = (await say(pages["student0"], SECRET))["body"]["message"]["id"]
    assert (await pages["teacher"].request("chat.delete", {"message": message}))["ok"]
    late = await open_page(cast.students[3], cast.lesson)
    assert SECRET not in json.dumps(late.snapshot)
    assert late.snapshot["chat"]["messages"][0]["deleted"] == "staff"


async def test_a_reload_finds_the_chat_as_it_was(cast: Cast, pages: dict[str, Page]) -> None:
    message = (await say(pages["teacher"], "Hello"))["body"]["message"]["id"]
    await pages["student0"].request("chat.read", {"upto": message})
    await pages["teacher"].request("chat.mute", {"person": str(cast.student.pk), "is_muted": True})
    again = await open_page(cast.student, cast.lesson)
    section = again.snapshot["chat"]
    assert (texts(again.snapshot), section["read_upto"], section["is_muted"]) == (["Hello"], message, True)


async def test_reading_on_one_page_is_told_to_the_same_persons_others_alone(
    cast: Cast, pages: dict[str, Page]
) -> None:
    second = await open_page(cast.student, cast.lesson, "page-0002")
    await pages["student0"].request("chat.read", {"upto": 5})
    assert (await second.heard("chat.read"))["body"] == {"upto": 5}
    assert "chat.read" not in await everything(pages["student1"])


# Limits


async def test_a_person_writes_so_much_at_once_from_all_pages_and_no_more(
    cast: Cast, pages: dict[str, Page]
) -> None:
    second = await open_page(cast.student, cast.lesson, "page-0002")
    codes = []
    for number in range(2 * WRITES_AT_ONCE):
        reply = await say((pages["student0"], second)[number % 2], f"{number}")
        codes.append("" if reply["ok"] else reply["error"]["code"])
    assert codes[:WRITES_AT_ONCE] == [""] * WRITES_AT_ONCE
    assert codes.count("too_fast") >= WRITES_AT_ONCE // 2
    assert (await say(pages["student1"], "another's"))["ok"]


async def test_who_sends_a_thousand_messages_is_shut_out_and_the_others_talk_on(
    cast: Cast, pages: dict[str, Page]
) -> None:
    body = {"to": "all", "text": "spam"}
    for number in range(1_000):
        await pages["student0"].send("chat.send", {**body, "nonce": f"spam-{number:06}"})
    assert (await say(pages["student1"], "still here"))["ok"]
    assert await pages["student0"].close_code() == 4429
    written = await in_database(ChatMessage.objects.filter(text="spam").count)
    assert written <= WRITES_AT_ONCE + 2
    await pages["teacher"].heard("chat.message", text="still here")


# A burst


async def test_a_burst_above_the_layers_capacity_leaves_the_same_chat_on_every_page(
    cast: Cast, pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await burst(cast, 0)
    with monkeypatch.context() as burdened:
        burdened.setattr(get_channel_layer(), "group_send", lose)
        sent += await burst(cast, 1)
    heard = (await everything_heard(pages["student0"])).count("chat.message")
    assert heard < len(sent), "the layer has lost nothing"
    sent += await burst(cast, 2)
    expected = [message["text"] for message in sorted(sent, key=lambda one: one["id"])]
    await registry.catch_up()
    await registry.catch_up()
    finals = [await final_chat(page) for page in pages.values()]
    assert finals == [expected] * len(pages)


async def lose(group: str, message: dict[str, Any]) -> None:
    """What a layer above its capacity does with each message."""


async def burst(cast: Cast, number: int) -> list[dict[str, Any]]:
    """Ten messages of the teacher's at once; returns them."""
    return await asyncio.gather(
        *(
            in_database(
                chat.send,
                cast.lesson.pk,
                cast.teacher.pk,
                chat.To("all"),
                f"{number} {count}",
                f"burst-{number}-{count}",
            )
            for count in range(10)
        )
    )


async def everything_heard(page: Page) -> list[str]:
    """The types of all that the page has been told; nothing is forgotten."""
    await page.request("room.ping")
    return [message["type"] for message in page.messages]


async def final_chat(page: Page) -> list[str]:
    """The chat as a page has it in the end, when it has followed the protocol: gaps are asked about."""
    await page.request("room.ping")
    seen, newest = list[dict[str, Any]](), page.snapshot["seq"]
    for message in page.messages:
        if message["type"] == "room.snapshot":
            seen, newest = message["body"]["chat"]["messages"], message["body"]["seq"]
        elif message.get("seq", 0) == newest + 1:
            newest += 1
            seen = [*seen, message["body"]] if message["type"] == "chat.message" else seen
        elif message.get("seq", 0) > newest:
            body = (await page.request("room.snapshot"))["body"]
            seen, newest = body["chat"]["messages"], body["seq"]
    return [message["text"] for message in seen]


# Logs


async def test_no_words_and_no_names_are_logged(
    cast: Cast, pages: dict[str, Page], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    loggers = [logging.getLogger(name) for name in ("", "lectern", "lectern.audit", "classroom", "django")]
    for logger in loggers:
        logger.addHandler(caplog.handler)
    try:
        message = (await say(pages["student0"], SECRET))["body"]["message"]["id"]
        other = {"person": str(cast.students[1].pk)}
        await say(pages["student0"], SECRET, other)
        await say(pages["student0"], SECRET, {"person": str(cast.teacher.pk)})
        await pages["student0"].request("chat.edit", {"message": message, "text": f"{SECRET} again"})
        await pages["student1"].request("chat.edit", {"message": message, "text": SECRET})
        await pages["student1"].request("chat.set_mode", {"mode": SECRET})
        await pages["student1"].request("chat.set_mode", {"mode": "off"})
        await pages["student1"].request("report.send", {"message": message, "words": SECRET})
        await pages["teacher"].request("chat.delete", {"message": message})
        await pages["teacher"].request("chat.mute", {"person": other["person"], "is_muted": True})
        await pages["student2"].socket.send_to(f'{{"id": 1, "type": "{SECRET}"')
        assert await pages["student2"].close_code() == 4400
    finally:
        for logger in loggers:
            logger.removeHandler(caplog.handler)
    lines = [
        record.getMessage() + str(record.exc_info or "")
        for record in caplog.records
        if record.name != "django.db.backends"
    ]
    assert any("chat.delete" in line for line in lines)
    for word in (SECRET, cast.student.name, cast.teacher.name):
        assert not [line for line in lines if word in line]
