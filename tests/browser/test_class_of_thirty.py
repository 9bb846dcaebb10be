"""A whole class loses its relay: everyone is back in seconds, and the register is right."""

from __future__ import annotations

from tests.browser.conftest import ClassRoom
from tests.support.light_class import LightClass
from tests.support.room import BACK_SECONDS, PICTURE_SECONDS, go_through

IN_BROWSERS = 2
LIGHT = 28


def test_thirty_people_are_back_after_their_relay_was_killed(classroom: ClassRoom) -> None:
    teacher, student = classroom.live_teacher(), classroom.watching()
    keys = classroom.lectern.ask("sign_in_visitors", course=classroom.course, count=LIGHT)
    with LightClass(classroom.url, keys) as rest:
        student.expect_picture()
        teacher.wait_until(rest.all_watch, PICTURE_SECONDS, "not everyone has media")
        for room in (teacher, student):
            room.expect_people(LIGHT + IN_BROWSERS)
        present = classroom.present()
        assert len(present) == len(set(present)) == LIGHT + IN_BROWSERS
        (epoch,) = rest.epochs()
        go_through(classroom.lectern.kill_relay, (teacher, student))
        teacher.wait_until(
            lambda: rest.all_watch(not_epoch=epoch), BACK_SECONDS, "media is not back for everyone"
        )
        assert len(rest.epochs()) == 1
        student.expect_picture()
        student.expect_sound()
        assert classroom.present() == present
        assert classroom.row()["state"] == "live"
        student.expect_people(LIGHT + IN_BROWSERS)
