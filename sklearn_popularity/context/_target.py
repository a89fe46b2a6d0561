"""The target: popularity for the age of a photo, and dropping viral photos."""

from numbers import Integral, Real

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

_RATE, _COUNT = "rate_plus_one", "count_plus_one"
_CONSTRAINTS = {
    "base": [Interval(Real, 1, None, closed="neither")],
    "min_days": [Interval(Real, 0, None, closed="neither"), None],
    "form": [StrOptions({_RATE, _COUNT})],
}
# Well below this many views per day, log(rate + 1) is about the rate, and as skewed.
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
        Number of views (or likes, or shares), 0 or more.
    uploaded : array-like of shape (n_samples,), or scalar
        When each photo was posted: times (datetimes, or ISO 8601 text), or numbers of
        days since a common moment.
    observed : array-like of shape (n_samples,), or scalar
        When the views were counted, of the same kind as `uploaded`.
    base : float, default=2
        Base of the logarithm, above 1.
    min_days : float, default=None
        Smallest age in days, above 0; younger photos count as this old. If None, ages
        are used as they are, and an age of 0 is an error.
    form : {"rate_plus_one", "count_plus_one"}, default="rate_plus_one"
        Whether 1 is added to the views per day or to the views; see Notes.

    Returns
    -------
    popularity : ndarray of shape (n_samples,), float64
        0 (no views) or more; with "count_plus_one" negative below one view a day.

    Raises
    ------
    ValueError
        If a count is negative or missing, a time is missing, `observed` is before
        `uploaded` (or equal to it without `min_days`), or only one of them has a time
        zone.

    Warns
    -----
    UserWarning
        If half of the photos have fewer than 0.5 views per day and `form` is
        "rate_plus_one".

    See Also
    --------
    count_from_popularity : The inverse.
    drop_viral : Drop photos with views far above the mean.

    Notes
    -----
    "rate_plus_one" is ``log_base(count / days + 1)``, "count_plus_one" is
    ``log_base((count + 1) / days)``. The right side of figure 2 of [1]_ has the axis
    "log2 of (views + 1) per day", which may be read as either. Both order photos of the
    same age alike, and are nearly equal if photos have many views a day. If they have
    far less than one, as on Flickr (402 views in 200 to 2,500 days), only
    "count_plus_one" is distributed like the Gaussian of that figure: on made-up posts
    at such a rate (``make_popularity(rate=0.05)``) its skewness is -0.1, against 1.9
    for "rate_plus_one". The score of a photo without views then depends on its age.

    For a photo that is minutes old, views per day are an extrapolation; ``min_days=1``
    treats it as one day old.

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
    days = _days(len(count), uploaded, observed, min_days)
    if form == _COUNT:
        return np.log((count + 1) / days) / np.log(base)
    _warn_of_low_rates(count / days)
    return np.log1p(count / days) / np.log(base)


def _warn_of_low_rates(rate):
    if len(rate) and np.median(rate) < _LOW_RATE:
        warn_caller(
            f"Half of the photos have fewer than {np.median(rate):.2g} views per day, "
            "where log(rate + 1) is as skewed as the rate itself: a few photos "
            'dominate. Pass form="count_plus_one" for log((count + 1) / days).'
        )


@validate_params(
    {"popularity": ["array-like"], **_CONSTRAINTS}, prefer_skip_nested_validation=True
)
def count_from_popularity(
    popularity, uploaded, observed, *, base=2, min_days=None, form=_RATE
):
    """Views for a given popularity: the inverse of `log_normalized_popularity`.

    Parameters
    ----------
    popularity : array-like of shape (n_samples,)
        Logarithm of views per day; lower values than for 0 views give 0 views.
    uploaded, observed : array-like of shape (n_samples,), or scalar
        Start and end of the counting of views, as times or as numbers of days.
    base, min_days : float
        As in `log_normalized_popularity`.
    form : {"rate_plus_one", "count_plus_one"}, default="rate_plus_one"
        As in `log_normalized_popularity`.

    Returns
    -------
    count : ndarray of shape (n_samples,), float64
        Views, 0 or more, not rounded.

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
    days = _days(len(popularity), uploaded, observed, min_days)
    if form == _COUNT:
        return (np.exp(popularity * np.log(base)) * days - 1).clip(0)
    return np.expm1(popularity.clip(0) * np.log(base)) * days


def _days(n_samples, uploaded, observed, min_days) -> NDArray:
    """Age of each photo in days, or `min_days` if it is younger."""
    uploaded = _read_moments(uploaded, "uploaded", n_samples)
    observed = _read_moments(observed, "observed", n_samples)
    if isinstance(uploaded, Times) != isinstance(observed, Times):
        raise ValueError(
            "Got times for one of uploaded and observed and numbers for the other, but "
            "times for both, or numbers of days for both, were expected."
        )
    if isinstance(uploaded, Times):
        days = days_between(uploaded, observed, ("uploaded", "observed"))
    else:
        days = observed - uploaded
        expected = "a day no earlier than 'uploaded' in the same row"
        reject_rows(days < 0, observed, "observed", expected)
    if min_days is not None:
        return np.maximum(days, min_days)
    expected = "a positive age (min_days=1 treats younger photos as one day old)"
    reject_rows(days == 0, days, "observed minus uploaded", expected)
    return days


def _read_moments(values, name, n_samples):
    """Times or numbers, one for each sample."""
    given = getattr(values, "name", None)  # of a column
    name = given if isinstance(given, str) else name
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
    """Drop photos whose views, likes or comments are far above the mean.

    Parameters
    ----------
    frame : DataFrame or ndarray of shape (n_samples, n_columns)
        Posts.
    columns : str, int, or list of these
        Columns of counts; a photo is dropped if it is viral by any of them.
    n_std : float, default=6
        Number of standard deviations above the mean, beyond which a photo is viral.

    Returns
    -------
    frame : DataFrame or ndarray
        The remaining rows, as the same type as `frame` and with their index.

    Raises
    ------
    ValueError
        If a column does not exist, or holds anything other than numbers.

    Notes
    -----
    Section 4.1 of [1]_ removed images "more than six standard deviations above the
    mean" by views, favourites or comments. The mean and the (population) standard
    deviation are over all rows, viral ones included. Missing numbers are ignored and
    are not viral. No row can be more than ``sqrt(n_samples - 1)`` deviations above the
    mean, so with fewer than 37 rows the default drops none.

    This changes the question: a score then refers only to photos that did not go viral.
    New photos cannot be selected in this way, since it needs their counts.

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
