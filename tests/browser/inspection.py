"""What a page must never do or lack, in any state: axe's rules, targets, width, complaints of the browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, ViewportSize

AXE = (Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js").read_text()
SCHEMES: tuple[tuple[Literal["light", "dark"], list[str] | None], ...] = (
    ("light", None),
    ("dark", ["color-contrast"]),
)
"""With axe's rules for each: another scheme changes nothing but colours."""
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}
SIZES = (WIDE, NARROW)
TARGET = 44
"""Pixels: the least height and width of what is pressed (WCAG 2.5.5)."""

HAS_AXE = "() => 'axe' in window"
RUN_AXE = """
async (runOnly) => {
  const options = { resultTypes: ["violations"], ...(runOnly ? { runOnly } : {}) };
  const { violations } = await axe.run(document, options);
  return violations.map(
    (found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`
  );
}
"""
SMALL_TARGETS = """
(least) => [...document.querySelectorAll("button, select, a[href], input:not([type=hidden])")]
  .filter((element) => element.checkVisibility() && !element.closest(".skip-link"))
  .map((element) => [element, (element.closest("label") ?? element).getBoundingClientRect()])
  .filter(([, box]) => box.height < least || box.width < least)
  .map(([element, box]) => `${element.outerHTML.slice(0, 120)}: ${box.width} x ${box.height}`)
"""
SETTLED = "() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished))"
"""A colour on its way to another has neither's contrast."""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
VIOLATION_WITNESS = """
addEventListener("securitypolicyviolation", (event) => console.error(
  `policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


def inspect(page: Page) -> None:
    """Fails with what is wrong with the page, in both sizes and both schemes; leaves it as it was."""
    before = page.viewport_size
    for size in SIZES:
        page.set_viewport_size(size)
        for scheme, rules in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            where = f"{page.url} at {size['width']} px, {scheme}"
            inspect_as_it_is(page, where, rules)
        _expect_none(where, page.evaluate(SMALL_TARGETS, TARGET))
        assert page.evaluate(OVERFLOW) <= 0, f"{where} is wider than the window"
    if before:
        page.set_viewport_size(before)


def inspect_as_it_is(page: Page, where: str, rules: list[str] | None = None) -> None:
    """Fails with what axe finds in the page's present size and scheme, by all rules unless some are named."""
    page.evaluate(SETTLED)
    if not page.evaluate(HAS_AXE):
        page.evaluate(AXE)
    _expect_none(where, page.evaluate(RUN_AXE, rules))


def _expect_none(where: str, problems: list[str]) -> None:
    assert not problems, "\n".join([where, *problems])


@dataclass
class Complaints:
    """What the browser has to complain of on a page, and whom the page has asked for something."""

    site: str
    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def listen(self, page: Page) -> Complaints:
        """Listens from the next load on."""
        page.add_init_script(VIOLATION_WITNESS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", self._request)
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))
        return self

    def _console(self, message: ConsoleMessage) -> None:
        # An answer of 404 is what the test has asked for; the browser notes it all the same.
        if message.type in ("error", "warning") and "status of 404" not in message.text:
            self.said.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(urlsplit(request.url).netloc)

    def expect_none(self) -> None:
        """Fails with the first complaints, or with the first foreign host."""
        assert self.said == []
        assert self.hosts == {urlsplit(self.site).netloc}


def focused(page: Page) -> Any:
    """What has the focus: its visible text, its id or its label."""
    return page.evaluate(
        "() => ((it) => it.innerText || it.id || it.ariaLabel || it.localName)(document.activeElement).trim()"
    )
