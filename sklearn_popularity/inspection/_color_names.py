"""Names of colours."""

import colorsys

import numpy as np
from skimage.color import rgb2lab

# Upper limits of hue in degrees: 0 is red, 120 green, 240 blue.
_HUES = [
    (15, "red"),
    (42, "orange"),
    (68, "yellow"),
    (165, "green"),
    (190, "teal"),
    (252, "blue"),
    (285, "violet"),
    (318, "purple"),
    (345, "pink"),
    (361, "red"),
]
_GREYS = [(15, "black"), (40, "dark grey"), (70, "grey"), (92, "light grey")]
# Names for dark colours of these hues.
_DIM = {"orange": "brown", "yellow": "olive"}


def name_color(color: str) -> str:
    """Name of a colour "#rrggbb", such as "dark violet".

    It depends on the hue, and on lightness and chroma in CIELAB.
    """
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    lightness, *ab = rgb2lab(rgb[np.newaxis])[0]
    chroma = np.hypot(*ab)
    if chroma < 8 or lightness < 6:
        return next((name for limit, name in _GREYS if lightness < limit), "white")
    hue = 360 * colorsys.rgb_to_hsv(*rgb)[0]
    name = next(name for limit, name in _HUES if hue < limit)
    if lightness < 62:
        name = _DIM.get(name, name)
    elif name == "red":
        name = "pink"
    tone = "greyish " if chroma < 22 else ""
    if lightness < 35:
        return f"dark {tone}{name}"
    return f"light {tone}{name}" if lightness > 75 and chroma < 60 else tone + name
