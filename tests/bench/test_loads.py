"""Each benchmark of the relay runs, small and short, and says what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.janus import is_installed
from tests.bench.running import figures_of


@pytest.mark.parametrize("clients", ["deaf", "counting"])
def test_the_cost_is_told_for_each_size_of_a_lecture(tmp_path: Path, clients: str) -> None:
    figures = figures_of(tmp_path, "cost", clients, "--steps", "2,5", "--seconds", "1")
    assert [point["subscribers"] for point in figures["points"]] == [2, 5]
    for point in figures["points"]:
        assert point["ratio"] == pytest.approx(1, abs=0.05)
        assert point["out_pps"] == pytest.approx(174 * point["subscribers"], rel=0.2)
        assert point["cpu_percent"] > 0
        assert point["us_per_packet"] > 0
        assert point["lag_p99_ms"] > 0
        assert point["join_cpu_ms"] > 0


def test_a_storm_tells_when_each_has_a_picture_and_what_the_others_lose(tmp_path: Path) -> None:
    options = ["--inside", "2", "--joining", "4", "--span", "1"]
    figures = figures_of(tmp_path, "storm", *options)
    storm = figures["storm"]
    assert (storm["inside"], storm["joined"], storm["joiners_without_picture"]) == (2, 4, 0)
    assert storm["received_ratio_inside"] == pytest.approx(1, abs=0.05)
    assert 0 < storm["picture_p50_ms"] <= storm["picture_p95_ms"] <= storm["picture_max_ms"]
    assert storm["keyframe_requests_in_a_second"] >= 1
    replays = [entry["replay_kbit"] for entry in figures["replay"]]
    assert replays == sorted(replays)


def test_the_delay_is_told_of_sound_and_of_pictures(tmp_path: Path) -> None:
    options = ["--subscribers", "4", "--probes", "2", "--seconds", "1"]
    figures = figures_of(tmp_path, "delay", *options)
    assert figures["packets"] == pytest.approx(2 * 174, rel=0.2)
    for kind in ("", "sound_", "pictures_"):
        assert 0 < figures[f"{kind}p50_ms"] <= figures[f"{kind}p99_ms"]


@pytest.mark.skipif(not is_installed(), reason="there is no Janus here")
def test_janus_forwards_to_the_same_clients(tmp_path: Path) -> None:
    options = ["--steps", "2", "--rounds", "1", "--seconds", "1"]
    figures = figures_of(tmp_path, "rivals", *options)
    ours, *others = figures["points"]
    assert (ours["sfu"], ours["times_ours"]) == ("Lectern", 1)
    assert len(others) == 2
    for point in figures["points"]:
        assert point["received_ratio"] == pytest.approx(1, abs=0.05)
        assert point["us_per_packet"] > 0
