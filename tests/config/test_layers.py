"""The channel layer of one process: what has expired is forgotten, but not looked for with every message."""

from __future__ import annotations

from config.layers import CLEAN_SECONDS, EmbeddedLayer


async def test_what_has_expired_is_forgotten_within_a_second_and_looked_for_no_more_often() -> None:
    layer = EmbeddedLayer(expiry=0)
    now = 0.0
    layer.clock = lambda: now
    await layer.group_send("nobody", {"type": "first.look"})
    await layer.send("channel", {"type": "too.old"})
    now = CLEAN_SECONDS / 2
    await layer.group_send("nobody", {"type": "no.look"})
    assert "channel" in layer.channels
    now = CLEAN_SECONDS
    await layer.group_send("nobody", {"type": "second.look"})
    assert "channel" not in layer.channels


async def test_what_is_told_to_a_group_reaches_its_channels() -> None:
    layer = EmbeddedLayer(capacity=2)
    await layer.group_add("group", "channel")
    await layer.group_send("group", {"type": "word"})
    assert await layer.receive("channel") == {"type": "word"}
