"""Section II: metadata of interesting photos and of others."""

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state

from ..._messages import quote
from ...context import SocialFeatures


def metadata_by_class(posts, y, *, counts=(), texts=(), tags=(), separator=","):
    """Compare the metadata of the two classes, field by field (section II-B).

    Parameters
    ----------
    posts : DataFrame of shape (n_posts, n_columns)
        Posts.
    y : array-like of shape (n_posts,)
        1 for interesting photos, 0 for others.
    counts : sequence of str, default=()
        Columns of counts, such as views and comments.
    texts : sequence of str, default=()
        Columns of texts, such as titles and descriptions.
    tags : sequence of str, default=()
        Columns of tags.
    separator : str or None, default=","
        Separator of tags in text; None splits text into words.

    Returns
    -------
    table : DataFrame
        A row per field with the columns field; filled_0 and filled_1, the share of
        posts of a class with a value above 0; mean_0 and mean_1, the mean count, number
        of characters or number of tags; and share_1, the interesting photos' share of
        the sum, which was 97.2 % for the paper's views.

    Raises
    ------
    ValueError
        If y does not contain both 0 and 1 and nothing else, or a count is below 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity.papers import lafin
    >>> posts = pd.DataFrame({"views": [90, 6, 4, 0], "title": ["a", "", "b", "c"]})
    >>> table = lafin.metadata_by_class(
    ...     posts, [1, 1, 0, 0], counts=["views"], texts=["title"]
    ... )
    >>> table[["field", "filled_1", "share_1"]].values.tolist()
    [['views', 1.0, 0.96], ['title', 0.5, 0.3333333333333333]]
    """
    y = np.asarray(y)
    check_consistent_length(posts, y)
    if set(np.unique(y)) != {0, 1}:
        raise ValueError(
            f"Got y with the classes {quote(np.unique(y).tolist())}, but 0 and 1, both "
            "of which must occur, were expected."
        )
    fields = dict.fromkeys(counts, "counts")
    fields |= dict.fromkeys(texts, "texts") | dict.fromkeys(tags, "tags")
    rows = []
    for name, kind in fields.items():
        amount = _amount(posts, name, kind, separator)
        in_1 = y == 1
        rows.append(
            {
                "field": name,
                "filled_0": (amount[~in_1] > 0).mean(),
                "filled_1": (amount[in_1] > 0).mean(),
                "mean_0": amount[~in_1].mean(),
                "mean_1": amount[in_1].mean(),
                "share_1": amount[in_1].sum() / (amount.sum() or np.nan),
            }
        )
    return pd.DataFrame(rows)


def keep_tagged(posts, y, *, tags="tags", separator=",", random_state=0):
    """Select posts with at least one tag, equally many of each class (section II-C).

    Parameters
    ----------
    posts : DataFrame of shape (n_posts, n_columns)
        Posts.
    y : array-like of shape (n_posts,)
        Classes.
    tags : str, default="tags"
        Column of tags.
    separator : str or None, default=","
        Separator of tags in text; None splits text into words.
    random_state : int, RandomState instance or None, default=0
        Seed of the draw from the larger classes.

    Returns
    -------
    rows : ndarray of shape (n_kept,), intp
        Row positions of the selected posts, ascending.

    Raises
    ------
    ValueError
        If a class has no post with a tag.
    """
    y = np.asarray(y)
    check_consistent_length(posts, y)
    tagged = _amount(posts, tags, "tags", separator) > 0
    by_class = [np.flatnonzero(tagged & (y == each)) for each in np.unique(y)]
    n = min(map(len, by_class))
    if not n:
        raise ValueError(
            f"Got a class without any tag in {tags!r}, but posts with tags of each "
            "class were expected. Check separator=."
        )
    rng = check_random_state(random_state)
    drawn = [rng.choice(rows, n, replace=False) for rows in by_class]
    return np.sort(np.concatenate(drawn))


def _amount(posts, name, kind, separator):
    """Counts, characters or tags of each post; 0 if the field is missing."""
    column = posts[[name]]
    if kind == "counts":
        column = column.fillna(0)
    cues = SocialFeatures(**{kind: [name]}, separator=separator)
    return np.expm1(np.asarray(cues.fit_transform(column))[:, 0]).round(9)
