"""Questions to relays, by way of the channel layer: any process may have the relay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from channels.layers import get_channel_layer
from django.utils.translation import gettext as _

from classroom.services.errors import RelayUnavailableError, RequestError
from classroom.services.relays import Question

REPLY_SECONDS = 4.0
"""A relay replies within milliseconds, unless it has just gone; whoever asked then tries again."""


class Questions:
    """The open questions of one asker, whose channel the replies come to."""

    def __init__(self, channel_layer: Any, reply_channel: str) -> None:
        self._layer = channel_layer
        self._reply_channel = reply_channel
        self._open: dict[str, asyncio.Future[Mapping[str, Any]]] = {}

    async def ask(self, relay_channel: str, question: Question) -> Mapping[str, Any]:
        """Returns the relay's reply.

        Raises RequestError when it refuses, RelayUnavailableError when it says nothing in time.
        """
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
            raise RelayUnavailableError(sentence) from None
        finally:
            del self._open[question.id]

    def settle(self, message: Mapping[str, Any]) -> None:
        """Takes a reply that came through the channel layer; one that is too late is dropped."""
        future = self._open.get(message["id"])
        if future is None or future.done():
            return
        if message["code"]:
            future.set_exception(RequestError(message["code"], message["message"]))
        else:
            future.set_result(message["body"])


class Mailbox:
    """Asks on behalf of this process's HTTP requests, which have no channel of their own.

    There is a channel, and a task that reads it, only while something is asked: a layer drops its
    subscription when the reader is cancelled, and not otherwise.
    """

    def __init__(self) -> None:
        self._opening = asyncio.Lock()
        self._asking = 0
        self._questions: Questions | None = None
        self._reader: asyncio.Task[None] | None = None

    async def ask(self, relay_channel: str, question: Question) -> Mapping[str, Any]:
        """Returns the relay's reply; raises as `Questions.ask` does."""
        self._asking += 1
        try:
            questions = await self._ready()
            return await questions.ask(relay_channel, question)
        finally:
            self._asking -= 1
            if not self._asking and self._reader is not None:
                self._reader.cancel()
                self._questions = self._reader = None

    async def _ready(self) -> Questions:
        async with self._opening:
            if self._questions is None:
                layer: Any = get_channel_layer()
                channel = await layer.new_channel("questions.")
                self._questions = Questions(layer, channel)
                self._reader = asyncio.create_task(_read(layer, channel, self._questions))
            return self._questions


async def _read(layer: Any, channel: str, questions: Questions) -> None:
    while True:
        questions.settle(await layer.receive(channel))


mailbox = Mailbox()
