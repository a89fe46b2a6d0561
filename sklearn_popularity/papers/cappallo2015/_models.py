"""The models of the paper, and its targets."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline

from ...features import CNNEmbedder
from ...metrics import spearman_scorer
from ...models import LatentRankSVM
from .. import khosla2014
from .._parts import choose, describe

#: Popular and unpopular senses of each variant: table 5, and most of table 3.
N_SENSES = {
    "none": (1, 0),
    "popular": (10, 0),
    "popular_soft": (10, 0),
    "popular_and_unpopular": (5, 5),
}
_MARGINS = {
    "none": "fixed",
    "popular": "fixed",
    "popular_soft": "soft",
    "popular_and_unpopular": "soft",
}
_ALPHAS = [1e-4, 1e-3, 1e-2, 1e-1]


def ranker(
    variant="popular_and_unpopular",
    *,
    n_senses=None,
    min_margin=1.0,
    photo="photo",
    network=None,
    random_state=0,
    **settings,
):
    """Rank photos by one of the paper's four objectives.

    Parameters
    ----------
    variant : {"none", "popular", "popular_soft", "popular_and_unpopular"}, \
            default="popular_and_unpopular"
        Ranking SVM without senses (equation 1), with popular senses (2), with a margin
        that grows with the difference of the scores too (3), or with equally many
        unpopular senses too (4).
    n_senses : int, default=None
        Number of popular senses and, with "popular_and_unpopular", of unpopular ones;
        ignored with "none". None takes the paper's numbers, `N_SENSES`.
    min_margin : float, default=1.0
        Smallest margin (section 2.1). 0 is the difference of the scores alone (equation
        3), and not possible with "none" and "popular".
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : transformer, default=None
        Image transformer; None is AlexNet with the weights of torchvision.
    random_state : int, default=0
        Seed of the ranker.
    **settings
        Parameters of the image transformer, such as `n_jobs` and `cache`.

    Returns
    -------
    model : Pipeline
        Not fitted; a ranker of posts. The strength of its penalty is chosen on an
        eighth of the training rows, since the paper splits 70, 10 and 20 %.
    """
    margin = choose(_MARGINS, variant, "variant")
    n_popular, n_unpopular = N_SENSES[variant]
    if n_senses is not None and variant != "none":
        n_popular, n_unpopular = n_senses, n_senses if n_unpopular else 0
    model = LatentRankSVM(
        n_senses=n_popular,
        n_unpopular_senses=n_unpopular,
        margin=margin,
        min_margin=min_margin,
        init="k-means",
        batch_size=100,
        random_state=random_state,
    )
    network = CNNEmbedder(backbone="alexnet") if network is None else network
    validation = ShuffleSplit(1, test_size=1 / 8, random_state=0)
    tuned = GridSearchCV(
        model, {"alpha": _ALPHAS}, scoring=spearman_scorer, cv=validation
    )
    return make_pipeline(describe(network, photo, settings), tuned)


def regression(*, photo="photo", network=None, **settings):
    """The linear SVR that table 6 compares with, `khosla2014.content("deep")`.

    Parameters
    ----------
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : CNNEmbedder, default=None
        Network, whose `layer` is set; None is AlexNet with the weights of torchvision.
    **settings
        As in :func:`ranker`.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts.
    """
    return khosla2014.content("deep", photo=photo, network=network, **settings)


def engagement(posts, *, low, high):
    """The targets of table 4: levels of engagement with a post.

    Parameters
    ----------
    posts : DataFrame of shape (n_posts, n_columns)
        Posts.
    low : list of str
        Columns of counts of little engagement, such as views or favourites.
    high : list of str
        Columns of counts of more engagement, such as comments or retweets.

    Returns
    -------
    targets : DataFrame of shape (n_posts, 3)
        Columns "low", "high" and "combined": the natural logarithm of the sum of the
        counts of a level plus 1.

    Raises
    ------
    ValueError
        If a count is missing, infinite or below 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity.papers import cappallo2015
    >>> posts = pd.DataFrame({"views": [0, 99], "comments": [0, 9]})
    >>> targets = cappallo2015.engagement(posts, low=["views"], high=["comments"])
    >>> targets.round(1).values.tolist()
    [[0.0, 0.0, 0.0], [4.6, 2.3, 4.7]]
    """
    levels = {"low": list(low), "high": list(high)}
    levels["combined"] = levels["low"] + levels["high"]
    counts = posts[levels["combined"]].to_numpy(dtype=float)
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"Got {counts[row, column]:g} in row {row} of "
            f"{levels['combined'][column]!r}, but counts of 0 or more were expected. "
            "Leave such posts out."
        )
    return pd.DataFrame(
        {
            level: np.log1p(posts[columns].to_numpy(dtype=float).sum(axis=1))
            for level, columns in levels.items()
        },
        index=posts.index,
    )
