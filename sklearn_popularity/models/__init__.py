"""Models: vectors in, a score out."""

from ._late_fusion import StackedLateFusion, out_of_fold

__all__ = ["StackedLateFusion", "out_of_fold"]
