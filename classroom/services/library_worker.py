"""Looks at one uploaded file and makes its pictures; run as a script, in a process of its own.

Works in the material's folder, reads `source`, writes `page-1.webp`, `thumbnail-1.webp` …, and prints one
JSON object: what was found, or why it is refused. It imports nothing of the project but pure modules.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from classroom.core import sniffing

PAGE_PIXELS, THUMBNAIL_PIXELS = 1600, 320
"""Of the longer side."""
WEBP_QUALITY, THUMBNAIL_QUALITY, JPEG_QUALITY = 84, 72, 90
MAX_PAGES = 300
MAX_PAGE_TEXT = 8000
MAX_IMAGE_PIXELS = 50_000_000
MEMORY_BYTES = 1536 << 20
CPU_SECONDS = 200
FILE_BYTES = 512 << 20
MAX_FILES_OPEN = 64
MAX_UNPACKED_BYTES = 256 << 20
MAX_PACKED_FILES = 5000
CONVERT_SECONDS = 120
CONVERT_MEMORY_BYTES = 4 << 30
SOURCE = Path("source")
DOCUMENT, IMAGE, VIDEO, FILE = "document", "image", "video", "file"


class RefusedError(Exception):
    """The file is not taken; the message is the key of a sentence."""


def main(purpose: str, *options: str) -> dict[str, Any]:
    """Looks at `source`; the purpose is `show` or `keep`, the option `convert` allows LibreOffice."""
    with SOURCE.open("rb") as file:
        found = sniffing.sniff(file.read(sniffing.HEAD_BYTES))
    if found == sniffing.PROGRAM:
        raise RefusedError("program")
    if found == sniffing.ZIP:
        found = _look_into_archive()
    if purpose == "keep":
        return {"kind": FILE, "media_type": found}
    if found in sniffing.PRESENTATIONS:
        return _presentation(found, can_convert="convert" in options)
    limit_self()
    if found == sniffing.PDF:
        return {"kind": DOCUMENT, "media_type": found, "pages": render(SOURCE)}
    if found in sniffing.PICTURES:
        return _picture(found)
    return _video(found) if found in sniffing.VIDEOS else {"kind": FILE, "media_type": sniffing.OTHER}


def limit_self() -> None:
    """Bounds what reading a hostile file can cost, for good."""
    limits = (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_FILES_OPEN),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in limits:
        resource.setrlimit(kind, (limit, limit))


# Archives and presentations


def _look_into_archive() -> str:
    """Which kind of archive it is; nothing is unpacked."""
    try:
        with zipfile.ZipFile(SOURCE) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            first = entries[0] if entries else None
            has_type = first is not None and first.filename == "mimetype" and first.file_size < 200
            mimetype = archive.read("mimetype") if has_type else b""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return sniffing.ZIP
    return sniffing.office_type(names, mimetype)


def _presentation(found: str, *, can_convert: bool) -> dict[str, Any]:
    """Converts a presentation, or leaves it to be downloaded with a word on how it could be shown."""
    kept = {"kind": FILE, "media_type": found, "reason": "export_as_pdf"}
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if not (can_convert and program):
        return kept
    with zipfile.ZipFile(SOURCE) as archive:
        entries = archive.infolist()
    if len(entries) > MAX_PACKED_FILES or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise RefusedError("bomb")
    made = _convert(program, ".pptx" if found == sniffing.PPTX else ".odp")
    limit_self()
    if made is None:
        return kept
    return {"kind": DOCUMENT, "media_type": found, "pages": render(made)}


def _convert(program: str, suffix: str) -> Path | None:
    """A PDF made of the source by LibreOffice; None where that fails."""
    place = Path(os.environ["HOME"]) / "office"
    place.mkdir()
    copy = place / f"slides{suffix}"
    shutil.copy(SOURCE, copy)
    command = [
        program,
        "--headless",
        "--norestore",
        "--nologo",
        f"-env:UserInstallation=file://{place}/profile",
        "--convert-to",
        "pdf:impress_pdf_Export",
        "--outdir",
        str(place),
        str(copy),
    ]
    with contextlib.suppress(subprocess.TimeoutExpired, OSError):
        subprocess.run(  # noqa: S603 (a program of this machine; the file's name is ours)
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=CONVERT_SECONDS,
            check=False,
            preexec_fn=_limit_converter,
        )
    made = place / "slides.pdf"
    return made if made.exists() else None


def _limit_converter() -> None:
    for kind, limit in (
        (resource.RLIMIT_AS, CONVERT_MEMORY_BYTES),
        (resource.RLIMIT_CPU, CONVERT_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
    ):
        resource.setrlimit(kind, (limit, limit))


# Documents


def render(source: Path) -> list[dict[str, Any]]:
    """Makes the pictures of a PDF's pages; returns their sizes and words."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        raise RefusedError("password" if "password" in str(error).lower() else "damaged") from None
    if len(document) > MAX_PAGES:
        raise RefusedError("too_many_pages")
    if not len(document):
        raise RefusedError("damaged")
    try:
        return [_page(document, number) for number in range(1, len(document) + 1)]
    except pdfium.PdfiumError:
        raise RefusedError("damaged") from None


def _page(document: Any, number: int) -> dict[str, Any]:
    page = document[number - 1]
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise RefusedError("damaged")
    scale = PAGE_PIXELS / max(width, height)
    image = page.render(scale=scale, may_draw_forms=False).to_pil()
    words = page.get_textpage()
    text = words.get_text_range(0, min(words.count_chars(), MAX_PAGE_TEXT))
    words.close()
    page.close()
    return {**_save(image, number), "text": _clean_text(text)}


def _clean_text(text: str) -> str:
    """The words of a page without what is no word."""
    kept = "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)
    return kept.encode("utf-8", "ignore").decode()[:MAX_PAGE_TEXT]


# Pictures


def _picture(found: str) -> dict[str, Any]:
    """Draws a picture anew: what else its file may have held, such as a place or a script, is gone."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
    kind = found.removeprefix("image/").upper()
    try:
        with Image.open(SOURCE, formats=[kind]) as file:
            if file.width * file.height > MAX_IMAGE_PIXELS:
                raise RefusedError("too_many_pixels")
            file.draft("RGB", None)
            file.load()
            image = ImageOps.exif_transpose(file)
    except Image.DecompressionBombError:
        raise RefusedError("too_many_pixels") from None
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, KeyError):
        raise RefusedError("damaged") from None
    has_alpha = image.has_transparency_data
    image = image.convert("RGBA" if has_alpha else "RGB")
    # Comments and the like would be written again.
    image.info.clear()
    kept = found if found != sniffing.GIF else sniffing.PNG
    fresh = Path("fresh")
    options = {"quality": JPEG_QUALITY} if kept != sniffing.PNG else {}
    (image.convert("RGB") if kept == sniffing.JPEG else image).save(
        fresh, kept.removeprefix("image/").upper(), **options
    )
    fresh.replace(SOURCE)
    return {"kind": IMAGE, "media_type": kept, "pages": [{**_save(image, 1), "text": ""}]}


def _save(image: Any, number: int) -> dict[str, int]:
    """Writes the picture and the thumbnail of a page; returns the picture's size."""
    picture, small = image.copy(), image.copy()
    picture.thumbnail((PAGE_PIXELS, PAGE_PIXELS))
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    picture.save(f"page-{number}.webp", "WEBP", quality=WEBP_QUALITY, method=2)
    small.save(f"thumbnail-{number}.webp", "WEBP", quality=THUMBNAIL_QUALITY, method=2)
    return {"number": number, "width": picture.width, "height": picture.height}


# Films


def _video(found: str) -> dict[str, Any]:
    """Looks whether a film is whole and of a kind that browsers play; it is not decoded."""
    seconds = sniffing.mp4_seconds if found == sniffing.MP4 else sniffing.webm_seconds
    with SOURCE.open("rb") as file:

        def read(place: int, count: int) -> bytes:
            file.seek(place)
            return file.read(count)

        try:
            return {
                "kind": VIDEO,
                "media_type": found,
                "seconds": round(seconds(read, SOURCE.stat().st_size), 3),
            }
        except sniffing.UnplayableError:
            return {"kind": FILE, "media_type": found, "reason": "unplayable"}
        except sniffing.DamagedError:
            raise RefusedError("damaged") from None


def _answer() -> dict[str, Any]:
    try:
        result = main(*sys.argv[1:])
    except RefusedError as refusal:
        return {"refused": str(refusal)}
    with SOURCE.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {**result, "sha256": digest, "size": SOURCE.stat().st_size}


if __name__ == "__main__":
    os.nice(10)
    print(json.dumps(_answer()))
