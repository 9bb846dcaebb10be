"""Drawing over sockets: what many send comes as one event, in one order, to all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from classroom.core.board_operations import MAX_COORDINATE, MAX_IDS
from classroom.live import boards as rounds
from classroom.live.boards import MAX_GATHER_SECONDS, gather_seconds
from classroom.live.commands.board import LOOKS_AT_ONCE, MAX_SEEN, OPERATIONS_AT_ONCE
from classroom.live.database import in_database
from classroom.models import Lesson, Presence, SheetElement
from classroom.models.lesson import BoardMode
from tests.classroom.live.wire import Page, open_page
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def rect(id: str) -> dict[str, Any]:
    """A new rectangle."""
    element = {"id": id, "type": "rect", "color": 0, "size": 60, "box": [0, 0, 9, 9]}
    return {"do": "add", "element": element}


async def open_board(cast: Cast, mode: BoardMode = BoardMode.EVERYBODY) -> tuple[Page, str]:
    """The teacher's page in a live lesson whose board is open, and the board's sheet."""
    teacher = await open_page(cast.teacher, cast.lesson, "page-of-teacher")
    assert (await teacher.request("lesson.go_live"))["ok"]
    assert (await teacher.request("board.open", {"is_open": True}))["ok"]
    assert (await teacher.request("board.set_mode", {"mode": mode.value}))["ok"]
    changed = await teacher.heard("board.changed")
    return teacher, changed["body"]["sheet"]


async def draw(page: Page, sheet: str, n: int, *operations: dict[str, Any]) -> dict[str, Any]:
    """The reply to a message of drawing."""
    return await page.request("board.draw", {"sheet": sheet, "n": n, "ops": list(operations)})


async def test_what_one_draws_all_hear_in_the_same_order(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    ben = await open_page(cast.students[1], cast.lesson, "page-of-ben")
    anna = await open_page(cast.students[0], cast.lesson, "page-of-anna")
    assert anna.snapshot["board"]["sheet"] == sheet
    replies = await asyncio.gather(
        *(draw(page, sheet, 1, rect(f"of-{index}")) for index, page in enumerate((teacher, anna, ben)))
    )
    assert sorted(reply["body"]["version"] for reply in replies) == [1, 2, 3]
    heard: list[list[Any]] = []
    for page in (teacher, anna, ben):
        version, batches = 0, []
        while version < 3:
            event = await page.heard("board.ops", sheet=sheet)
            assert event["body"]["from"] == version
            batches += event["body"]["batches"]
            version = sum(len(batch["ops"]) for batch in batches)
        heard.append(batches)
    assert heard[0] == heard[1] == heard[2]
    assert {batch["by"] for batch in heard[0]} == {
        str(user.pk) for user in (cast.teacher, *cast.students[:2])
    }
    assert {batch["client"] for batch in heard[0]} == {"page-of-teacher", "page-of-anna", "page-of-ben"}


async def test_one_pages_messages_keep_their_order(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    ids = [
        await teacher.send("board.draw", {"sheet": sheet, "n": n, "ops": [rect(f"id-{n}")]})
        for n in range(1, 11)
    ]
    replies = [await teacher.reply_to(id) for id in ids]
    assert [reply["body"]["version"] for reply in replies] == list(range(1, 11))


async def test_who_may_not_draw_changes_nothing(cast: Cast) -> None:
    teacher, sheet = await open_board(cast, BoardMode.FLOOR)
    student = await open_page(cast.student, cast.lesson)
    assert (await draw(student, sheet, 1, rect("mine")))["error"]["code"] == "forbidden"
    assert (await student.request("board.point", {"sheet": sheet, "x": 1, "y": 1}))["error"][
        "code"
    ] == "forbidden"
    assert not await in_database(SheetElement.objects.exists)
    assert (await teacher.request("board.set_mode", {"mode": "everybody"}))["ok"]
    await student.heard("room.changed", board="everybody")
    assert (await draw(student, sheet, 2, rect("mine")))["ok"]
    await teacher.drop()
    await in_database(Presence.objects.filter(user=cast.teacher).update, channel="")
    await in_database(Lesson.objects.filter(pk=cast.lesson.pk).update, is_supervised=False)
    assert (await draw(student, sheet, 3, rect("more")))["error"]["code"] == "forbidden"


async def test_a_student_can_not_touch_what_others_drew(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    student = await open_page(cast.student, cast.lesson)
    await draw(teacher, sheet, 1, rect("theirs"))
    refused = await draw(student, sheet, 1, {"do": "remove", "ids": ["theirs"]})
    assert refused["error"]["code"] == "forbidden"
    assert (await draw(student, sheet, 2, rect("mine")))["ok"]
    assert (await draw(teacher, sheet, 2, {"do": "remove", "ids": ["mine"]}))["ok"]


async def test_a_pointer_is_seen_and_leaves_nothing(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    student = await open_page(cast.student, cast.lesson)
    await teacher.request("board.point", {"sheet": sheet, "x": 5, "y": 7})
    heard = await student.heard("board.points")
    assert heard["body"]["points"] == [{"by": str(cast.teacher.pk), "sheet": sheet, "x": 5, "y": 7}]
    assert "seq" not in heard


async def test_where_the_teacher_looks_is_told_and_leaves_nothing(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    student = await open_page(cast.student, cast.lesson)
    part = {"x": 5, "y": 7, "width": 800, "height": 450}
    assert (await teacher.request("board.look", {"sheet": sheet, "part": part}))["ok"]
    heard = await student.heard("board.look")
    assert heard["body"] == {"by": str(cast.teacher.pk), "sheet": sheet, "part": part}
    assert "seq" not in heard


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"x": 0, "y": 0, "width": 0, "height": 1},
        {"x": 0, "y": 0, "width": 1, "height": MAX_SEEN + 1},
        {"x": MAX_COORDINATE + 1, "y": 0, "width": 1, "height": 1},
        {"x": 0, "y": 0, "width": 1, "height": 1, "zoom": 1},
        [0, 0, 1, 1],
    ],
)
async def test_a_look_at_nothing_that_can_be_is_refused(cast: Cast, part: object) -> None:
    teacher, sheet = await open_board(cast)
    refused = await teacher.request("board.look", {"sheet": sheet, "part": part})
    assert refused["error"]["code"] == "bad_request"


async def test_a_person_tells_where_they_look_only_so_often(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    student = await open_page(cast.student, cast.lesson)
    for _ in range(LOOKS_AT_ONCE + 20):
        assert (await teacher.request("board.look", {"sheet": sheet, "part": None}))["ok"]
    await student.request("room.ping")
    told = [message for message in student.messages if message.get("type") == "board.look"]
    assert LOOKS_AT_ONCE <= len(told) < LOOKS_AT_ONCE + 20


async def test_a_person_draws_only_so_fast(cast: Cast) -> None:
    teacher, sheet = await open_board(cast)
    student = await open_page(cast.student, cast.lesson)
    many = {"do": "remove", "ids": [f"id-{n:04}" for n in range(MAX_IDS)]}
    replies = [await draw(student, sheet, n, *[many] * 10) for n in range(1, OPERATIONS_AT_ONCE // 100 + 2)]
    assert replies[0]["ok"]
    assert replies[-1]["error"]["code"] == "too_fast"
    assert (await draw(teacher, sheet, 1, rect("mine")))["ok"]


async def test_only_so_many_drawings_of_a_room_may_wait(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, sheet = await open_board(cast)
    monkeypatch.setattr(rounds, "MAX_WAITING", 2)
    monkeypatch.setattr(rounds, "GATHER_SECONDS", 0.15)
    ids = [
        await teacher.send("board.draw", {"sheet": sheet, "n": n, "ops": [rect(f"id-{n}")]})
        for n in (1, 2, 3)
    ]
    assert (await teacher.reply_to(ids[2]))["error"]["code"] == "too_fast"
    assert [(await teacher.reply_to(id))["ok"] for id in ids[:2]] == [True, True]


def test_large_rooms_gather_longer_up_to_a_limit() -> None:
    assert gather_seconds(2) < gather_seconds(200) < gather_seconds(10_000) == MAX_GATHER_SECONDS
