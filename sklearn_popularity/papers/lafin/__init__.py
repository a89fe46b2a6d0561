"""LaFin: "Collecting, analyzing and predicting socially-driven image interestingness".

Whether a photo is interesting, from what a network sees in it, what a captioning
network sees in it, and its tags. A perceptron has a branch for each, which brings wide
ones to the width of the narrowest, and joint layers after that (section III-B).

Departures: the captioning network was never published; the image tower of CLIP's
ResNet-50 stands in, as in :mod:`~sklearn_popularity.papers.memorability2018`, with
1,024 numbers as there. The "generated tags" were the captions of COCO nearest to a
photo; here they are the nearest words or captions of a vocabulary with embeddings in
CLIP's space, which you make with its text tower. Units of the joint layers, which are
not told, are 256, and the perceptron stops by the posts held out, at 200 epochs at
most. Tables take posts as they are; :func:`keep_tagged` filters them as the paper does.
"Plain concatenation" is that of VGG16 and tags.
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
