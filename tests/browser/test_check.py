"""The device check in real Chromium, with a real relay, with blocked devices and a blocked network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.browser.inspection import inspect
from tests.support.browsers import DEVICES, launch_chromium
from tests.support.lectern import Lectern
from tests.support.path import leads_through
from tests.support.processes import free_port

NewPerson = Callable[..., BrowserContext]
NETWORK_MILLISECONDS = 60_000
SOME_LOSS = 0.02
"""A busy machine drops a packet now and then."""


@pytest.fixture(scope="module")
def chromium_that_asks(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with fake devices, whose permission questions nobody answers with yes."""
    browser = launch_chromium(playwright, [DEVICES, "--deny-permission-prompts"], whole=True)
    yield browser
    browser.close()


def open_check(context: BrowserContext, lectern: Lectern) -> Page:
    """The page of the check, begun."""
    page = context.new_page()
    page.goto(f"{lectern.url}/check/")
    page.get_by_role("button", name="Start the check").click()
    return page


def expect_part(page: Page, part: str, status: str, advice: str) -> None:
    """Waits for what the page says of a part."""
    row = page.locator(f'[data-part="{part}"]')
    expect(row).to_have_attribute("data-status", status, timeout=NETWORK_MILLISECONDS)
    expect(row.locator(".part__advice")).to_contain_text(advice)


def test_all_is_well_and_the_result_is_kept(lectern: Lectern, new_person: NewPerson) -> None:
    page = open_check(new_person(lectern.cast["student1"]), lectern)
    expect_part(page, "browser", "ok", "all that a lesson needs")
    expect_part(page, "camera", "ok", "You see yourself")
    expect_part(page, "microphone", "ok", "You are heard")
    expect_part(page, "network", "ok", "come through")
    expect(page.get_by_role("button", name="Yes, I heard it")).to_be_visible()
    inspect(page)
    page.get_by_role("button", name="Yes, I heard it").click()
    expect_part(page, "speaker", "ok", "You hear")
    expect(page.locator("#check-sentence")).to_have_text("All is well: you are ready for your lessons.")
    found = lectern.ask("device_checks", email=lectern.cast["student1"])
    assert [row["network"] for row in found] == ["ok"]
    assert found[0]["camera"] == found[0]["microphone"] == found[0]["speaker"] == "ok"
    assert found[0]["rtt_ms"] is not None
    assert 0 <= found[0]["loss"] < SOME_LOSS
    page.reload()
    expect(page.get_by_text("Checked before")).to_be_visible()
    assert lectern.ask("check_runs") == 0


def test_a_blocked_camera_is_told_in_plain_words(
    lectern: Lectern, new_person: NewPerson, chromium_that_asks: Browser
) -> None:
    page = open_check(new_person(lectern.cast["student2"], browser=chromium_that_asks), lectern)
    expect_part(page, "camera", "blocked", "The camera isn't allowed")
    expect_part(page, "microphone", "blocked", "The microphone isn't allowed")
    expect_part(page, "network", "ok", "come through")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#check-sentence")).to_contain_text("follow the advice")
    found = lectern.ask("device_checks", email=lectern.cast["student2"])
    assert (found[0]["camera"], found[0]["speaker"], found[0]["network"]) == ("blocked", "failed", "ok")


def test_a_network_that_holds_udp_back_is_told_with_what_the_school_must_open(
    lectern: Lectern, new_person: NewPerson
) -> None:
    context = new_person(lectern.cast["student3"])
    context.add_init_script(leads_through(free_port()))
    page = open_check(context, lectern)
    expect_part(page, "network", "blocked", "your network holds UDP back")
    inspect(page)
    expect(page.locator("#check-school")).to_contain_text(f"UDP {lectern.media_port}")
    assert lectern.ask("device_checks", email=lectern.cast["student3"])[0]["network"] == "blocked"
