"""Networks: perceptrons with branches, and CNNs that are fine-tuned."""

from ._checkpoints import CheckpointWarning
from ._cnn_classifier import CNNFineTuneClassifier
from ._cnn_regressor import CNNFineTuneRegressor
from ._mlp_classifier import MultiBranchMLPClassifier
from ._mlp_regressor import MultiBranchMLPRegressor

__all__ = [
    "CNNFineTuneClassifier",
    "CNNFineTuneRegressor",
    "CheckpointWarning",
    "MultiBranchMLPClassifier",
    "MultiBranchMLPRegressor",
]
