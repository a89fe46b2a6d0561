"""Codebook features: dense descriptors, coded by LLC and pooled over regions."""

from ._base import CodebookTransformer, pooled_codes
from ._color_names_llc import ColorNamesLLC
from ._hog_llc import HOGLLC

__all__ = ["HOGLLC", "CodebookTransformer", "ColorNamesLLC", "pooled_codes"]
