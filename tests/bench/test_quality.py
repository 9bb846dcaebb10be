"""The benchmark of quality runs in real Chromium, in little of its time, and tells of every phase."""

from __future__ import annotations

from pathlib import Path

from bench.quality import GOALS, PHASES
from tests.bench.running import figures_of


def test_every_phase_is_told_of(tmp_path: Path) -> None:
    told = figures_of(tmp_path, "quality", "--pace", "0.2")
    assert [phase["phase"] for phase in told["phases"]] == [phase.name for phase in PHASES]
    assert told["figures"].keys() >= GOALS.keys()
    assert len(told["begins"]) == len(PHASES)
    assert max(fps for _, fps in told["neighbour_fps"]) > 0
    assert told["fps"][-1][0] > told["begins"][-1]
