"""Networks: perceptrons whose branches each read their own kind of features."""

from ._classifier import MultiBranchMLPClassifier
from ._regressor import MultiBranchMLPRegressor

__all__ = ["MultiBranchMLPClassifier", "MultiBranchMLPRegressor"]
