"""Cameras and microphones: refused, missing, chosen among several; addresses hidden by mDNS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.conftest import ClassRoom
from tests.support.browsers import DEVICES, OTHER_CAMERA, launch_chromium
from tests.support.room import PICTURE_SECONDS

PERMISSIONS = ["camera", "microphone"]


@pytest.fixture(scope="module")
def asking_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with fake devices that grants only what its profile grants, and hides addresses until then."""
    browser = launch_chromium(playwright, (DEVICES,), whole=True)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def bare_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium on a machine without camera and microphone."""
    browser = launch_chromium(playwright, ("--use-fake-ui-for-media-stream",), whole=True)
    yield browser
    browser.close()


def test_a_refused_permission_is_explained(classroom: ClassRoom, asking_chromium: Browser) -> None:
    teacher = classroom.room("teacher", browser=asking_chromium)
    for source in PERMISSIONS:
        problem = teacher.page.locator(f"#{source}-problem")
        expect(problem).to_be_visible()
        expect(problem).to_contain_text("allow")


def test_a_missing_device_is_explained(classroom: ClassRoom, bare_chromium: Browser) -> None:
    teacher = classroom.room("teacher", browser=bare_chromium)
    for source in PERMISSIONS:
        problem = teacher.page.locator(f"#{source}-problem")
        expect(problem).to_be_visible()
        expect(problem).to_contain_text(source)


def test_a_teacher_without_any_device_can_still_go_live(classroom: ClassRoom, bare_chromium: Browser) -> None:
    classroom.room("teacher", browser=bare_chromium).go_live()
    student = classroom.watching()
    student.expect_state("connected")
    assert classroom.row()["sources"] == []


def test_granted_devices_connect_although_addresses_are_hidden(
    classroom: ClassRoom, asking_chromium: Browser
) -> None:
    teacher = classroom.room("teacher", browser=asking_chromium, permissions=PERMISSIONS).go_live()
    teacher.expect_state("connected")
    student = classroom.watching("student1", browser=asking_chromium)
    student.expect_picture()
    student.expect_sound()


def test_another_camera_can_be_chosen(classroom: ClassRoom) -> None:
    teacher = classroom.room("teacher")
    used = "() => document.querySelector('video[data-local=\"camera\"]').srcObject?.getVideoTracks()[0].label"
    teacher.wait_until(lambda: teacher.page.evaluate(used), PICTURE_SECONDS, "no preview")
    assert teacher.page.evaluate(used) != OTHER_CAMERA
    teacher.page.get_by_label("Choose a camera").select_option(label=OTHER_CAMERA)
    teacher.wait_until(
        lambda: teacher.page.evaluate(used) == OTHER_CAMERA,
        PICTURE_SECONDS,
        "the first camera is still in use",
    )
    teacher.go_live()
    classroom.watching().expect_picture()
