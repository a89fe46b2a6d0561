"""Reasons in words: how a number differs from that of an average photo."""

import re

import numpy as np

from ._color_names import name_color

# Numbers of ColorStatistics: what a photo has more of, or is, above the mean and below.
_PHRASES = {
    "mean_hue": ("nearer to blue and violet", "nearer to red and yellow"),
    "mean_saturation": ("more colourful", "less colourful"),
    "mean_value": ("brighter colours", "darker colours"),
    "mean_intensity": ("lighter", "darker"),
    "variance_intensity": ("more contrast", "less contrast"),
    "skewness_intensity": (
        "more dark areas with few bright ones",
        "more bright areas with few dark ones",
    ),
}
_COLOR = re.compile(r"color\d+_([0-9a-f]{6})")  # those of ColorHistogram
# Up to which distance from the mean, in standard deviations, adverbs go: of what is
# more than it is on average, and of what is above the average.
_ADVERBS = [
    (0.5, ("slightly ", "slightly ")),
    (1.5, ("", "")),
    (2.5, ("much ", "well ")),
    (np.inf, ("far ", "far ")),
]


def reason_in_words(name: str, value: float, mean: float, scale: float) -> str:
    """Say how a number differs from its mean over the training photos.

    Parameters
    ----------
    name : str
        Of the number, with that of its transformer before it where there is one.
    value, mean : float
        Of the photo, and of the training photos; a mean of NaN is not known.
    scale : float
        Standard deviation over the training photos; NaN where it is not known.

    Returns
    -------
    reason : str
        Such as "much less colourful than your average photo".
    """
    name = str(name).split("__")[-1]
    plain = name.replace("_", " ")
    if np.isnan(mean):
        return plain
    if value == mean:
        return f"{plain} as on average"
    phrases = _phrases_of(name)
    adverb = _adverbs(abs(value - mean) / (scale or np.nan))[phrases is None]
    if phrases is None:
        return f"{plain} {adverb}{'above' if value > mean else 'below'} average"
    return f"{adverb}{phrases[int(value < mean)]} than your average photo"


def above_or_below(name: str, distance: float) -> str:
    """On which side of the average something is, of which no more is known."""
    if np.isnan(distance) or distance == 0:
        return name
    return f"{name}: rated {'above' if distance > 0 else 'below'} average"


def _phrases_of(name):
    color = _COLOR.fullmatch(name)
    if color:
        called = name_color("#" + color[1])
        return f"more {called}", f"less {called}"
    return _PHRASES.get(name)


def _adverbs(distance):
    """Of a distance that is not known there are none."""
    return next((words for limit, words in _ADVERBS if distance < limit), ("", ""))
