"""One relay process for all tests of a module, and a room that is empty for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from tests.media_relay.web import RelayProcess, Web, running_relay


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay() -> AsyncIterator[RelayProcess]:
    """A relay process that has registered."""
    async with running_relay() as (_, process):
        yield process


@pytest_asyncio.fixture(loop_scope="module")
async def web(relay: RelayProcess) -> AsyncIterator[Web]:
    """The web tier of the relay, which has heard nothing yet; the room has its permits."""
    await relay.web.forget()
    await relay.web.permit()
    yield relay.web
    await relay.web.permit(viewers=(), publishers={})


@pytest_asyncio.fixture(loop_scope="module")
async def peers() -> AsyncIterator[AsyncExitStack]:
    """Everyone whose connection is ended after the test."""
    async with AsyncExitStack() as stack:
        yield stack
