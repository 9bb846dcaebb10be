"""A relay for tests of the sockets, and nothing left running behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from channels.layers import get_channel_layer

from classroom.live import registry as registry_module
from classroom.live.registry import registry
from tests.classroom.live import wire
from tests.support.cast import Cast


@pytest.fixture(autouse=True)
async def no_socket_outlives_its_test(transactional_db: None) -> AsyncIterator[None]:
    """Breaks every line that the test left open and waits for the rest, before rows are deleted."""
    yield
    opened, wire.opened[:] = list(wire.opened), []
    for socket in opened:
        await socket.disconnect(code=1001, timeout=wire.PATIENCE)
    # The registry ends with its last job, and nobody is left to hear of it.
    await registry.publish_rosters()
    await get_channel_layer().flush()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=wire.PATIENCE)


@pytest.fixture(autouse=True)
def no_page_is_waited_for_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is the first in its web tier, which would give all pages the time to come back."""
    monkeypatch.setattr(registry_module, "PAGES_BACK_SECONDS", 0.0)


@pytest.fixture
async def relay(cast: Cast) -> wire.FakeRelay:
    """A relay that has dialled in."""
    return await wire.open_relay()
