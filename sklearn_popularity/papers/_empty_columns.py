"""Fill empty columns, which gradient boosting cannot bin."""

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class EmptyColumnFiller(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Fill columns that are all NaN in fit by 0, and leave other NaN as they are.

    :class:`~sklearn.ensemble.HistGradientBoostingRegressor` handles NaN, but fails if a
    column is all NaN, as a sparse one may be in a fold.

    Attributes
    ----------
    empty_ : ndarray of shape (n_features,), bool
        Columns that were all NaN.
    """

    def fit(self, X, y=None):
        """Find the columns that are all NaN."""
        self.empty_ = np.isnan(self._check(X, reset=True)).all(axis=0)
        return self

    def transform(self, X):
        """Replace all values of these columns by 0."""
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
