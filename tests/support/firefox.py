"""The machine's Firefox, driven by Marionette, with fake devices."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from marionette_driver import By
from marionette_driver.marionette import Marionette

from tests.support.people import PASSWORD
from tests.support.processes import free_port, patience
from tests.support.servers import find_program

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": True,
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "extensions.getAddons.cache.enabled": False,
}
FIND_SECONDS = 15.0
POLL_SECONDS = 0.1

PICTURES = """
const video = document.querySelector(`video[data-slot="${arguments[0]}"]`);
return video && video.srcObject ? video.mozPaintedFrames : 0;
"""
PLAYS = """
const audio = document.querySelector(`audio[data-slot="${arguments[0]}"]`);
return Boolean(audio && !audio.paused && !audio.muted && audio.volume > 0 && audio.currentTime > 0);
"""
ENERGY = """
const [done] = arguments;
WebrtcGlobalInformation.getAllStats(({ reports }) => {
  const open = reports.filter((report) => !report.closed);
  const received = open.flatMap((report) => report.inboundRtpStreamStats);
  done(received.reduce((sum, stat) => sum + (stat.totalAudioEnergy ?? 0), 0));
});
"""
"""Asked of the browser itself: a page's own objects are out of a test's reach in Firefox."""
SENT = """
const [done] = arguments;
WebrtcGlobalInformation.getAllStats(({ reports }) => {
  const open = reports.filter((report) => !report.closed);
  const sent = open.flatMap((report) => report.outboundRtpStreamStats);
  done(sent.filter((stat) => stat.framesPerSecond > 0).map((stat) => stat.frameWidth));
});
"""


class Firefox:
    """One Firefox with one person in it."""

    def __init__(self, marionette: Marionette) -> None:
        self.marionette = marionette

    def wait_until(self, condition: Callable[[], Any], failure: str, seconds: float = FIND_SECONDS) -> Any:
        """Polls until the condition gives something true; returns that."""
        deadline = time.monotonic() + seconds * patience()
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{failure} at {self.marionette.get_url()}"
            time.sleep(POLL_SECONDS)
        return found

    def open(self, url: str) -> None:
        """Loads a page."""
        self.marionette.navigate(url)

    def sign_in(self, url: str, email: str) -> None:
        """Signs in by the form."""
        self.open(f"{url}/accounts/login/")
        self.marionette.find_element(By.NAME, "login").send_keys(email)
        self.marionette.find_element(By.NAME, "password").send_keys(PASSWORD)
        self.press("Sign in")
        self.wait_until(lambda: "/accounts/login" not in self.marionette.get_url(), "the sign-in goes on")

    def _button(self, name: str) -> Any:
        for button in self.marionette.find_elements(By.CSS_SELECTOR, "button"):
            label = button.get_attribute("aria-label") or button.text
            if label.strip() == name and button.is_displayed():
                return button
        return None

    def press(self, name: str) -> None:
        """Presses the button with that name as soon as it is to be seen."""
        self.wait_until(lambda: self._button(name), f"no button {name}").click()

    def has_button(self, name: str) -> bool:
        """Whether there is a visible button with that name."""
        return self._button(name) is not None

    def state(self) -> str:
        """The room's connection state."""
        root = self.marionette.find_element(By.CSS_SELECTOR, "[data-connection-state]")
        return str(root.get_attribute("data-connection-state"))

    def pictures(self, slot: str) -> int:
        """How many pictures of a slot were painted so far."""
        return int(self.marionette.execute_script(PICTURES, [slot]))

    def plays(self, slot: str) -> bool:
        """Whether the sound of a slot is being played."""
        return bool(self.marionette.execute_script(PLAYS, [slot]))

    def audio_energy(self) -> float:
        """How much sound all open connections have brought."""
        with self.marionette.using_context("chrome"):
            return float(self.marionette.execute_async_script(ENERGY))

    def sent_widths(self) -> set[int]:
        """How wide the pictures are that it sends now, of each layer."""
        with self.marionette.using_context("chrome"):
            return {int(width) for width in self.marionette.execute_async_script(SENT)}


@contextmanager
def firefox() -> Iterator[Firefox]:
    """A Firefox for the time of the block."""
    binary = find_program("firefox-esr", "firefox-esr")
    # Marionette deletes whatever file its log is to be: it gets a folder of its own.
    with tempfile.TemporaryDirectory(prefix="lectern-firefox-", ignore_cleanup_errors=True) as folder:
        marionette = Marionette(
            bin=binary, headless=True, prefs=PREFERENCES, port=free_port(), gecko_log=folder, workspace=folder
        )
        try:
            marionette.start_session()
            marionette.timeout.script = round(FIND_SECONDS * patience())
            yield Firefox(marionette)
        finally:
            marionette.cleanup()
