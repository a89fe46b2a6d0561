"""The settings of section 3.1 and the social cues of section 5."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ...context import SocialFeatures, UserHistoryEncoder
from ...metrics import Estimate, mean_estimate, spearman_interval
from .._experiments import Experiments
from .._lines import Figure
from .._posts import NotTestableError
from .._splits import make_splits
from .._trial import Trial, figure_of, pearson

SETTINGS = ("one-per-user", "user-mix", "user-specific")
#: Smallest numbers of posts of a user with many, and of posts and groups of a setting.
MIN_PHOTOS, MIN_ROWS, MIN_GROUPS = 20, 40, 20
MEAN_VIEWS = "Mean Views"
#: Columns of table 2, and the role of the column with the cue.
CUES = {
    MEAN_VIEWS: "user",
    "Photo Count": "photo count",
    "Contacts": "contacts",
    "Groups": "groups",
    "Group members": "group members",
    "Member duration": "member duration",
    "Is pro?": "is pro",
    "Tags": "tags",
    "Title length": "title",
    "Desc. length": "description",
}
OF_PHOTOS = ("Tags", "Title length", "Desc. length")
_KINDS = {"is pro": "flags", "tags": "tags", "title": "texts", "description": "texts"}


splits = make_splits(
    __name__,
    "Random halves as in section 3.2; five partitions give the paper's ten splits.",
    n_folds=2,
)


class Setting(NamedTuple):
    """Posts of one of the settings, and models of them."""

    name: str  # one of `SETTINGS`
    experiments: Experiments
    samples: list  # rows to train and test a model on: one sample, or one per user
    note: str  # description of the samples

    def trials(self, key, make: Callable, look=None) -> list[Trial]:
        """Held-out predictions of a model for each sample."""
        return [
            self.experiments.trial(
                ("khosla2014", self.name, key, i),
                make,
                splits=splits,
                rows=rows,
                look=look,
            )
            for i, rows in enumerate(self.samples)
        ]

    def figure(self, trials) -> Figure:
        """Score of the trials, for several users its mean and interval over users."""
        if len(trials) == 1:
            return trials[0].figure()
        return _over_users([trial.figure() for trial in trials])

    def gain(self, trials, others) -> Estimate:
        """Difference of the score of some trials to that of others."""
        if len(trials) == 1:
            return trials[0].gain(others[0])
        both = zip(trials, others, strict=True)
        return mean_estimate([trial.score - other.score for trial, other in both])

    def cue(self, name) -> Figure:
        """Correlation of a cue with the score over all posts of the setting."""
        data = self.experiments.data
        values, found = cue_values(name, data), []
        for rows in self.samples:
            y, clusters = data.y[rows], data.clusters_of(rows)
            interval = spearman_interval(y, values[rows], groups=clusters)
            linear = pearson(y, values[rows])
            found.append(Figure(interval.score, interval.low, interval.high, linear))
        return found[0] if len(found) == 1 else _over_users(found)

    @property
    def n(self) -> int:
        """Number of posts."""
        return sum(map(len, self.samples))

    @property
    def cues(self) -> list[str]:
        """Available cues; for single users, only those that differ between photos."""
        names = OF_PHOTOS if self.name == "user-specific" else CUES
        data = self.experiments.data
        # If users stay on one side, test posts have no history.
        hidden = [MEAN_VIEWS] if data.group == data.columns.get("user") else []
        return [n for n in names if CUES[n] in data.columns and n not in hidden]


def _over_users(figures):
    value, low, high, _ = figure_of(mean_estimate([each.value for each in figures]))
    mean_pearson = float(np.mean([each.pearson for each in figures]))
    return Figure(value, max(low, -1.0), min(high, 1.0), mean_pearson)


def setting_of(experiments, name) -> Setting:
    """A setting; raises `NotTestableError` if it has too few posts."""
    data = experiments.data
    if "user" not in data.columns:
        if name != "one-per-user":
            raise NotTestableError("no column of users")
        samples, note = [np.arange(len(data.y))], "no users: each photo is of another"
    else:
        samples, note = _samples(data.posts[data.columns["user"]], name)
    smallest = MIN_PHOTOS if name == "user-specific" else MIN_ROWS
    if not samples or min(map(len, samples)) < smallest:
        raise NotTestableError(f"too few photos of such users for {name}")
    if data.group is not None:
        note += f", halves by {data.group}"
        if min(len(np.unique(data.groups[rows])) for rows in samples) < MIN_GROUPS:
            raise NotTestableError(f"too few groups by {data.group} for {name}")
    note = f"{name}: {sum(map(len, samples))} photos, {note}"
    return Setting(name, experiments, samples, note)


def _samples(users, name):
    many = (users.map(users.value_counts()) >= MIN_PHOTOS).to_numpy()
    if name == "one-per-user":
        return [np.flatnonzero(~many)], f"users of fewer than {MIN_PHOTOS} photos"
    rows = np.flatnonzero(many)
    by_user = pd.Series(rows).groupby(users.to_numpy()[rows])
    if name == "user-mix":
        return [rows], f"{by_user.ngroups} users"
    samples = [part.to_numpy() for _, part in by_user]
    return samples, f"mean of {len(samples)} users"


def cue_values(name, data):
    """Values of a cue for all posts."""
    features = SocialFeatures(
        **{_kind(name, data): [data.columns[CUES[name]]]},
        separator=data.separator,
        missing="indicator",
    )
    return np.asarray(features.fit_transform(data.posts))[:, 0]


def social_cues(names, data) -> ColumnTransformer:
    """A transformer from posts to some cues.

    The paper takes mean views over all public photos of a user, the predicted one
    included. Here they are over training posts: earlier ones of the user if there is a
    time, and otherwise those of other folds.
    """
    named: dict[str, list] = {}
    for name in names:
        if name != MEAN_VIEWS:
            column = data.columns[CUES[name]]
            named.setdefault(_kind(name, data), []).append(column)
    features = SocialFeatures(**named, separator=data.separator, missing="indicator")
    columns = [column for columns in named.values() for column in columns]
    parts = [("cues", features, columns)] if columns else []
    if MEAN_VIEWS in names:
        parts.insert(0, ("history", *_history(data)))
    # The default output whatever the setting: only the regressor sees the columns.
    return ColumnTransformer(parts).set_output(transform="default")


def _history(data):
    """Transformer to the mean score of a user's other posts, and its columns."""
    user, time = data.columns["user"], data.columns.get("time")
    history = UserHistoryEncoder(
        user=user,
        mode="out_of_fold" if time is None else "past",
        time=time,
        groups=data.group if time is None else None,
        random_state=0,
    )
    columns = [user, *filter(None, [time or data.group])]
    alone = FunctionTransformer(_first_column)
    return make_pipeline(history, alone), columns


def _first_column(X):
    return np.asarray(X)[:, :1]


def _kind(name, data):
    """Parameter of `SocialFeatures` for a cue; numeric columns are counts."""
    role = CUES[name]
    if role != "is pro" and is_numeric_dtype(data.posts[data.columns[role]]):
        return "counts"
    return _KINDS.get(role, "counts")
