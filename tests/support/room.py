"""The room's page as a test sees it: buttons, words, and what really arrives as picture and sound."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.browsers import sign_in_by_form
from tests.support.processes import patience

CAMERA = "teacher-camera"
SCREEN = "teacher-screen"
MICROPHONE = "teacher-microphone"
ROOT = "[data-connection-state]"

FRAMES_PER_SECOND = 2.5
"""What a student must at least decode: half of what the slowest camera of a test sends."""
MORE_FRAMES = 5
"""A second of the slowest camera."""
PICTURE_SECONDS = 20.0
"""How long a picture or a sound may take on a busy machine; a quiet one needs a tenth of a second."""
BACK_SECONDS = 10.0
"""How long the way back may take after a fault."""
MEASURED_MILLISECONDS = 1000
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

PACKETS = """
async () => {
  let packets = 0;
  for (const peer of window.seenByTests.peers) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === "inbound-rtp") packets += stat.packetsReceived;
    }
  }
  return packets;
}
"""

SOCKET_CODES = "() => window.seenByTests.sockets.map((entry) => entry.code)"

STATES = "() => window.seenByTests.states"

KEEP_MEDIA = "() => { RTCPeerConnection.prototype.close = () => {}; }"

OWN_SOCKET = """
async ([type, body]) => {
  const { socket } = window.seenByTests.sockets.at(-1);
  const id = Math.floor(1e9 + Math.random() * 1e9);
  return await new Promise((resolve) => {
    const listen = ({ data }) => {
      const message = JSON.parse(data);
      if (message.id !== id) return;
      socket.removeEventListener("message", listen);
      resolve(message);
    };
    setTimeout(() => resolve(null), 8000);
    socket.addEventListener("message", listen);
    socket.send(JSON.stringify({ id, type, body }));
  });
}
"""

OTHER_SOCKET = """
async ({ path, requests }) => {
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onclose = () => resolve(false);
  });
  const replies = [];
  for (const [index, [type, body]] of (opened ? requests : []).entries()) {
    replies.push(await new Promise((resolve) => {
      setTimeout(() => resolve(null), 8000);
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.id === index) resolve(message);
      };
      socket.send(JSON.stringify({ id: index, type, body }));
    }));
  }
  socket.close();
  return opened ? replies : null;
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
        """Presses `Go live` at once, connected or not, and waits until that has done its work."""
        self.button("Go live").click()
        expect(self.button("End broadcast")).to_be_visible(timeout=PICTURE_SECONDS * 1000)
        return self

    def end_now(self) -> None:
        """Ends the lesson for all at once."""
        self.button("End broadcast").click()
        self.button("End now").click()

    def of_person(self, name: str, entry: str) -> None:
        """Opens a person's menu in the list of people and chooses an entry."""
        self.button(f"More about {name}").click()
        self.page.get_by_role("menuitem", name=entry).click()

    # What a person sees

    def expect_state(self, state: str, seconds: float = PICTURE_SECONDS) -> None:
        """Waits for a connection state."""
        expect(self.page.locator(ROOT)).to_have_attribute(
            "data-connection-state", state, timeout=seconds * patience() * 1000
        )

    def state(self) -> str | None:
        """The connection state that the page shows."""
        return self.page.locator(ROOT).get_attribute("data-connection-state")

    def expect_words(self, words: str, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until a text is to be seen somewhere."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=seconds * patience() * 1000)

    def people_count(self) -> int:
        """How many people the page says are here."""
        return int(self.page.locator("[data-people-count]").first.inner_text())

    def expect_people(self, count: int, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until the page says that so many are here."""
        self.wait_until(lambda: self.people_count() == count, seconds, f"the page doesn't count {count}")

    def expect_back(self, since: float) -> None:
        """Waits until the page has said `reconnecting` and is connected again, BACK_SECONDS after `since`."""
        seconds = max(BACK_SECONDS - (time.monotonic() - since) / patience(), POLL_MILLISECONDS / 1000)
        self.wait_until(self._has_come_back, seconds, "the page did not come back")

    def _has_come_back(self) -> bool:
        return "reconnecting" in self.states_seen() and self.state() == "connected"

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
        """Polls a condition while the page goes on living; the seconds are those of a quiet machine."""
        deadline = time.monotonic() + seconds * patience()
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

    def expect_some_picture(self, slot: str, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until a slot's pictures go on being decoded, however few a second."""
        first = self.decoded_frames(slot)
        self.wait_until(
            lambda: self.decoded_frames(slot) > first + MORE_FRAMES, seconds, f"no picture in {slot}"
        )

    def expect_no_picture(self, slot: str = CAMERA, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until no new picture of a slot comes for a moment."""
        self.wait_until(lambda: self.frames_per_second(slot) == 0, seconds, f"{slot} goes on")

    def expect_sound(self, slot: str = MICROPHONE, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until the sound of a slot rises twice."""
        for _ in range(2):
            self._expect_more_sound(slot, seconds)

    def _expect_more_sound(self, slot: str, seconds: float) -> None:
        before = self.audio_energy(slot)
        self.wait_until(lambda: self.audio_energy(slot) > before, seconds, f"no sound in {slot}")

    def expect_silence(self, slot: str = MICROPHONE, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until a slot brings no sound for as long as the fake microphone pauses twice."""

        def is_silent() -> bool:
            before = self.audio_energy(slot)
            self.page.wait_for_timeout(MEASURED_MILLISECONDS)
            return self.audio_energy(slot) == before

        self.wait_until(is_silent, seconds, f"the sound of {slot} goes on")

    # Behind the page

    def packets(self) -> int:
        """How many media packets this page has received, on all of its connections."""
        packets: int = self.page.evaluate(PACKETS)
        return packets

    def expect_no_packets(self, seconds: float = PICTURE_SECONDS) -> None:
        """Waits until no media packet comes any more for a moment."""

        def is_quiet() -> bool:
            before = self.packets()
            self.page.wait_for_timeout(MEASURED_MILLISECONDS)
            return self.packets() == before

        self.wait_until(is_quiet, seconds, "media packets go on")

    def peers(self) -> int:
        """How many RTCPeerConnections the page has made."""
        peers: int = self.page.evaluate("() => window.seenByTests.peers.length")
        return peers

    def keep_media(self) -> None:
        """Makes the page a hostile one that doesn't hang up, so that only the relay can end its media."""
        self.page.evaluate(KEEP_MEDIA)

    def socket_codes(self) -> list[int | None]:
        """The close code of every WebSocket that the page has opened; None for an open one."""
        codes: list[int | None] = self.page.evaluate(SOCKET_CODES)
        return codes

    def states_seen(self) -> list[str]:
        """Every connection state since the page was loaded, or since `forget_states`."""
        states: list[str] = self.page.evaluate(STATES)
        return states

    def forget_states(self) -> None:
        """Lets `states_seen` begin anew."""
        self.page.evaluate("() => { window.seenByTests.states.length = 0; }")

    def say(self, kind: str, body: object = None) -> dict[str, Any] | None:
        """Sends a request on the page's own socket, behind its back; returns the reply."""
        reply: dict[str, Any] | None = self.page.evaluate(OWN_SOCKET, [kind, body or {}])
        return reply

    def say_elsewhere(
        self, *requests: tuple[str, object], path: str = "", client: str = "made-by-hand"
    ) -> list[dict[str, Any]] | None:
        """Opens another socket from this page and sends requests; None if it was refused at the door."""
        path = (path or self.path) + f"?client={client}"
        listed = [list(request) for request in requests]
        replies: list[dict[str, Any]] | None = self.page.evaluate(
            OTHER_SOCKET, {"path": path, "requests": listed}
        )
        return replies


def go_through(fault: Callable[[], object], rooms: Sequence[Room]) -> None:
    """Causes a fault: every page says `reconnecting` and is connected again in time, without a click."""
    for room in rooms:
        room.forget_states()
    since = time.monotonic()
    fault()
    for room in rooms:
        room.expect_back(since)


def enter_from_timetable(page: Page, site: str, email: str, url: str) -> Room:
    """Signs in by the form and enters the lesson from the timetable, as a person does."""
    sign_in_by_form(page, site, email)
    page.locator(f'a[href$="{url.removeprefix(site)}"]', has_text="Enter room").click()
    page.wait_for_url(url)
    return Room(page, url)
