"""Fit a model of posts together with held-out predictions of the same posts."""

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray

from .._sklearn_compat import HasMethods, Interval, validate_params
from ._describe_once import Described, with_photos
from ._held_out import HeldOutPredictions
from ._routing import prepare_fit
from ._study import predict_study, prepare_study

_MODEL = "model"


@dataclass(frozen=True)
class FittedModel:
    """Result of :func:`fit_model`.

    Parameters
    ----------
    model : estimator
        Model fitted on all rows kept.
    held_out : HeldOutPredictions
        Predictions of the rows kept, by copies of the model that had not seen them.
    kept : ndarray of shape (n_kept,)
        Rows of X with readable photos, in the order of the predictions.
    described : Described
        The model on row numbers in place of photos, and the table of these, to reuse
        the features of the training photos.
    y : ndarray of shape (n_kept,)
        Scores of the rows kept.
    groups : ndarray of shape (n_kept,), int, or None
        Group numbers of the rows kept.
    """

    model: Any
    held_out: HeldOutPredictions = field(repr=False)
    kept: NDArray[np.intp] = field(repr=False)
    described: Described = field(repr=False)
    y: NDArray[np.float64] = field(repr=False)
    groups: NDArray[np.intp] | None = field(repr=False)


@validate_params(
    {
        "model": [HasMethods(["fit", "predict"])],
        "groups": ["array-like", None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "photo": [str],
        "params": [dict, None],
        "look": [callable, None],
        "return_estimator": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
        "verbose": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fit_model(
    model,
    X,
    y,
    *,
    groups=None,
    cv=5,
    n_repeats=3,
    photo="photo",
    params=None,
    look=None,
    return_estimator=False,
    n_jobs=None,
    random_state=None,
    verbose=False,
):
    """Fit a model, and make held-out predictions of the same rows.

    Features of photos are extracted once, for all folds and the model.

    Parameters
    ----------
    model : estimator
        Regressor or ranker, which either takes all columns of X, such as
        :func:`~sklearn_popularity.papers.recommended`, or begins with image
        transformers and takes only the photos.
    X : DataFrame of shape (n_samples, n_columns), or sequence of photos
        Posts or photos. A photo that cannot be read raises an error; with transformers
        that have ``on_error="nan"``, its row is left out.
    y : array-like of shape (n_samples,)
        Scores.
    groups : array-like of shape (n_samples,), default=None
        Group of each row. A group stays in one fold, also within late fusions.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter whose test folds do not overlap.
    n_repeats : int, default=3
        Number of repeats with other folds, 1 or more; above 1 only with an int `cv`.
    photo : str, default="photo"
        Name of the column of photos in a frame.
    params : dict, default=None
        Parameters of `fit`, such as weights; those with one value per row are split.
    look : callable, default=None
        Function called with each fold's model, the X that it was fitted on (with row
        numbers in place of photos) and its (train, test). ``held_out.estimators`` keeps
        the results.
    return_estimator : bool, default=False
        Whether ``held_out.estimators`` keeps the models of the folds.
    n_jobs : int, default=None
        Number of worker processes for fitting folds; None is 1, -1 one per core.
    random_state : int, default=None
        Seed of the folds, as in :func:`held_out_predictions`.
    verbose : bool, default=False
        Whether to show a progress bar of the folds.

    Returns
    -------
    fitted : FittedModel

    Raises
    ------
    ValueError
        If lengths differ, there are too few rows or groups, or both `look` and
        `return_estimator` are given.

    See Also
    --------
    compare_models : Scores of several models, on the same folds as here.

    Notes
    -----
    Transformers of photos that use no scores, such as codebooks, are fitted once on all
    photos.

    Examples
    --------
    >>> from sklearn_popularity import make_popularity
    >>> from sklearn_popularity.evaluation import fit_model
    >>> from sklearn_popularity.papers import recommended
    >>> posts, truth = make_popularity(40, image_size=(48, 64), random_state=0)
    >>> model, reasons = recommended(posts, photo=None, titles="title")
    >>> fitted = fit_model(model, posts, posts["score"], n_repeats=1)
    >>> fitted.model.predict(posts[:3]).shape, fitted.held_out.raw.shape
    ((3,), (40, 1))
    """
    if return_estimator:
        if look is not None:
            raise ValueError(
                f"Got return_estimator=True and look={look!r}, but only one of them "
                "was expected. Leave out return_estimator, or look."
            )
        look = _keep_model
    study = prepare_study(
        {_MODEL: model},
        X,
        y,
        groups=groups,
        cv=cv,
        n_repeats=n_repeats,
        photo=photo,
        params=params,
        random_state=random_state,
    )
    held_out = predict_study(study, _MODEL, n_jobs=n_jobs, look=look, verbose=verbose)
    learner, rows = study.described[_MODEL]
    learner, fit_params = prepare_fit(learner, study.groups, study.params)
    with parallel_config(n_jobs=n_jobs):
        learner.fit(rows, study.y, **fit_params)
    return FittedModel(
        with_photos(learner),
        held_out,
        study.kept,
        Described(learner, rows),
        study.y,
        study.groups,
    )


def _keep_model(learner, X, fold):
    """The model of a fold, without the features of all photos."""
    return with_photos(learner)
