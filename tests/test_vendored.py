"""What others made and we ship: each file is listed with its licence, and is what the list says it is."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "static" / "vendor", ROOT / "tests" / "vendor")
LIST = "vendor.json"
FREE_LICENCES = {"ISC", "MIT", "OFL-1.1", "MPL-2.0", "Apache-2.0", "BSD-3-Clause"}
SPRITE = ROOT / "static" / "vendor" / "lucide.svg"
ICON_USE = re.compile(r'icon\.html" with name="([\w-]+)"')


def entries(folder: Path) -> list[dict[str, str]]:
    """The folder's list."""
    listed: list[dict[str, str]] = json.loads((folder / LIST).read_text())
    return listed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_is_listed_and_unchanged(folder: Path) -> None:
    listed = {entry["file"]: entry["sha256"] for entry in entries(folder)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name not in (LIST, "__init__.py", "__pycache__")
    }
    assert found == listed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_has_a_free_licence_a_version_and_a_source(folder: Path) -> None:
    for entry in entries(folder):
        assert entry["licence"] in FREE_LICENCES
        assert entry["version"]
        assert entry["source"]


def test_the_sprite_holds_exactly_the_icons_in_use() -> None:
    used = {
        name
        for template in (ROOT / "templates").rglob("*.html")
        for name in ICON_USE.findall(template.read_text())
    }
    held = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text()))
    assert held == used
