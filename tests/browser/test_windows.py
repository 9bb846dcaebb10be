"""The main picture over the whole screen, and in a window of its own that goes on beside other work."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import ClassRoom
from tests.support.room import CAMERA, SCREEN, Room

AWAY_SECONDS = 25.0
"""A page that nobody looks at gives its picture up after ten."""
FULL = "() => document.fullscreenElement?.id ?? ''"
WINDOW = "() => document.pictureInPictureElement?.dataset.slot ?? ''"
HIDE = """
() => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


def expect_full(room: Room, element: str) -> None:
    """Waits until that element of the page fills the screen; empty for none."""
    room.wait_until(lambda: room.page.evaluate(FULL) == element, 10, f"{element or 'nothing'} isn't full")


def expect_window(room: Room, slot: str) -> None:
    """Waits until that slot's picture has a window of its own; empty for none."""
    room.wait_until(lambda: room.page.evaluate(WINDOW) == slot, 10, f"{slot or 'nothing'} has no window")


def full_screen_entry(room: Room) -> None:
    """Opens the menu and chooses full screen."""
    room.button("More").click()
    room.page.get_by_role("menuitemcheckbox", name="Full screen").click()


def toggle_window(room: Room, surface: str) -> None:
    """Presses the button at a surface that gives its picture a window, or takes it back."""
    place = room.page.locator(f"[data-surface={surface}]")
    place.hover()
    place.get_by_role("button", name="In a window of its own").click()


def test_the_room_fills_the_screen_and_keeps_its_controls(classroom: ClassRoom) -> None:
    classroom.live_teacher()
    student = classroom.watching()
    student.expect_picture()
    before = student.page.locator("[data-surface=camera]").bounding_box()
    full_screen_entry(student)
    expect_full(student, "room")
    entry = student.page.locator('[data-action="fullscreen"]')
    expect(entry).to_have_attribute("aria-checked", "true")
    expect(student.page.locator("#connection-text")).to_be_visible()
    expect(student.button("Leave")).to_be_visible()
    after = student.page.locator("[data-surface=camera]").bounding_box()
    assert before
    assert after
    assert after["height"] >= before["height"]
    student.expect_picture()
    student.page.keyboard.press("f")
    expect_full(student, "")
    expect(entry).to_have_attribute("aria-checked", "false")
    student.page.keyboard.press("f")
    expect_full(student, "room")
    full_screen_entry(student)
    expect_full(student, "")
    assert student.peers() == 1


def test_the_picture_goes_on_in_a_window_of_its_own_while_nobody_sees_the_page(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student, other = classroom.watching("student1"), classroom.watching("student2")
    for room in (student, other):
        room.expect_picture()
    toggle_window(student, "camera")
    expect_window(student, CAMERA)
    for room in (student, other):
        room.page.evaluate(HIDE)
    # Who has no such window gets no picture any more: by then the other one would have lost it, too.
    other.expect_no_picture(CAMERA, AWAY_SECONDS)
    student.expect_picture(CAMERA)
    # What is large on the stage may change; the window stays with the picture that was put there.
    teacher.button("Share screen").click()
    expect(student.page.locator("[data-surface=screen]")).to_have_attribute("data-place", "main")
    expect_window(student, CAMERA)
    student.page.evaluate("() => document.exitPictureInPicture()")
    student.expect_no_picture(CAMERA, AWAY_SECONDS)


def test_the_window_changes_with_the_surface_that_is_asked_for_and_closes_again(classroom: ClassRoom) -> None:
    teacher = classroom.live_teacher()
    student = classroom.watching()
    teacher.button("Share screen").click()
    student.expect_picture(SCREEN)
    toggle_window(student, "screen")
    expect_window(student, SCREEN)
    toggle_window(student, "screen")
    expect_window(student, "")
    # The small ones have none: they become large first.
    expect(student.page.locator("[data-surface=camera] .tool--window")).to_be_hidden()
    toggle_window(student, "screen")
    expect_window(student, SCREEN)
    student.page.locator("[data-surface=camera]").get_by_role("button", name="Large for me").click()
    toggle_window(student, "camera")
    expect_window(student, CAMERA)
    # A picture that is over takes its window with it.
    toggle_window(student, "camera")
    expect_window(student, "")
