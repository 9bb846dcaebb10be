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


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    f'xmlns:r="{_OFFICE}" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_PLACE = '<a:xfrm><a:off x="900000" y="900000"/><a:ext cx="7000000" cy="2000000"/></a:xfrm>'


def make_slides(pages: Sequence[str], picture_from: str = "") -> bytes:
    """A PPTX with one line of words on each slide; the first one may show a picture of another site."""
    parts = {
        "[Content_Types].xml": _types(len(pages)),
        "_rels/.rels": _links(("officeDocument", "ppt/presentation.xml", "")),
        "ppt/_rels/presentation.xml.rels": _links(
            *(("slide", f"slides/slide{number}.xml", "") for number in range(1, len(pages) + 1))
        ),
        "ppt/presentation.xml": f"<p:presentation {_SPACES}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{255 + number}" r:id="r{number}"/>' for number in range(1, len(pages) + 1))
        + '</p:sldIdLst><p:sldSz cx="9144000" cy="5143500"/><p:notesSz cx="6858000" cy="9144000"/>'
        "</p:presentation>",
    }
    for number, words in enumerate(pages, 1):
        link = picture_from if number == 1 else ""
        parts[f"ppt/slides/slide{number}.xml"] = _slide(words, bool(link))
        parts[f"ppt/slides/_rels/slide{number}.xml.rels"] = _links(
            *([("image", link, "External")] * bool(link))
        )
    return make_zip(
        {name: f'<?xml version="1.0" encoding="UTF-8"?>{part}'.encode() for name, part in parts.items()}
    )


def _types(slides: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.presentationml"
    names = [("/ppt/presentation.xml", "presentation.main")]
    names += ((f"/ppt/slides/slide{number}.xml", "slide") for number in range(1, slides + 1))
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(f'<Override PartName="{name}" ContentType="{kind}.{part}+xml"/>' for name, part in names)
        + "</Types>"
    )


def _links(*links: tuple[str, str, str]) -> str:
    """Relationships of a part: kind, target and mode; their ids are r1, r2 …"""
    rows = (
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"'
        + (f' TargetMode="{mode}"/>' if mode else "/>")
        for number, (kind, target, mode) in enumerate(links, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(rows)}</Relationships>'


def _slide(words: str, has_picture: bool) -> str:
    picture = (
        '<p:pic><p:nvPicPr><p:cNvPr id="3" name="Picture"/><p:cNvPicPr/><p:nvPr/></p:nvPicPr>'
        '<p:blipFill><a:blip r:link="r1"/><a:stretch><a:fillRect/></a:stretch></p:blipFill>'
        f'<p:spPr>{_PLACE}<a:prstGeom prst="rect"/></p:spPr></p:pic>'
    )
    box = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Words"/><p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr>'
        f'<p:spPr>{_PLACE}<a:prstGeom prst="rect"/></p:spPr>'
        f'<p:txBody><a:bodyPr/><a:p><a:r><a:rPr sz="3600"/><a:t>{words}</a:t></a:r></a:p></p:txBody></p:sp>'
    )
    group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    tree = f"{group}{box}{picture if has_picture else ''}"
    return f"<p:sld {_SPACES}><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>"


def make_film(kind: str = "webm", seconds: float = 4.0, codec: str = "", title: str = "") -> bytes:
    """A small film with a tone, whose grey rises from black to white: a picture tells its time."""
    out = io.BytesIO()
    rate = 10
    with av.open(out, "w", format=kind) as container:
        container.metadata["title"] = title
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
