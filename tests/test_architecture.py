"""The project keeps the rules of `docs/architecture.md`, and every rule can be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import architecture
from tests.support.architecture import PACKAGES, PAGE_RULES, PYTHON_RULES, Source

ROOT = Path(__file__).resolve().parent.parent
Rule = Callable[[Source], Iterator[str]]

TOP_LEVEL = frozenset(
    [
        ".ci",
        ".dockerignore",
        ".git",
        ".gitattributes",
        ".gitignore",
        ".venv",
        "accounts",
        "bench",
        "classroom",
        "config",
        "deploy",
        "docs",
        "locale",
        "media_relay",
        "static",
        "templates",
        "tests",
        "Dockerfile",
        "LICENSE",
        "Makefile",
        "README.md",
        "docker-compose.yml",
        "manage.py",
        "pyproject.toml",
        "requirements.txt",
    ]
)
"""The owner's tree, and what `docs/decisions/` gives a reason for."""
PAGE_SUFFIXES = {".html", ".txt", ".css", ".js", ".mjs", ".svg", ".webmanifest"}


@cache
def python_sources() -> list[Source]:
    """All Python of the project but its tests and migrations; read and parsed once for all rules."""
    paths = [ROOT / "manage.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]
    return [_read(path) for path in paths if "migrations" not in path.parts]


@cache
def page_sources() -> list[Source]:
    """All that a browser gets."""
    paths = (path for folder in ("templates", "static") for path in (ROOT / folder).rglob("*"))
    return [_read(path) for path in paths if path.suffix in PAGE_SUFFIXES and path.is_file()]


def _read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def _violations(rule: Rule, sources: list[Source]) -> list[str]:
    return [f"{source.path}: {problem}" for source in sources for problem in rule(source)]


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_the_python_keeps_the_rule(rule: Rule) -> None:
    assert _violations(rule, python_sources()) == []


@pytest.mark.parametrize("rule", PAGE_RULES, ids=lambda rule: rule.__name__)
def test_the_pages_keep_the_rule(rule: Rule) -> None:
    assert _violations(rule, page_sources()) == []


def unexpected(names: list[str], ignored: set[str]) -> list[str]:
    """The top-level names that nobody has given a reason for."""
    return sorted(set(names) - TOP_LEVEL - ignored)


def test_the_top_level_holds_what_was_agreed() -> None:
    ignored = {line.strip().strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    assert unexpected([path.name for path in ROOT.iterdir()], ignored) == []


def test_a_new_top_level_entry_is_seen() -> None:
    assert unexpected(["classroom", "helpers", "var"], {"var"}) == ["helpers"]


BROKEN = [
    ("core_is_pure", "classroom/core/floor.py", "import time"),
    ("core_is_pure", "classroom/core/floor.py", "def f():\n    from random import choice"),
    ("core_is_pure", "classroom/core/floor.py", "from django.utils import timezone"),
    ("core_is_pure", "classroom/core/floor.py", "from ..models import Lesson"),
    ("core_is_pure", "classroom/core/floor.py", "from media_relay.core import rtp"),
    ("core_is_pure", "classroom/core/floor.py", "def f():\n    return datetime.now()"),
    ("core_is_pure", "media_relay/core/router.py", "import asyncio.events"),
    ("core_is_pure", "media_relay/core/rtp.py", "from aioice import stun"),
    ("core_is_pure", "media_relay/core/ice.py", "import aioice.ice"),
    ("core_is_pure", "media_relay/core/ice.py", "from media_relay.io import udp"),
    ("relay_knows_no_web_tier", "media_relay/worker.py", "import django.conf"),
    ("relay_knows_no_web_tier", "media_relay/io/control.py", "from channels.layers import get_channel_layer"),
    ("relay_knows_no_web_tier", "media_relay/config.py", "from config import env"),
    ("relay_knows_no_web_tier", "media_relay/io/control.py", "def f():\n    import classroom.models"),
    ("web_knows_the_protocol_alone", "classroom/services/relays.py", "from media_relay.core import sdp"),
    ("web_knows_the_protocol_alone", "classroom/services/relays.py", "import media_relay"),
    ("web_knows_the_protocol_alone", "classroom/views/lessons.py", "from media_relay.protocol import Slot"),
    ("web_knows_the_protocol_alone", "config/health.py", "from media_relay import protocol"),
    ("layers_look_down", "classroom/services/floor.py", "from classroom.live import groups"),
    ("layers_look_down", "classroom/services/floor.py", "from ..views import lessons"),
    ("layers_look_down", "classroom/models/lesson.py", "from classroom.services.lessons import start"),
    ("layers_look_down", "classroom/views/lessons.py", "import classroom.live.registry"),
    ("layers_look_down", "classroom/core/floor.py", "from classroom.models import Lesson"),
    ("only_services_write", "classroom/views/lessons.py", "lesson.save()"),
    ("only_services_write", "classroom/live/room_consumer.py", "async def f(row):\n    await row.adelete()"),
    (
        "only_services_write",
        "classroom/live/commands/floor.py",
        "Lesson.objects.filter(id=1).update(title='')",
    ),
    ("only_services_write", "classroom/views/lessons.py", "Lesson.objects.create(title='')"),
    ("only_events_publishes", "classroom/live/room_consumer.py", "layer.group_send('room', {})"),
    ("only_events_publishes", "classroom/services/floor.py", "get_channel_layer().group_send('room', {})"),
    ("accounts_knows_no_classroom", "accounts/models.py", "from classroom.models import Lesson"),
    ("relay_layers_look_down", "media_relay/io/peer.py", "from aiortc import RTCPeerConnection"),
    ("relay_layers_look_down", "media_relay/worker.py", "import pylibsrtp"),
    ("relay_layers_look_down", "media_relay/io/peer.py", "import av"),
    ("relay_layers_look_down", "media_relay/io/control.py", "import socket"),
    ("relay_layers_look_down", "media_relay/worker.py", "from time import monotonic"),
    ("relay_layers_look_down", "media_relay/io/control.py", "from media_relay.worker import Worker"),
    ("public_things_are_documented", "config/env.py", "X = 1"),
    ("public_things_are_documented", "config/env.py", '"""A module."""\ndef read():\n    return 1'),
    ("public_things_are_documented", "config/env.py", '"""A module."""\nclass Reader:\n    pass'),
    (
        "public_things_are_documented",
        "config/env.py",
        '"""A module."""\nclass Reader:\n    """One."""\n    async def read(self):\n        return 1',
    ),
    ("functions_are_short", "config/env.py", "def f():\n" + "    x = 1\n" * architecture.MAX_FUNCTION_LINES),
    ("room_features_stand_alone", "static/js/room/chat.js", 'import { raise } from "./floor.js";'),
    ("room_features_stand_alone", "static/js/room/chat.js", 'const floor = await import("./floor.js");'),
    ("room_features_stand_alone", "static/js/room/board/ink.js", 'import { raise } from "../floor.js";'),
    ("room_features_stand_alone", "static/js/room/state/chat.js", 'import { write } from "../chat.js";'),
    ("room_features_stand_alone", "static/js/room/state/chat.js", "export const root = document.body;"),
    ("room_features_stand_alone", "static/js/room/state.js", "export const root = document.body;"),
    ("room_features_stand_alone", "static/js/room/peer.js", 'document.querySelector("video");'),
    (
        "loads_nothing_from_elsewhere",
        "templates/base.html",
        '<script src="https://cdn.example/x.js"></script>',
    ),
    (
        "loads_nothing_from_elsewhere",
        "templates/base.html",
        '<link rel="stylesheet" href="//cdn.example/x.css">',
    ),
    ("loads_nothing_from_elsewhere", "static/css/base.css", "src: url(https://fonts.example/x.woff2)"),
    ("loads_nothing_from_elsewhere", "static/css/base.css", '@import "https://fonts.example/x.css";'),
    ("loads_nothing_from_elsewhere", "static/js/x.js", 'import x from "https://cdn.example/x.js";'),
    ("loads_nothing_from_elsewhere", "static/js/x.js", 'fetch("https://stats.example/hit");'),
]


@pytest.mark.parametrize(("name", "path", "text"), BROKEN)
def test_a_broken_rule_is_seen(name: str, path: str, text: str) -> None:
    assert list(getattr(architecture, name)(Source(path, text)))


KEPT = [
    (
        "core_is_pure",
        "classroom/core/floor.py",
        "from datetime import datetime\nfrom classroom.core import schedule",
    ),
    ("core_is_pure", "media_relay/core/ice.py", "from aioice import stun"),
    ("core_is_pure", "classroom/models/lesson.py", "import time"),
    ("web_knows_the_protocol_alone", "classroom/services/relays.py", "from media_relay import protocol"),
    ("layers_look_down", "classroom/live/room_consumer.py", "from classroom.services import lessons"),
    ("only_services_write", "classroom/services/lessons.py", "lesson.save()"),
    ("only_services_write", "classroom/live/registry.py", "self.values.update(other)"),
    ("only_events_publishes", "classroom/services/events.py", "layer.group_send('room', {})"),
    ("relay_layers_look_down", "media_relay/io/dtls.py", "from aiortc import rtcdtlstransport"),
    ("public_things_are_documented", "config/env.py", '"""A module."""\ndef _read():\n    return 1'),
    ("room_features_stand_alone", "static/js/room/chat.js", 'import { state } from "./state.js";'),
    ("room_features_stand_alone", "static/js/room/chat.js", 'import { line } from "./state/chat.js";'),
    ("room_features_stand_alone", "static/js/room/chat.js", 'import { text } from "../lib/texts.js";'),
    ("room_features_stand_alone", "static/js/room/board.js", 'import { draw } from "./board/ink.js";'),
    ("room_features_stand_alone", "static/js/room/board/ink.js", 'import { line } from "../state/board.js";'),
    ("room_features_stand_alone", "static/js/room/main.js", 'import { raise } from "./floor.js";'),
    ("room_features_stand_alone", "static/js/room/peer.js", "// Knows nothing of the document.\n"),
    ("loads_nothing_from_elsewhere", "templates/base.html", '<a href="https://example.org/">Help</a>'),
    ("loads_nothing_from_elsewhere", "static/x.svg", '<svg xmlns="http://www.w3.org/2000/svg"></svg>'),
]


@pytest.mark.parametrize(("name", "path", "text"), KEPT)
def test_what_a_rule_allows_passes(name: str, path: str, text: str) -> None:
    assert list(getattr(architecture, name)(Source(path, text))) == []


def test_every_rule_has_been_broken_once() -> None:
    rules = {rule.__name__ for rule in (*PYTHON_RULES, *PAGE_RULES)}
    assert rules == {name for name, _, _ in BROKEN}
