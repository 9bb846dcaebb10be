"""Files as people upload them, and as nobody should: made anew by each test, the same every time."""

from __future__ import annotations

import array
import io
import math
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from PIL import Image, PngImagePlugin

from classroom.core.sniffing import EICAR as EICAR

SCRIPT = b"<script>document.title = 'run'</script>"


def make_pdf(
    pages: Sequence[str] = ("Optics: page one", "Refraction", "The lens"), tail: bytes = b""
) -> bytes:
    """A PDF with one line of words on each page, on a ground of a colour of its own."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, words in enumerate(pages):
        shade = shade_of(number + 1, len(pages))
        drawing = (
            f"{shade:.2f} 0.9 0.8 rg 0 0 640 360 re f 0 0 0 rg BT /F1 36 Tf 60 180 Td ({words}) Tj ET"
        ).encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 640 360] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return _assemble(objects) + tail


def shade_of(page: int, pages: int) -> float:
    """How red a page of `make_pdf` is, 0 to 1."""
    return round(0.35 + 0.6 * (page - 1) / pages, 2)


def _assemble(objects: Sequence[bytes]) -> bytes:
    """Puts a PDF's objects together with the table of their places."""
    out, places = io.BytesIO(b"%PDF-1.4\n"), []
    out.seek(0, io.SEEK_END)
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def make_picture(kind: str = "PNG", size: tuple[int, int] = (640, 360), colour: str = "teal") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def make_photo_with_place() -> bytes:
    """A photograph that tells where it was taken, and holds a script besides."""
    exif = Image.Exif()
    exif[0x010F] = "Camera of Student 1"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", (320, 180), "tan").save(out, "JPEG", exif=exif, comment=SCRIPT)
    return out.getvalue() + SCRIPT


def make_png_bomb() -> bytes:
    """A small PNG of 900 million pixels."""
    header = (30_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    PngImagePlugin.putchunk(out, b"IHDR", header)
    PngImagePlugin.putchunk(out, b"IDAT", b"x\x9cc\x00\x00\x00\x01\x00\x01")
    PngImagePlugin.putchunk(out, b"IEND", b"")
    return out.getvalue()


def make_zip(entries: dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def make_presentation() -> bytes:
    """As much of a PPTX as tells that it is one."""
    return make_zip({"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b"<p/>"})


def make_film(kind: str = "webm", seconds: float = 4.0, codec: str = "") -> bytes:
    """A small film with a tone, whose grey rises from black to white: a picture tells its time."""
    out = io.BytesIO()
    rate = 10
    with av.open(out, "w", format=kind) as container:
        video: Any = container.add_stream(codec or {"webm": "libvpx", "mp4": "libx264"}[kind], rate=rate)
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        video.gop_size = 5
        sound: Any = container.add_stream("libopus" if kind == "webm" else "aac", rate=48_000)
        sound.layout = "mono"
        frames = int(seconds * rate)
        for index in range(frames):
            frame = _grey(255 * index // max(1, frames - 1))
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(video.encode(frame))
            container.mux(sound.encode(_tone(index, 48_000 // rate)))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return out.getvalue()


def _grey(level: int) -> Any:
    frame = av.VideoFrame(160, 90, "yuv420p")
    for plane, value in zip(frame.planes, (level, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def _tone(index: int, count: int) -> Any:
    times = range(index * count, (index + 1) * count)
    samples = array.array("h", (int(6000 * math.sin(2 * math.pi * 440 * time / 48_000)) for time in times))
    frame = av.AudioFrame(format="s16", layout="mono", samples=count)
    frame.planes[0].update(samples.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate, frame.pts = 48_000, index * count
    return frame
