"""Columns that say nothing, for boosting that cannot bin them."""

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class EmptyColumnFiller(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Fill columns that hold no number in fit by 0, and leave gaps of others.

    :class:`~sklearn.ensemble.HistGradientBoostingRegressor` finds its own way around
    gaps, but fails where a column is all gaps, as a sparse one may be in a fold.

    Attributes
    ----------
    empty_ : ndarray of shape (n_features,), bool
        Columns that held no number.
    """

    def fit(self, X, y=None):
        """Find the columns that hold no number."""
        self.empty_ = np.isnan(self._check(X, reset=True)).all(axis=0)
        return self

    def transform(self, X):
        """Put 0 for whatever these columns hold."""
        check_is_fitted(self)
        return np.where(self.empty_, 0.0, self._check(X, reset=False))

    def _check(self, X, *, reset):
        return validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_all_finite=False
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
