"""Dufour, "Will it play in Peoria? Predicting image popularity with convolutional
neural networks", 2015.

A pretrained network is fine-tuned to predict the number of views, whether a photo was
ever made a favourite, and which of ten balanced ranges the views are in. The paper
reports that it failed; compare its figures with a constant. It left out posts more than
six standard deviations above the mean (:func:`~sklearn_popularity.drop_viral`), and
took only photos with a frequent tag
(:func:`~sklearn_popularity.datasets.filter_top_tags`).

The network, an AlexNet trained on styles of Flickr photos, was in Caffe's collection of
models; torchvision's AlexNet, trained on 1,000 classes, replaces it. With converted
weights, ``CNNEmbedder(backbone="caffenet", weights=path)`` is the original. X is a
column of photos, such as paths.
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
    table_1,
    table_2,
)
from ._trials import splits

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
