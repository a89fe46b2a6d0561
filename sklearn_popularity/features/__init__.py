"""Transformers from photos to feature vectors."""

from ..networks import pretrained_at_hand
from ._base import ImageTransformer
from ._cache import CacheWarning
from ._cache_care import cache_info, prune_cache, verify_cache
from ._cache_care import prepare_cache as prepare_cache
from ._cnn_embedder import CNNEmbedder
from ._color import ColorHistogram, ColorStatistics
from ._discriminative import fetch_color_palette
from ._extract import extract
from ._gist import GistTransformer
from ._join_parts import join_parts
from ._lbp import LBPPyramid
from ._troubles import UnreadablePhotosWarning
from .codebook import HOGLLC, ColorNamesLLC

__all__ = [
    "HOGLLC",
    "CNNEmbedder",
    "CacheWarning",
    "ColorHistogram",
    "ColorNamesLLC",
    "ColorStatistics",
    "GistTransformer",
    "ImageTransformer",
    "LBPPyramid",
    "UnreadablePhotosWarning",
    "cache_info",
    "extract",
    "fetch_color_palette",
    "join_parts",
    "pretrained_at_hand",
    "prune_cache",
    "verify_cache",
]
