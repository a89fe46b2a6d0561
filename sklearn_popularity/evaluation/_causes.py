"""Correlation of predictions with planted causes."""

import pandas as pd

from ..metrics import spearman_interval


def follow_causes(effects, predictions, *, groups=None):
    """Correlate predictions with the contribution of each known cause to the score.

    Parameters
    ----------
    effects : DataFrame of shape (n_photos, n_causes)
        Contribution of each cause, such as ``truth.effects`` of
        :func:`make_popularity`.
    predictions : array-like of shape (n_photos,) or (n_photos, n_predictions)
        Predicted scores of photos that the model did not see.
    groups : array-like of shape (n_photos,), default=None
        Group of each photo, such as its user; photos of one group are not independent.

    Returns
    -------
    causes : DataFrame
        One row per cause with the columns cause, spearman, low and high (ends of the
        95 % interval for these predictions on new photos or groups) and found (whether
        the interval is above 0).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_popularity.evaluation import follow_causes
    >>> effects = pd.DataFrame({"seen": np.arange(40.0), "unseen": np.arange(40) % 7})
    >>> causes = follow_causes(effects, np.arange(40.0) ** 2)
    >>> causes[["cause", "found"]].values.tolist()
    [['seen', True], ['unseen', False]]
    """
    rows = []
    for cause, effect in effects.items():
        interval = spearman_interval(effect, predictions, groups=groups)
        row = {"cause": cause, "spearman": interval.score, "low": interval.low}
        rows.append(row | {"high": interval.high, "found": interval.low > 0})
    return pd.DataFrame(rows)
