"""The web tier's end of a WebSocket, played by a test, which sees what is asked and chooses the answer."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

REFUSED_MEDIA = {"code": "relay_unavailable", "message": "No relay is there."}


def person(number: int, name: str, role: str = "student") -> dict[str, str]:
    """Someone in the roster."""
    return {"id": f"person-{number}", "name": name, "role": role}


class ScriptedWeb:
    """Answers a student's page; has nobody's media."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.connections = 0
        self.refuses = False
        self.seq = 1
        self.phase = "lobby"
        self.people = [person(1, "Me")]
        self._socket: WebSocketRoute | None = None
        page.route_web_socket("**/ws/lessons/**", self._connected)

    def snapshot(self) -> dict[str, Any]:
        """The room as it is now."""
        times = {"starts_at": "2026-01-05T08:00:00Z", "ends_at": "2026-01-05T09:00:00Z"}
        return {
            "seq": self.seq,
            "lesson": {"id": "lesson", "title": "Optics", "course": "Physics", "phase": self.phase, **times},
            "me": {**self.people[0], "client": "page", "can": [], "is_admitted": True},
            "people": self.people,
            "stage": {"holder": None, "client": "", "sources": []},
            "media": {"state": "none", "epoch": ""},
        }

    def tell(self, kind: str, body: dict[str, Any], seq: int | None = None) -> None:
        """Sends an event, or without a number a notice."""
        numbered = {} if seq is None else {"seq": seq}
        self._send({"type": kind, "body": body, **numbered})

    def close(self, code: int) -> None:
        """Closes the page's socket."""
        assert self._socket is not None
        self._socket.close(code=code)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    def _connected(self, socket: WebSocketRoute) -> None:
        self.connections += 1
        if self.refuses:
            socket.close(code=1011)
            return
        self._socket = socket
        socket.on_message(self._answer)
        self.tell("room.snapshot", self.snapshot())

    def _answer(self, text: str | bytes) -> None:
        request = json.loads(text)
        self.asked.append(request["type"])
        if request["type"].startswith("media."):
            self._send({"id": request["id"], "ok": False, "error": REFUSED_MEDIA})
        else:
            body = self.snapshot() if request["type"] == "room.snapshot" else {}
            self._send({"id": request["id"], "ok": True, "body": body})
