"""Our server with an application of a few lines: `python -m tests.config.echo_server PORT`."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

from config.server import WebServer, endpoint, leave

SLOW_SECONDS = 0.8
LONG_PARTS, LONG_PART = 128, b"x" * (1 << 20)
FLOOD_PARTS = 64
FLOOD_PART = "x" * (1 << 20)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Greets by HTTP, echoes lengths by WebSocket."""
    await (_greet if scope["type"] == "http" else _echo)(scope, receive, send)


async def _greet(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(SLOW_SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/long":
        for _ in range(LONG_PARTS):
            await send({"type": "http.response.body", "body": LONG_PART, "more_body": True})
    await send({"type": "http.response.body", "body": scope["client"][0].encode()})


async def _echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["text"] == "be busy":
            await asyncio.sleep(SLOW_SECONDS)
        elif event["text"] == "wait for ever":
            asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
            await send({"type": "websocket.send", "text": "waits"})
        elif event["text"] == "flood":
            await _flood(send)
        else:
            await send({"type": "websocket.send", "text": str(len(event["text"]))})


async def _flood(send: Any) -> None:
    for _ in range(FLOOD_PARTS):
        await send({"type": "websocket.send", "text": FLOOD_PART})
        await asyncio.sleep(0.005)


def main() -> int:
    """Serves until it is ended."""
    server = WebServer(
        application,
        endpoints=[endpoint("127.0.0.1", int(sys.argv[1]))],
        signal_handlers=False,
        ready_callable=lambda: print("ready", flush=True),
    )
    server.run()
    return 1 if server.failure else 0


if __name__ == "__main__":
    leave(main())
