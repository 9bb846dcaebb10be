"""What the pages make of what they are told: the timetable, the room's protocol, names that are no markup."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.conftest import ClassRoom
from tests.browser.scripted_web import ScriptedWeb, person
from tests.support.lectern import Lectern

STUDENT = "student1@demo.school"
HOSTILE = "<img src=x onerror=alert(1)>{count}"
BOUND_MS = 10_000


@pytest.fixture
def page(new_person: Callable[..., BrowserContext]) -> Page:
    """A student's browser without the tests' own witness in the page's WebSocket."""
    return new_person(STUDENT).new_page()


@pytest.fixture
def web(page: Page, classroom: ClassRoom) -> ScriptedWeb:
    """The student's page in a room whose web tier is played by the test."""
    scripted = ScriptedWeb(page)
    page.goto(classroom.url)
    expect(roster(page)).to_have_count(1)
    return scripted


def roster(page: Page) -> Locator:
    """The names in the list of people."""
    return page.locator("#people-list .person__name")


def test_the_timetable_says_what_is_when_and_what_to_do(lectern: Lectern, page: Page) -> None:
    page.goto(lectern.url)
    expect(page.get_by_role("heading", name="Timetable")).to_be_visible()
    expect(page.get_by_text("Demo School")).to_be_visible()
    today = page.locator(".day--today")
    expect(today.get_by_role("heading", name="Today")).to_be_visible()
    optics = today.locator(".lesson", has_text="Optics").first
    expect(optics).to_contain_text("Physics")
    expect(optics).to_contain_text("Ada Teacher, Carl Colleague")
    expect(optics.get_by_role("link", name="Enter room")).to_be_visible()
    expect(page.locator(".lesson--cancelled").first).to_contain_text("Cancelled")
    expect(page.locator(".lesson--cancelled").get_by_role("link")).to_have_count(0)
    expect(page.get_by_text("Rome")).to_have_count(0)
    expect(page.get_by_text("Acids")).to_have_count(0)


def test_an_admin_finds_the_way_to_the_admin_and_a_student_does_not(
    lectern: Lectern, page: Page, new_person: Callable[..., BrowserContext]
) -> None:
    page.goto(lectern.url)
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)
    admin = new_person("admin@demo.school").new_page()
    admin.goto(lectern.url)
    admin.get_by_role("link", name="Admin").click()
    expect(admin.get_by_role("link", name="Lectern")).to_be_visible()


def test_names_are_text_and_never_markup(web: ScriptedWeb) -> None:
    web.tell("roster.changed", {"joined": [person(2, HOSTILE, "teacher")], "left": []}, seq=2)
    expect(roster(web.page).first).to_have_text(HOSTILE)
    stage = {"holder": {"id": "person-2", "name": HOSTILE}, "client": "other", "sources": []}
    web.tell("stage.changed", stage, seq=3)
    web.tell("lesson.changed", {"phase": "live"}, seq=4)
    expect(web.page.locator("#door-text")).to_have_text(f"{HOSTILE} is live.")
    # The one that is there is the chat's own, for a picture that is about to be sent.
    assert web.page.locator("main img, aside img:not(#chat-picture > img)").count() == 0


def test_teachers_come_first_and_everybody_is_counted_once(web: ScriptedWeb) -> None:
    joined = [person(3, "Zoe Zander", "teacher"), person(2, "Ben"), person(3, "Zoe Zander", "teacher")]
    web.tell("roster.changed", {"joined": joined[:2], "left": []}, seq=2)
    web.tell("roster.changed", {"joined": joined[2:], "left": []}, seq=3)
    expect(roster(web.page)).to_have_text(["Zoe Zander", "Ben", "Me"])
    expect(web.page.locator("#people-sentence")).to_have_text("3 people are here")
    web.tell("roster.changed", {"joined": [], "left": ["person-3"]}, seq=4)
    expect(roster(web.page)).to_have_text(["Ben", "Me"])


def test_a_missing_number_makes_the_page_ask_for_the_whole_room(web: ScriptedWeb) -> None:
    web.seq, web.people = 4, [person(1, "Me"), person(2, "Ben"), person(3, "Cleo")]
    web.tell("roster.changed", {"joined": [person(3, "Cleo")], "left": []}, seq=4)
    expect(roster(web.page)).to_have_text(["Ben", "Cleo", "Me"])
    assert web.asked.count("room.snapshot") == 1


def test_an_event_that_is_known_already_changes_nothing(web: ScriptedWeb) -> None:
    web.tell("roster.changed", {"joined": [person(2, "Ben")], "left": []}, seq=2)
    web.tell("roster.changed", {"joined": [person(3, "Ghost")], "left": []}, seq=2)
    web.tell("roster.changed", {"joined": [person(4, "Dora")], "left": []}, seq=3)
    expect(roster(web.page)).to_have_text(["Ben", "Dora", "Me"])
    assert "room.snapshot" not in web.asked


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (4400, "don't understand each other"),
        (4401, "You have been signed out"),
        (4403, "no longer open to you"),
        (4409, "open in another window"),
    ],
)
def test_a_final_close_is_said_and_ends_the_tries(web: ScriptedWeb, code: int, sentence: str) -> None:
    web.close(code)
    expect(web.page.locator("#room")).to_have_attribute("data-connection-state", "failed")
    expect(web.page.locator("#failure-text")).to_contain_text(sentence)
    expect(roster(web.page)).to_have_count(0)
    web.page.evaluate("dispatchEvent(new Event('online'))")
    assert web.connections == 1


@pytest.mark.parametrize("code", [1012, 4408])
def test_a_broken_line_is_taken_up_again_as_the_same_page(web: ScriptedWeb, code: int) -> None:
    web.people = [person(1, "Me"), person(2, "Ben")]
    web.close(code)
    expect(web.page.locator("#room")).to_have_attribute("data-connection-state", "reconnecting")
    expect(roster(web.page)).to_have_text(["Ben", "Me"])
    assert web.connections == 2


def test_a_new_role_loads_the_page_anew(web: ScriptedWeb) -> None:
    with web.page.expect_navigation():
        web.close(4410)
    expect(roster(web.page)).to_have_count(1)


def test_a_refusal_at_the_door_is_told_from_a_broken_line(
    web: ScriptedWeb, classroom: ClassRoom, lectern: Lectern
) -> None:
    web.refuses = True
    web.page.context.clear_cookies()
    web.close(1012)
    expect(web.page.locator("#room")).to_have_attribute("data-connection-state", "failed", timeout=BOUND_MS)
    expect(web.page.locator("#failure-text")).to_contain_text("no longer open to you")


def test_the_lesson_begins_ends_and_begins_again_by_itself(web: ScriptedWeb) -> None:
    web.page.get_by_role("button", name="Join").click()
    expect(web.page.get_by_text("The lesson starts when your teacher goes live")).to_be_visible()
    for seq, (phase, words) in enumerate(
        [
            ("live", "Your teacher isn't here right now"),
            ("ended", "The lesson has ended"),
            ("live", "isn't here"),
        ],
        start=2,
    ):
        web.tell("lesson.changed", {"phase": phase}, seq=seq)
        expect(web.page.locator("main").get_by_text(words)).to_be_visible()


def test_a_second_tab_is_another_page_and_a_reload_the_same(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    context = new_person(STUDENT)
    page = context.new_page()
    clients: list[str] = []
    context.on("page", lambda opened: opened.on("websocket", lambda socket: clients.append(socket.url)))
    page.on("websocket", lambda socket: clients.append(socket.url))
    page.goto(classroom.url)
    expect(roster(page)).to_have_count(1)
    page.reload()
    expect(roster(page)).to_have_count(1)
    with context.expect_page() as opened:
        page.evaluate("url => void window.open(url)", classroom.url)
    expect(roster(opened.value)).to_have_count(1)
    assert clients[0] == clients[1] != clients[2]


def test_a_german_browser_reads_german(
    classroom: ClassRoom, lectern: Lectern, new_person: Callable[..., BrowserContext]
) -> None:
    page = new_person(STUDENT, locale="de-DE").new_page()
    page.goto(lectern.url)
    expect(page.get_by_role("heading", name="Stundenplan")).to_be_visible()
    page.goto(classroom.url)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("button", name="Beitreten").click()
    expect(page.get_by_text("Die Stunde beginnt, sobald Ihre Lehrkraft live geht")).to_be_visible()


def test_a_press_before_the_modules_are_there_is_kept(page: Page, classroom: ClassRoom) -> None:
    ScriptedWeb(page)
    held: list[Route] = []
    page.route("**/js/room/main.js", lambda route: held.append(route))
    page.goto(classroom.url, wait_until="commit")
    join = page.get_by_role("button", name="Join")
    join.click()
    expect(join).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    expect(page.get_by_text("The lesson starts when your teacher goes live")).to_be_visible()
