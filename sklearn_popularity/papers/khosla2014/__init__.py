"""Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

Each kind of feature has its own linear SVR, and another SVR is fitted to their outputs:
for content alone (section 4), social cues alone (5), or both (6). Posts are a DataFrame
with a column of photos; the score is log views per day
(:func:`~sklearn_popularity.log_normalized_popularity`).

"Deep learning" and "objects" were Decaf, an AlexNet that is no longer available.
torchvision's AlexNet replaces it, which has other layers (64-192-384-256-256 maps
instead of 96-256-384-384-256, no groups and no normalisation) and was trained on the
same 1.3 million photos. With converted weights, ``CNNEmbedder(backbone="alexnet-lrn",
weights=path)`` is the original network. Its features are scaled to unit length, since
the searched values of C do not suit such large features.

Departures: the 50 colours of the histogram are this library's own unless `palette` is
the published one (:func:`~sklearn_popularity.fetch_color_palette`); the fusion is
fitted to out-of-fold predictions (section 6.1 does not say on which rows); C maximises
Spearman's correlation in shuffled folds; dictionaries are learned from the photos at
hand; both halves are tested. Mean views are over training posts, where the paper takes
all public photos, the predicted one included. "One-per-user" is all photos of users
with few, as in the paper's collection, and "user-mix" is all photos of users with 20 or
more, where the paper has about 100 users of 10,000 or more; for single users, C is
chosen on few photos. Counts are log-transformed, means of few photos are shrunk to that
of all (:class:`~sklearn_popularity.UserHistoryEncoder`), missing cues have an indicator
column, and groups administered and by invitation are not distinguished.
"""

from ._models import FEATURES, content, content_and_social, content_combined, social
from ._settings import CUES, SETTINGS, splits
from ._tables import (
    PUBLISHED,
    TABLES,
    TITLE,
    claims,
    figure_3,
    table_1,
    table_2,
    table_3,
)

__all__ = [
    "CUES",
    "FEATURES",
    "PUBLISHED",
    "SETTINGS",
    "TABLES",
    "TITLE",
    "claims",
    "content",
    "content_and_social",
    "content_combined",
    "figure_3",
    "social",
    "splits",
    "table_1",
    "table_2",
    "table_3",
]
