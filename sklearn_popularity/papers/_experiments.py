"""The models of the papers on posts held out: each is fitted once, for all tables."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from .._sklearn_compat import _safe_indexing
from ..evaluation import (
    Described,
    PhotoTable,
    predict_partitions,
    prepare_fit,
)
from ..features import CNNEmbedder, pretrained_at_hand
from ..networks import Preprocessing
from ._photo_models import lite_network
from ._posts import NotTestableError, PaperPosts
from ._trial import Trial

_EPOCHS = 5


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
    paper : str or None
        Name of the paper that is being reproduced.
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
        self.paper: str | None = None
        self._stand_ins: dict[Any, dict[str, str]] = {}
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
            self.stand_in(default.backbone, network.backbone)
        return clone(network).set_params(**self.settings)

    def stand_in(self, name, other):
        """Note what stands in for something of the paper at hand."""
        self._stand_ins.setdefault(self.paper, {})[name] = other

    @property
    def stand_ins(self) -> dict[str, str]:
        """What stood in for the networks of the paper at hand, by their names."""
        return self._stand_ins.get(self.paper, {})

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
        splits: Callable,
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
        splits : callable
            The paper's `splits`.
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
                found = self._run(make, splits, n_repeats, y, rows, photos, look)
            except NotTestableError as error:
                found = error
            self._trials[key] = found
        if isinstance(self._trials[key], NotTestableError):
            raise self._trials[key]
        return self._trials[key]

    def _run(self, make, splits, n_repeats, y, rows, photos, look):
        if photos:
            learner, X = make(), self.photos()
        else:
            learner, X = self.describe(make())
        y = self.data.y if y is None else y
        rows = np.arange(len(y)) if rows is None else rows
        groups = None if self.data.groups is None else self.data.groups[rows]
        X, y = _safe_indexing(X, rows), y[rows]
        n_repeats = min(n_repeats or self.n_repeats, self.n_repeats)
        try:
            partitions = splits(y, groups=groups, n_repeats=n_repeats)
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
        except ValueError as error:  # too few rows, missing values, a loss of infinity
            raise NotTestableError(str(error).splitlines()[0]) from error
        return Trial(y, self.data.clusters_of(rows), held_out)

    def describe(self, model) -> Described:
        """A model with the table that it is fitted on, whose photos are described."""
        return self._table.describe(hasten(model) if self.quick else model)


def _tiny_network(captions):
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        layer="features.9" if captions else "penultimate",
        preprocessing=Preprocessing(size=32),
    )


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
