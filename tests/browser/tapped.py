"""A page's line to the web tier, tapped: what it asks is seen, and of links it hears what a test tells."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import BrowserContext

from tests.support.room import PICTURE_SECONDS, Room

TAP = """
(() => {
  const asked = [];
  Object.defineProperty(window, "askedByPage", { value: asked });
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    asked.push(text);
    send.call(this, text);
  };
  const hushed = ["media.link", "media.layers", "room.links"];
  window.WebSocket = class WebSocket extends window.WebSocket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", (event) => {
        if (event.isTrusted && hushed.includes(JSON.parse(event.data).type)) event.stopImmediatePropagation();
      });
    }
  };
})();
"""
TELL = """
(text) => window.seenByTests.sockets.at(-1).socket.dispatchEvent(new MessageEvent("message", { data: text }))
"""
CAMERA_LAYERS = """
() => {
  for (const peer of window.seenByTests.peers) {
    if (peer.signalingState === "closed") continue;
    const sender = peer.getSenders().find(({ track }) => track?.kind === "video");
    if (sender) return sender.getParameters().encodings.filter(({ active }) => active).map(({ rid }) => rid);
  }
  return [];
}
"""
"""Which layers of the camera a teacher's page sends."""
BREAK_LINE = "() => window.seenByTests.sockets.at(-1).socket.close()"

PAUSE_CAMERA = """
() => {
  for (const peer of window.seenByTests.peers) {
    if (peer.signalingState === "closed") continue;
    for (const sender of peer.getSenders()) {
      if (sender.track?.kind !== "video") continue;
      window.pausedByTests = { sender, track: sender.track };
      sender.replaceTrack(null);
    }
  }
}
"""
RESUME_CAMERA = "() => window.pausedByTests.sender.replaceTrack(window.pausedByTests.track)"
"""A picture that stops although the page says that the camera is on, as a relay's pause does."""


def tapped_room(context: BrowserContext, url: str) -> Room:
    """Opens a room with a tapped line."""
    page = context.new_page()
    page.add_init_script(TAP)
    return Room(page, url).open()


def asked(room: Room, kind: str) -> list[Any]:
    """The bodies of all requests of a type since the page was loaded."""
    requests = [json.loads(text) for text in room.page.evaluate("() => window.askedByPage")]
    return [request["body"] for request in requests if request["type"] == kind]


def expect_limits(room: Room, limits: dict[str, int], seconds: float = PICTURE_SECONDS) -> None:
    """Waits until the page's newest preference is this."""

    def is_newest() -> bool:
        preferences = asked(room, "media.prefer")
        return bool(preferences) and preferences[-1] == {"limits": limits}

    room.wait_until(is_newest, seconds, f"the page doesn't ask for {limits}")


def tell(room: Room, kind: str, body: dict[str, Any], seq: int | None = None) -> None:
    """Sends the page a notice, or with a number an event, that no web tier has sent."""
    numbered = {} if seq is None else {"seq": seq}
    room.page.evaluate(TELL, json.dumps({"type": kind, "body": body, **numbered}))


def tell_link(room: Room, layers: dict[str, int], limited: str) -> None:
    """Tells the page which layers it gets now."""
    tell(room, "media.link", {"rtt_ms": 300, "loss": 0.1, "kbps": 200, "layers": layers, "limited": limited})
