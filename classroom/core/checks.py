"""What a browser calls itself, in few words; pure."""

from __future__ import annotations

import re

MAX_NAME_LENGTH = 60
UNKNOWN = "?"
BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/(\d{1,4})")),
    ("Opera", re.compile(r"\bOPR/(\d{1,4})")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d{1,4})")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d{1,4})")),
    ("Chrome", re.compile(r"\b(?:Headless)?(?:Chrome|CriOS)/(\d{1,4})")),
    ("Safari", re.compile(r"\bVersion/(\d{1,4})[\d.]* .*\bSafari/")),
)
"""The likelier lie comes later: nearly all call themselves Safari, and many Chrome."""
SYSTEMS = (
    ("iPad", re.compile(r"\biPad\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac OS X\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def browser_name(user_agent: str) -> str:
    """The browser's name and the system's, without versions: an update makes no other browser of it."""
    browser = next((name for name, pattern in BROWSERS if pattern.search(user_agent)), UNKNOWN)
    system = next((name for name, pattern in SYSTEMS if pattern.search(user_agent)), UNKNOWN)
    return f"{browser} · {system}"[:MAX_NAME_LENGTH]
