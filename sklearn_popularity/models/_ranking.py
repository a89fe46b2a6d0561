"""Rankers: models whose predictions order rows and have no unit."""

from sklearn.base import RegressorMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..metrics import spearman_score
from ._routing import inner_of


def ranks(estimator) -> bool:
    """Whether an estimator is a ranker, or ends in one.

    Parameters
    ----------
    estimator : estimator
        In a pipeline the last step counts, in a late fusion the final estimator, and in
        a search, a model per user or another meta-estimator the inner model.
    """
    if isinstance(estimator, Pipeline):
        return ranks(estimator.steps[-1][1])
    within = getattr(estimator, "final_estimator", None) or inner_of(estimator)
    return getattr(estimator, "_ranks", False) or (within is not None and ranks(within))


class RankScoreMixin(RegressorMixin):
    """Score a meta-estimator by rank correlation if its inner models are rankers.

    `_judged` returns the fitted model that decides, since parameters may have changed.
    """

    def score(self, X, y, sample_weight=None):
        """R squared of the predictions, or the rank correlation for rankers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Columns as in `fit`.
        y : array-like of shape (n_samples,)
            True scores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            At most 1. For predictions of a :class:`LatentRankSVM`, which have no unit,
            this is :func:`spearman_score`.
        """
        check_is_fitted(self)
        if ranks(self._judged()):
            return spearman_score(y, self.predict(X), sample_weight=sample_weight)
        return super().score(X, y, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = ranks(self)  # R squared does not apply
        return tags
