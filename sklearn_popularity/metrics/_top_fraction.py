"""Accuracy of telling the most popular photos from others."""

from numbers import Real

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, check_random_state

from .._scores import check_score
from .._sklearn_compat import Interval, validate_params


def _split_classes(
    y: NDArray, pred: NDArray, fraction: float
) -> tuple[NDArray, NDArray]:
    """Predictions of the rows of the top fraction, and of the others.

    Equal scores stay together: on the side that brings the top nearer to its share.
    """
    # 0.29 * 100 is a trace below 29.
    n_top = int(fraction * len(y) + 1e-9)
    edge = np.partition(y, -n_top)[-n_top]
    above, reached = y > edge, y >= edge
    too_few, too_many = n_top - above.sum(), reached.sum() - n_top
    if reached.all() or (above.any() and too_few < too_many):
        return pred[above], pred[~above]
    return pred[reached], pred[~reached]


def _draw_equal(top, others, random_state):
    """As many of each class: all of the smaller one, and a draw of the larger."""
    n = min(len(top), len(others))
    return [
        part if len(part) == n else random_state.choice(part, n, replace=False)
        for part in (top, others)
    ]


def _best_threshold(top: NDArray, others: NDArray) -> float:
    """The number which most of `top` reach and most of `others` do not, classes equal.

    Halfway between two predictions, or infinite. Of equally good ones, the middle one.
    """
    values = np.unique(np.concatenate([top, others]))
    low, high = values[:-1], values[1:]
    # Between two adjacent floats there is no third.
    halfway = np.maximum(low / 2 + high / 2, np.nextafter(low, np.inf))
    thresholds = np.r_[-np.inf, halfway, np.inf]
    n_others = np.searchsorted(np.sort(others), thresholds)
    n_top = len(top) - np.searchsorted(np.sort(top), thresholds)
    n_right = n_others * len(top) + n_top * len(others)
    best = np.flatnonzero(n_right == n_right.max())
    return thresholds[best[len(best) // 2]]


@validate_params(
    {
        "y_train": ["array-like"],
        "pred_train": ["array-like"],
        "y_test": ["array-like"],
        "pred_test": ["array-like"],
        "fraction": [Interval(Real, 0, 0.5, closed="right")],
        "draw": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def top_fraction_accuracy(
    y_train,
    pred_train,
    y_test,
    pred_test,
    *,
    fraction=0.2,
    draw=False,
    random_state=None,
):
    """Accuracy of telling the most popular fraction from as many random others.

    The rows of highest true score are one class, the rest the other, and both weigh the
    same. A row is called popular where its prediction reaches a threshold: the one that
    is right most often on training rows of such classes.

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
        Equal scores stay in one class, so that the share may be another where many are
        equal: of two different scores, the higher is popular.
    draw : bool, default=False
        Whether to score one random draw of as many others as there are popular rows, as
        the paper does, instead of the mean of all draws.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw; only with `draw`.

    Returns
    -------
    accuracy : float
        From 0 to 1: the mean of the accuracies of the two classes. Chance, and any
        constant prediction, is 0.5.

    Raises
    ------
    ValueError
        If an input has NaN or infinity, lengths differ, the fraction of the rows is
        less than one row, all scores are equal, or `random_state` is given without
        `draw`.

    See Also
    --------
    sklearn.metrics.balanced_accuracy_score : The same of labels that are predicted.

    Notes
    -----
    The protocol of section 4.5 of [1]_, there with the top 20 %: "we calculate accuracy
    on a subset of our test images, which is comprised of the 20% most popular images,
    and an equal number of random images from the remaining 80%", with the threshold
    "based on the performance on the training data". The paper does not say whether the
    training data are balanced; here they are, as the test data.

    A departure: without `draw` the accuracy is the expectation over the draw of the
    others, which takes all of them with the weight of the popular rows. A draw from 80
    rows as many as 20 moves the accuracy by some 0.05 for no reason.

    References
    ----------
    .. [1] Cappallo, Mensink and Snoek, "Latent Factors of Visual Popularity
       Prediction", ICMR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import top_fraction_accuracy
    >>> y = np.arange(20)
    >>> top_fraction_accuracy(y, y**2, y, y**2, fraction=0.5)
    1.0
    >>> top_fraction_accuracy(y, y, y, np.zeros(20))
    0.5
    """
    if random_state is not None and not draw:
        raise ValueError(
            f"Got random_state={random_state!r} with draw=False, where nothing is "
            "random. Pass draw=True for the draw of the paper, or no random_state."
        )
    y_train, pred_train = _check_part(y_train, pred_train, "train", fraction)
    y_test, pred_test = _check_part(y_test, pred_test, "test", fraction)
    train = _split_classes(y_train, pred_train, fraction)
    test = _split_classes(y_test, pred_test, fraction)
    if draw:
        random_state = check_random_state(random_state)
        train = _draw_equal(*train, random_state)
        test = _draw_equal(*test, random_state)
    threshold = _best_threshold(*train)
    top, others = test
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
