"""Features: an image in, a vector out."""

from ._base import ImageTransformer
from ._color import ColorHistogram, ColorStatistics
from ._discriminative import fetch_color_palette
from ._extract import UnreadablePhotosWarning
from ._gist import GistTransformer
from ._lbp import LBPPyramid
from .codebook import HOGLLC, ColorNamesLLC
from .deep import CNNEmbedder

__all__ = [
    "HOGLLC",
    "CNNEmbedder",
    "ColorHistogram",
    "ColorNamesLLC",
    "ColorStatistics",
    "GistTransformer",
    "ImageTransformer",
    "LBPPyramid",
    "UnreadablePhotosWarning",
    "fetch_color_palette",
]
