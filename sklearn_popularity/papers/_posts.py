"""Posts as the papers' tables ask for them: a score, and columns by their role."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from .._columns import encode_labels
from .._messages import quote
from .._scores import check_score
from ..datasets import make_popularity

#: What the papers ask for, and the column that is taken where none is named.
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


# Column of the number of a user's posts in the table.
_OWN_COUNT = "number of the user's posts"


class NotTestableError(ValueError):
    """A figure cannot be had from these posts; the message says why."""


@dataclass(frozen=True)
class PaperPosts:
    """Posts that papers are reproduced on.

    Parameters
    ----------
    posts : DataFrame of shape (n_posts, n_columns)
        Posts. Photos, if there are any, stand in the column "photo".
    label : str
        Column of scores.
    group : str, default=None
        Column of what stays on one side of a split, such as themes.
    columns : dict of str to str, default={}
        Columns by their role, where they are not called so: user, time ("uploaded"),
        title, description, tags, views, favorites, comments, contacts, groups, group
        members ("group_members"), member duration ("member_days"), is pro ("is_pro"),
        photo count ("photo_count"), rating deviation ("score_sd") and number of ratings
        ("score_n"). A role of None is not used.
    content : list of str, default=[]
        Columns of numbers that describe the photos already.
    separator : str or None, default=","
        What separates tags in text; None takes words.
    name : str, default="posts"
        What the figures are said to come from.

    Raises
    ------
    ValueError
        If a column that is named is not there, a role is unknown, or a score is missing
        or infinite.
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
                f"Got no column {quote(absent[0])}, but it was named. The posts have "
                f"{quote(list(posts))}."
            )
        check_score(posts[self.label], self.label)
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
        """Numbers of the groups."""
        if self.group is None:
            return None
        return encode_labels(self.posts[self.group], self.group)

    @property
    def clusters(self) -> NDArray[np.intp] | None:
        """Posts that are no independent evidence, see :meth:`clusters_of`."""
        return self.clusters_of(np.arange(len(self.posts)))

    def column(self, role) -> str:
        """The column of a role, or an error that it is not there."""
        if role not in self.columns:
            raise NotTestableError(f"no column of {role}")
        return self.columns[role]

    def values(self, role) -> NDArray[np.float64]:
        """Numbers of the column of a role."""
        column = self.posts[self.column(role)]
        if not is_numeric_dtype(column):
            raise NotTestableError(f"the column of {role} holds no numbers")
        values = column.to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            raise NotTestableError(f"the column of {role} has missing values")
        return values

    def clusters_of(self, rows) -> NDArray[np.intp] | None:
        """Posts that are no independent evidence: of a group, or else of a user.

        Parameters
        ----------
        rows : ndarray of int
            Posts of interest.

        Returns
        -------
        clusters : ndarray of shape (n_rows,), int, or None
            None if each post is alone, or all are of one user.
        """
        name = self.group or self.columns.get("user")
        if name is None:
            return None
        labels = self.posts[name].iloc[rows]
        # Posts of nobody known are evidence by themselves.
        alone = pd.Series(range(-len(labels), 0), index=labels.index, dtype=object)
        codes, found = pd.factorize(labels.astype(object).where(labels.notna(), alone))
        return codes if len(found) > 1 else None


def make_paper_posts(n_photos=400, *, image_size=(120, 160), random_state=0):
    """Make up posts of users with few photos, and of a few with many.

    So there are both of the first paper's kinds of data: photos of users who have about
    two each (its "one-per-user"), and of few users with many ("user-mix").

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
        Its score is ``log2(views per day + 1)``.
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
