"""Splits, predictions and intervals that all papers' tables share."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from sklearn.utils.parallel import Parallel, delayed
from tqdm import tqdm

from sklearn_popularity import spearman_interval, spearman_score
from sklearn_popularity.metrics import mean_interval

#: What is said of a difference.
PAIRED = "paired, on the same splits"


class Plan(NamedTuple):
    """How much is computed.

    Parameters
    ----------
    n_splits : int
        Number of times that posts are split.
    n_iter : int
        Settings that a random search tries.
    n_jobs : int or None
        Number of worker processes.
    quick : bool
        Whether anything that takes more than seconds is left out.
    """

    n_splits: int
    n_iter: int = 10
    n_jobs: int | None = None
    quick: bool = False


class Figure(NamedTuple):
    """A score with the ends of its 95 % interval, and how these were found."""

    score: float
    low: float = np.nan
    high: float = np.nan
    how: str = ""


def hasten(model):
    """The same model with one setting instead of a grid, and few passes over rows."""
    parameters = model.get_params()
    short = {
        name: min(value, 5)
        for name, value in parameters.items()
        if name.endswith(("max_iter", "max_epochs"))
    }
    once = ShuffleSplit(1, test_size=0.25, random_state=0)
    grids = [name for name in parameters if name.endswith("param_grid")]
    for name in grids:
        grid = {key: values[:1] for key, values in parameters[name].items()}
        short |= {name: grid, name.removesuffix("param_grid") + "cv": once}
    return model.set_params(**short)


def splits_of(n_rows, test_share, n_splits, groups=None):
    """Random splits into training and test rows, groups on one side."""
    if groups is None:
        splitter = ShuffleSplit(n_splits, test_size=test_share, random_state=0)
    else:
        splitter = GroupShuffleSplit(n_splits, test_size=test_share, random_state=0)
    return list(splitter.split(np.zeros((n_rows, 1)), groups=groups))


def fit_predict(model, posts, y, train, test, groups=None):
    """Predictions of test rows by a copy of the model that learned from the others."""
    told = {} if groups is None else {"groups": groups[train]}
    fitted = clone(model).fit(posts.iloc[train], y[train], **told)
    return fitted.predict(posts.iloc[test])


def in_parallel(function, jobs, plan, what):
    """The function on each tuple of arguments, in order, with progress on stderr."""
    jobs = list(jobs)
    results = Parallel(n_jobs=plan.n_jobs, return_as="generator")(
        delayed(function)(*job) for job in jobs
    )
    return list(tqdm(results, total=len(jobs), desc=what, mininterval=2))


def predict_all(models, posts, y, splits, plan, what, groups=None):
    """Predictions of each model for the test rows of each split.

    Parameters
    ----------
    models : dict of str to estimator
        Models.
    posts, y
        Posts and their scores.
    splits : list of (train, test)
        Splits.
    plan : Plan
        How many worker processes.
    what : str
        What the progress bar says.
    groups : ndarray, default=None
        Groups for searches that keep them together in their folds.

    Returns
    -------
    predictions : dict of str to list of ndarray
    """
    jobs = [
        (model, posts, y, train, test, groups)
        for model in models.values()
        for train, test in splits
    ]
    results = in_parallel(fit_predict, jobs, plan, what)
    n = len(splits)
    return {name: results[i * n : (i + 1) * n] for i, name in enumerate(models)}


def over_splits(scores, splits):
    """Mean over splits with the corrected interval of Nadeau and Bengio (2003).

    Splits share rows: the variance of their mean is taken to be (1/n + test/train)
    times that between them. Two splits are too few to tell.
    """
    scores, n = np.asarray(scores, float), len(scores)
    if n < 3:
        return Figure(float(scores.mean()))
    ratio = np.mean([len(test) / len(train) for train, test in splits])
    half = t.ppf(0.975, n - 1) * np.sqrt((1 / n + ratio) * scores.var(ddof=1))
    mean = float(scores.mean())
    return Figure(
        mean, mean - half, mean + half, f"over {n} splits, corrected for their overlap"
    )


def rank_correlation(y, splits, predictions, groups=None, *, baseline=None):
    """Spearman's correlation on test rows, or by how much it beats a baseline's.

    The interval is over splits; of a single split it is a jackknife over its test
    rows, or over their groups.
    """
    if len(splits) > 1:
        scores = _test_scores(y, splits, predictions)
        if baseline is not None:
            scores = scores - _test_scores(y, splits, baseline)
        return over_splits(scores, splits)
    test = splits[0][1]
    return on_test_rows(
        y[test],
        predictions[0],
        None if groups is None else groups[test],
        baseline=None if baseline is None else baseline[0],
    )


def _test_scores(y, splits, predictions):
    return np.array(
        [
            spearman_score(y[test], predicted)
            for (_, test), predicted in zip(splits, predictions, strict=True)
        ]
    )


def on_test_rows(y, predicted, groups=None, *, baseline=None):
    """Spearman's correlation of given predictions, with its interval on new rows."""
    interval = spearman_interval(y, predicted, baseline=baseline, groups=groups)
    return Figure(*interval, _describe(groups))


def mean_on_test_rows(values, splits, groups=None):
    """Mean of numbers of the test rows of each split, with its interval.

    The interval is over splits; of a single split it is a jackknife over its test
    rows, or over their groups.
    """
    if len(splits) > 1:
        return over_splits([np.mean(each) for each in values], splits)
    of_row = None if groups is None else groups[splits[0][1]]
    return Figure(*mean_interval(values[0], groups=of_row), _describe(groups))


def _describe(groups):
    return f"jackknife over {'rows' if groups is None else 'groups'}"
