"""The settings and the social cues of Khosla et al. 2014.

Mean views, which the paper takes over all public photos of a user, the predicted one
included, are those of training rows here: of photos that the user posted before where
there is a time, and otherwise out of fold.
"""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from sklearn_popularity.context import SocialFeatures, UserHistoryEncoder

from ._data import NotTestableError

SETTINGS = ("one-per-user", "user-mix", "user-specific")
#: Posts of a user that make many; posts, and groups, of a setting that can be halved.
MIN_PHOTOS, MIN_ROWS, MIN_GROUPS = 20, 40, 20
_MEAN_VIEWS, _PHOTO_COUNT = "mean_views", "photo_count"
#: Columns of table 2, the role of their column, and its kind for `SocialFeatures`.
CUES = {
    "Mean Views": ("user", "history"),
    "Photo Count": ("user", "counts"),
    "Contacts": ("contacts", "counts"),
    "Groups": ("groups", "counts"),
    "Group members": ("group members", "counts"),
    "Member duration": ("member duration", "counts"),
    "Is pro?": ("is pro", "flags"),
    "Tags": ("tags", "tags"),
    "Title length": ("title", "texts"),
    "Desc. length": ("description", "texts"),
}
OF_PHOTOS = ("Tags", "Title length", "Desc. length")


def samples_of(data, setting):
    """Rows of the setting, a set per model, and what is to be said about them."""
    if "user" not in data.columns:
        if setting != "one-per-user":
            raise NotTestableError("no column of users")
        samples, note = [np.arange(len(data.y))], "no users: each photo is of another"
    else:
        users = data.posts[data.columns["user"]]
        many = users.map(users.value_counts()).to_numpy() >= MIN_PHOTOS
        few, rows = np.flatnonzero(~many), np.flatnonzero(many)
        by_user = pd.Series(rows).groupby(users.to_numpy()[rows])
        samples, note = {
            "one-per-user": ([few], f"users of fewer than {MIN_PHOTOS} photos"),
            "user-mix": ([rows], f"{by_user.ngroups} users"),
            "user-specific": (
                [part.to_numpy() for _, part in by_user],
                f"mean of {by_user.ngroups} users",
            ),
        }[setting]
    smallest = MIN_PHOTOS if setting == "user-specific" else MIN_ROWS
    if not samples or min(len(rows) for rows in samples) < smallest:
        raise NotTestableError(f"too few photos of such users for {setting}")
    n_rows = sum(map(len, samples))
    by = "" if data.group is None else f", halves by {data.group}"
    for rows in samples if data.group is not None else ():
        if len(np.unique(data.groups[rows])) < MIN_GROUPS:
            raise NotTestableError(f"too few groups by {data.group} for {setting}")
    return samples, f"{n_rows} photos, {note}{by}"


def cues_at_hand(data, setting):
    """Names of the cues that there are; those of users tell nothing of one user."""
    names = OF_PHOTOS if setting == "user-specific" else CUES
    return [name for name in names if CUES[name][0] in data.columns]


def social_cues(names, data):
    """A transformer of posts to some cues."""
    named = {}
    for name in names:
        role, kind = CUES[name]
        named.setdefault(kind, []).append(_column(name, role, data))
    history = named.pop("history", [])
    features = SocialFeatures(**named, separator=data.separator, missing="indicator")
    columns = [column for columns in named.values() for column in columns]
    return ColumnTransformer(
        [("cues", features, columns), ("history", "passthrough", history)]
    )


def _column(name, role, data):
    own = {"Mean Views": _MEAN_VIEWS, "Photo Count": _PHOTO_COUNT}
    return own.get(name) or data.columns[role]


def cue_values(name, posts, data):
    """One cue of posts, alone."""
    role, kind = CUES[name]
    column = _column(name, role, data)
    if kind == "history":
        return posts[column].to_numpy()
    cue = SocialFeatures(
        **{kind: [column]}, separator=data.separator, missing="indicator"
    )
    return cue.fit_transform(posts[[column]])[:, 0]


def with_history(data, test):
    """Posts with what the table says about their users, without the test rows."""
    user = data.columns["user"]
    users = data.posts[user]
    return data.posts.assign(
        **{
            _PHOTO_COUNT: users.map(users.value_counts()),
            _MEAN_VIEWS: mean_views(data, test),
        }
    )


def mean_views(data, test):
    """Mean score of each post's user, of posts that are not test rows."""
    seen = ~np.isin(np.arange(len(data.y)), test)
    time = data.columns.get("time")
    history = UserHistoryEncoder(
        user=data.columns["user"],
        mode="out_of_fold" if time is None else "past",
        time=time,
        random_state=0,
    )
    users = data.posts[[data.columns["user"], *filter(None, [time])]]
    means = np.empty(len(data.y))
    means[seen] = history.fit_transform(users[seen], data.y[seen])[:, 0]
    means[test] = history.transform(users.iloc[test])[:, 0]
    return means
