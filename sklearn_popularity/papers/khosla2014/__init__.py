"""Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

Each kind of feature has a linear SVR of its own, and another SVR learns from their
outputs: from content alone (section 4), from social cues alone (5), or from both (6).
Posts are a frame with a column of photos; the score is log views per day
(:func:`~sklearn_popularity.log_normalized_popularity`).

"Deep learning" and "objects" were Decaf, an AlexNet that can no longer be had;
torchvision's AlexNet stands in, which has other layers (64-192-384-256-256 maps instead
of 96-256-384-384-256, no groups and no normalisation) and learned from the same 1.3
million photos. With converted weights, ``CNNEmbedder(backbone="alexnet-lrn",
weights=path)`` is the network itself.
Its vectors are brought to unit length, since the values of C that were searched do not
reach numbers of its size.

Departures: the 50 colours of the histogram are this library's own unless `palette` is
the published ones (:func:`~sklearn_popularity.fetch_color_palette`); the fusion's inner
models are fitted on rows held out (section 6.1 does not say on which); C is chosen for
Spearman's correlation in shuffled folds; dictionaries are learned from the photos that
are there. Halves are tested on both sides. Mean views are those of training posts,
where the paper takes all public photos, the predicted one included. "One-per-user" is
all photos of users with few, as in the paper's collection, and "user-mix" all photos of
users with 20 or more, where the paper has about 100 users of 10,000 and more; of single
users C is chosen on few. Counts are logarithms, means of few photos are drawn to that
of all (:class:`~sklearn_popularity.UserHistoryEncoder`), missing cues have a column of
their own, and groups administered and by invitation are not told apart.
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
