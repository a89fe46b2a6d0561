"""Scores as percentiles."""

import numpy as np
from sklearn.utils import check_consistent_length

from .._numbers import check_numbers
from ..evaluation import percentiles_among


def score_percentile(scores, reference):
    """Percentage of reference scores below each score.

    Parameters
    ----------
    scores : array-like of shape (n,)
        Scores, such as predictions for new photos.
    reference : array-like of shape (n_reference,)
        Scores to compare with, such as held-out predictions, but not predictions for
        photos that the same model was fitted on.

    Returns
    -------
    percentiles : ndarray of shape (n,), float64
        From 0 (below all) to 100 (above all). Half of the equal reference scores count
        as below.

    Raises
    ------
    ValueError
        If a score is NaN or infinite, or `reference` is empty.

    See Also
    --------
    percentile_reliability : Mean true percentiles by predicted percentile.

    Examples
    --------
    >>> from sklearn_popularity.inspection import score_percentile
    >>> score_percentile([0.0, 2.0, 9.0], reference=[1.0, 2.0, 3.0, 4.0]).tolist()
    [0.0, 37.5, 100.0]
    """
    scores = check_numbers(scores, "scores")
    ordered = np.sort(check_numbers(reference, "reference"))
    return percentiles_among(scores, ordered)


def check_pair(y_true, y_pred):
    """Validate true and predicted scores of the same length."""
    y_true, y_pred = check_numbers(y_true, "y_true"), check_numbers(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred)
    return y_true, y_pred
