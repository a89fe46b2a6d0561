"""Dufour, "Will it play in Peoria? Predicting image popularity with convolutional
neural networks", 2015.

A network that was trained on other photos goes on learning: the number of views,
whether a photo was ever made a favourite, and which of ten balanced ranges the views
are in. The paper says of itself that it failed; compare its figures with a constant.
Posts more than six standard deviations above the mean were left out
(:func:`~sklearn_popularity.drop_viral`), and only photos with a frequent tag were taken
(:func:`~sklearn_popularity.datasets.filter_top_tags`).

The network, an AlexNet that had learned styles of photos on Flickr, stood in Caffe's
collection of models; torchvision's AlexNet, which had learned 1,000 classes, stands in.
With converted weights ``CNNEmbedder(backbone="caffenet", weights=path)`` is the one.
X are photos, such as a column of paths.
"""

from ._models import RATES_THAT_WORK, binned, favorite, regression
from ._tables import (
    PUBLISHED,
    TABLES,
    TITLE,
    claims,
    section_51,
    section_52,
    section_53,
    splits,
    table_1,
    table_2,
)

__all__ = [
    "PUBLISHED",
    "RATES_THAT_WORK",
    "TABLES",
    "TITLE",
    "binned",
    "claims",
    "favorite",
    "regression",
    "section_51",
    "section_52",
    "section_53",
    "splits",
    "table_1",
    "table_2",
]
