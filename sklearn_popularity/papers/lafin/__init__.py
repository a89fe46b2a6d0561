"""LaFin: "Collecting, analyzing and predicting socially-driven image interestingness".

A perceptron predicts whether a photo is interesting from the embeddings of a network
and of a captioning network, and from its tags. It has a branch for each, which reduces
wide inputs to the width of the narrowest, and then joint layers (section III-B).

Departures: the captioning network was never published. The image tower of CLIP's
ResNet-50, with 1,024 features, replaces it, as in
:mod:`~sklearn_popularity.papers.memorability2018`. The "generated tags" were the COCO
captions nearest to a photo; here they are the nearest words or captions of a vocabulary
whose embeddings you compute with CLIP's text tower. The joint layers, whose width is
not stated, have 256 units. Training uses early stopping, with at most 200 epochs.
Tables take posts as they are; :func:`keep_tagged` filters them as the paper does.
"Plain concatenation" is of VGG16 and tags.
"""

from ._metadata import keep_tagged, metadata_by_class
from ._models import INPUTS, TABLE_1, interestingness
from ._tables import PUBLISHED, TABLES, TITLE, claims, section_2, splits, table_1

__all__ = [
    "INPUTS",
    "PUBLISHED",
    "TABLES",
    "TABLE_1",
    "TITLE",
    "claims",
    "interestingness",
    "keep_tagged",
    "metadata_by_class",
    "section_2",
    "splits",
    "table_1",
]
