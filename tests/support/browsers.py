"""Real Chromium with a fake camera and microphone, and people who sign in with it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.support.lectern import Lectern
from tests.support.people import PASSWORD
from tests.support.servers import find_program

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEVICES = "--use-fake-device-for-media-stream=fps=20,device-count=3"
SLOW_DEVICES = DEVICES.replace("fps=20", "fps=5")
"""For whoever needs a picture but not many: encoding it three times is most of what a test costs."""
"""The second of these fake cameras gives depths, which WebRTC doesn't send: the other camera is the third."""
OTHER_CAMERA = "fake_device_2"
GRANT = "--use-fake-ui-for-media-stream"
"""Answers every permission question with yes; hides mDNS candidates, too."""
PAGE_MILLISECONDS = 30_000

WITNESS = """
(() => {
  const seen = { peers: [], sockets: [], states: [] };
  Object.defineProperty(window, "seenByTests", { value: seen });
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Peer {
    constructor(...options) {
      super(...options);
      seen.peers.push(this);
    }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class WebSocket extends Socket {
    constructor(...options) {
      super(...options);
      const entry = { socket: this, code: null };
      seen.sockets.push(entry);
      this.addEventListener("close", (event) => (entry.code = event.code));
    }
  };
  const note = (records) => {
    for (const { target } of records) {
      const state = target.dataset.connectionState;
      if (state !== seen.states.at(-1)) seen.states.push(state);
    }
  };
  new MutationObserver(note).observe(document, { subtree: true, attributeFilter: ["data-connection-state"] });
})();
"""
"""Lets a test see a page's connections and the states it went through, without any hook in the product."""


def launch_chromium(
    playwright: Playwright, flags: Sequence[str] = (DEVICES, GRANT), *, whole: bool = False
) -> Browser:
    """Starts the machine's Chromium, headless; without what is around pages, unless a test wants it whole.

    The window around them is drawn for every person, seen or not, and costs a third of the time; it is what
    asks for permissions and plays files as microphones.
    """
    shell = None if whole else shutil.which("chromium-headless-shell")
    program = shell or find_program("chromium", "chromium")
    return playwright.chromium.launch(executable_path=program, headless=True, args=[*FLAGS, *flags])


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser profile of one person, with a witness in each of its pages."""
    context = browser.new_context(**options)
    context.set_default_timeout(PAGE_MILLISECONDS)
    context.add_init_script(WITNESS)
    return context


def sign_in_by_form(page: Page, url: str, email: str, password: str = PASSWORD) -> None:
    """Signs in as a person does."""
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/accounts/login" not in address)


def csrf_token(html: str) -> str:
    """The token of the first form in a page."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
    assert found, f"no form in this page:\n{html[:2000]}"
    return found.group(1)


def post_form(context: BrowserContext, url: str, fields: dict[str, str]) -> str:
    """Loads the page at the address and sends its form; returns the page that follows."""
    token = csrf_token(context.request.get(url).text())
    answer = context.request.post(
        url, form={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": url}, max_redirects=5
    )
    assert answer.ok, f"{url} answered {answer.status}:\n{answer.text()[:2000]}"
    return answer.text()


def sign_in(context: BrowserContext, lectern: Lectern, email: str) -> None:
    """Signs in without a page, and without the half second of a core that it takes to hash a password."""
    key = lectern.ask("sign_in", email=email)
    context.add_cookies([{"name": "sessionid", "value": key, "url": lectern.url}])
