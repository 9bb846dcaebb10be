"""Questions of a socket to relays, by way of the channel layer: any process may have the relay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from classroom.live import protocol
from classroom.services.relays import Question

REPLY_SECONDS = 4.0
"""A relay replies within milliseconds, unless it has just gone; the page then asks again."""


class Questions:
    """The open questions of one socket."""

    def __init__(self, channel_layer: Any, reply_channel: str) -> None:
        self._layer = channel_layer
        self._reply_channel = reply_channel
        self._open: dict[str, asyncio.Future[Mapping[str, Any]]] = {}

    async def ask(self, relay_channel: str, question: Question) -> Mapping[str, Any]:
        """Returns the relay's reply; raises RequestError when it refuses or says nothing in time."""
        future = self._open[question.id] = asyncio.get_running_loop().create_future()
        message = {
            "type": "relay.ask",
            "id": question.id,
            "reply_channel": self._reply_channel,
            "text": question.text,
        }
        try:
            await self._layer.send(relay_channel, message)
            async with asyncio.timeout(REPLY_SECONDS):
                return await future
        except TimeoutError:
            sentence = _("The media relay doesn't answer; this page tries again by itself.")
            raise protocol.RequestError(protocol.RELAY_UNAVAILABLE, sentence) from None
        finally:
            del self._open[question.id]

    def settle(self, message: Mapping[str, Any]) -> None:
        """Takes a reply that came through the channel layer; one that is too late is dropped."""
        future = self._open.get(message["id"])
        if future is None or future.done():
            return
        if message["code"]:
            future.set_exception(protocol.RequestError(message["code"], message["message"]))
        else:
            future.set_result(message["body"])
