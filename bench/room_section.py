"""The sections of `docs/performance.md` about a full room's web process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench import room
from bench.parts import Section, check_goals, markdown_table, wrapped

NAMES = {
    "people": "pages in the room",
    "entered_within_s": "all were in within, s",
    "entering_p95_ms": "from a page's dialling to its first sight of the room, p95, ms",
    "entering_queries": "queries of the database to come in",
    "memory_kb_a_socket": "memory of the web process a socket, kB",
    "chat_messages": "chat messages",
    "unheard_messages": "of them not heard by somebody",
    "chat_p50_ms": "chat: from one page to all, p50, ms",
    "chat_p95_ms": "chat: p95, ms",
    "chat_p95_under_abuse_ms": "chat: p95 beside 1,000 messages/s from one page, ms",
    "drawing_operations": "operations of 40 who draw",
    "drawing_refused": "of them refused",
    "drawing_p50_ms": "drawing: from one page to all, p50, ms",
    "drawing_p95_ms": "drawing: p95, ms",
    "diverged": "pages whose board differs",
    "lines_lost": "pages whose line was lost meanwhile",
    "chat_cpu_percent": "a core while they chat, %",
    "drawing_cpu_percent": "a core while they draw, %",
}


def rooming(title: str, prefix: str, where: str) -> Callable[[Mapping[str, Any]], Section]:
    """Returns what makes the section of a full room on one kind of installation."""

    def make(figures: Mapping[str, Any]) -> Section:
        seen = figures["room"]
        intro = f"""
            A whole Lectern on {where}, with {seen["people"]:,.0f} pages in one room that count and time what
            they hear. Four chat messages a second go to all; then 40 people draw ten operations a second
            each; then one page sends a thousand messages a second while others chat. A time is from the
            sending page to each of all pages. Clients and server share the machine's cores.
        """
        rows = [(name, seen[key]) for key, name in NAMES.items()]
        text = f"{wrapped(intro)}\n\n{markdown_table(('', title), rows)}"
        return Section(title, text, check_goals(prefix, seen, room.GOALS, NAMES))

    return make


EMBEDDED = rooming("A full room", "full room: ", "SQLite and the in-memory channel layer")
ON_SERVERS = rooming(
    "A full room on servers", "full room on servers: ", "PostgreSQL and Redis, in the same machine"
)
