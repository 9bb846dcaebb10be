"""A video that is played to all: together, steered by the teacher alone, found again by who was away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.conftest import ClassRoom
from tests.support import files
from tests.support.browsers import DEVICES, GRANT, launch_chromium
from tests.support.materials import add_file, expect_note, show
from tests.support.processes import patience
from tests.support.room import Room, go_through

SECONDS = 40.0
REFUSED_MILLISECONDS = 2_000
APART = 0.35
"""So far apart, in seconds, may players on one busy machine be; on a quiet one it is less than a tenth."""

PLACE = "() => document.querySelector('#video-player').currentTime"
IS_PLAYING = (
    "() => { const p = document.querySelector('#video-player'); return !p.paused && p.readyState > 2; }"
)
MOMENT = """
() => {
  const player = document.querySelector("#video-player");
  const isPlaying = !player.paused && player.readyState > 2;
  return player.currentTime - (isPlaying ? Date.now() / 1000 : 0);
}
"""
"""The place, while it plays less the time: alike for all who are together, whenever each is asked."""
GREY = """
() => {
  const canvas = new OffscreenCanvas(8, 8);
  const context = canvas.getContext("2d");
  context.drawImage(document.querySelector("#video-player"), 0, 0, 8, 8);
  return context.getImageData(4, 4, 1, 1).data[0];
}
"""


def place(room: Room) -> float:
    """Where the person's player is, in seconds."""
    return float(room.page.evaluate(PLACE))


def expect_together(rooms: list[Room]) -> None:
    """Waits until all are at one place, and play or do not play alike."""

    def are_together() -> bool:
        moments = [room.page.evaluate(MOMENT) for room in rooms]
        return bool(max(moments) - min(moments) < APART)

    rooms[0].wait_until(are_together, 20, "the players are apart")


def expect_playing(room: Room, *, is_playing: bool) -> None:
    """Waits until the player plays, or does not."""
    room.wait_until(lambda: room.page.evaluate(IS_PLAYING) == is_playing, 20, f"playing is not {is_playing}")


def expect_at(room: Room, seconds: float) -> None:
    """Waits until the player is at that place."""
    room.wait_until(lambda: abs(place(room) - seconds) < 0.1, 20, f"not at {seconds} s")


def button(room: Room, name: str) -> Any:
    """One of the buttons of the video."""
    return room.page.locator("#video").get_by_role("button", name=name, exact=True)


@pytest.fixture
def lesson(classroom: ClassRoom, request: pytest.FixtureRequest) -> list[Room]:
    """A teacher who plays a film, WebM unless a test says otherwise, and two students who see it."""
    teacher = classroom.heard_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    expect_note(add_file(teacher, "film", files.make_film(getattr(request, "param", "webm"), SECONDS)), "kB")
    show(teacher, "film")
    for room in (teacher, *students):
        expect(room.page.locator("#video-player")).to_be_visible()
        expect_playing(room, is_playing=False)
    button(teacher, "Play to all").click()
    return [teacher, *students]


@pytest.mark.parametrize("lesson", ["webm", "mp4"], indirect=True)
def test_all_see_the_same_moment_and_the_teacher_steers(classroom: ClassRoom, lesson: list[Room]) -> None:
    teacher, student, _other = lesson
    for room in lesson:
        expect_playing(room, is_playing=True)
    expect_together(lesson)
    button(teacher, "Pause for all").click()
    for room in lesson:
        expect_playing(room, is_playing=False)
    expect_together(lesson)
    slider = teacher.page.get_by_label("Place in the video")
    slider.fill("30")
    slider.dispatch_event("change")
    for room in lesson:
        expect_at(room, 30)
        # What is seen is what belongs there: of 40 s that rise from black to white.
        assert abs(room.page.evaluate(GREY) - 255 * 30 / SECONDS) < 25
    for kind, body in (("video.play", {}), ("video.seek", {"position_ms": 0}), ("video.close", {})):
        reply = student.say(kind, body)
        assert reply is not None
        assert reply["error"]["code"] == "forbidden"
    late = classroom.watching("student3")
    late.wait_until(lambda: abs(place(late) - 30) < 0.1, 20, "who comes late is elsewhere")
    button(teacher, "Play to all").click()
    expect_together([*lesson, late])
    button(teacher, "Close the video").click()
    for room in lesson:
        expect(room.page.locator("[data-surface=video]")).to_be_hidden()


def test_a_player_that_fell_behind_or_was_reloaded_is_with_the_others_again(
    classroom: ClassRoom, lesson: list[Room]
) -> None:
    teacher, student, other = lesson
    for room in lesson:
        expect_playing(room, is_playing=True)
    student.page.evaluate("() => { document.querySelector('#video-player').currentTime += 8; }")
    other.page.reload()
    expect_playing(other, is_playing=True)
    expect_together(lesson)
    go_through(classroom.lectern.restart_web, lesson)
    expect_together(lesson)
    button(teacher, "Pause for all").click()
    for room in lesson:
        expect_playing(room, is_playing=False)


def test_a_film_that_browsers_do_not_know_is_told_at_once_and_not_offered_to_the_class(
    classroom: ClassRoom,
) -> None:
    teacher = classroom.room("teacher")
    row = add_file(teacher, "film.mp4", files.make_film("mp4", 2, "libx265"))
    expect_note(row, "Browsers can't play it: save it as MP4 (H.264).")
    expect(row.locator("[data-file-action=show]")).to_be_hidden()


def damaged_film() -> bytes:
    """H.264 whose description is of a version that there is not."""
    return files.make_film("mp4").replace(b"avcC\x01", b"avcC\x07")


def film_with_sound_alone() -> bytes:
    """A film in H.265, which Chromium doesn't know here, that speaks of H.264 besides."""
    return files.make_film("mp4", codec="libx265", title="avc1")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (damaged_film, "can't play this video"),
        (film_with_sound_alone, "can't show this video's picture"),
    ],
)
def test_whoever_cannot_see_a_film_reads_why_until_another_is_shown(
    classroom: ClassRoom, make: Callable[[], bytes], sentence: str
) -> None:
    teacher = classroom.heard_teacher()
    students = [classroom.watching("student1"), classroom.watching("student2")]
    for name, content in (("film", make()), ("other", files.make_film("webm", SECONDS))):
        expect_note(add_file(teacher, name, content), "kB")
    show(teacher, "film")
    button(teacher, "Play to all").click()
    for room in (teacher, *students):
        expect(room.page.locator("#video-problem")).to_contain_text(sentence)
        expect(room.page.locator("#video-problem")).to_contain_text(
            "Tell your teacher, or try another browser."
        )
    students[0].page.reload()
    expect(students[0].page.locator("#video-problem")).to_contain_text(sentence)
    show(teacher, "other")
    button(teacher, "Play to all").click()
    for room in (teacher, *students):
        expect_playing(room, is_playing=True)
        expect(room.page.locator("#video-problem")).to_be_hidden()


def test_a_film_whose_bytes_stop_coming_goes_on_by_itself(classroom: ClassRoom) -> None:
    teacher = classroom.heard_teacher()
    student = classroom.room("student1").join()
    lost: list[str] = []

    def lose_once(route: Any) -> None:
        lost.append(route.request.url)
        if len(lost) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    student.page.route("**/video/", lose_once)
    expect_note(add_file(teacher, "film", files.make_film("webm", SECONDS)), "kB")
    show(teacher, "film")
    button(teacher, "Play to all").click()
    expect_playing(teacher, is_playing=True)
    student.wait_until(lambda: lost, 20, "nothing was asked for")
    classroom.lectern.restart_web()
    expect_playing(student, is_playing=True)
    expect(student.page.locator("#video-problem")).to_be_hidden()
    expect_together([teacher, student])


@pytest.fixture
def strict_chromium(playwright: Playwright) -> Any:
    """Chromium that plays no sound before somebody has pressed something."""
    browser = launch_chromium(playwright, (DEVICES, GRANT, "--autoplay-policy=user-gesture-required"))
    yield browser
    browser.close()


def test_a_browser_that_wants_a_gesture_shows_the_picture_and_asks_for_it(
    classroom: ClassRoom, strict_chromium: Browser
) -> None:
    teacher = classroom.heard_teacher()
    expect_note(add_file(teacher, "film", files.make_film("webm", SECONDS)), "kB")
    show(teacher, "film")
    button(teacher, "Play to all").click()
    student = classroom.room("student1", browser=strict_chromium).join()
    expect_playing(student, is_playing=True)
    with student.page.expect_response(lambda response: response.url.endswith("/video/")):
        student.page.reload()
    # What a test asks of a page counts as a gesture in it, so nothing is asked before it was refused.
    student.page.wait_for_timeout(REFUSED_MILLISECONDS * patience())
    ask = student.button("Turn the sound on")
    expect(ask).to_be_visible()
    expect_playing(student, is_playing=True)
    assert student.page.evaluate("() => document.querySelector('#video-player').muted")
    ask.click()
    expect(ask).to_be_hidden()
    assert not student.page.evaluate("() => document.querySelector('#video-player').muted")
    expect_together([teacher, student])
