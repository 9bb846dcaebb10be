"""Parsers and router fuzzed for most of a minute, from another seed each day, which a failure tells."""

from __future__ import annotations

import os
import time

import pytest

from tests.media_relay.core.hostile_class import HostileClass
from tests.media_relay.fuzzing import TARGETS, Target, fuzz

SEED = int(os.environ.get("FUZZ_SEED") or time.time() // 86_400)
INPUTS = 800_000
"""Of the quickest parser: some five seconds of each on a quiet machine."""
CLASSES, STEPS = 30, 3000


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_bytes_are_read_or_refused_all_day(target: Target) -> None:
    print(f"seed {SEED}")
    assert fuzz(target, SEED, INPUTS // target.cost) or not target.sentences


def test_the_router_keeps_its_promises_all_day() -> None:
    for number in range(CLASSES):
        seed = SEED * CLASSES + number
        print(f"seed {seed}")
        HostileClass(seed).run(STEPS)
