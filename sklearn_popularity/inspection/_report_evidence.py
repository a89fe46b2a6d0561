"""What is known of a model and its posts, from which a report is written."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import spearman_interval
from ._report_data import ReportData
from ._report_held_out import HeldOut
from ._thumbnails import data_uri

_SMALL = 160  # longest side of small photos, in pixels


@dataclass(frozen=True)
class Evidence:
    """What sections are made from.

    Parameters
    ----------
    data : ReportData
        Posts.
    photo : str
        Column of photos.
    model : estimator
        Fitted on all posts.
    learner, table : estimator, DataFrame or ndarray
        The same without what describes photos, and what it was fitted on.
    held_out : HeldOut
        Predictions by models that had not seen the posts.
    folds : list of (train, test)
        Those of the predictions.
    clusters : ndarray of shape (n_posts,) or None
        Numbers of the groups.
    n_jobs : int or None
        Number of worker processes.
    words : str or None
        Column of words.
    objects : DataFrame or None
        Probabilities of objects of the posts.
    n_photos, n_heatmaps : int
        How many to show.
    learns_anew : bool
        Whether a copy of the learner may be fitted on some of the posts.
    """

    data: ReportData
    photo: str
    model: Any
    learner: Any
    table: Any
    held_out: HeldOut
    folds: list
    clusters: np.ndarray | None
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
    def predicted(self):
        return self.held_out.model.shares[:, 0]

    @cached_property
    def score(self):
        """Spearman's correlation of the model's predictions with its interval."""
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
        """A small photo and what it is called."""
        row = int(row)
        if row not in self._drawn:
            image = self.data.photos.read(row, max_size=_SMALL)
            self._drawn[row] = {
                "name": self.data.names[row],
                "src": data_uri(image),
                "height": image.shape[0],
                "width": image.shape[1],
            }
        return self._drawn[row]


@dataclass(frozen=True)
class Section:
    """Part of a report.

    Parameters
    ----------
    table : DataFrame
        Its numbers.
    shown : dict
        What the page shows.
    """

    table: pd.DataFrame
    shown: dict[str, Any]
