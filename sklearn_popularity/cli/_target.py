"""What is learned of a label: itself, or the logarithm of a count or of its rate."""

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from scipy.stats import skew

from .._messages import quote
from .._warnings import warn_caller
from ..context import log_normalized_popularity

_SKEWED = 2


def time_columns(options):
    """Columns of --per-day, once they are as many as it takes."""
    columns = options.per_day or []
    if options.per_day is not None and len(columns) not in (1, 2):
        raise ValueError(
            f"Got --per-day {','.join(columns)}, but TIME or TIME,OBSERVED was "
            "expected: the column of when photos were posted, and that of when the "
            "label was read."
        )
    return columns


def with_target(posts, options):
    """Rows with what is learned in place of their label, and its name in `attrs`."""
    label, times = options.label, time_columns(options)
    if not (options.log or times):
        _suggest(posts[label], label)
        posts.attrs["target"] = label
        return posts
    negative = posts[label] < 0
    if negative.any():
        row = int(np.flatnonzero(negative)[0])
        raise ValueError(
            f"The column {label!r} holds {posts[label].iloc[row]:g} for "
            f"{quote(posts['photo'].iloc[row])}, but counts of 0 or more have the "
            "logarithms of --log and --per-day."
        )
    learned = np.log2(posts[label] + 1)
    if times:
        learned = _per_day(posts, label, times)
    posts = posts.assign(**{label: learned})
    posts.attrs["target"] = f"log2({unit_of(label, options)} + 1)"
    return posts


def unit_of(label, options):
    """What `in_unit` counts."""
    return f"{label} per day" if options.per_day else label


def in_unit(scores, options):
    """Predictions in the unit of the label, from those of what was learned."""
    if not (options.log or options.per_day):
        return scores
    return np.exp2(np.maximum(scores, 0)) - 1


def _per_day(posts, label, times):
    uploaded = posts[times[0]]
    observed = posts[times[1]] if len(times) == 2 else _latest(uploaded)
    return log_normalized_popularity(posts[label], uploaded, observed, min_days=1)


def _latest(times):
    """The latest of times, or of numbers of days, as it is written."""
    if is_numeric_dtype(times):
        return times.max()
    moments = pd.to_datetime(times, format="ISO8601", utc=True, errors="coerce")
    return times.iloc[int(np.argmax(moments.fillna(moments.min())))]


def _suggest(values, label):
    skewness = skew(values)
    if skewness <= _SKEWED:
        return
    way_out = "Learn its logarithm or its rank"
    if values.min() >= 0:
        way_out = "Try --log, or --per-day TIME if it grows with the age of a photo"
    warn_caller(
        f"the label {label!r} is skewed (skewness {skewness:.1f}): a few photos weigh "
        f"more than all others. {way_out}"
    )
