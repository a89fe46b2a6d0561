"""Tables 1 and 2 and the three experiments of Dufour 2015, each beside a constant.

A fifth of the posts is for validation; the paper does not tell its share, and had one
split. Posts whose counts lie six standard deviations above the mean are left out, as in
the paper. Losses are half the mean squared error, Caffe's "Euclidean loss". The rate of
learning raw counts, 1e-8 where their standard deviation is 324, is that of standardised
ones divided by their variance, and so it is here.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sklearn_popularity import drop_viral
from sklearn_popularity.models._k_class import balanced_bins
from sklearn_popularity.papers import dufour2015

from ._data import CAFFE, NotTestableError
from ._lines import as_table, lines_of
from ._scores import in_parallel, mean_on_test_rows, splits_of

TEST_SHARE = 0.2
METRICS = ("views", "favorites", "comments")
PUBLISHED = {
    "1": {
        "views": (146.37, 323.58, 321_528),
        "favorites": (0.32, 2.21, 1_533),
        "comments": (0.50, 5.51, 1_175),
    },
    "2": {
        ("views", "favorites"): 0.44,
        ("views", "comments"): 0.12,
        ("favorites", "comments"): 0.44,
    },
    # 52,352 is half of 323.58 squared, which the paper does not compute.
    "5.1": {"constant": {"stated": 87_000, "by table 1": 52_352}, "network": 50_090},
    "5.2": {"constant": 89.1, "network": {"mean": 89.1, "best": 89.6}},
    "5.3": {"constant": 4.125, "network": {"mean": 4.01, "best": 3.94}},
}
#: Rate for standardised scores: what 1e-8 is for the paper's counts.
_RATE = 1e-8 * 323.58**2
_TITLES = {
    "5.1": ("Experiment 1: regression of counts", "half squared error"),
    "5.2": ("Experiment 2: whether a favorite", "accuracy in %"),
    "5.3": ("Experiment 3: ten balanced bins", "half squared error in bins"),
}
# What a network for embeddings and one that goes on learning have in common.
_SHARED = (
    "backbone",
    "weights",
    *(f"preprocessing__{name}" for name in CAFFE),
)


def tables(data, photos, plan, **settings):
    """All tables, a line per figure.

    Parameters
    ----------
    data : Data
        Posts; counts of `METRICS` where there are columns of them.
    photos : Photos
        Which network goes on learning; without one, AlexNet.
    plan : Plan
        How much is computed.
    **settings
        Parameters of the network, such as `max_epochs`.

    Returns
    -------
    table : DataFrame
    """
    lines = _metrics(data)
    counts = [data.columns[name] for name in METRICS if name in data.columns]
    kept = drop_viral(data.posts, counts or data.label)
    note = f"{len(data.posts) - len(kept)} viral posts left out"
    trained = _Trained(data, kept, photos, plan, settings)
    for number, (table, unit) in _TITLES.items():
        published = PUBLISHED[number]
        figures = {
            name: partial(getattr(trained, name), number)
            for name in ("constant", "network", "difference")
        }
        rows = [
            (name, unit, published.get(name), figure, note)
            for name, figure in figures.items()
        ]
        lines += lines_of(table, rows)
    return as_table(lines, data)


def _metrics(data):
    """Moments and correlations of the counts, over all posts."""

    def moment(name, function):
        return function(data.posts[data.column(name)].to_numpy(float))

    def correlation(*pair):
        return np.corrcoef([moment(name, np.asarray) for name in pair])[0, 1]

    moments = {"mean": np.mean, "standard deviation": np.std, "maximum": np.max}
    return [
        *lines_of(
            "Table 1: popularity metrics",
            [
                (name, title, figure, partial(moment, name, moments[title]))
                for name, figures in PUBLISHED["1"].items()
                for title, figure in zip(moments, figures, strict=True)
            ],
        ),
        *lines_of(
            "Table 2: correlations of metrics",
            [
                (*pair, figure, partial(correlation, *pair))
                for pair, figure in PUBLISHED["2"].items()
            ],
        ),
    ]


class _Trained:
    """The experiments, each computed when its figures are first asked for."""

    def __init__(self, data, posts, photos, plan, settings):
        self.data, self.posts, self.photos, self.plan = data, posts, photos, plan
        network = photos.networks.get("cnn")
        own = {} if network is None else network.get_params()
        chosen = {
            f"embedder__{name}": own[name]
            for name in _SHARED
            if own.get(name) is not None
        }
        self.settings = {"random_state": 0} | chosen | settings
        self.groups = None if data.group is None else posts[data.group].to_numpy()
        self.splits = splits_of(len(posts), TEST_SHARE, plan.n_splits, self.groups)
        self._trained = {}

    def constant(self, number):
        """What the best constant gives."""
        return self._mean(self._constants(number))

    def network(self, number):
        """What the network gives."""
        return self._mean(self._networks(number))

    def difference(self, number):
        """What the network gives more, row by row."""
        pairs = zip(self._networks(number), self._constants(number), strict=True)
        return self._mean([network - constant for network, constant in pairs])

    def _mean(self, values):
        return mean_on_test_rows(values, self.splits, self.groups)

    def _constants(self, number):
        """Losses, or whether it is right, for the test rows of each split."""
        experiment, y = _EXPERIMENTS[number], self._scores(number)
        return [experiment.constant(y[train], y[test]) for train, test in self.splits]

    def _networks(self, number):
        if number not in self._trained:
            self._trained[number] = self._try_to_train(number)
        if isinstance(self._trained[number], NotTestableError):
            raise self._trained[number]
        return self._trained[number]

    def _scores(self, number):
        if number != "5.2":
            return self.posts[self.data.label].to_numpy(float)
        column = self.data.column("favorites")
        y = (self.posts[column].to_numpy(float) > 0).astype(int)
        if y.min() == y.max():
            raise NotTestableError("all posts are favorites, or none is")
        return y

    def _try_to_train(self, number):
        y = self._scores(number)
        jobs = [
            (self._model(number, i, y), self.posts["photo"], y, train, test)
            for i, (train, test) in enumerate(self.splits)
        ]
        experiment = _EXPERIMENTS[number]
        try:
            return in_parallel(experiment.network, jobs, self.plan, f"dufour, {number}")
        except (ImportError, OSError, ValueError) as error:
            diverged = "learning_rate" in str(error)
            if isinstance(error, ValueError) and not diverged:
                raise
            return NotTestableError(str(error).splitlines()[0])

    def _model(self, number, split, y):
        settings = dict(self.settings)
        if number == "5.1":
            rate = settings.get("learning_rate", _RATE)
            settings["learning_rate"] = float(rate / y.var())
        cache = self.photos.settings.get("cache")
        if cache is not None:
            name = f"{Path(cache).name}.{number}-{split}.checkpoint"
            settings["checkpoint"] = Path(cache).with_name(name)
        return _EXPERIMENTS[number].model(**settings)


def _mean_loss(y_train, y_test):
    """Half squared errors of the mean."""
    return (y_train.mean() - y_test) ** 2 / 2


def _regression_loss(model, photos, y, train, test):
    fitted = model.fit(photos.iloc[train], y[train])
    return (fitted.predict(photos.iloc[test]) - y[test]) ** 2 / 2


def _frequent_right(y_train, y_test):
    """Where the more frequent class is right, in %."""
    return 100.0 * (y_test == np.bincount(y_train).argmax())


def _right(model, photos, y, train, test):
    fitted = model.fit(photos.iloc[train], y[train])
    return 100.0 * (fitted.predict(photos.iloc[test]) == y[test])


def _bins_of(y, y_train):
    _, edges = balanced_bins(y_train, 10)
    return np.searchsorted(edges[1:-1], y)


def _mean_bin_loss(y_train, y_test):
    """Half squared errors of the mean bin."""
    return _mean_loss(_bins_of(y_train, y_train), _bins_of(y_test, y_train))


def _bin_loss(model, photos, y, train, test):
    fitted = model.fit(photos.iloc[train], y[train])
    bins = fitted.predict_bins(photos.iloc[test])
    return (bins - _bins_of(y[test], y[train])) ** 2 / 2


class _Experiment(NamedTuple):
    """A composition, what its network gives on test rows, and what a constant does."""

    model: Callable
    network: Callable
    constant: Callable


_EXPERIMENTS = {
    "5.1": _Experiment(dufour2015.regression, _regression_loss, _mean_loss),
    "5.2": _Experiment(dufour2015.favorite, _right, _frequent_right),
    "5.3": _Experiment(dufour2015.binned, _bin_loss, _mean_bin_loss),
}
