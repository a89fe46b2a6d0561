"""Trials of the three experiments: networks at either rates, and a constant."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.dummy import DummyRegressor

from ...context import drop_viral
from ...evaluation import columns_of_partitions
from ...features import CNNEmbedder
from ...models import balanced_bins
from .._posts import NotTestableError
from .._splits import make_splits
from ._models import RATES_THAT_WORK, binned, favorite, regression

PAPER, WORKS, CONSTANT = "the paper's rates", "rates that work", "constant"
_METRICS = ("views", "favorites", "comments")
_N_REPEATS = 2
# Rate for standardised scores that corresponds to 1e-8 for the paper's counts.
_RATE = 1e-8 * 323.58**2
_N_BINS = 10
# What a network for embeddings and a fine-tuned one have in common.
_OF_NETWORK = ("backbone", "weights")
_QUICK = {"max_epochs": 1, "embedder__preprocessing__size": 32}


splits = make_splits(
    __name__,
    "Splits into 80 % for training and 20 % for validation.",
    n_folds=5,
    n_repeats=_N_REPEATS,
)


def kept_rows(experiments):
    """Row positions of the posts that are not viral by any of the counts."""
    data = experiments.data
    counts = [data.columns[name] for name in _METRICS if name in data.columns]
    return drop_viral(data.posts, counts or data.label).index.to_numpy()


def _target(experiments, number):
    data = experiments.data
    if number != "5.2":
        return data.values("views") if "views" in data.columns else data.y
    liked = (data.values("favorites") > 0).astype(float)
    if np.ptp(liked[kept_rows(experiments)]) == 0:
        raise NotTestableError("all posts are favorites, or none is")
    return liked


def losses_of(experiments, number, who):
    """The trial, and losses (or accuracies in %) of a network or of a constant."""
    trial = trial_of(experiments, number, who)
    found = [each[0] for models in trial.held_out.estimators for each in models]
    losses = columns_of_partitions(found, trial.held_out.partitions, trial.n)
    return trial, losses


def trial_of(experiments, number, who):
    """The trial of a network, at the rates of `who`, or of a constant."""
    experiment, rows = _EXPERIMENTS[number], kept_rows(experiments)
    target = _target(experiments, number)
    measure = experiment.constant if who == CONSTANT else experiment.network
    return experiments.trial(
        ("dufour2015", number, who),
        partial(_model, experiments, number, who, target[rows]),
        splits=splits,
        n_repeats=_N_REPEATS,
        y=target,
        rows=rows,
        photos=who != CONSTANT,
        look=partial(_look, measure, target[rows]),
    )


def _look(measure, y, model, X, fold):
    """Losses of the test posts, and last over first training loss."""
    train, test = fold
    losses = measure(model, X.iloc[test], y[train], y[test])
    curve = getattr(model, "loss_curve_", [1.0])
    return losses, curve[-1] / curve[0] if curve[0] else np.nan


def _model(experiments, number, who, y):
    if who == CONSTANT:
        return DummyRegressor()
    settings: dict[str, Any] = {"random_state": 0}
    if who == WORKS:
        settings |= RATES_THAT_WORK
        if number == "5.1":
            settings["loss"] = "squared_error"
    elif number == "5.1":
        settings["learning_rate"] = float(_RATE / y.var())
    own = experiments.network(CNNEmbedder(backbone="alexnet"))
    settings |= {f"embedder__{name}": getattr(own, name) for name in _OF_NETWORK}
    settings |= (_QUICK if experiments.quick else {}) | experiments.tuning
    return _EXPERIMENTS[number].model(**settings)


def _half_squares(predicted, y):
    return (predicted - y) ** 2 / 2


def _regression_loss(model, photos, y_train, y_test):
    return _half_squares(model.predict(photos), y_test)


def _mean_loss(model, photos, y_train, y_test):
    return _half_squares(y_train.mean(), y_test)


def _right(model, photos, y_train, y_test):
    return 100.0 * (model.predict(photos) == y_test)


def _frequent_right(model, photos, y_train, y_test):
    return 100.0 * (y_test == (y_train.mean() > 0.5))


def _bins_of(y, y_train):
    _, edges = balanced_bins(y_train, _N_BINS)
    return np.searchsorted(edges[1:-1], y)


def _bin_loss(model, photos, y_train, y_test):
    return _half_squares(model.predict_bins(photos), _bins_of(y_test, y_train))


def _mean_bin_loss(model, photos, y_train, y_test):
    return _half_squares(_bins_of(y_train, y_train).mean(), _bins_of(y_test, y_train))


class _Experiment(NamedTuple):
    """A model, and functions for the losses of its network and of a constant."""

    model: Callable
    network: Callable
    constant: Callable


_EXPERIMENTS = {
    "5.1": _Experiment(regression, _regression_loss, _mean_loss),
    "5.2": _Experiment(favorite, _right, _frequent_right),
    "5.3": _Experiment(binned, _bin_loss, _mean_bin_loss),
}
