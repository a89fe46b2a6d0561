"""Deep features: what pretrained networks see in a photo."""

from ._backbones import pretrained_at_hand
from ._cnn_embedder import CNNEmbedder

__all__ = ["CNNEmbedder", "pretrained_at_hand"]
