"""The data at hand: tables of posts, their features, and held-out predictions.

What is computed is kept as .npy files in a folder, so that a run that was cut off goes
on, and a second one takes seconds. Use another folder once a model has changed.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from paper_tables._data import caffe_network
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict

from sklearn_popularity import make_popularity
from sklearn_popularity.evaluation import FEATURES

OASIS, APPEAL, MADE_UP = "oasis", "sophoappeal80", "made-up"
_MOBILENET = "features_mobilenetv2_1280_f16.npy"
_N_MADE_UP = 800


@dataclass(frozen=True)
class Table:
    """Scores of posts, and partitions into five folds.

    Parameters
    ----------
    name : str
        What findings are said to come from.
    y : ndarray
        Scores.
    groups : ndarray, default=None
        Groups, which stay together in folds and are resampled.
    keep : Path, default=None
        Folder of kept predictions.
    n_partitions : int, default=3
        Partitions.
    """

    name: str
    y: np.ndarray
    groups: np.ndarray | None = None
    keep: Path | None = None
    n_partitions: int = 3

    def resampled_by(self, groups):
        """The same scores, whose intervals resample other groups."""
        return replace(self, groups=groups)

    @property
    def splitters(self):
        """Of groups unshuffled first, as in ``oasis_networks.py``."""
        seeds = range(self.n_partitions)
        if self.groups is None:
            return [KFold(5, shuffle=True, random_state=seed) for seed in seeds]
        shuffled = [GroupKFold(5, shuffle=True, random_state=seed) for seed in seeds]
        return [GroupKFold(5), *shuffled][: self.n_partitions]

    def held_out(self, name, model, X):
        """Predictions of test folds, a column per partition."""
        key = f"{self.name} {self.n_partitions} {name}"
        return kept(self.keep, key, lambda: self._predict(model, X))

    def _predict(self, model, X):
        columns = [
            cross_val_predict(model, X, self.y, cv=splitter, groups=self.groups)
            for splitter in self.splitters
        ]
        return np.column_stack(columns)


def kept(folder, name, compute):
    """What an earlier run computed, or else compute it and keep it."""
    if folder is None:
        return compute()
    path = folder / f"{name.replace(' ', '_').replace('/', '-')}.npy"
    if not path.exists():
        part = path.with_suffix(".part.npy")
        np.save(part, compute())
        part.replace(path)
    return np.load(path)


class Sources:
    """What lies in the folder of data.

    Parameters
    ----------
    folder : Path
        With the folders oasis, sophoappeal80 and tabular.
    weights : Path
        With the weights of SqueezeNet and the names of its classes.
    keep : Path or None
        Folder of kept features and predictions.
    """

    def __init__(self, folder, weights, keep=None):
        self.folder, self.weights, self.keep = folder, weights, keep

    @cached_property
    def oasis(self):
        return pd.read_csv(self.folder / OASIS / "labels.csv")

    @cached_property
    def appeal(self):
        return pd.read_csv(self.folder / APPEAL / "labels.csv")

    @cached_property
    def made_up(self):
        """Posts of 20 users, with photos."""
        return make_popularity(_N_MADE_UP, random_state=0)[0]

    def oasis_table(self, label, n_partitions=3):
        return Table(
            f"OASIS {label}",
            self.oasis[label].to_numpy(),
            self.oasis["theme"].to_numpy(),
            self.keep,
            n_partitions,
        )

    def mobilenet(self, name):
        return np.load(self.folder / name / _MOBILENET).astype(np.float32)

    def squeezenet(self, name, **settings):
        """SqueezeNet's numbers of the photos of a folder, or of the made-up ones."""
        told = " ".join(f"{key}={value}" for key, value in settings.items())
        return kept(
            self.keep,
            f"squeezenet {name} {told}",
            lambda: self._network(**settings).fit_transform(self.photos(name)),
        )

    def hand_crafted(self, name):
        """The six built features; their words are learned from all photos."""
        return {
            kind: kept(
                self.keep,
                f"{kind} {name}",
                lambda r=recipe: clone(r.transformer).fit_transform(self.photos(name)),
            )
            for kind, recipe in FEATURES.items()
        }

    def photos(self, name):
        if name == MADE_UP:
            return self.made_up["photo"]
        paths = {OASIS: self.oasis, APPEAL: self.appeal}[name]["path"]
        return [str(self.folder / name / path) for path in paths]

    def _network(self, **settings):
        weights = self.weights / "squeezenet1_0_tvkeys_f16.npz"
        return caffe_network("squeezenet1_0", str(weights), **settings)
