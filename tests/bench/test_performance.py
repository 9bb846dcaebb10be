"""The page is made of whatever results there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.performance import page, write
from bench.sections import SECTIONS

ABOUT = {
    "command": "python -m bench.cost deaf",
    "date": "2026-01-02T03:04:05+00:00",
    "commit": "0123456789",
    "processor": "2 cores of some kind",
    "system": "Linux, Python",
    "load_before": "0.10",
}


def point(subscribers: int, **own: float) -> dict[str, float]:
    """What a lecture of a size has cost."""
    return {
        "subscribers": subscribers,
        "out_pps": 175.0 * subscribers,
        "ratio": 1.0,
        "cpu_percent": 50.0,
        "us_per_packet": 2.95,
        "lag_p99_ms": 3.0,
        "rss_kb_per_subscriber": 80.0,
        "join_cpu_ms": 1.5,
        **own,
    }


def results(*points: dict[str, float]) -> dict[str, Any]:
    """What the benchmarks have written: one has measured, another could not."""
    return {
        "cost_deaf": {"about": ABOUT, "figures": {"points": points}},
        "rivals": {"about": ABOUT, "figures": {"not_measured": "no janus"}},
    }


def test_the_page_has_goals_figures_and_where_they_come_from() -> None:
    text, images = page(results(point(50), point(1000, rss_kb_per_subscriber=120.0)))
    assert "clients that do not read, 1,000: µs of CPU a packet | 2.95 | ≤ 3 | met |" in text
    assert "clients that do not read, 1,000: memory a subscriber, kB | 120 | ≤ 100 | **missed** |" in text
    assert "| 1,000 | 175,000 | 50 | 1 | 2.95 | 3 | 120 | 1.5 |" in text
    assert "| `python -m bench.cost deaf` | 0123456789 | 2026-01-02T03:04:05+00:00 |" in text
    assert "(images/performance/cost.svg)" in text
    assert list(images) == ["cost"]


def test_the_page_says_what_was_not_measured_and_why() -> None:
    text, _ = page(results(point(50)))
    gaps = text.partition("## Not measured")[2]
    assert "- `rivals`: no janus." in gaps
    assert "- `join`: it left no result." in gaps
    assert gaps.count("\n- ") == len(SECTIONS) - 1


def test_old_images_go(tmp_path: Path) -> None:
    folder = tmp_path / "images" / "performance"
    folder.mkdir(parents=True)
    (folder / "old.svg").write_text("")
    write(results(point(50)), tmp_path)
    assert [path.name for path in folder.iterdir()] == ["cost.svg"]
    assert (tmp_path / "performance.md").read_text().startswith("# Performance\n")
