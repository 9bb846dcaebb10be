"""Writes `docs/performance.md` and its plots from the JSON files that the benchmarks have left.

`python -m bench.performance`
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.machine import ROOT
from bench.parts import markdown_table, wrapped
from bench.sections import SECTIONS

RESULTS = ROOT / "var" / "bench"
DOCS = ROOT / "docs"
INTRODUCTION = """
Written by `make bench`; `python -m bench.performance` writes it again from the results under `var/bench/`.
CPU is that of the relay's process, user and system. Load and relay share one machine and its loopback: ratios
say more than figures.
"""


def load(folder: Path) -> dict[str, Any]:
    """Returns what each benchmark has written, by its name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def page(results: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Returns the page and its images by their names."""
    sections = {
        name: SECTIONS[name](results[name]["figures"]) for name in SECTIONS if _is_measured(results, name)
    }
    checks = [check.cells for section in sections.values() for check in section.checks]
    parts = [
        "# Performance\n",
        wrapped(INTRODUCTION),
        "\n## Goals\n",
        markdown_table(("", "measured", "goal", ""), checks),
    ]
    for section in sections.values():
        parts += [f"\n## {section.title}\n", section.text]
    parts += ["\n## Where these figures come from\n", _origins(results), _gaps(results)]
    images = {name: drawn for section in sections.values() for name, drawn in section.images.items()}
    return "\n".join(part for part in parts if part) + "\n", images


def _is_measured(results: Mapping[str, Any], name: str) -> bool:
    return name in results and "not_measured" not in results[name]["figures"]


def _origins(results: Mapping[str, Any]) -> str:
    head = ("", "commit", "when", "load before", "machine")
    rows = []
    for name in filter(results.__contains__, SECTIONS):
        about = results[name]["about"]
        machine = f"{about['processor']}; {about['system']}"
        rows.append((f"`{about['command']}`", about["commit"], about["date"], about["load_before"], machine))
    return markdown_table(head, rows)


def _gaps(results: Mapping[str, Any]) -> str:
    gaps = [f"- `{name}`: {_why(results, name)}." for name in SECTIONS if not _is_measured(results, name)]
    return "\n".join(["\n## Not measured\n", *gaps]) if gaps else ""


def _why(results: Mapping[str, Any], name: str) -> str:
    if name not in results:
        return "it left no result"
    return str(results[name]["figures"]["not_measured"])


def write(results: Mapping[str, Any], docs: Path) -> None:
    """Writes page and images; images of earlier pages go."""
    text, images = page(results)
    folder = docs / "images" / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for name, drawn in images.items():
        (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")
    (docs / "performance.md").write_text(text, encoding="utf-8")


def main() -> None:
    """Writes the page from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the JSON files")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder of the page")
    options = parser.parse_args()
    write(load(options.results), options.docs)


if __name__ == "__main__":
    main()
