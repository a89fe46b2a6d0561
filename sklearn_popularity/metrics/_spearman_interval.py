"""Confidence intervals of Spearman's correlation and of a paired difference."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_consistent_length

from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ._jackknife import Estimate, jackknife, number_groups
from ._rank_jackknife import leave_groups_out

# Correlations are kept this far from 1, where Fisher's z is infinite.
_NEAREST = 1e-12


class SpearmanInterval(NamedTuple):
    """A rank correlation with the ends of its confidence interval.

    Parameters
    ----------
    score : float
        The correlation, or the difference of two correlations.
    low, high : float
        The ends of the interval.
    """

    score: float
    low: float
    high: float


class SpearmanDifference(NamedTuple):
    """A paired difference of two rank correlations, with its test.

    Parameters
    ----------
    score : float
        The difference.
    low, high : float
        The ends of its confidence interval.
    error : float
        Its standard error.
    df : float
        Degrees of freedom: the number of groups less one.
    p_value : float
        Two-sided p-value of the hypothesis of no difference, by Student's t.
    """

    score: float
    low: float
    high: float
    error: float
    df: float
    p_value: float


_CONSTRAINTS = {
    "y_true": ["array-like"],
    "y_pred": ["array-like"],
    "groups": ["array-like", None],
    "confidence": [Interval(Real, 0, 1, closed="neither")],
    "n_folds": [Interval(Integral, 2, None, closed="left"), None],
}


@validate_params(
    {**_CONSTRAINTS, "baseline": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def spearman_interval(
    y_true, y_pred, *, baseline=None, groups=None, confidence=0.95, n_folds=None
):
    """Spearman's rank correlation with a confidence interval.

    There are two intervals, for different questions. The default covers the score of
    these predictions on new rows or groups. With `n_folds` it covers the score of the
    model, if it were also trained again on data like these.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True scores.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_predictions)
        Predicted scores. For several columns, such as the repeats of cross-validation,
        the score is the mean over columns. Only with several columns may values be NaN;
        a column is scored on its other rows.
    baseline : array-like of shape (n_samples,) or (n_samples, n_predictions), \
            default=None
        Predictions to compare with. If given, the score is the correlation of `y_pred`
        less the one of `baseline`, with the interval of this paired difference.
    groups : array-like of shape (n_samples,), default=None
        Group of each row, such as its user or theme; rows of one group are not
        independent. If None, all rows are.
    confidence : float, default=0.95
        Confidence level of the interval, between 0 and 1.
    n_folds : int, default=None
        Number of folds, if predictions come from cross-validation and the interval
        should cover the model. If None, the interval covers only the given predictions,
        for example by one fitted model for photos that it has not seen.

    Returns
    -------
    interval : SpearmanInterval
        Named tuple (score, low, high). For a constant prediction it is (0, 0, 0).

    Raises
    ------
    ValueError
        If an input is infinite, a value is NaN (except in one of several columns of
        predictions), lengths differ, or the rows of a prediction are all of one group.

    See Also
    --------
    spearman_score : The score alone.

    Notes
    -----
    The jackknife: each group (or row) is left out in turn and the others are ranked
    again. The standard error is computed for Fisher's z of these scores, and the ends
    follow from Student's t with one degree of freedom less than there are groups.
    Differences are not transformed. With more than 1,000 groups, leaving out one with
    less than a thousandth of the rows is approximated by the influence function of the
    score, with an error of the order of the square of its share.

    In simulations nominal 95 % intervals cover 93 to 98 % from 6 groups up, of equal or
    very unequal size (``benchmarks/simulations.py held-out``). With 2 to 5 groups they
    hold too, but are wide. If leaving out any group leaves the score as it is, for
    example a perfect one, the standard error is set to ``2 / n_groups``, as if one
    group were in reverse order.

    Folds share most of their training rows, so retrained models differ more than folds
    do. With K folds the standard error is therefore multiplied by ``sqrt(1 + K / (K -
    1))``, 1.5 for five. Simulations confirm these intervals too; [1]_ explains why
    plain ones do not cover the model.

    References
    ----------
    .. [1] Bates, Hastie and Tibshirani, "Cross-validation: what does it estimate and
       how well does it do it?", Journal of the American Statistical Association 119,
       2024.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import spearman_interval
    >>> score, low, high = spearman_interval(np.arange(50), np.arange(50) % 25)
    >>> bool(low < score < high)
    True
    """
    if baseline is not None:
        return SpearmanInterval(
            *spearman_difference(
                y_true,
                y_pred,
                baseline,
                groups=groups,
                confidence=confidence,
                n_folds=n_folds,
            )[:3]
        )
    y_true, columns, codes = _check(y_true, [y_pred], ["y_pred"], groups)
    scores, left_out = leave_groups_out(y_true, columns[0], codes)
    score, left_out = float(scores.mean()), left_out.mean(axis=1)
    low, high = _fisher_ends(score, left_out, confidence, n_folds)
    return SpearmanInterval(score, low, high)


@validate_params(
    {**_CONSTRAINTS, "baseline": ["array-like"]}, prefer_skip_nested_validation=True
)
def spearman_difference(
    y_true, y_pred, baseline, *, groups=None, confidence=0.95, n_folds=None
):
    """Paired difference of Spearman's correlation between predictions, with its test.

    Parameters
    ----------
    y_true, y_pred, baseline, groups, confidence, n_folds
        As in :func:`spearman_interval`.

    Returns
    -------
    difference : SpearmanDifference
        Named tuple (score, low, high, error, df, p_value). If both rank all rows
        alike, it is (0, 0, 0, 0, df, 1).
    """
    y_true, columns, codes = _check(
        y_true, [y_pred, baseline], ["y_pred", "baseline"], groups
    )
    scores, left_out = leave_groups_out(y_true, np.hstack(columns), codes)
    n = columns[0].shape[1]
    gain = float(scores[:n].mean() - scores[n:].mean())
    left_out = left_out[:, :n].mean(axis=1) - left_out[:, n:].mean(axis=1)
    found = _widen(jackknife(gain, left_out), n_folds)
    low, high = found.ends(confidence)
    return SpearmanDifference(
        gain, max(low, -2.0), min(high, 2.0), found.error, found.df, found.p_value()
    )


def _check(y_true, predictions, names, groups):
    y_true = check_numbers(y_true, "y_true")
    columns = [
        _check_columns(values, name)
        for values, name in zip(predictions, names, strict=True)
    ]
    check_consistent_length(y_true, *columns, groups)
    codes = number_groups(groups, len(y_true))
    has = ~np.isnan(np.hstack(columns))
    n_groups = min(len(np.unique(codes[rows])) for rows in has.T)
    if n_groups < 2:
        raise ValueError(
            f"Got {n_groups} group(s), but at least 2 were expected, to tell how much "
            "groups differ. Pass groups=None if rows are independent of each other."
        )
    return y_true, columns, codes


def _check_columns(values: ArrayLike, name: str) -> NDArray[np.float64]:
    several = np.ndim(values) == 2 and np.shape(values)[1] > 1
    columns = check_array(
        values,
        ensure_2d=False,
        dtype=np.float64,
        ensure_all_finite="allow-nan" if several else True,
        input_name=name,
    )
    return columns.reshape(len(columns), -1)


def _fisher_ends(score, left_out, confidence, n_folds) -> tuple[float, float]:
    """Ends of the interval of a correlation, by Fisher's z."""
    plain = jackknife(score, left_out)
    if plain.error == 0:
        low, high = _widen(plain, n_folds).ends(confidence)
        return max(low, -1.0), min(high, 1.0)
    # If one group holds all errors, z without it would be infinite.
    farthest = 1 - max((1 - abs(score)) / len(left_out), _NEAREST)
    z = np.arctanh(np.clip([score, *left_out], -farthest, farthest))
    low, high = np.tanh(_widen(jackknife(z[0], z[1:]), n_folds).ends(confidence))
    return float(min(low, score)), float(max(high, score))


def _widen(found: Estimate, n_folds: int | None) -> Estimate:
    """Widen the error for retraining, and set it if no group changes the score."""
    if found.error == 0 and found.value != 0:
        found = found._replace(error=float(2 / (found.df + 1)))
    return found.of_model(n_folds)
