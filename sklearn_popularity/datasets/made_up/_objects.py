"""Objects to paint into made-up photos."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from ._brushes import FloatArray, fractal, grid

SPRITE_SIZE = 128
# The letters of a shop sign as strokes through (row, col) points of a unit square:
# a font would make the pixels depend on the machine.
SALE = (
    ((0, 1), (0, 0), (0.5, 0), (0.5, 1), (1, 1), (1, 0)),
    ((1, 0), (0, 0.5), (1, 1), (0.65, 0.8), (0.65, 0.2)),
    ((0, 0), (1, 0), (1, 1)),
    ((0, 1), (0, 0), (0.5, 0), (0.5, 0.8), (0.5, 0), (1, 0), (1, 1)),
)


def _ball(draw: ImageDraw.ImageDraw) -> None:
    for turn, fill in enumerate(("#e8402a", "#f4f4ee", "#2a62c8") * 2):
        draw.pieslice((8, 8, 120, 120), 60 * turn, 60 * turn + 60, fill=fill)
    draw.ellipse((52, 46, 74, 68), fill="#f4f4ee")


def _cat(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(14, 8), (18, 70), (62, 34)], fill="#8a6238")
    draw.polygon([(114, 8), (110, 70), (66, 34)], fill="#8a6238")
    draw.ellipse((10, 26, 118, 122), fill="#b08850")
    for stripe in (48, 60, 72):
        draw.polygon([(stripe, 28), (stripe + 8, 28), (stripe + 4, 50)], fill="#6a4824")
    for left in (28, 74):
        draw.ellipse((left, 54, left + 26, 80), fill="#cfd84c")
        draw.ellipse((left + 9, 55, left + 17, 79), fill="#101010")
    draw.ellipse((42, 82, 86, 112), fill="#efe3cc")
    draw.polygon([(56, 82), (72, 82), (64, 92)], fill="#d0686c")
    for drop in (-6, 4):
        draw.line([(50, 94), (6, 94 + drop)], fill="#f8f4ea", width=2)
        draw.line([(78, 94), (122, 94 + drop)], fill="#f8f4ea", width=2)


def _flower(draw: ImageDraw.ImageDraw) -> None:
    for angle in np.arange(0.0, 2 * np.pi, np.pi / 4):
        row, col = 64 + 36 * np.sin(angle), 64 + 36 * np.cos(angle)
        draw.ellipse((col - 22, row - 22, col + 22, row + 22), fill="#e0559e")
        draw.line([(64, 64), (col, row)], fill="#a82f70", width=4)
    draw.ellipse((44, 44, 84, 84), fill="#f2c024")
    draw.ellipse((52, 52, 76, 76), fill="#b87a14")


def _kite(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(64, 4), (104, 44), (64, 44)], fill="#f0d030")
    draw.polygon([(64, 4), (24, 44), (64, 44)], fill="#e0402c")
    draw.polygon([(64, 92), (104, 44), (64, 44)], fill="#2c9c58")
    draw.polygon([(64, 92), (24, 44), (64, 44)], fill="#3060c0")
    draw.line([(64, 92), (54, 104), (72, 114), (60, 125)], fill="#303030", width=3)


def _car(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(30, 62), (44, 36), (88, 36), (106, 62)], fill="#b4342c")
    draw.polygon([(38, 60), (48, 41), (64, 41), (64, 60)], fill="#b8d0dc")
    draw.polygon([(69, 60), (69, 41), (85, 41), (97, 60)], fill="#b8d0dc")
    draw.rounded_rectangle((4, 58, 124, 88), 10, fill="#c43c32")
    draw.rectangle((112, 64, 124, 72), fill="#fae8a0")
    for middle in (32, 96):
        draw.ellipse((middle - 16, 72, middle + 16, 104), fill="#181818")
        draw.ellipse((middle - 7, 81, middle + 7, 95), fill="#b8b8b8")


def _sign(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((59, 70, 69, 126), fill="#7c7c80")
    draw.rounded_rectangle((4, 12, 124, 84), 8, fill="#f6f2e4")
    draw.rounded_rectangle((9, 17, 119, 79), 5, fill="#1c1c1c")
    draw.rounded_rectangle((12, 20, 116, 76), 4, fill="#f6f2e4")
    for place, strokes in enumerate(SALE):
        line = [(20 + 23 * place + 18 * col, 32 + 32 * row) for row, col in strokes]
        draw.line(line, fill="#181818", width=6, joint="curve")


OBJECTS: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "cat": _cat,
    "flower": _flower,
    "ball": _ball,
    "kite": _kite,
    "car": _car,
    "sign": _sign,
}


def draw_sprite(rng: Generator, name: str, height: int) -> FloatArray:
    """Draw one object, shaded, turned and cut to its bounds, as RGBA in 0-1."""
    canvas = Image.new("RGBA", (SPRITE_SIZE, SPRITE_SIZE))
    OBJECTS[name](ImageDraw.Draw(canvas))
    canvas = canvas.rotate(rng.uniform(-25.0, 25.0), Image.Resampling.BILINEAR, True)
    canvas = canvas.crop(canvas.getbbox())
    width = max(1, round(height * canvas.width / canvas.height))
    canvas = canvas.resize((width, height), Image.Resampling.BICUBIC)
    sprite = np.asarray(canvas, dtype=np.float32) / np.float32(255.0)
    rows, cols = grid((height, width))
    light = 1.12 - 0.35 * rows - 0.15 * cols
    grain = 0.04 * fractal(rng, (height, width), slope=0.8)
    sprite[..., :3] *= (light + grain)[..., np.newaxis]
    return sprite
