"""Made-up data with known causes."""

from ._make_popularity import make_popularity
from ._make_themes import make_themes

__all__ = ["make_popularity", "make_themes"]
