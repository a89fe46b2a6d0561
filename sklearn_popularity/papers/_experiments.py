"""The models of the papers on posts held out: each is fitted once, for all tables."""

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from .._sklearn_compat import _safe_indexing
from ..evaluation import (
    Described,
    HeldOutPredictions,
    PhotoTable,
    columns_of_partitions,
    make_partitions,
    predict_partitions,
    prepare_fit,
    shares_below,
    tested_rows,
)
from ..features import CNNEmbedder, pretrained_at_hand
from ..metrics import (
    Estimate,
    jackknife,
    leave_groups_out,
    mean_estimate,
    number_groups,
    spearman_difference,
    spearman_interval,
)
from ..models import seen_rows
from ..networks import Preprocessing
from ._lines import Figure
from ._photo_models import lite_network
from ._posts import NotTestableError, PaperPosts

#: What is said of a difference.
PAIRED = "paired, on the same splits"
_EPOCHS = 5


class Trial(NamedTuple):
    """Predictions of posts by models that had not seen them, and what they score.

    Parameters
    ----------
    y : ndarray of shape (n_posts,)
        Scores.
    groups : ndarray of shape (n_posts,) or None
        Numbers of the groups.
    held_out : HeldOutPredictions
        Predictions.
    """

    y: NDArray[np.float64]
    groups: NDArray[np.intp] | None
    held_out: HeldOutPredictions

    @property
    def n(self) -> int:
        """Number of posts."""
        return len(self.y)

    @property
    def score(self) -> float:
        """Spearman's correlation, mean over partitions."""
        return float(self.held_out.scores(self.y).mean())

    def figure(self, y=None) -> Figure:
        """The score with its interval, and Pearson's correlation.

        Parameters
        ----------
        y : ndarray of shape (n_posts,), default=None
            Other scores of the same posts to test on.
        """
        y = self.y if y is None else y
        rows = tested_rows(self.held_out)
        found = spearman_interval(
            y[rows],
            self.held_out.shares[rows],
            groups=self._groups(rows),
            n_folds=self.held_out.n_folds,
        )
        pearson = pearson_within(y, self.held_out)
        return Figure(found.score, found.low, found.high, pearson)

    def gain(self, other: "Trial") -> Estimate:
        """By how much the score is above that of another model, paired."""
        rows = tested_rows(self.held_out) & tested_rows(other.held_out)
        found = spearman_difference(
            self.y[rows],
            self.held_out.shares[rows],
            other.held_out.shares[rows],
            groups=self._groups(rows),
            n_folds=self.held_out.n_folds,
        )
        return Estimate(found.score, found.error, found.df)

    def easier(self, other: "Trial") -> Estimate:
        """By how much the score is above that of another target of the same posts."""
        codes = number_groups(self.groups, self.n)
        found = [
            leave_groups_out(each.y, each.held_out.shares, codes)
            for each in (self, other)
        ]
        score, left_out = (
            a.mean(axis=-1) - b.mean(axis=-1) for a, b in zip(*found, strict=True)
        )
        return jackknife(float(score), left_out).of_model(self.held_out.n_folds)

    def over_folds(self, values) -> Estimate:
        """Mean of a number per model, over folds that share posts.

        Parameters
        ----------
        values : ndarray of shape (n_partitions, n_folds)
            Such as accuracies.

        Notes
        -----
        The variance of the mean of n folds, of which each is tested by a model of the K
        - 1 others, is ``1 / n + 1 / (K - 1)`` times that between them (Nadeau and
        Bengio, "Inference for the generalization error", 2003).
        """
        values = np.ravel(values)
        n, n_folds = len(values), len(self.held_out.partitions[0])
        error = np.sqrt((1 / n + 1 / (n_folds - 1)) * values.var(ddof=1))
        return Estimate(float(values.mean()), float(error), n - 1)

    def mean(self, values) -> Estimate:
        """Mean of a number per post and partition, of models trained anew.

        Parameters
        ----------
        values : ndarray of shape (n_posts, n_partitions)
            Such as losses, or whether a class is right. NaN is a post that was in no
            test fold.
        """
        known = ~np.isnan(values).all(axis=1)
        found = mean_estimate(
            np.nanmean(values[known], axis=1), groups=self._groups(known)
        )
        return found.of_model(self.held_out.n_folds)

    def _groups(self, rows):
        return None if self.groups is None else self.groups[rows]


def pearson_within(y, held_out) -> float:
    """Mean of Pearson's correlations in test folds; 0 where one side is constant."""
    found = []
    for raw, folds in zip(held_out.raw.T, held_out.partitions, strict=True):
        for _, test in folds:
            a, b = y[test] - y[test].mean(), raw[test] - raw[test].mean()
            norm = np.sqrt((a @ a) * (b @ b))
            found.append(a @ b / norm if norm else 0.0)
    return float(np.mean(found))


def figure_of(estimate: Estimate) -> Figure:
    """A figure with its 95 % interval."""
    return Figure(estimate.value, *estimate.ends(0.95))


class Experiments:
    """What the papers' tables and claims are computed from.

    Photos are described once, and each model is fitted once, whatever the number of
    tables and claims that need it.

    Parameters
    ----------
    data : PaperPosts
        Posts.
    network : CNNEmbedder, default=None
        What sees the photos in place of a paper's own network. None is the paper's
        where its weights are on this machine, and EfficientNet-Lite2 of the extra
        ``torch`` otherwise.
    captions : CNNEmbedder, default=None
        A network that knows captions. None is the paper's stand-in where it is on this
        machine; without it, figures of captions are not testable.
    vectors : dict, path or callable, default=None
        Vectors of words, see :class:`~sklearn_popularity.TagEmbedder`.
    vocabulary : dict or path, default=None
        Words in the space of `captions`, see
        :class:`~sklearn_popularity.ZeroShotTagger`.
    others : list of PaperPosts, default=()
        Other posts that models of memorability are tested on.
    n_repeats : int, default=5
        Partitions into folds.
    n_iter : int, default=4
        Settings that a random search tries.
    tuning : dict, default=None
        Parameters of networks that go on learning, such as ``max_epochs`` and
        ``embedder__preprocessing__size``, in place of the paper's.
    quick : bool, default=False
        Whether to leave out whatever takes more than seconds: searches try one setting,
        networks of random weights see small photos, and rows are split once.
    n_jobs : int, default=None
        Worker processes.
    **settings
        Parameters of the transformers of photos, such as `cache`.

    Attributes
    ----------
    stand_ins : dict of str to str
        What stood in for the papers' networks, by their names.
    """

    def __init__(
        self,
        data: PaperPosts,
        *,
        network=None,
        captions=None,
        vectors=None,
        vocabulary=None,
        others=(),
        n_repeats=5,
        n_iter=4,
        tuning=None,
        quick=False,
        n_jobs=None,
        **settings,
    ):
        self.data, self.others = data, list(others)
        self.vectors, self.vocabulary = vectors, vocabulary
        self.n_repeats = 1 if quick else n_repeats
        self.n_iter, self.tuning = n_iter, tuning or {}
        self.quick, self.n_jobs = quick, n_jobs
        self.settings = {"n_jobs": n_jobs, **settings}
        self.stand_ins: dict[str, str] = {}
        self._own = {"captions": captions, "network": network}
        self._table = PhotoTable(data.posts, "photo")
        self._trials: dict[Any, Any] = {}

    def network(self, default: CNNEmbedder, *, captions=False) -> CNNEmbedder:
        """The network for a paper's, which is the default.

        Parameters
        ----------
        default : CNNEmbedder
            The paper's network, or the nearest one that was published.
        captions : bool, default=False
            Whether it is one that knows captions.

        Raises
        ------
        NotTestableError
            If there are no photos, or no network for them.
        """
        self.photos()
        kind = "captions" if captions else "network"
        network = self._own[kind] or self._at_hand(default, captions)
        if network is not default:
            self.stand_ins[default.backbone] = network.backbone
        return clone(network).set_params(**self.settings)

    def _at_hand(self, default, captions):
        try:
            if self.quick:
                return _tiny_network(captions)
            if pretrained_at_hand(default.backbone):
                return default
            lite = lite_network().set_params(layer="penultimate")
            if not captions and pretrained_at_hand(lite.backbone):
                return lite
        except ImportError as error:
            raise NotTestableError(f"no network: {error}") from error
        kind = "that knows captions" if captions else "for photos"
        raise NotTestableError(
            f"no network {kind}: the weights of {default.backbone} are not on this "
            "machine"
        )

    def photos(self):
        """The column of photos, or an error that there is none."""
        if "photo" not in self.data.posts:
            raise NotTestableError("no photos")
        return self.data.posts["photo"]

    def trial(
        self,
        key,
        make: Callable,
        *,
        n_folds: int,
        y=None,
        n_repeats=None,
        rows=None,
        photos=False,
        look=None,
    ) -> Trial:
        """Predictions of a model, which is fitted when they are first asked for.

        Parameters
        ----------
        key : hashable
            Names the model, its target and its rows.
        make : callable
            Returns the model.
        n_folds : int
            Folds of a partition.
        y : ndarray of shape (n_posts,), default=None
            Other scores.
        n_repeats : int, default=None
            Partitions, at most; None is those of the experiments.
        rows : ndarray of int, default=None
            Those that are split; None is all.
        photos : bool, default=False
            Whether the model is given the photos themselves.
        look : callable, default=None
            What is looked up in each model, see `predict_partitions`.
        """
        if key not in self._trials:
            try:
                found = self._run(make, n_folds, n_repeats, y, rows, photos, look)
            except ValueError as error:
                diverged = "learning_rate" in str(error)
                if not diverged and not isinstance(error, NotTestableError):
                    raise
                found = NotTestableError(str(error))
            self._trials[key] = found
        if isinstance(self._trials[key], NotTestableError):
            raise self._trials[key]
        return self._trials[key]

    def _run(self, make, n_folds, n_repeats, y, rows, photos, look):
        if photos:
            learner, X = make(), self.photos()
        else:
            learner, X = self.describe(make())
        y = self.data.y if y is None else y
        groups = self.data.groups
        if rows is not None:
            X, y = _safe_indexing(X, rows), y[rows]
            groups = None if groups is None else groups[rows]
        n_repeats = min(n_repeats or self.n_repeats, self.n_repeats)
        partitions = self._split(len(y), n_folds, n_repeats, groups)
        learner, params = prepare_fit(learner, groups, None)
        held_out = predict_partitions(
            learner,
            X,
            y,
            partitions,
            fit_params=params,
            n_jobs=self.n_jobs,
            look=look,
        )
        return Trial(y, groups, held_out)

    def describe(self, model) -> Described:
        """A model with the table that it is fitted on, whose photos are described."""
        return self._table.describe(hasten(model) if self.quick else model)

    def _split(self, n_posts, n_folds, n_repeats, groups):
        try:
            return make_partitions(
                n_posts, cv=n_folds, n_repeats=n_repeats, groups=groups
            )
        except ValueError as error:
            raise NotTestableError(str(error)) from error


def _tiny_network(captions):
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        layer="features.9" if captions else "penultimate",
        preprocessing=Preprocessing(size=32),
    )


def columns_of_trials(trial: Trial, n_columns: int) -> list[Trial]:
    """Trials of several predictors that were looked up in the models of one.

    Parameters
    ----------
    trial : Trial
        Of which :func:`look_at` looked up the predictions of others.
    n_columns : int
        Their number.
    """
    folds = [found for models in trial.held_out.estimators or () for found in models]
    partitions, n = trial.held_out.partitions, len(trial.y)
    trials = []
    for i in range(n_columns):
        raw, shares = (
            columns_of_partitions([found[kind][:, i] for found in folds], partitions, n)
            for kind in (0, 1)
        )
        held_out = HeldOutPredictions(raw, shares, partitions)
        trials.append(trial._replace(held_out=held_out))
    return trials


def look_at(predict) -> Callable:
    """A `look` at what a fitted model's parts say of its test rows.

    Parameters
    ----------
    predict : callable
        From the fitted model and rows of X to an array, a column per part; a function
        of a module, so that workers find it.
    """
    return partial(_look, predict)


def _look(predict, model, X, fold):
    train, test = fold
    raw, seen = (
        np.asarray(predict(model, _safe_indexing(X, rows)), dtype=np.float64)
        for rows in (test, seen_rows(train))
    )
    shares = [shares_below(seen[:, i], raw[:, i]) for i in range(raw.shape[1])]
    return raw, np.column_stack(shares)


def hasten(model):
    """The same model with one setting instead of a search, and few passes over rows."""
    parameters = model.get_params()
    short: dict[str, Any] = {
        name: min(value, _EPOCHS)
        for name, value in parameters.items()
        if name.endswith(("max_iter", "max_epochs")) and isinstance(value, Integral)
    }
    once = ShuffleSplit(1, test_size=0.25, random_state=0)
    for name, value in parameters.items():
        if name.endswith("param_grid"):
            short[name] = {key: values[:1] for key, values in value.items()}
            short[name.removesuffix("param_grid") + "cv"] = once
        if name.endswith("n_iter") and name.removesuffix("n_iter") + "cv" in parameters:
            short |= {name: 1, name.removesuffix("n_iter") + "cv": once}
    return model.set_params(**short)
