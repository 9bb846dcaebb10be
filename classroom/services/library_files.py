"""The folder of each material's bytes, named by its id alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from classroom.core.library import PART_BYTES, count_parts

SOURCE = "source"
INCOMING = "incoming"
PARTS = "parts"


def root() -> Path:
    """The folder of all materials; shared by all web processes of an installation."""
    path: Path = settings.VAR / "media"
    return path


def folder(material_id: UUID) -> Path:
    """The folder of one material."""
    return root() / str(material_id)


def source(material_id: UUID) -> Path:
    """The file that was uploaded, once it is whole."""
    return folder(material_id) / SOURCE


def page(material_id: UUID, number: int) -> Path:
    """The picture of a page."""
    return folder(material_id) / f"page-{number}.webp"


def thumbnail(material_id: UUID, number: int) -> Path:
    """The small picture of a page."""
    return folder(material_id) / f"thumbnail-{number}.webp"


def make(material_id: UUID) -> None:
    """Makes an empty folder, which nobody else on this machine can read."""
    (folder(material_id) / PARTS).mkdir(mode=0o700, parents=True)


def write_part(material_id: UUID, number: int, data: bytes) -> None:
    """Puts a part into its place; doing so twice is harmless. FileNotFoundError if the folder is gone."""
    descriptor = os.open(folder(material_id) / INCOMING, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        place = number * PART_BYTES
        while view:
            written = os.pwrite(descriptor, view, place)
            view, place = view[written:], place + written
    finally:
        os.close(descriptor)
    # The mark comes last: a part without it is sent again.
    (folder(material_id) / PARTS / str(number)).touch()


def parts(material_id: UUID, size: int) -> list[int]:
    """Which parts of a file of that size have come."""
    try:
        names = os.listdir(folder(material_id) / PARTS)
    except FileNotFoundError:
        return []
    return sorted(number for number in map(int, names) if number < count_parts(size))


def complete(material_id: UUID) -> None:
    """Makes what has come the material's source."""
    own = folder(material_id)
    os.replace(own / INCOMING, own / SOURCE)
    shutil.rmtree(own / PARTS, ignore_errors=True)


def remove(material_id: UUID) -> None:
    """Deletes all bytes of a material; harmless where there are none."""
    shutil.rmtree(folder(material_id), ignore_errors=True)


def all_ids(older_than: float) -> Iterator[UUID]:
    """The materials that have a folder which was made before a time (POSIX seconds)."""
    try:
        entries = list(os.scandir(root()))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir() and entry.stat().st_mtime < older_than:
            yield UUID(entry.name)
