"""Media made once before a run: three seconds of VP8 (1 Mbps, 30 fps, one keyframe), two of Opus."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from fractions import Fraction

from av import AudioFrame, CodecContext, VideoFrame

WIDTH, HEIGHT = 640, 360
FRAMES_PER_SECOND = 30
LOOP_FRAMES = 90
NOISY_SHARE = 16
"""One line of so many is noise."""
VIDEO_BITS_PER_SECOND = 1_000_000
MAX_PAYLOAD_BYTES = 1_100
OPUS_BITS_PER_SECOND = 32_000
OPUS_SAMPLES = 960
OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Footage:
    """`video[i]` are the parts of frame i, without a payload descriptor; `audio[i]` is one Opus packet."""

    video: tuple[tuple[bytes, ...], ...]
    audio: tuple[bytes, ...]


def make_footage() -> Footage:
    """Encodes the loop; takes about a second."""
    return Footage(video=tuple(map(_split, _encode_video())), audio=tuple(_encode_audio()))


def _split(frame: bytes) -> tuple[bytes, ...]:
    """Splits as Chromium does: into parts of about equal size, the larger ones last."""
    count = -(-len(frame) // MAX_PAYLOAD_BYTES)
    size, larger = divmod(len(frame), count)
    sizes = [size] * (count - larger) + [size + 1] * larger
    edges = itertools.accumulate(sizes, initial=0)
    return tuple(frame[start:end] for start, end in itertools.pairwise(edges))


def _encode_video() -> list[bytes]:
    codec = CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.bit_rate = VIDEO_BITS_PER_SECOND
    codec.gop_size = LOOP_FRAMES
    codec.framerate, codec.time_base = Fraction(FRAMES_PER_SECOND), Fraction(1, FRAMES_PER_SECOND)
    rate = str(VIDEO_BITS_PER_SECOND)
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-8",
        "lag-in-frames": "0",
        "minrate": rate,
        "maxrate": rate,
        "bufsize": rate,
        "undershoot-pct": "50",
    }
    encoded = [bytes(packet) for index in range(LOOP_FRAMES) for packet in codec.encode(_picture(index))]
    return encoded + [bytes(packet) for packet in codec.encode(None)]


def _picture(index: int) -> VideoFrame:
    """Grey, with a band of noise that is new in each frame: about as much to encode as a moving teacher."""
    frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
    source = random.Random(index)
    for plane in frame.planes:
        band = plane.height // NOISY_SHARE * plane.line_size
        plane.update(source.randbytes(band).ljust(plane.buffer_size, b"\x80"))
    frame.pts = index
    return frame


def _encode_audio() -> list[bytes]:
    codec = CodecContext.create("libopus", "w")
    codec.bit_rate, codec.sample_rate = OPUS_BITS_PER_SECOND, OPUS_RATE
    codec.layout, codec.format = "mono", "s16"
    codec.time_base = Fraction(1, OPUS_RATE)
    source = random.Random(0)
    packets = []
    for index in range(LOOP_FRAMES):
        frame = AudioFrame(format="s16", layout="mono", samples=OPUS_SAMPLES)
        frame.planes[0].update(source.randbytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts = OPUS_RATE, index * OPUS_SAMPLES
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets
