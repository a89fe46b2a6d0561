"""Cappallo, Mensink and Snoek, "Latent factors of visual popularity prediction", 2015.

A ranking SVM on a network's embeddings, with latent popular and unpopular senses
(section 2). The score of a post is the logarithm of a count plus 1.

The network, an AlexNet trained on 15,000 classes, was never published. torchvision's
AlexNet, trained on 1,000 classes and with 4,096 features too, replaces it; the paper
found such a network 0.035 worse (section 4.5). Networks of 21,000 classes, such as
``CNNEmbedder(backbone="timm/vit_base_patch16_224.augreg_in21k")``, are closer to it.
Departures: soft margins are in standard deviations of the scores, not in their unit.
After its penalty is chosen, the ranker is refitted on all training rows, the 10 % for
validation included. It is given standardised features, the regression of table 6
features of unit length. Section 4.1, which does not name its margin, uses the soft one.
Words for the senses are not reproduced.
"""

from ._models import N_SENSES, engagement, ranker, regression
from ._tables import (
    PUBLISHED,
    TABLES,
    TITLE,
    claims,
    section_41,
    section_44,
    section_45,
    table_3,
    table_4,
    table_5,
    table_6,
)
from ._trials import splits

__all__ = [
    "N_SENSES",
    "PUBLISHED",
    "TABLES",
    "TITLE",
    "claims",
    "engagement",
    "ranker",
    "regression",
    "section_41",
    "section_44",
    "section_45",
    "splits",
    "table_3",
    "table_4",
    "table_5",
    "table_6",
]
