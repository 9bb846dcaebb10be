"""Many students in a real room at once: real sockets and real media, and no browser.

Each does what the room's page does: asks for media when it is let in, and anew whenever its media is gone.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from media_relay import protocol
from tests.media_relay.light import LightPeer

RETRY_SECONDS = 0.3
REQUEST_SECONDS = 8.0
KINDS = {
    protocol.Subscribe: ("media.subscribe", lambda body: protocol.Offer("", body["sdp"], body["slots"])),
    protocol.Answer: ("media.answer", lambda body: protocol.Done("")),
}


class LightPage:
    """One student's page; `packets` have come on its present connection, of the relay's start `epoch`."""

    def __init__(self, room_url: str, session_key: str, number: int) -> None:
        site, _, path = room_url.partition("/lessons/")
        lesson = path.split("/")[0]
        self._url = f"{site.replace('http', 'ws', 1)}/ws/lessons/{lesson}/?client=light-page-{number:04}"
        self._origin = Origin(site)
        self._headers = {"Cookie": f"sessionid={session_key}"}
        self._line: ClientConnection | None = None
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._peer: LightPeer | None = None
        self._changed = asyncio.Event()
        self.epoch = ""
        self._offered_epoch = ""

    @property
    def packets(self) -> int:
        """How many media packets have come on the present connection."""
        return len(self._peer.rtp) if self._peer is not None and self.epoch else 0

    async def run(self) -> None:
        """Is in the room until cancelled."""
        async with connect(self._url, origin=self._origin, additional_headers=self._headers) as line:
            self._line = line
            media = asyncio.create_task(self._keep_media())
            try:
                async for text in line:
                    self._take(json.loads(text))
            finally:
                media.cancel()
                await asyncio.gather(media, return_exceptions=True)
                await self._drop()

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message and message["id"] in self._replies:
            self._replies.pop(message["id"]).set_result(message)
        elif self._tells_of_a_loss(message):
            self._lose()

    def _tells_of_a_loss(self, message: dict[str, Any]) -> bool:
        kind, body = message.get("type"), message.get("body") or {}
        restarted = kind == "media.changed" and body["state"] == "ready" and body["epoch"] != self.epoch
        return kind == "media.closed" or (restarted and bool(self.epoch))

    def _lose(self) -> None:
        self.epoch = ""
        self._changed.set()

    async def _keep_media(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._subscribe()
            except (TimeoutError, AssertionError):
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._changed.wait()

    async def _subscribe(self) -> None:
        await self._drop()
        self._peer = LightPeer(self, "", client="")
        assert isinstance(await self._peer.subscribe(), protocol.Done)
        self.epoch = self._offered_epoch

    async def _drop(self) -> None:
        self.epoch = ""
        if self._peer is not None:
            await self._peer.close()

    async def ask(self, kind: type[Any], **fields: Any) -> Any:
        """Asks as the page does; raises AssertionError where that is refused."""
        assert self._line is not None
        name, read = KINDS[kind]
        number = max(self._replies, default=0) + 1
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        body = {"sdp": fields["sdp"]} if "sdp" in fields else {}
        await self._line.send(json.dumps({"id": number, "type": name, "body": body}))
        message = await asyncio.wait_for(reply, REQUEST_SECONDS)
        assert message["ok"], message
        self._offered_epoch = message["body"].get("epoch", self._offered_epoch)
        return read(message["body"])


class LightClass:
    """Students in a room, in a thread of their own; Playwright's loop occupies the test's."""

    def __init__(self, room_url: str, session_keys: list[str]) -> None:
        self._room_url = room_url
        self._keys = session_keys
        self.pages: list[LightPage] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._running = threading.Event()

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._running.set()
        self.pages = [LightPage(self._room_url, key, number) for number, key in enumerate(self._keys)]
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*(page.run() for page in self.pages))

    def __enter__(self) -> LightClass:
        self._thread.start()
        self._running.wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def all_watch(self, *, not_epoch: str = "") -> bool:
        """Whether media comes to everyone, of another start of the relay than that."""
        fine = [page for page in self.pages if page.packets and page.epoch != not_epoch]
        return len(fine) == len(self._keys)

    def epochs(self) -> set[str]:
        """Of which starts of the relay everyone's media is."""
        return {page.epoch for page in self.pages}
