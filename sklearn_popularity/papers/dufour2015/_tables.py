"""Tables 1 and 2 and the three experiments, each beside a constant.

There are ten splits, two partitions into five folds; the paper has one, of a share that
it does not state. Posts with counts six standard deviations above the mean are left
out, as in the paper. Losses are half the mean squared error, Caffe's "Euclidean loss".
Each experiment is run with the paper's learning rates and with rates that work for
hundreds of photos (`RATES_THAT_WORK`). The paper's rate for raw counts, 1e-8 for a
standard deviation of 324, is scaled to the variance of the counts at hand.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor

from ...context import drop_viral
from ...evaluation import columns_of_partitions
from ...features import CNNEmbedder
from ...models import balanced_bins
from .._claims import Claim, Evidence, adds_nothing
from .._lines import lines_of
from .._posts import NotTestableError
from .._splits import make_splits
from .._trial import figure_of, pearson
from ._models import RATES_THAT_WORK, binned, favorite, regression

N_FOLDS, N_REPEATS = 5, 2
METRICS = ("views", "favorites", "comments")
#: Figures by table or section and row; in table 1 mean, standard deviation and maximum.
PUBLISHED: dict[str, Any] = {
    "Table 1": {
        "views": (146.37, 323.58, 321_528),
        "favorites": (0.32, 2.21, 1_533),
        "comments": (0.50, 5.51, 1_175),
    },
    "Table 2": {
        ("views", "favorites"): 0.44,
        ("views", "comments"): 0.12,
        ("favorites", "comments"): 0.44,
    },
    # 52,352 is half of 323.58 squared; the paper does not state it.
    "Section 5.1": {
        "constant": {"stated": 87_000, "by table 1": 52_352},
        "network": {"best": 50_090},
    },
    "Section 5.2": {"constant": 89.1, "network": {"mean": 89.1, "best": 89.6}},
    "Section 5.3": {"constant": 4.125, "network": {"mean": 4.01, "best": 3.94}},
}
#: Rate for standardised scores that corresponds to 1e-8 for the paper's counts.
_RATE = 1e-8 * 323.58**2
_N_BINS = 10
PAPER, WORKS, CONSTANT = "the paper's rates", "rates that work", "constant"


splits = make_splits(
    __name__,
    "Splits into 80 % for training and 20 % for validation.",
    N_FOLDS,
    N_REPEATS,
)


def table_1(experiments) -> pd.DataFrame:
    """Mean, standard deviation and maximum of each count.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        A row per figure: table, row, column, published, reproduced, low, high (95 %
        interval), pearson and note.
    """
    moments = {"mean": np.mean, "standard deviation": np.std, "maximum": np.max}
    return lines_of(
        "Table 1: popularity metrics",
        [
            (name, title, figure, partial(_moment, experiments, name, moments[title]))
            for name, figures in PUBLISHED["Table 1"].items()
            for title, figure in zip(moments, figures, strict=True)
        ],
    )


def table_2(experiments) -> pd.DataFrame:
    """Pearson's correlations between the counts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """

    def correlation(*names):
        return pearson(*map(experiments.data.values, names))

    return lines_of(
        "Table 2: correlations of metrics",
        [
            (*names, figure, partial(correlation, *names))
            for names, figure in PUBLISHED["Table 2"].items()
        ],
    )


def _moment(experiments, name, function):
    """A moment of the kept posts; the maximum is of all, as it must be in the paper."""
    values = experiments.data.values(name)
    return function(values if function is np.max else values[_kept(experiments)])


def section_51(experiments) -> pd.DataFrame:
    """Experiment 1: regression of raw counts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models. The target is the views, or the label if there are none.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    return _section(experiments, "5.1", "regression of counts", "half squared error")


def section_52(experiments) -> pd.DataFrame:
    """Experiment 2: whether a photo was ever made a favourite.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    return _section(experiments, "5.2", "whether a favorite", "accuracy in %")


def section_53(experiments) -> pd.DataFrame:
    """Experiment 3: regression of the index of one of ten balanced bins.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    return _section(experiments, "5.3", "ten balanced bins", "half squared error")


def _section(experiments, number, title, unit):
    published = PUBLISHED[f"Section {number}"]

    def mean(who):
        trial, values = _losses(experiments, number, who)
        return figure_of(trial.mean(values))

    def difference():
        trial, values = _losses(experiments, number, WORKS)
        return figure_of(trial.mean(values - _losses(experiments, number, CONSTANT)[1]))

    def fall(who):
        trial = _trial(experiments, number, who)
        found = [[each[1] for each in models] for models in trial.held_out.estimators]
        return figure_of(trial.over_folds(found))

    rows: list[Any] = [
        (CONSTANT, unit, published["constant"], partial(mean, CONSTANT)),
        (f"network, {PAPER}", unit, published["network"], partial(mean, PAPER)),
        (f"network, {WORKS}", unit, None, partial(mean, WORKS)),
        (f"network minus constant, {WORKS}", unit, None, difference),
    ]
    told = "training loss, last / first epoch"
    rows += [
        (f"network, {who}", told, None, partial(fall, who)) for who in (PAPER, WORKS)
    ]
    return lines_of(f"Section {number}: {title}", rows)


def _kept(experiments):
    """Row positions of the posts that are not viral by any of the counts."""
    data = experiments.data
    counts = [data.columns[name] for name in METRICS if name in data.columns]
    return drop_viral(data.posts, counts or data.label).index.to_numpy()


def _target(experiments, number):
    data = experiments.data
    if number != "5.2":
        return data.values("views") if "views" in data.columns else data.y
    liked = (data.values("favorites") > 0).astype(float)
    kept = liked[_kept(experiments)]
    if kept.min() == kept.max():
        raise NotTestableError("all posts are favorites, or none is")
    return liked


def _losses(experiments, number, who):
    """The trial, and losses (or accuracies in %) of a network or of a constant."""
    trial = _trial(experiments, number, who)
    found = [each[0] for models in trial.held_out.estimators for each in models]
    losses = columns_of_partitions(found, trial.held_out.partitions, trial.n)
    return trial, losses


def _trial(experiments, number, who):
    experiment, rows = _EXPERIMENTS[number], _kept(experiments)
    target = _target(experiments, number)
    measure = experiment.constant if who == CONSTANT else experiment.network
    return experiments.trial(
        ("dufour2015", number, who),
        partial(_model, experiments, number, who, target[rows]),
        splits=splits,
        n_repeats=N_REPEATS,
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


# What a network for embeddings and a fine-tuned one have in common.
_OF_NETWORK = ("backbone", "weights")
_QUICK = {"max_epochs": 1, "embedder__preprocessing__size": 32}


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


def claims(experiments) -> list[Claim]:
    """Claims of the paper, to be judged on the given posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    claims : list of Claim
        For `judge`; nothing is computed yet. Losses are relative to the constant's.
    """
    return [
        Claim(
            "a network that learns raw counts, at rates that work, beats a constant",
            "5.1",
            partial(_against_constant, experiments, "5.1"),
        ),
        adds_nothing(
            "a network tells favorites less than 0.02 better than the majority class",
            "5.2",
            partial(_against_constant, experiments, "5.2"),
        ),
        Claim(
            "a network that learns ten bins, at rates that work, beats a constant",
            "5.3",
            partial(_against_constant, experiments, "5.3"),
        ),
    ]


def _against_constant(experiments, number):
    """What a network saves of the constant's loss, or how many more are right."""
    trial, network = _losses(experiments, number, WORKS)
    _, constant = _losses(experiments, number, CONSTANT)
    means = np.nanmean(network), np.nanmean(constant)
    if number == "5.2":
        gain, told = (network - constant) / 100, "{:.1f} against {:.1f} % right"
    else:
        gain, told = (constant - network) / means[1], "{:,.3f} against {:,.3f}"
    return Evidence(trial.mean(gain), trial.n, told.format(*means))


#: Functions of the tables, in the paper's order.
TABLES = (table_1, table_2, section_51, section_52, section_53)
TITLE = "Dufour 2015: will it play in Peoria?"
