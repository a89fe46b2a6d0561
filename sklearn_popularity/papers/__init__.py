"""The papers, each as compositions of public parts with its own constants."""

from . import cappallo2015, dufour2015, khosla2014, lafin, memorability2018
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
