"""Accuracy of telling the most popular photos from others."""

from numbers import Real

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, check_random_state

from .._scores import check_score
from .._sklearn_compat import Interval, validate_params


def _balanced_rows(
    y: NDArray, fraction: float, random_state: RandomState
) -> tuple[NDArray, NDArray]:
    """Rows of the top fraction, and as many drawn from the others."""
    # 0.29 * 100 is a trace below 29.
    n_top = int(fraction * len(y) + 1e-9)
    shuffled = random_state.permutation(len(y))
    ranked = shuffled[np.argsort(-y[shuffled], kind="stable")]
    return ranked[:n_top], random_state.choice(ranked[n_top:], n_top, replace=False)


def _best_threshold(top: NDArray, others: NDArray) -> float:
    """The number which most of `top` reach and most of `others` do not.

    Halfway between two predictions, or infinite. Of equally good ones, the middle one.
    """
    values = np.unique(np.concatenate([top, others]))
    low, high = values[:-1], values[1:]
    # Between two adjacent floats there is no third.
    halfway = np.maximum(low / 2 + high / 2, np.nextafter(low, np.inf))
    thresholds = np.r_[-np.inf, halfway, np.inf]
    n_right = np.searchsorted(np.sort(others), thresholds) + (
        len(top) - np.searchsorted(np.sort(top), thresholds)
    )
    best = np.flatnonzero(n_right == n_right.max())
    return thresholds[best[len(best) // 2]]


@validate_params(
    {
        "y_train": ["array-like"],
        "pred_train": ["array-like"],
        "y_test": ["array-like"],
        "pred_test": ["array-like"],
        "fraction": [Interval(Real, 0, 0.5, closed="right")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def top_fraction_accuracy(
    y_train, pred_train, y_test, pred_test, *, fraction=0.2, random_state=None
):
    """Accuracy of telling the most popular fraction from as many random others.

    The rows of highest true score are one class, an equal number drawn from the rest
    the other. A row is called popular where its prediction reaches a threshold: the
    one that is right most often on such a set of training rows.

    Parameters
    ----------
    y_train : array-like of shape (n_train,)
        True scores of the training rows.
    pred_train : array-like of shape (n_train,)
        Predicted scores of the training rows. A model that memorises its rows gives a
        better threshold by out-of-fold predictions, such as those of
        :func:`~sklearn.model_selection.cross_val_predict`.
    y_test : array-like of shape (n_test,)
        True scores of the test rows.
    pred_test : array-like of shape (n_test,)
        Predicted scores of the test rows.
    fraction : float, default=0.2
        Share of rows that count as popular, above 0 and at most 0.5, rounded down.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw of the others, and of the order of equal scores.

    Returns
    -------
    accuracy : float
        From 0 to 1, of the test set of two equal classes, hence also the mean of the
        accuracies of the classes. Chance, and any constant prediction, is 0.5.

    Raises
    ------
    ValueError
        If an input has NaN or infinity, lengths differ, the fraction of the rows is
        less than one row, or all scores are equal.

    Notes
    -----
    The protocol of section 4.5 of [1]_, there with the top 20 %: "we calculate accuracy
    on a subset of our test images, which is comprised of the 20% most popular images,
    and an equal number of random images from the remaining 80%", with the threshold
    "based on the performance on the training data". The paper does not say whether the
    training data are balanced; here they are, as the test data.

    Where equal scores straddle the edge of the fraction, which of them are popular is
    drawn at random: labels then err on both sides, and accuracy moves towards 0.5.

    References
    ----------
    .. [1] Cappallo, Mensink and Snoek, "Latent Factors of Visual Popularity
       Prediction", ICMR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import top_fraction_accuracy
    >>> y = np.arange(20)
    >>> top_fraction_accuracy(y, y**2, y, y**2, fraction=0.5, random_state=0)
    1.0
    >>> top_fraction_accuracy(y, y, y, np.zeros(20), random_state=0)
    0.5
    """
    random_state = check_random_state(random_state)
    y_train, pred_train = _check_part(y_train, pred_train, "train", fraction)
    y_test, pred_test = _check_part(y_test, pred_test, "test", fraction)
    rows, other_rows = _balanced_rows(y_train, fraction, random_state)
    threshold = _best_threshold(pred_train[rows], pred_train[other_rows])
    rows, other_rows = _balanced_rows(y_test, fraction, random_state)
    top, others = pred_test[rows], pred_test[other_rows]
    return float(((top >= threshold).mean() + (others < threshold).mean()) / 2)


def _check_part(y, pred, part, fraction):
    y, pred = check_score(y, f"y_{part}"), check_score(pred, f"pred_{part}")
    check_consistent_length(y, pred)
    if fraction * len(y) < 1 - 1e-9:
        raise ValueError(
            f"Got {len(y)} row(s) in y_{part}, of which a fraction of {fraction} is "
            f"less than one row. Pass at least {int(np.ceil(1 / fraction))} rows or a "
            "larger fraction."
        )
    if (y == y[0]).all():
        raise ValueError(
            f"All {len(y)} scores in y_{part} are {y[0]}, but scores that differ were "
            "expected: none is more popular than another."
        )
    return y, pred
