"""The papers, each as compositions of public parts with its own constants."""

from . import cappallo2015, dufour2015, khosla2014, lafin, memorability2018

# Names imported as themselves are for other rooms, not for users.
from ._photo_models import Block as Block
from ._photo_models import describe_block as describe_block
from ._photo_models import network_named as network_named
from ._photo_models import networks_at_hand as networks_at_hand
from ._recommended import Recommendation, recommended

__all__ = [
    "Recommendation",
    "cappallo2015",
    "dufour2015",
    "khosla2014",
    "lafin",
    "memorability2018",
    "recommended",
]
