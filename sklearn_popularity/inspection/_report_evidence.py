"""Inputs of the sections of a report."""

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pandas as pd
from sklearn.utils import check_random_state

from ..evaluation import (
    FittedModel,
    find_partitions,
    fit_model,
    input_of,
    with_settings,
)
from ..metrics import spearman_interval
from ._report_data import ReportData
from ._report_held_out import HeldOut, join_looks, look_inside
from ._thumbnails import picture_of

_SMALL = 160  # longest side of small photos, in pixels


@dataclass(frozen=True)
class Evidence:
    """Inputs of the sections of a report.

    Parameters
    ----------
    data : ReportData
        Posts.
    model : estimator
        Model fitted on all posts.
    learner, table : estimator, DataFrame or ndarray
        The model without its image transformers, and the features it was fitted on.
    held_out : HeldOut
        Held-out predictions for the posts.
    n_jobs : int or None
        Number of worker processes.
    words : str or None
        Column of words.
    objects : DataFrame or None
        Probabilities of objects.
    n_photos, n_heatmaps : int
        Number of photos per quadrant, and of heatmaps per end.
    learns_anew : bool
        Whether a clone of the learner may be fitted on some of the posts.
    """

    data: ReportData
    model: Any
    learner: Any
    table: Any
    held_out: HeldOut
    n_jobs: int | None
    words: str | None
    objects: pd.DataFrame | None
    n_photos: int
    n_heatmaps: int
    learns_anew: bool
    _drawn: dict = field(default_factory=dict, repr=False)

    @property
    def y(self):
        return self.data.y

    @property
    def clusters(self):
        return self.data.clusters

    @property
    def folds(self):
        return self.held_out.model.partitions[0]

    @property
    def predicted(self):
        return self.held_out.model.shares[:, 0]

    @cached_property
    def score(self):
        """Spearman's correlation of the held-out predictions with its interval."""
        return self.interval(self.held_out.model.shares)

    def interval(self, predictions, baseline=None):
        """Spearman's correlation of predictions with its interval."""
        return spearman_interval(
            self.y,
            predictions,
            baseline=baseline,
            groups=self.clusters,
            n_folds=len(self.folds),
        )

    def picture(self, row) -> dict[str, Any]:
        """A small photo and its name."""
        row = int(row)
        if row not in self._drawn:
            image = self.data.photos.read(row, max_size=_SMALL)
            self._drawn[row] = {"name": self.data.names[row]} | picture_of(image)
        return self._drawn[row]


@dataclass(frozen=True)
class Section:
    """Section of a report."""

    table: pd.DataFrame  # its numbers
    shown: dict[str, Any]  # variables of its template


def gather_evidence(
    model, data, *, cv, held_out, n_jobs, random_state, **asked
) -> Evidence:
    """Held-out predictions, and the model fitted on all posts.

    Arguments are those of :func:`popularity_report`; others are fields of the evidence.
    """
    if held_out is None and not isinstance(model, FittedModel):
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        model = fit_model(
            model,
            data.posts,
            data.y,
            groups=data.clusters,
            cv=_find_folds(cv, data),
            n_repeats=1,
            photo=data.column,
            look=partial(look_inside, seed=seed),
            n_jobs=n_jobs,
        )
    described: Any = None
    if isinstance(model, FittedModel):
        held_out, described, model = model.held_out, model.described, model.model
    learns_anew = described is not None and len(described.X) == len(data.kept)
    learner, table = model, input_of(model, data.posts, data.column)
    if learns_anew:
        learner, table = described
    return Evidence(
        data=data,
        model=with_settings(model, n_jobs=None, verbose=False),
        learner=learner,
        table=table,
        held_out=_of_these_posts(held_out, data),
        n_jobs=n_jobs,
        learns_anew=learns_anew,
        **asked,
    )


def _find_folds(cv, data):
    """A list of folds that test each post, and leave two posts or more to fit on."""
    y = data.y
    [folds] = find_partitions(
        data.posts, y, data.clusters, cv=cv, n_repeats=1, random_state=None
    )
    if sum(len(test) for _, test in folds) < len(y):
        raise ValueError(
            f"Got cv={cv}, but folds that test each row once were expected, such as "
            "those of KFold or GroupKFold."
        )
    if min(len(train) for train, _ in folds) < 2:
        raise ValueError(
            f"Got {len(y)} posts and cv={cv}, which leave fewer than 2 training posts "
            "in a fold. Pass more posts."
        )
    return folds


def _of_these_posts(held_out, data) -> HeldOut:
    """Predictions for the kept posts, selected if they are for all posts."""
    if not isinstance(held_out, HeldOut):
        held_out = join_looks(held_out)
    n_predictions, n_kept = len(held_out.model.shares), len(data.kept)
    if n_predictions == n_kept:
        return held_out
    if n_predictions == data.n_given:
        return held_out.take(data.kept)
    raise ValueError(
        f"Got held_out with {n_predictions} predictions, but one for each of the "
        f"{n_kept} posts that have a score and a photo was expected."
    )
