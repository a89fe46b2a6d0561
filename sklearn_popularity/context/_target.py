"""The target: how popular a photo is for its age, and photos that went viral."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from .._columns import resolve_columns, select_columns
from .._sklearn_compat import (
    Interval,
    StrOptions,
    _safe_indexing,
    validate_params,
)
from .._warnings import warn_caller
from ._table import read_numbers, reject_rows
from ._times import Times, days_between, read_times


class _Age(NamedTuple):
    """From when to when, and what to do with photos younger than a day or so."""

    uploaded: object
    observed: object
    min_days: float | None


_RATE, _COUNT = "rate_plus_one", "count_plus_one"
_CONSTRAINTS = {
    "base": [Interval(Real, 1, None, closed="neither")],
    "min_days": [Interval(Real, 0, None, closed="neither"), None],
    "form": [StrOptions({_RATE, _COUNT})],
}
# Views per day far below which log(rate + 1) is the rate itself, as skewed as it is.
_LOW_RATE = 0.5


@validate_params(
    {"count": ["array-like"], **_CONSTRAINTS}, prefer_skip_nested_validation=True
)
def log_normalized_popularity(
    count, uploaded, observed, *, base=2, min_days=None, form=_RATE
):
    """Popularity of photos: the logarithm of their views per day.

    Parameters
    ----------
    count : array-like of shape (n_samples,)
        Views (or likes, or shares) so far, 0 or more.
    uploaded : array-like of shape (n_samples,), or scalar
        When each photo was posted: times (datetimes, or ISO 8601 text), or numbers of
        days since any one moment.
    observed : array-like of shape (n_samples,), or scalar
        When the views were counted, in the same unit.
    base : float, default=2
        Base of the logarithm, above 1.
    min_days : float, default=None
        Ages are raised to at least this many days. None leaves them, and then an age
        of 0 is an error.
    form : {"rate_plus_one", "count_plus_one"}, default="rate_plus_one"
        Where 1 is added: to the views per day, or to the views; see Notes.

    Returns
    -------
    popularity : ndarray of shape (n_samples,), float64
        0 (never seen) or more; with "count_plus_one" below 0 for fewer views than days.

    Raises
    ------
    ValueError
        If a count is negative or missing, a time is missing, `observed` is before
        `uploaded` or equal to it, or one of them has a time zone and the other none.

    Warns
    -----
    UserWarning
        If half of the photos have fewer than 0.5 views per day and `form` is
        "rate_plus_one".

    See Also
    --------
    count_from_popularity : The inverse.
    drop_viral : Photos whose views say more about sharing than about the photo.

    Notes
    -----
    "rate_plus_one" is ``log_base(count / days + 1)``, "count_plus_one" is
    ``log_base((count + 1) / days)``. The right side of figure 2 of [1]_ has the axis
    "log2 of (views + 1) per day", which may be read as either. They order photos of
    one age alike. Where photos have many views a day both are nearly the logarithm of
    that; where they have far less than one, as on Flickr (402 views in 200 to 2,500
    days), only "count_plus_one" spreads like the Gaussian of that figure: of made-up
    posts at this rate (``make_popularity(rate=0.05)``) the skewness is -0.1, and that
    of "rate_plus_one" 1.9. What photos without a view get then depends on their age.

    The views per day of a photo that is minutes old are an extrapolation;
    ``min_days=1`` treats it as one day old.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> from sklearn_popularity import log_normalized_popularity
    >>> log_normalized_popularity([0, 30, 70], "2025-07-01", "2025-07-11")
    array([0., 2., 3.])
    """
    expected = "a finite count of 0 or more"
    count = read_numbers(count, "count", expected=expected, missing=False)
    reject_rows(count < 0, count, "count", expected)
    days = _days(len(count), _Age(uploaded, observed, min_days))
    if form == _COUNT:
        return np.log((count + 1) / days) / np.log(base)
    _warn_of_low_rates(count / days)
    return np.log1p(count / days) / np.log(base)


def _warn_of_low_rates(rate):
    if len(rate) and np.median(rate) < _LOW_RATE:
        warn_caller(
            f"Half of the photos have fewer than {np.median(rate):.2g} views per day, "
            "of which log(rate + 1) is as skewed as the rate itself: a few photos make "
            'up the score. Pass form="count_plus_one" for log((count + 1) / days).'
        )


@validate_params(
    {"popularity": ["array-like"], **_CONSTRAINTS}, prefer_skip_nested_validation=True
)
def count_from_popularity(
    popularity, uploaded, observed, *, base=2, min_days=None, form=_RATE
):
    """Views that a popularity stands for: the inverse of `log_normalized_popularity`.

    Parameters
    ----------
    popularity : array-like of shape (n_samples,)
        Logarithm of views per day; what would be fewer than 0 views stands for 0.
    uploaded, observed : array-like of shape (n_samples,), or scalar
        From when to when the views are counted: times, or numbers of days.
    base, min_days : float
        As in `log_normalized_popularity`.
    form : {"rate_plus_one", "count_plus_one"}, default="rate_plus_one"
        As in `log_normalized_popularity`.

    Returns
    -------
    count : ndarray of shape (n_samples,), float64
        0 or more, not rounded.

    Raises
    ------
    ValueError
        As in `log_normalized_popularity`.

    Examples
    --------
    >>> from sklearn_popularity import count_from_popularity
    >>> count_from_popularity([0, 2, 3], uploaded=0, observed=10)
    array([ 0., 30., 70.])
    """
    popularity = read_numbers(popularity, "popularity", missing=False)
    days = _days(len(popularity), _Age(uploaded, observed, min_days))
    if form == _COUNT:
        return (np.exp(popularity * np.log(base)) * days - 1).clip(0)
    return np.expm1(popularity.clip(0) * np.log(base)) * days


def _days(n_samples, age: _Age) -> NDArray:
    uploaded = _read_moments(age.uploaded, "uploaded", n_samples)
    observed = _read_moments(age.observed, "observed", n_samples)
    if isinstance(uploaded, Times) != isinstance(observed, Times):
        raise ValueError(
            "Got times for one of uploaded and observed and numbers for the other, but "
            "times or numbers of days were expected for both."
        )
    if isinstance(uploaded, Times):
        days = days_between(uploaded, observed, ("uploaded", "observed"))
    else:
        days = observed - uploaded
        expected = "a day not before that of 'uploaded' in the same row"
        reject_rows(days < 0, observed, "observed", expected)
    if age.min_days is not None:
        return np.maximum(days, age.min_days)
    expected = "a positive age (min_days=1 treats younger photos as one day old)"
    reject_rows(days == 0, days, "observed minus uploaded", expected)
    return days


def _read_moments(values, name, n_samples):
    """Times or numbers, one for each sample."""
    if np.ndim(values) == 0:
        values = [values]
    else:
        check_consistent_length(range(n_samples), values)
    if np.asarray(values).dtype.kind in "biuf":
        return np.broadcast_to(read_numbers(values, name, missing=False), n_samples)
    times, zoned = read_times(values, name)
    times = np.broadcast_to(times, n_samples)
    reject_rows(np.isnat(times), times, name, "a time in each row")
    return Times(times, zoned)


@validate_params(
    {"n_std": [Interval(Real, 0, None, closed="neither")]},
    prefer_skip_nested_validation=True,
)
def drop_viral(frame, columns, *, n_std=6):
    """Drop photos whose views, likes or comments lie far above the mean.

    Parameters
    ----------
    frame : DataFrame or ndarray of shape (n_samples, n_columns)
        Posts.
    columns : str, int, or list of these
        Columns of counts; a photo that is viral by any of them is dropped.
    n_std : float, default=6
        Standard deviations above the mean from which on a photo is viral.

    Returns
    -------
    frame : DataFrame or ndarray
        The other rows, of the same kind, with the index that they had.

    Raises
    ------
    ValueError
        If there is no such column, or it holds something else than numbers.

    Notes
    -----
    Section 4.1 of [1]_ removed images "more than six standard deviations above the
    mean" by views, favourites or comments. Mean and (population) deviation are those
    of all rows, viral ones included; a missing number counts in neither and is not
    viral. No row can lie further above the mean than ``sqrt(n_samples - 1)``
    deviations, so with fewer than 37 rows the default drops none.

    This changes what is asked: scores then tell how well photos are ranked that did
    not go viral. Their own counts say which, so it cannot be done for new photos.

    References
    ----------
    .. [1] Dufour, "Will it play in Peoria? Predicting image popularity with
       convolutional neural networks", 2015.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity import drop_viral
    >>> posts = pd.DataFrame({"views": [10] * 50 + [12, 9000]})
    >>> len(drop_viral(posts, "views"))
    51
    """
    columns = [columns] if isinstance(columns, str | Integral) else columns
    kept = np.ones(len(frame), dtype=bool)
    for column in columns:
        resolve_columns(frame, column, "parameter columns")
        numbers = read_numbers(select_columns(frame, column), column)
        kept &= ~_is_far_above(numbers, n_std)
    return _safe_indexing(frame, np.flatnonzero(kept))


def _is_far_above(numbers, n_std):
    known = numbers[~np.isnan(numbers)]
    if len(known) == 0:
        return np.zeros(len(numbers), dtype=bool)
    return numbers > known.mean() + n_std * pd.Series(known).std(ddof=0)
