"""The rules of `docs/architecture.md` as functions: each takes one file and yields what is wrong with it."""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

PACKAGES = ("config", "accounts", "classroom", "media_relay", "bench", "deploy")
WEB_TIER = ("config", "accounts", "classroom")
MAX_FUNCTION_LINES = 60

IMPURE = frozenset(
    [
        "asyncio",
        "concurrent",
        "ctypes",
        "fcntl",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "queue",
        "random",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
    ]
)
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "localtime", "monotonic", "perf_counter"})
CODEC_EXCEPTION = ("media_relay/core/ice.py", "aioice.stun")

PROTOCOL = "media_relay.protocol"
PROTOCOL_IMPORTERS = ("classroom/services/relays.py", "classroom/live/relay_consumer.py")
PUBLISHER = "classroom/services/events.py"
PUBLISHING_CALLS = frozenset({"group_send"})

FORBIDDEN_UPWARD = {
    "classroom/core/": ("models", "services", "live", "views", "management", "admin", "permissions"),
    "classroom/models/": ("services", "live", "views", "management", "admin", "permissions"),
    "classroom/services/": ("live", "views", "management", "admin"),
    "classroom/live/": ("views", "management", "admin"),
    "classroom/views/": ("live", "management", "admin"),
}
READERS = ("classroom/live/", "classroom/views/", "classroom/permissions.py")
ROW_METHODS = frozenset({"save", "asave", "delete", "adelete"})
QUERY_METHODS = frozenset(
    [
        "create",
        "acreate",
        "bulk_create",
        "abulk_create",
        "bulk_update",
        "abulk_update",
        "update",
        "aupdate",
        "get_or_create",
        "aget_or_create",
        "update_or_create",
        "aupdate_or_create",
        "delete",
        "adelete",
    ]
)

SOLE_IMPORTERS = {
    "aiortc": "media_relay/io/dtls.py",
    "pylibsrtp": "media_relay/io/dtls.py",
    "av": "media_relay/io/recorder.py",
    "socket": "media_relay/io/udp.py",
    "time": "media_relay/io/clock.py",
}


@dataclass(frozen=True)
class Source:
    """One file of the project: its path from the root, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed Python."""
        return ast.parse(self.text, self.path)

    @cached_property
    def imports(self) -> frozenset[str]:
        """The full dotted names of everything imported, at any depth of the file."""
        return frozenset(name for node in ast.walk(self.tree) for name in self._names(node))

    def _names(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            yield from (f"{base}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = PurePosixPath(self.path).parts[: -node.level]
        return ".".join([*package, *([node.module] if node.module else [])])

    def calls(self) -> Iterator[tuple[ast.Call, ast.Attribute]]:
        """Every call of an attribute, such as `a.b()`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node, node.func

    def is_in(self, *folders: str) -> bool:
        """Whether the file lies in one of the folders, or is one of the files."""
        return any(self.path == folder or self.path.startswith(folder) for folder in folders)


def _within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def core_is_pure(source: Source) -> Iterator[str]:
    """Rule 1: a core imports the standard library without I/O, clock and chance, and its own core."""
    folder = re.match(r"(\w+)/core/", source.path)
    if not folder:
        return
    own = f"{folder[1]}.core"
    for name in sorted(source.imports):
        top = name.partition(".")[0]
        known = top in sys.stdlib_module_names and top not in IMPURE
        excepted = source.path == CODEC_EXCEPTION[0] and _within(name, CODEC_EXCEPTION[1])
        if not (known or excepted or _within(name, own)):
            yield f"a core imports {name}"
    for _, function in source.calls():
        if function.attr in CLOCK_CALLS:
            yield f"a core asks a clock: {function.attr}()"


def relay_knows_no_web_tier(source: Source) -> Iterator[str]:
    """Rule 2: the relay imports no framework and nothing of the web tier."""
    if source.is_in("media_relay/"):
        for name in sorted(source.imports):
            if _within(name, "django", "channels", *WEB_TIER):
                yield f"the relay imports {name}"


def web_knows_the_protocol_alone(source: Source) -> Iterator[str]:
    """Rule 3: of the relay the web tier imports its protocol, in two places."""
    if not source.is_in(*(f"{package}/" for package in WEB_TIER)):
        return
    for name in sorted(name for name in source.imports if _within(name, "media_relay")):
        if not _within(name, PROTOCOL):
            yield f"the web tier imports {name}"
        elif source.path not in PROTOCOL_IMPORTERS:
            yield f"{name} is for {' and '.join(PROTOCOL_IMPORTERS)}"


def layers_look_down(source: Source) -> Iterator[str]:
    """Rule 4: live, views, management → services → models, core."""
    for folder, forbidden in FORBIDDEN_UPWARD.items():
        if source.is_in(folder):
            layers = tuple(f"classroom.{layer}" for layer in forbidden)
            yield from (
                f"{folder} imports {name}" for name in sorted(source.imports) if _within(name, *layers)
            )


def only_services_write(source: Source) -> Iterator[str]:
    """Rule 4: rows are written by services, not by consumers, commands, views or permissions."""
    if not source.is_in(*READERS):
        return
    for call, function in source.calls():
        chain = ast.unparse(function.value)
        writes_query = function.attr in QUERY_METHODS and re.search(r"objects|filter\(|exclude\(", chain)
        writes_row = function.attr in ROW_METHODS and not call.args
        if writes_query or writes_row:
            yield f"line {call.lineno} writes rows: {chain}.{function.attr}()"


def only_events_publishes(source: Source) -> Iterator[str]:
    """Rule 4: messages to a room leave through one module."""
    if source.is_in("classroom/", "accounts/", "config/") and source.path != PUBLISHER:
        for call, function in source.calls():
            if function.attr in PUBLISHING_CALLS:
                yield f"line {call.lineno} publishes: {function.attr}() is for {PUBLISHER}"


def accounts_knows_no_classroom(source: Source) -> Iterator[str]:
    """Rule 5: accounts stands alone."""
    if source.is_in("accounts/"):
        yield from (
            f"accounts imports {name}" for name in sorted(source.imports) if _within(name, "classroom")
        )


def relay_layers_look_down(source: Source) -> Iterator[str]:
    """Rule 6: in the relay, worker → io → core, and each dangerous thing has one importer."""
    if not source.is_in("media_relay/"):
        return
    for name in sorted(source.imports):
        top = name.partition(".")[0]
        if top in SOLE_IMPORTERS and source.path != SOLE_IMPORTERS[top]:
            yield f"{top} is for {SOLE_IMPORTERS[top]}"
        if source.is_in("media_relay/io/") and _within(name, "media_relay.worker", "media_relay.__main__"):
            yield f"io imports {name}"


JS_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b(?:[^"';()=]*\bfrom)?\s*["'](?P<path>[^"']+)["']|\bimport\(\s*["'](?P<late>[^"']+)""",
    re.M,
)
ROOM = "static/js/room/"
ROOM_BASE = frozenset({"state", "session", "peer"})
ROOT_MODULE = "main"
NO_DOM = frozenset({"session", "peer", "state"})


def room_features_stand_alone(source: Source) -> Iterator[str]:
    """Rule 7: features of the room's page import state, session and lib, never each other."""
    if not source.is_in(ROOM) or not source.path.endswith(".js"):
        return
    name = _room_feature(source.path)
    text = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", source.text, flags=re.S)
    if name in NO_DOM and re.search(r"\bdocument\b", text):
        yield f"{name} mentions document"
    if name == ROOT_MODULE:
        return
    for match in JS_IMPORT.finditer(text):
        path = match["path"] or match["late"]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source.path), path))
        if target.startswith(ROOM) and _room_feature(target) not in ROOM_BASE | {name}:
            yield f"{name} imports {path}"


def _room_feature(path: str) -> str:
    """The feature that a script belongs to: its own name, or that of the folder that it lies in."""
    return PurePosixPath(path.removeprefix(ROOM)).parts[0].removesuffix(".js")


LOADS = (
    re.compile(
        r"<(?!a\b)\w[^>]*?\b(?:src|srcset|href|poster|data|action)\s*=\s*[\"']?\s*(?:https?:|wss?:)?//[^>]*",
        re.I,
    ),
    re.compile(r"url\(\s*[\"']?(?:https?:)?//[^)]*", re.I),
    re.compile(r"@import\s+[\"'](?:https?:)?//[^;]*", re.I),
    re.compile(r"\b(?:import|from)\s*\(?\s*[\"'](?:https?:)?//[^\"']*"),
    re.compile(
        r"\b(?:fetch|importScripts|Worker|WebSocket|EventSource)\(\s*[\"'`](?:https?:|wss?:)?//[^\"'`]*"
    ),
)


def loads_nothing_from_elsewhere(source: Source) -> Iterator[str]:
    """Pages make no third-party request: no CDN, no foreign font, script, style or picture."""
    if source.is_in("templates/", "static/"):
        for pattern in LOADS:
            yield from (f"loads {match[0].strip()[:120]}" for match in pattern.finditer(source.text))


Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_things_are_documented(source: Source) -> Iterator[str]:
    """Every module, and every public class and function outside of functions, says what it is."""
    if not source.path.endswith(".py") or not source.text.strip() or source.is_in("tests/"):
        return
    if not ast.get_docstring(source.tree):
        yield "the module has no docstring"
    yield from (
        f"line {node.lineno}: {node.name} has no docstring"
        for node in _public(source.tree)
        if not ast.get_docstring(node)
    )


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[Documented]:
    for node in parent.body:
        if not isinstance(node, Documented) or node.name.startswith("_") or node.name == "Meta":
            continue
        if any(ast.unparse(decorator).endswith((".setter", "overload")) for decorator in node.decorator_list):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node)


def functions_are_short(source: Source) -> Iterator[str]:
    """No function is longer than MAX_FUNCTION_LINES."""
    for node in ast.walk(source.tree) if source.path.endswith(".py") else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {lines} lines"


PYTHON_RULES = (
    core_is_pure,
    relay_knows_no_web_tier,
    web_knows_the_protocol_alone,
    layers_look_down,
    only_services_write,
    only_events_publishes,
    accounts_knows_no_classroom,
    relay_layers_look_down,
    public_things_are_documented,
    functions_are_short,
)
PAGE_RULES = (room_features_stand_alone, loads_nothing_from_elsewhere)
