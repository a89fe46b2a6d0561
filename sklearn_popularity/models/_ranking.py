"""Models whose predictions put rows in order and have no unit."""

from sklearn.pipeline import Pipeline

from ._routing import inner_of


def ranks(estimator) -> bool:
    """Whether an estimator is a ranker, or ends in one.

    Parameters
    ----------
    estimator : estimator
        Of a pipeline the last step counts, of a search, a model per user or another
        estimator around one the model within, and of a late fusion the last model.
    """
    if isinstance(estimator, Pipeline):
        return ranks(estimator.steps[-1][1])
    within = getattr(estimator, "final_estimator", None) or inner_of(estimator)
    return getattr(estimator, "_ranks", False) or (within is not None and ranks(within))
