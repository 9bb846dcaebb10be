"""The admin's page of relays in a real browser: plots that move, without a word of the content policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import run_lectern
from tests.browser.inspection import Complaints
from tests.support.lectern import Lectern

PAGE = "/admin/classroom/relay/"
PLOTS = 8
DRAWN_MS = 20_000
LINES = """
() => [...document.querySelectorAll(".relay-plots canvas")].map((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.some((value, index) => index % 4 === 3 && value > 0);
})
"""

OVERHANG = """
() => Math.max(
  ...[...document.querySelectorAll(".relay-plots figure")].map((it) => it.scrollWidth - it.clientWidth),
)
"""


@pytest.fixture(scope="module")
def lectern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lectern]:
    """An installation of its own: other tests' lessons would keep its only relay from stopping."""
    yield from run_lectern(tmp_path_factory.mktemp("relays-page"))


@pytest.fixture
def staff(lectern: Lectern, new_person: Callable[..., BrowserContext]) -> BrowserContext:
    """A browser of the platform's staff."""
    return new_person(lectern.cast["staff"])


def open_page(lectern: Lectern, context: BrowserContext) -> tuple[Page, Complaints]:
    """The page of relays, once its plots are drawn."""
    page = context.new_page()
    complaints = Complaints(lectern.url).listen(page)
    page.goto(lectern.url + PAGE)
    expect(page.locator(".relay-plots[data-state=live]")).to_be_attached()
    expect(page.locator(".relay-plots canvas")).to_have_count(PLOTS)
    return page, complaints


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_is_drawn_and_goes_on(
    lectern: Lectern, staff: BrowserContext, width: int, scheme: str
) -> None:
    page, complaints = open_page(lectern, staff)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with page.expect_response(lambda answer: "since=" in answer.url, timeout=DRAWN_MS) as answer:
        pass
    assert answer.value.ok
    assert page.evaluate(LINES) == [True] * PLOTS
    widest = page.evaluate(OVERHANG)
    assert widest <= 0
    for plot in page.locator(".relay-plots figure").all():
        expect(plot.locator(".u-legend")).to_be_attached()
        expect(plot.locator(".u-value").last).not_to_have_text("-")
    expect(page.locator(".relays-full")).to_be_hidden()
    complaints.expect_none()


def test_a_relay_is_drained_by_two_presses_and_starts_again(lectern: Lectern, staff: BrowserContext) -> None:
    page, complaints = open_page(lectern, staff)
    before = lectern.relay_pid()
    page.get_by_role("link", name="Drain …").click()
    page.get_by_role("button", name="Drain").click()
    expect(page.locator(".messagelist")).to_contain_text("stops")
    complaints.expect_none()
    lectern.wait_for_another_relay(before)
