"""Keep the posts that have one of the most frequent tags."""

from numbers import Integral

import pandas as pd

from .._sklearn_compat import Interval, validate_params
from ._posts import check_columns


@validate_params(
    {
        "posts": [pd.DataFrame],
        "n_tags": [Interval(Integral, 1, None, closed="left")],
        "column": [str],
        "separator": [str, None],
    },
    prefer_skip_nested_validation=True,
)
def filter_top_tags(posts, *, n_tags=100, column="tags", separator=None):
    """Keep the posts that have one of the most frequent tags.

    Parameters
    ----------
    posts : DataFrame
        Posts with a column of tags, as text.
    n_tags : int, default=100
        Number of tags that count as frequent, 1 or more. Equally frequent tags are
        taken in alphabetical order.
    column : str, default="tags"
        Name of the column.
    separator : str, default=None
        Separator of tags, such as ",". If None, blanks.

    Returns
    -------
    posts : DataFrame
        The posts kept, in their order, with a new index from 0.

    Raises
    ------
    ValueError
        If the column does not exist, or holds anything but text or missing values.

    Notes
    -----
    Dufour selected his 400,000 photos from 90 million in this way (section 3.1 of
    [1]_), and then removed those more than six standard deviations above the mean in
    views, favorites or comments (section 4.1). A tag counts once per post.

    References
    ----------
    .. [1] Dufour, "Will it play in Peoria? Predicting image popularity with
       convolutional neural networks", Stanford CS231n report, 2015.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity.datasets import filter_top_tags
    >>> posts = pd.DataFrame({"tags": ["sea sun", "sun", None, "dog"]})
    >>> filter_top_tags(posts, n_tags=1)["tags"].tolist()
    ['sea sun', 'sun']
    """
    check_columns(posts, [column], "posts")
    texts = posts[column].reset_index(drop=True).astype(object)
    texts = texts.where(texts.notna(), "")
    if not texts.map(lambda text: isinstance(text, str)).all():
        raise ValueError(
            f"The column {column!r} holds values that are not text, but tags separated "
            f"by {separator or 'blanks'!r} were expected."
        )
    tags = texts.str.split(separator).map(set).explode().str.strip()
    tags = tags[tags.notna() & (tags != "")]
    counts = (
        tags.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    frequent = tags.index[tags.isin(counts.index[:n_tags])].unique()
    return posts.iloc[frequent.sort_values()].reset_index(drop=True)
