"""Typed readers of environment variables; each failure is one sentence that names the variable.

Every variable may also be given as `NAME_FILE`, the path of a file that holds the value: so Docker and
systemd hand over secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset(("1", "on", "true", "yes"))
FALSE = frozenset(("0", "off", "false", "no"))
MAX_PORT = 65535

T = TypeVar("T")


class Environment:
    """Reads values from a mapping such as `os.environ`; an empty value counts as not set."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """Returns the value, or what the file named by `NAME_FILE` holds, without surrounding white space."""
        value = self._values.get(name, "").strip()
        path = self._values.get(f"{name}_FILE", "").strip()
        if value and path:
            raise ImproperlyConfigured(f"Give either {name} or {name}_FILE, not both.")
        if path:
            return _content(name, path)
        return value or default

    def flag(self, name: str, default: bool = False) -> bool:
        """Returns whether a switch is on."""
        value = self.text(name).lower()
        if value in TRUE or value in FALSE:
            return value in TRUE
        if value:
            raise ImproperlyConfigured(f"{name} must be on or off, not “{value}”.")
        return default

    def number(self, name: str, default: int, lowest: int = 0, highest: int = 2**31) -> int:
        """Returns a whole number within bounds."""
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and lowest <= int(value) <= highest):
            raise ImproperlyConfigured(
                f"{name} must be a whole number from {lowest} to {highest}, not “{value}”."
            )
        return int(value)

    def port(self, name: str, default: int) -> int:
        """Returns a port number."""
        return self.number(name, default, 1, MAX_PORT)

    def names(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Returns a list, given with commas in between."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip()) or default

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """Returns one of the options; the first is the default."""
        value = self.text(name, options[0])
        if value not in options:
            raise ImproperlyConfigured(f"{name} must be {' or '.join(options)}, not “{value}”.")
        return value

    def url(self, name: str, schemes: tuple[str, ...]) -> SplitResult | None:
        """Returns an address, or None; no error repeats it, since it may hold a password."""
        return self._parsed(
            name, lambda text: _split(text, schemes), f"must be an address such as {schemes[0]}://…"
        )

    def _parsed(self, name: str, parse: Callable[[str], T], sentence: str) -> T | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} {sentence}.") from None


def _content(name: str, path: str) -> str:
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names “{path}”, which can't be read.") from error
    if not content:
        raise ImproperlyConfigured(f"{name}_FILE names “{path}”, which is empty.")
    return content


def _split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in schemes or parts.port == 0:
        raise ValueError("address is not of a known scheme")
    return parts
