"""Posts as the papers' tables need them: a score, and columns by their role."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from .._columns import encode_labels
from .._messages import quote
from .._numbers import check_numbers
from ..datasets import make_popularity

#: Roles of columns in the papers, and the default column of each role.
ROLES = {
    "user": "user",
    "time": "uploaded",
    "title": "title",
    "description": "description",
    "tags": "tags",
    "views": "views",
    "favorites": "favorites",
    "comments": "comments",
    "contacts": "contacts",
    "groups": "groups",
    "group members": "group_members",
    "member duration": "member_days",
    "is pro": "is_pro",
    "photo count": "photo_count",
    "rating deviation": "score_sd",
    "number of ratings": "score_n",
}


# Column for the number of a user's posts in the table.
_OWN_COUNT = "number of the user's posts"


class NotTestableError(ValueError):
    """A figure cannot be computed from these posts; the message says why."""


@dataclass(frozen=True)
class PaperPosts:
    """Posts to reproduce papers on.

    Parameters
    ----------
    posts : DataFrame of shape (n_posts, n_columns)
        Posts. Photos, if there are any, are in the column "photo".
    label : str
        Column of scores.
    group : str, default=None
        Column of groups, such as themes, that splits keep on one side.
    columns : dict of str to str, default={}
        Columns by role, if they have other names than these: user, time
        ("uploaded"), title, description, tags, views, favorites, comments, contacts,
        groups, group members ("group_members"), member duration ("member_days"), is pro
        ("is_pro"), photo count ("photo_count"), rating deviation ("score_sd") and
        number of ratings ("score_n"). None leaves a role out.
    content : list of str, default=[]
        Numeric columns with features of the photos.
    separator : str or None, default=","
        Separator of tags in text; None splits text into words.
    name : str, default="posts"
        Name of the posts in results.

    Raises
    ------
    ValueError
        If a column is missing, a role is unknown, or a score is missing or infinite.
    """

    posts: pd.DataFrame = field(repr=False)
    label: str
    group: str | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    content: list[str] = field(default_factory=list)
    separator: str | None = ","
    name: str = "posts"

    def __post_init__(self):
        posts = self.posts
        if not isinstance(posts, pd.DataFrame):
            posts = posts.to_pandas()
        posts = posts.reset_index(drop=True)
        unknown = [role for role in self.columns if role not in ROLES]
        if unknown:
            raise ValueError(
                f"Got columns of {quote(unknown)}, but roles among {', '.join(ROLES)} "
                "were expected."
            )
        named = [self.label, self.group, *self.columns.values(), *self.content]
        absent = [name for name in named if name is not None and name not in posts]
        if absent:
            raise ValueError(
                f"Got the column {quote(absent[0])}, but the posts have "
                f"{quote(list(posts))}."
            )
        check_numbers(posts[self.label], self.label)
        found = {role: name for role, name in ROLES.items() if name in posts}
        known = {
            role: name
            for role, name in (found | self.columns).items()
            if name not in (None, self.label)
        }
        if "user" in known and "photo count" not in {**known, **self.columns}:
            # All posts of the table are public, so they are the user's photos.
            users = posts[known["user"]]
            known["photo count"] = _OWN_COUNT
            counts = users.map(users.value_counts()).fillna(1)
            posts = posts.assign(**{_OWN_COUNT: counts})
        object.__setattr__(self, "posts", posts)
        object.__setattr__(self, "columns", known)

    @property
    def y(self) -> NDArray[np.float64]:
        """Scores."""
        return self.posts[self.label].to_numpy(dtype=np.float64)

    @property
    def groups(self) -> NDArray[np.intp] | None:
        """Group of each post as a number, or None."""
        if self.group is None:
            return None
        return encode_labels(self.posts[self.group], self.group)

    @property
    def clusters(self) -> NDArray[np.intp] | None:
        """Clusters of dependent posts, see :meth:`clusters_of`."""
        return self.clusters_of(np.arange(len(self.posts)))

    def column(self, role) -> str:
        """The column of a role; raises `NotTestableError` if there is none."""
        if role not in self.columns:
            raise NotTestableError(f"no column of {role}")
        return self.columns[role]

    def values(self, role) -> NDArray[np.float64]:
        """Values of the column of a role, which must be finite numbers."""
        column = self.posts[self.column(role)]
        if not is_numeric_dtype(column):
            raise NotTestableError(f"the column of {role} holds no numbers")
        values = column.to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            raise NotTestableError(f"the column of {role} has missing values")
        return values

    def clusters_of(self, rows) -> NDArray[np.intp] | None:
        """Clusters of dependent posts: those of a group, or without groups of a user.

        Parameters
        ----------
        rows : ndarray of int
            Posts of interest.

        Returns
        -------
        clusters : ndarray of shape (n_rows,), int, or None
            Cluster of each post. None if there are neither groups nor users, or only
            one.
        """
        name = self.group or self.columns.get("user")
        if name is None:
            return None
        labels = self.posts[name].iloc[rows]
        # Each post without a user is a cluster of its own.
        alone = pd.Series(range(-len(labels), 0), index=labels.index, dtype=object)
        codes, found = pd.factorize(labels.astype(object).where(labels.notna(), alone))
        return codes if len(found) > 1 else None


def make_paper_posts(n_photos=400, *, image_size=(120, 160), random_state=0):
    """Make up posts, half by users with about two photos, half by a few with many.

    These are the two kinds of data of the first paper, "one-per-user" and "user-mix".

    Parameters
    ----------
    n_photos : int, default=400
        Number of posts, half of each kind.
    image_size : tuple of int, default=(120, 160)
        Height and width of the photos in pixels.
    random_state : int, default=0
        Seed.

    Returns
    -------
    data : PaperPosts
        Posts whose score is ``log2(views per day + 1)``.
    """
    half = n_photos // 2
    users = {"crowd": half // 2, "prolific": min(4, max(2, half // 40))}
    parts = []
    for i, (kind, n_users) in enumerate(users.items()):
        posts, _ = make_popularity(
            half, n_users=n_users, image_size=image_size, random_state=random_state + i
        )
        parts.append(posts.assign(user=f"{kind} " + posts["user"].astype(str)))
    posts = pd.concat(parts, ignore_index=True)
    return PaperPosts(posts, "score", separator=None, name="made-up posts")
