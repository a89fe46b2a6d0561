"""Accuracy of telling the most popular photos from the others."""

from numbers import Real

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, check_random_state

from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params


def _split_classes(
    y: NDArray, pred: NDArray, fraction: float
) -> tuple[NDArray, NDArray]:
    """Predictions for the rows of the top fraction, and for the others.

    Equal scores stay together, on the side that brings the top nearer to its share.
    """
    # In floats 0.29 * 100 is slightly below 29.
    n_top = int(fraction * len(y) + 1e-9)
    edge = np.partition(y, -n_top)[-n_top]
    above, reached = y > edge, y >= edge
    too_few, too_many = n_top - above.sum(), reached.sum() - n_top
    if reached.all() or (above.any() and too_few < too_many):
        return pred[above], pred[~above]
    return pred[reached], pred[~reached]


def _draw_equal(top, others, random_state):
    """Equally many of each class: all of the smaller one, and a draw of the larger."""
    n = min(len(top), len(others))
    return [
        part if len(part) == n else random_state.choice(part, n, replace=False)
        for part in (top, others)
    ]


def _best_threshold(top: NDArray, others: NDArray) -> float:
    """Threshold with the highest balanced accuracy.

    Halfway between two predictions, or infinite; of equally good ones, the middle one.
    """
    values = np.unique(np.concatenate([top, others]))
    low, high = values[:-1], values[1:]
    # Adjacent floats have none in between: take the upper one.
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
    """Accuracy of telling the most popular fraction of photos from the others.

    The rows of highest true score are one class, the rest the other; both classes weigh
    the same. A row is predicted to be popular if its prediction reaches the threshold
    that has the highest accuracy on the training rows.

    Parameters
    ----------
    y_train : array-like of shape (n_train,)
        True scores of the training rows.
    pred_train : array-like of shape (n_train,)
        Predicted scores of the training rows. For a model that overfits, use
        out-of-fold predictions, such as those of
        :func:`~sklearn.model_selection.cross_val_predict`: the threshold is better.
    y_test : array-like of shape (n_test,)
        True scores of the test rows.
    pred_test : array-like of shape (n_test,)
        Predicted scores of the test rows.
    fraction : float, default=0.2
        Share of rows that count as popular, above 0 and at most 0.5; the number of rows
        is rounded down. Equal scores stay in one class, so the actual share differs
        where many scores are equal.
    draw : bool, default=False
        Whether to score the popular rows against one random draw of as many others, as
        in the paper, instead of the mean over all draws.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw; only with `draw`.

    Returns
    -------
    accuracy : float
        Mean of the accuracies of the two classes, from 0 to 1. Chance, or any constant
        prediction, gives 0.5.

    Raises
    ------
    ValueError
        If an input has NaN or infinity, lengths differ, the fraction of the rows is
        less than one row, all scores are equal, or `random_state` is given without
        `draw`.

    See Also
    --------
    sklearn.metrics.balanced_accuracy_score : The same for predicted labels.

    Notes
    -----
    The protocol of section 4.5 of [1]_, there with the top 20 %: "we calculate accuracy
    on a subset of our test images, which is comprised of the 20% most popular images,
    and an equal number of random images from the remaining 80%", with the threshold
    "based on the performance on the training data". The paper does not say whether the
    training data are balanced; here they are, like the test data.

    A departure: without `draw` the accuracy is the expectation over draws, in which all
    others together weigh as much as the popular rows. A single draw of 20 rows from 80
    moves the accuracy by some 0.05 at random.

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
    y, pred = check_numbers(y, f"y_{part}"), check_numbers(pred, f"pred_{part}")
    check_consistent_length(y, pred)
    if fraction * len(y) < 1 - 1e-9:
        raise ValueError(
            f"Got fraction={fraction} of {len(y)} row(s) in y_{part}, which is less "
            f"than one row. Pass at least {int(np.ceil(1 / fraction))} rows, or a "
            "larger fraction."
        )
    if (y == y[0]).all():
        raise ValueError(
            f"All {len(y)} scores in y_{part} are {y[0]}, but scores that differ were "
            "expected. Pass more rows."
        )
    return y, pred
