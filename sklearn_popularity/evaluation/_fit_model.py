"""A model of posts, and held-out predictions of the posts that it was fitted on."""

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
    """What :func:`fit_model` learned.

    Parameters
    ----------
    model : estimator
        Fitted on all rows kept.
    held_out : HeldOutPredictions
        Predictions of the rows kept by models like it that had not seen them.
    kept : ndarray of shape (n_kept,)
        Rows of X whose photos could be read, in the order of the predictions.
    described : Described
        The same model on row numbers in place of photos, and their table: what asks
        more of the training photos need not describe them again.
    y : ndarray of shape (n_kept,)
        Scores of the rows kept.
    groups : ndarray of shape (n_kept,), int, or None
        Numbers of their groups.
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
    """Fit a model, and predict its rows by models that did not learn from them.

    Photos are described once, for the folds and for the model.

    Parameters
    ----------
    model : estimator
        Regressor or ranker: a composition on the columns of X, such as that of
        :func:`~sklearn_popularity.papers.recommended`, or a pipeline that begins with
        image transformers and sees the photos alone.
    X : DataFrame of shape (n_samples, n_columns), or sequence of photos
        Posts, or photos. Those that cannot be read are an error, or left out where the
        transformers have ``on_error="nan"``.
    y : array-like of shape (n_samples,)
        Scores.
    groups : array-like of shape (n_samples,), default=None
        Rows that stay together in all folds, those of late fusions too.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter that tests no row twice.
    n_repeats : int, default=3
        Number of partitions into folds; only an int `cv` is repeated.
    photo : str, default="photo"
        Column of photos.
    params : dict, default=None
        Parameters of `fit`, such as weights; those with a value per row are split.
    look : callable, default=None
        From the model of a fold, what it was fitted on (numbers of photos in their
        place) and its (train, test) to what ``held_out.estimators`` is to keep of it.
    return_estimator : bool, default=False
        Whether ``held_out.estimators`` is to keep the models of the folds, which see
        photos as `model` does.
    n_jobs : int, default=None
        Number of worker processes, which fit folds side by side.
    random_state : int, default=None
        Seed of the partitions, as of :func:`held_out_predictions`.
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
    compare_models : Scores of several models on the same folds, which are these.

    Notes
    -----
    What describes photos and sees no scores, such as the words of codebook features, is
    fitted on all photos.

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
                f"Got return_estimator=True and look={look!r}, but one of them was "
                "expected: either says what is kept of the models of the folds."
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
