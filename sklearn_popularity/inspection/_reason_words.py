"""Describe in words how a feature of a photo differs from the average photo."""

import re

import numpy as np

from ._color_names import name_color

# Features of ColorStatistics: phrases for values above and below the mean.
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
_COLOR = re.compile(r"color\d+_([0-9a-f]{6})")  # features of ColorHistogram
# Upper limits of the distance from the mean in standard deviations, with adverbs for
# phrases such as "more colourful", and for "above average".
_ADVERBS = [
    (0.5, ("slightly ", "slightly ")),
    (1.5, ("", "")),
    (2.5, ("much ", "well ")),
    (np.inf, ("far ", "far ")),
]


def reason_in_words(name: str, value: float, mean: float, scale: float) -> str:
    """Describe how a feature differs from its mean over the training photos.

    Such as "much less colourful than your average photo". The mean and the standard
    deviation `scale` are NaN if unknown.
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
    """Describe on which side of the average the output of a model is."""
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
    """Adverbs for a distance; none if it is unknown."""
    return next((words for limit, words in _ADVERBS if distance < limit), ("", ""))
