"""Inputs of the sections of a report."""

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
    """Inputs of the sections of a report.

    Parameters
    ----------
    data : ReportData
        Posts.
    photo : str
        Column of photos.
    model : estimator
        Model fitted on all posts.
    learner, table : estimator, DataFrame or ndarray
        The model without its image transformers, and the features it was fitted on.
    held_out : HeldOut
        Held-out predictions for the posts.
    folds : list of (train, test)
        Folds of the held-out predictions.
    clusters : ndarray of shape (n_posts,) or None
        Codes of the groups.
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
            self._drawn[row] = {
                "name": self.data.names[row],
                "src": data_uri(image),
                "height": image.shape[0],
                "width": image.shape[1],
            }
        return self._drawn[row]


@dataclass(frozen=True)
class Section:
    """Section of a report.

    Parameters
    ----------
    table : DataFrame
        Numbers of the section.
    shown : dict
        Variables of its template.
    """

    table: pd.DataFrame
    shown: dict[str, Any]
