"""The room's page as a test sees it: buttons, words, and what really arrives as picture and sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.browsers import sign_in_by_form

CAMERA = "teacher-camera"
SCREEN = "teacher-screen"
MICROPHONE = "teacher-microphone"
ROOT = "[data-connection-state]"

FRAMES_PER_SECOND = 10.0
"""What a student must at least decode."""
PICTURE_SECONDS = 20.0
"""How long a picture or a sound may take on a busy machine; a quiet one needs a tenth of a second."""
BACK_SECONDS = 10.0
"""How long the way back may take after a fault."""
MEASURED_MILLISECONDS = 1500
POLL_MILLISECONDS = 100

RECEIVED = """
async (slot) => {
  const element = document.querySelector(`[data-slot="${slot}"]`);
  const tracks = element?.srcObject?.getTracks() ?? [];
  for (const peer of window.seenByTests.peers) {
    for (const receiver of peer.signalingState === "closed" ? [] : peer.getReceivers()) {
      if (!tracks.includes(receiver.track)) continue;
      for (const stat of (await receiver.getStats()).values()) {
        if (stat.type === "inbound-rtp") {
          return {
            frames: stat.framesDecoded ?? 0,
            energy: stat.totalAudioEnergy ?? 0,
            packets: stat.packetsReceived ?? 0,
            width: stat.frameWidth ?? 0,
            time: performance.now(),
          };
        }
      }
    }
  }
  return null;
}
"""

PICTURE = """
(slot) => {
  const video = document.querySelector(`video[data-slot="${slot}"]`);
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, 64, 36);
  return Array.from(context.getImageData(0, 0, 64, 36).data.filter((_, index) => index % 4 < 3));
}
"""

SOCKET_CODES = "() => window.seenByTests.sockets.map((entry) => entry.code)"

BY_HAND = """
async ({ path, requests }) => {
  const address = new URL(path, location.href.replace(/^http/, "ws"));
  const socket = new WebSocket(address);
  const replies = {};
  let code = null;
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onclose = (event) => { code = event.code; resolve(false); };
  });
  if (!opened) return { opened, code, replies };
  socket.onclose = (event) => { code = event.code; };
  for (const [index, [type, body]] of requests.entries()) {
    const id = index + 1;
    replies[type] = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), 8000);
      socket.onmessage = (event) => {
        const message = JSON.parse(event.data);
        if (message.id !== id) return;
        clearTimeout(timer);
        resolve(message);
      };
      socket.send(JSON.stringify({ id, type, body }));
    });
  }
  socket.onclose = null;
  socket.close();
  return { opened, code, replies };
}
"""


class Room:
    """One person's page of a room."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.path = "/ws/lessons/" + url.rstrip("/").split("/")[-2] + "/"

    def open(self) -> Room:
        """Loads the room."""
        self.page.goto(self.url)
        return self

    # What a person does

    def button(self, name: str) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def join(self) -> Room:
        """Presses `Join`."""
        self.button("Join").click()
        return self

    def go_live(self) -> Room:
        """Presses `Go live` and waits until the button has done its work."""
        self.button("Go live").click()
        expect(self.button("End broadcast")).to_be_visible(timeout=PICTURE_SECONDS * 1000)
        return self

    # What a person sees

    def expect_state(self, state: str, seconds: float = PICTURE_SECONDS) -> None:
        """Waits for a connection state."""
        expect(self.page.locator(ROOT)).to_have_attribute(
            "data-connection-state", state, timeout=seconds * 1000
        )

    def state(self) -> str | None:
        """The connection state that the page shows."""
        return self.page.locator(ROOT).get_attribute("data-connection-state")

    def expect_words(self, words: str, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until a text is to be seen somewhere."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=seconds * 1000)

    # What really arrives

    def received(self, slot: str) -> dict[str, float] | None:
        """The browser's own figures for what fills a slot; None while nothing does."""
        figures: dict[str, float] | None = self.page.evaluate(RECEIVED, slot)
        return figures

    def decoded_frames(self, slot: str = CAMERA) -> float:
        """How many pictures of a slot have been decoded on its present connection."""
        return (self.received(slot) or {}).get("frames", 0)

    def audio_energy(self, slot: str = MICROPHONE) -> float:
        """How much sound a slot has brought on its present connection."""
        return (self.received(slot) or {}).get("energy", 0)

    def frames_per_second(self, slot: str = CAMERA) -> float:
        """How many pictures a second a slot brings, measured for a moment."""
        before = self.received(slot)
        self.page.wait_for_timeout(MEASURED_MILLISECONDS)
        after = self.received(slot)
        if before is None or after is None or after["frames"] < before["frames"]:
            return 0.0
        return (after["frames"] - before["frames"]) * 1000 / (after["time"] - before["time"])

    def wait_until(self, condition: Callable[[], Any], seconds: float, failure: str) -> None:
        """Polls a condition while the page goes on living."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{failure} ({seconds:g} s; state {self.state()})"
            self.page.wait_for_timeout(POLL_MILLISECONDS)

    def expect_picture(self, slot: str = CAMERA, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until a slot's pictures are decoded at FRAMES_PER_SECOND and one differs from the next."""
        self.wait_until(lambda: self.decoded_frames(slot) > 0, seconds, f"no picture in {slot}")
        self.wait_until(
            lambda: self.frames_per_second(slot) >= FRAMES_PER_SECOND, PICTURE_SECONDS, f"{slot} is too slow"
        )
        first = self.page.evaluate(PICTURE, slot)
        self.wait_until(
            lambda: self.page.evaluate(PICTURE, slot) != first, PICTURE_SECONDS, f"{slot} stands still"
        )

    def expect_no_picture(self, slot: str = CAMERA, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until no new picture of a slot comes for a moment."""
        self.wait_until(lambda: self.frames_per_second(slot) == 0, seconds, f"{slot} goes on")

    def expect_sound(self, slot: str = MICROPHONE, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until the sound of a slot rises twice."""
        for _ in range(2):
            before = self.audio_energy(slot)
            self.wait_until(lambda b=before: self.audio_energy(slot) > b, seconds, f"no sound in {slot}")  # type: ignore[misc]

    def expect_silence(self, slot: str = MICROPHONE, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until a slot brings no sound for as long as the fake microphone pauses twice."""

        def is_silent() -> bool:
            before = self.audio_energy(slot)
            self.page.wait_for_timeout(MEASURED_MILLISECONDS)
            return self.audio_energy(slot) == before

        self.wait_until(is_silent, seconds, f"the sound of {slot} goes on")

    # Behind the page

    def socket_codes(self) -> list[int | None]:
        """The close code of every WebSocket that the page has opened; None for an open one."""
        codes: list[int | None] = self.page.evaluate(SOCKET_CODES)
        return codes

    def by_hand(
        self, *requests: tuple[str, object], path: str = "", client: str = "made-by-hand"
    ) -> dict[str, Any]:
        """Opens a WebSocket of the test's own from this page, sends requests, returns the replies by type."""
        path = (path or self.path) + f"?client={client}"
        listed = [list(request) for request in requests]
        answer: dict[str, Any] = self.page.evaluate(BY_HAND, {"path": path, "requests": listed})
        return answer


def open_by_form(page: Page, site: str, email: str, lesson_title: str, url: str) -> Room:
    """Signs in by the form and enters the lesson from the timetable."""
    sign_in_by_form(page, site, email)
    entry = page.get_by_role("link", name="Enter room")
    expect(entry.first).to_be_visible()
    room = Room(page, url)
    page.locator(f'a[href$="{url.removeprefix(site)}"]').first.click()
    page.wait_for_url(url)
    return room
