"""WCAG 2.2 AA by axe, targets of 44 px and no sideways scrolling: every page and every state of the room."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import Complaints, focused, inspect, inspect_as_it_is
from tests.support.lectern import Lectern
from tests.support.people import PASSWORD
from tests.support.room import Room

OPEN_PAGES = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-bad/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/nothing-here/",
)
MEMBERS_PAGES = ("/", "/accounts/logout/", "/accounts/password/change/")


def test_every_page_before_signing_in(lectern: Lectern, new_person: Callable[..., BrowserContext]) -> None:
    page = new_person().new_page()
    complaints = Complaints(lectern.url).listen(page)
    for path in OPEN_PAGES:
        page.goto(lectern.url + path)
        inspect(page)
    page.goto(f"{lectern.url}/accounts/login/")
    page.get_by_label("Email").fill("nobody@demo.school")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    inspect(page)
    complaints.expect_none()


def test_every_page_of_a_member(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    page = new_person("student1@demo.school").new_page()
    complaints = Complaints(lectern.url).listen(page)
    for path in MEMBERS_PAGES:
        page.goto(lectern.url + path)
        inspect(page)
    page.goto(lectern.room_url(lectern.cast["other_lesson"]))
    expect(page.get_by_role("heading", name="This room isn't open to you")).to_be_visible()
    inspect(page)
    complaints.expect_none()


def enter(page: Page, lectern: Lectern, classroom: ClassRoom) -> tuple[Room, Complaints]:
    """A page in the class's room, and what its browser complains of."""
    complaints = Complaints(lectern.url).listen(page)
    return Room(page, classroom.url).open(), complaints


def test_the_room_from_the_door_to_the_end(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    teacher, of_teacher = enter(new_person("teacher@demo.school").new_page(), lectern, classroom)
    student, of_student = enter(new_person("student1@demo.school").new_page(), lectern, classroom)
    student.expect_state("connected")
    inspect(student.page)
    student.join()
    student.expect_words("The lesson starts when your teacher goes live")
    inspect(student.page)
    expect(teacher.page.locator("#camera-picker")).to_be_enabled()
    inspect(teacher.page)
    teacher.go_live()
    student.expect_picture()
    inspect(student.page)
    teacher.button("Share screen").click()
    expect(student.page.locator('video[data-slot="teacher-screen"]')).to_be_visible()
    for room in (teacher, student):
        inspect(room.page)
    teacher.button("Camera").click()
    teacher.button("Microphone").click()
    expect(student.page.get_by_text("Microphone off:")).to_be_attached()
    for room in (teacher, student):
        inspect(room.page)
    teacher.button("End broadcast").click()
    inspect(teacher.page)
    teacher.button("End now").click()
    for room in (teacher, student):
        room.expect_state("ended")
        inspect(room.page)
    of_teacher.expect_none()
    of_student.expect_none()


def test_the_room_that_is_closed_to_a_person(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    context = new_person("student2@demo.school")
    room, complaints = enter(context.new_page(), lectern, classroom)
    room.expect_state("connected")
    other = context.new_page()
    other.goto(lectern.url)
    other.get_by_role("button", name="Sign out").click()
    room.expect_state("failed")
    room.expect_words("You have been signed out")
    inspect(room.page)
    complaints.expect_none()


def test_signing_in_and_joining_with_the_keyboard_alone(
    lectern: Lectern, classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    page = new_person().new_page()
    page.goto(f"{lectern.url}/accounts/login/?next={classroom.url.removeprefix(lectern.url)}")
    while focused(page) != "id_login":
        page.keyboard.press("Tab")
    page.keyboard.type("student3@demo.school")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(classroom.url)
    room = Room(page, classroom.url)
    room.expect_state("connected")
    for _ in range(12):
        page.keyboard.press("Tab")
        if focused(page) == "Join":
            break
    page.keyboard.press("Space")
    room.expect_words("The lesson starts when your teacher goes live")


def test_the_teachers_shortcuts_and_focus(classroom: ClassRoom) -> None:
    teacher = classroom.room("teacher")
    microphone, camera = teacher.button("Microphone"), teacher.button("Camera")
    expect(camera).to_have_attribute("aria-pressed", "true")
    teacher.page.keyboard.press("m")
    expect(microphone).to_have_attribute("aria-pressed", "false")
    teacher.page.keyboard.press("v")
    expect(camera).to_have_attribute("aria-pressed", "false")
    teacher.button("Go live").focus()
    teacher.page.keyboard.press("Enter")
    expect(teacher.button("End broadcast")).to_be_visible()
    # The pressed button is gone; the next Tab must not start at the top of the page again.
    teacher.page.keyboard.press("Tab")
    assert focused(teacher.page) not in ("body", "Skip to the content")


def test_the_list_of_people_takes_and_returns_the_focus(classroom: ClassRoom) -> None:
    student = classroom.room("student1", viewport={"width": 390, "height": 844})
    student.expect_state("connected")
    panel = student.page.get_by_role("complementary", name="Side panel")
    opener = student.page.locator("[data-opener='people']")
    expect(panel).to_be_hidden()
    opener.focus()
    student.page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    assert focused(student.page) == "People"
    inspect_as_it_is(student.page, "the list of people")
    student.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()
