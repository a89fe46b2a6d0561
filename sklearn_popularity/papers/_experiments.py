"""Held-out predictions of the papers' models, each fitted once for all tables."""

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
    """Posts and fitted models that the papers' tables and claims are computed from.

    Photos are described once and each model is fitted once for all tables and claims.

    Parameters
    ----------
    data : PaperPosts
        Posts.
    network : CNNEmbedder, default=None
        Network that describes the photos in place of a paper's own. None takes the
        paper's if its weights are on this machine, and otherwise EfficientNet-Lite2 of
        the extra ``torch``.
    captions : CNNEmbedder, default=None
        Network trained with captions. None takes the paper's stand-in if its weights
        are on this machine; otherwise figures of captions are not testable.
    vectors : dict, path or callable, default=None
        Word vectors, see :class:`~sklearn_popularity.TagEmbedder`.
    vocabulary : dict or path, default=None
        Words and their embeddings in the space of `captions`, see
        :class:`~sklearn_popularity.ZeroShotTagger`.
    others : list of PaperPosts, default=()
        Other posts to test models of memorability on.
    n_repeats : int, default=5
        Number of partitions into folds.
    n_iter : int, default=4
        Number of settings that a random search tries.
    tuning : dict, default=None
        Parameters of fine-tuned networks, such as ``max_epochs`` and
        ``embedder__preprocessing__size``, in place of the paper's.
    quick : bool, default=False
        Whether to leave out what takes more than seconds: searches try one setting,
        networks have random weights and small inputs, and rows are partitioned once.
    n_jobs : int, default=None
        Number of worker processes; -1 uses all processors.
    **settings
        Parameters of the image transformers, such as `cache`.

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
        """The network that is used in place of a paper's.

        Parameters
        ----------
        default : CNNEmbedder
            The paper's network, or the nearest one that was published.
        captions : bool, default=False
            Whether it is one trained with captions.

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
        """Note what stands in for an ingredient of the current paper."""
        self._stand_ins.setdefault(self.paper, {})[name] = other

    @property
    def stand_ins(self) -> dict[str, str]:
        """Stand-ins of the current paper, by name of what they replace."""
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
        """The column of photos; raises `NotTestableError` if there is none."""
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
        """Held-out predictions of a model, which is fitted on the first call.

        Parameters
        ----------
        key : hashable
            Identifies the model, its target and its rows.
        make : callable
            Returns the model.
        splits : callable
            The paper's `splits`.
        y : ndarray of shape (n_posts,), default=None
            Scores in place of those of the posts.
        n_repeats : int, default=None
            Maximum number of partitions; None takes that of the experiments.
        rows : ndarray of int, default=None
            Rows to partition; None is all.
        photos : bool, default=False
            Whether X is the column of photos rather than all columns.
        look : callable, default=None
            Called on each fitted model, see `predict_partitions`.
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
            learner, params = prepare_fit(learner, groups)
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
        """The model without image transformers, and the table with their features."""
        return self._table.describe(hasten(model) if self.quick else model)


def _tiny_network(captions):
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        layer="features.9" if captions else "penultimate",
        preprocessing=Preprocessing(size=32),
    )


def hasten(model):
    """Set searches of a model to one setting, and limit its numbers of iterations."""
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
