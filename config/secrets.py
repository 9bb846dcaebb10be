"""Secrets that an installation makes for itself once and keeps."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

RANDOM_BYTES = 48


def kept_secret(path: Path) -> str:
    """Returns the secret in a file; makes the file, readable by its owner alone, when there is none."""
    try:
        if not path.exists():
            _keep(path, secrets.token_urlsafe(RANDOM_BYTES))
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"LECTERN_VAR: “{path}” can't be written or read ({error.strerror})."
        ) from error


def _keep(path: Path, secret: str) -> None:
    """Two processes may start at once: the file appears whole, and the first one wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
