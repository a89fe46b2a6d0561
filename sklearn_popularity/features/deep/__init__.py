"""Deep features: what pretrained networks see in a photo."""

from ._cnn_embedder import CNNEmbedder

__all__ = ["CNNEmbedder"]
