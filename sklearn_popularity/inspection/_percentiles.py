"""Scores as percentiles."""

import numpy as np
from sklearn.utils import check_consistent_length

from .._scores import check_score
from ..evaluation import percentiles_among


def score_percentile(scores, reference):
    """What share of reference scores lies below each score, in per cent.

    Parameters
    ----------
    scores : array-like of shape (n,)
        Scores, such as predictions for new photos.
    reference : array-like of shape (n_reference,)
        Scores to compare with, such as predictions for photos of the past, not those
        that the model learned from.

    Returns
    -------
    percentiles : ndarray of shape (n,), float64
        From 0 (below all) to 100 (above all); half of those that are equal count as
        below.

    Raises
    ------
    ValueError
        If a score is NaN or infinite, or there is no reference.

    See Also
    --------
    percentile_reliability : What photos of a percentile were in truth.

    Examples
    --------
    >>> from sklearn_popularity.inspection import score_percentile
    >>> score_percentile([0.0, 2.0, 9.0], reference=[1.0, 2.0, 3.0, 4.0]).tolist()
    [0.0, 37.5, 100.0]
    """
    scores = check_score(scores, "scores")
    ordered = np.sort(check_score(reference, "reference"))
    return percentiles_among(scores, ordered)


def check_pair(y_true, y_pred):
    """True and predicted scores, as many of each."""
    y_true, y_pred = check_score(y_true, "y_true"), check_score(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred)
    return y_true, y_pred
