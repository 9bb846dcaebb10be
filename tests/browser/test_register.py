"""The register keeps itself: three people, a reconnect, one who could not connect, one who never came."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import inspect
from tests.support.browsers import sign_in
from tests.support.processes import wait_until

BREAKS_SOCKETS = "window.WebSocket = class { constructor() { throw new Error('blocked'); } };"
FINAL_SECONDS = 30.0


def register(classroom: ClassRoom, context: BrowserContext) -> Page:
    """The lesson's register as the person sees it."""
    page = context.new_page()
    page.goto(f"{classroom.lectern.url}/lessons/{classroom.lesson}/register/")
    return page


def mark(page: Page, name: str) -> str:
    """What the register says of somebody."""
    line = page.locator(".register__line").filter(has=page.get_by_role("heading", name=name, exact=True))
    return line.locator(".mark").inner_text()


def test_the_register_keeps_itself(classroom: ClassRoom, new_person: Callable[..., BrowserContext]) -> None:
    teacher = classroom.heard_teacher()
    first = classroom.watching("student1")
    second = classroom.watching("student2")
    blocked = new_person()
    sign_in(blocked, classroom.lectern, classroom.lectern.cast["student3"])
    blocked.add_init_script(BREAKS_SOCKETS)
    blocked.new_page().goto(classroom.url)
    second.page.reload()
    second.wait_until(lambda: second.state() == "connected", 10, "not back")

    page = register(classroom, teacher.page.context)
    marks = [mark(page, f"Student {number}") for number in (1, 2, 3, 4)]
    assert marks == ["Present", "Present", "Tried and could not connect", "Not yet there"]
    assert register(classroom, first.page.context).locator(".register__line").count() == 0

    classroom.lectern.restart_web()
    teacher.wait_until(lambda: teacher.state() == "connected", 15, "not back")
    first.wait_until(lambda: first.state() == "connected", 15, "not back")
    reply = teacher.say("lesson.end")
    assert reply
    assert reply["ok"]
    wait_until(lambda: is_final(page), FINAL_SECONDS, "the register is not final")
    assert mark(page, "Student 1") == "Present"
    assert mark(page, "Student 4") == "Absent"

    line = page.locator(".register__line").filter(has_text="Student 4")
    line.get_by_text("Correct").click()
    inspect(page)
    line.get_by_label("Entry").select_option("excused")
    line.get_by_label("Reason").fill("Ill, her mother called")
    line.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("Found by itself: Absent")).to_be_visible()
    assert mark(page, "Student 4") == "Excused"
    with page.expect_download() as download:
        page.get_by_role("link", name="As CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert re.search('"Student 4","Excused".*"Ill, her mother called"', text)
    page.get_by_role("link", name="The whole course").click()
    expect(page.get_by_role("row", name=re.compile("Student 3")).locator(".mark")).to_have_text(
        "Tried and could not connect"
    )
    inspect(page)
    for name in ("polls/", ""):
        page.goto(f"{classroom.lectern.url}/lessons/{classroom.lesson}/{name}")
        inspect(page)


def is_final(page: Page) -> bool:
    """Whether the page says so."""
    page.reload()
    return page.get_by_text("Final: written when the lesson ended").is_visible()
