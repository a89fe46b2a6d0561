"""Datasets: folders of photos with a table of scores, and made-up ones."""

from ._folder import MissingPhotosWarning, load_folder
from ._make_popularity import make_popularity
from ._make_themes import make_themes

__all__ = ["MissingPhotosWarning", "load_folder", "make_popularity", "make_themes"]
