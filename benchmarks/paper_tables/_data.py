"""What tables are made of: posts, the columns that papers ask for, and features."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer

from sklearn_popularity import (
    CNNEmbedder,
    Preprocessing,
    load_folder,
    make_popularity,
)

#: What papers ask for, and the column that is taken where none is named.
ROLES = {
    "user": "user",
    "tags": "tags",
    "title": "title",
    "description": "description",
    "time": "uploaded",
    "views": "views",
    "favorites": "favorites",
    "comments": "comments",
    "contacts": "contacts",
    "groups": "groups",
    "group members": "group_members",
    "member duration": "member_days",
    "is pro": "is_pro",
}
ROW = "row"
MADE_UP = "made-up"


class NotTestableError(ValueError):
    """A figure cannot be reproduced from these data; the message says why."""


@dataclass(frozen=True)
class Data:
    """Posts with a score.

    Parameters
    ----------
    name : str
        What the figures are said to come from.
    posts : DataFrame
        Posts, numbered from 0 by the column "row".
    label : str
        Column of scores.
    group : str or None
        Column of what stays on one side of a split.
    columns : dict of str to str
        Column of each role of `ROLES` that is there.
    separator : str or None
        What separates tags; None takes words.
    """

    name: str
    posts: pd.DataFrame
    label: str
    group: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    separator: str | None = ","

    @property
    def y(self):
        return self.posts[self.label].to_numpy(float)

    @property
    def groups(self):
        return None if self.group is None else self.posts[self.group].to_numpy()

    def without_photos(self):
        """The same, quicker to hand to other processes."""
        return replace(self, posts=self.posts.drop(columns="photo"))

    def column(self, role):
        """The column of a role, or an error that it is not there."""
        if role not in self.columns:
            raise NotTestableError(f"no column of {role}")
        return self.columns[role]


def from_folder(
    folder, label, *, group=None, named=None, separator=",", limit=None, seed=0
):
    """Posts of a folder that have a score.

    Parameters
    ----------
    folder : path
        Folder for `load_folder`.
    label : str
        Column of scores.
    group : str, default=None
        Column of groups.
    named : dict of str to str, default=None
        Columns by their role, where they are not called as `ROLES` says.
    separator : str or None, default=","
        What separates tags.
    limit : int, default=None
        Number of posts that are drawn; None takes all.
    seed : int, default=0
        Seed of the draw.

    Returns
    -------
    data : Data
        Its posts keep the numbers of their rows of the table as index.
    """
    named = named or {}
    required = [label, *filter(None, [group]), *named.values()]
    posts = load_folder(folder, required=required)
    posts = posts[posts[label].notna()]
    if limit is not None and limit < len(posts):
        posts = posts.sample(limit, random_state=seed).sort_index()
    columns = {role: name for role, name in ROLES.items() if name in posts} | named
    return _numbered(
        Path(folder).resolve().name, posts, label, group, columns, separator
    )


def made_up(n_photos, label, *, image_size=(120, 160), seed=0):
    """Made-up posts: half of users with few photos each, half of two to four with many.

    So there are both of the first paper's kinds of data: about two photos of each user
    (its "one-per-user"), and few users with many photos ("user-mix").
    """
    half = n_photos // 2
    crowds = {"crowd": half // 2, "prolific": min(4, max(2, half // 40))}
    parts = [
        make_popularity(half, n_users=n, image_size=image_size, random_state=seed + i)[
            0
        ].assign(user=lambda posts, kind=kind: f"{kind} " + posts["user"])
        for i, (kind, n) in enumerate(crowds.items())
    ]
    posts = pd.concat(parts, ignore_index=True)
    posts["log_views"] = np.log1p(posts["views"])
    columns = {role: name for role, name in ROLES.items() if name in posts}
    return _numbered(MADE_UP, posts, label, None, columns, None)


def _numbered(name, posts, label, group, columns, separator):
    posts = posts.assign(**{ROW: np.arange(len(posts))})
    return Data(name, posts, label, group, columns, separator)


class Photos:
    """Features of all posts, each kind computed once.

    Parameters
    ----------
    data : Data
        Posts.
    networks : dict of str to CNNEmbedder, default=None
        Networks in place of those of the papers: "cnn", and "caption".
    given : dict of str to ndarray, default=None
        Features computed before, a row per row of the folder's table: "cnn",
        "objects" and "caption".
    **settings
        Parameters of the transformers, such as `cache` and `n_jobs`.
    """

    def __init__(self, data, networks=None, given=None, **settings):
        self.data, self.settings = data, settings
        self.networks = networks or {}
        missing = data.posts.attrs.get("missing")
        if given and missing:
            raise ValueError(
                f"{len(missing)} photos of {data.name!r} are not there, the first is "
                f"{missing[0]!r}, so rows of features cannot be matched. Leave them "
                "out of its table and of the features."
            )
        self._given = {
            name: _rows_of(block, data.posts.index, name)
            for name, block in (given or {}).items()
        }
        self._computed = {}

    def features(self, transformer):
        """Features by a transformer of photos, float32.

        The words of codebooks are learned from all photos, without their scores.
        """
        described = clone(transformer).set_params(**self.settings)
        key = repr(described)
        if key not in self._computed:
            self._computed[key] = described.fit_transform(self.data.posts["photo"])
        return self._computed[key]

    def network(self, name, default):
        """Features by a network: the given ones, by the given network, or `default`.

        Parameters
        ----------
        name : {"cnn", "objects", "caption"}
            Embeddings, probabilities of objects, or the embeddings of a network that
            knows captions.
        default : CNNEmbedder
            The network of the paper, or what stands in for it.
        """
        if name in self._given:
            return self._given[name]
        network = self._network(name, default)
        try:
            return self.features(network)
        except (ImportError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise NotTestableError(
                f"no network for {_KINDS[name]}: {reason}"
            ) from error

    def networks_of(self, defaults):
        """Features by each network, and why there are none of some."""
        blocks, reasons = {}, {}
        for name, default in defaults.items():
            try:
                blocks[name] = self.network(name, default)
            except NotTestableError as error:
                reasons[name] = error
        return blocks, reasons

    def _network(self, name, default):
        own = self.networks.get("caption" if name == "caption" else "cnn")
        if own is None and (self.networks or self._given):
            raise NotTestableError(f"no network for {_KINDS[name]}, nor features of it")
        if own is not None and name == "objects":
            return clone(own).set_params(layer="probabilities")
        return default if own is None else own


_KINDS = {"cnn": "embeddings", "objects": "objects", "caption": "captions"}


def _rows_of(block, index, name):
    if len(block) <= index.max():
        raise ValueError(
            f"Got {len(block)} rows of features {name!r}, but one for each row of the "
            f"table was expected, at least {index.max() + 1}."
        )
    return np.asarray(block)[index].astype(np.float32)


class Known(TransformerMixin, BaseEstimator):
    """Numbers of rows to the features that were computed for them; never copied."""

    def __init__(self, block):
        self.block = block

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.block[np.asarray(X).ravel()]

    def get_feature_names_out(self, input_features=None):
        return np.array([f"x{i}" for i in range(self.block.shape[1])], dtype=object)

    def __sklearn_clone__(self):
        return self

    def __sklearn_is_fitted__(self):
        return True


def known_column(block):
    """Known features of posts, in place of a composition's transformer of photos."""
    return make_column_transformer((Known(block), ROW))


def tiny_network():
    """A small network with random weights, for quick runs."""
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=32),
    )


#: How networks that learned by Caffe see photos.
CAFFE = {
    "size": 227,
    "mean": (104, 117, 123),
    "std": (1, 1, 1),
    "scale": 255,
    "channel_order": "bgr",
}


def caffe_network(backbone, weights, *, flip=False, **settings):
    """A network that learned by Caffe, for whole photos."""
    squeezed = Preprocessing(resize="squeeze", flip=flip, **CAFFE)
    return CNNEmbedder(
        backbone=backbone, weights=weights, preprocessing=squeezed, **settings
    )
