"""The target: the label, or its logarithm with --log or --per-day."""

import numpy as np
from scipy.stats import skew

from .._messages import quote
from .._warnings import warn_caller
from ..context import log_normalized_popularity, read_order
from ..datasets import first_row

_SKEWED = 2


def time_columns(options):
    """Columns of --per-day, one or two."""
    columns = options.per_day or []
    if options.per_day is not None and len(columns) not in (1, 2):
        raise ValueError(
            f"Got --per-day {','.join(columns)}, but TIME or TIME,OBSERVED was "
            "expected: the columns with the time of posting, and with the time at "
            "which the label was read."
        )
    return columns


def with_target(posts, options):
    """Replace the label by the target; `attrs` holds its name."""
    label, times = options.label, time_columns(options)
    if not (options.log or times):
        _suggest(posts[label], label)
        posts.attrs["target"] = label
        return posts
    negative = posts[label] < 0
    if negative.any():
        raise ValueError(
            f"The column {label!r} holds {posts[label][negative].iloc[0]:g} for "
            f"{first_row(posts, negative)}, but --log and --per-day need counts of 0 "
            "or more. Correct the cell, or empty it."
        )
    learned = np.log2(posts[label] + 1)
    if times:
        learned = _per_day(posts, label, times)
    posts = posts.assign(**{label: learned})
    posts.attrs["target"] = f"log2({unit_of(label, options)} + 1)"
    return posts


def unit_of(label, options):
    """Unit of the scores of `in_unit`."""
    return f"{label} per day" if options.per_day else label


def in_unit(scores, options):
    """Convert predictions of the target back to the unit of the label."""
    if not (options.log or options.per_day):
        return scores
    return np.exp2(np.maximum(scores, 0)) - 1


def _per_day(posts, label, times):
    moments = [read_order(posts, column, "--per-day") for column in times]
    uploaded, observed = posts[times[0]], posts[times[-1]]
    if len(times) == 1:
        observed = uploaded.iloc[moments[0].values.argmax()]  # the latest, as written
    elif moments[0].kind == moments[1].kind:  # else log_normalized_popularity says so
        _check_order(posts, *moments)
    return log_normalized_popularity(posts[label], uploaded, observed, min_days=1)


def _check_order(posts, uploaded, observed):
    """Raise an error that names the first row that was read before it was posted."""
    early = observed.values < uploaded.values
    if early.any():
        found = quote(posts[observed.name][early].iloc[0])
        raise ValueError(
            f"The column {observed.name!r} holds {found} for "
            f"{first_row(posts, early)}, but a time no earlier than {uploaded.name!r} "
            "in the same line was expected. Correct one of the two cells."
        )


def _suggest(values, label):
    skewness = skew(values)
    if skewness <= _SKEWED:
        return
    way_out = "Predict its logarithm or its rank"
    if values.min() >= 0:
        way_out = "Try --log, or --per-day TIME if it grows with the age of a photo"
    warn_caller(
        f"the label {label!r} is skewed (skewness {skewness:.1f}): a few photos "
        f"dominate the model. {way_out}"
    )
