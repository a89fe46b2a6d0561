"""AlexNet as published and as in Caffe, for converted weights."""

from collections import OrderedDict
from typing import Any

from ._squares import Squares
from ._torch import import_torch

#: Whether a network pools before it normalises.
CAFFE_NETWORKS = {"caffenet": True, "alexnet-lrn": False}

# BGR from 0 to 255, minus the mean of ImageNet.
CAFFE_SQUARES = Squares(
    size=227,
    crop_share=227 / 256,
    mean=(104.0, 117.0, 123.0),
    std=(1.0, 1.0, 1.0),
    scale=255.0,
    channel_order="bgr",
)


def build_caffe_network(name: str, num_classes: int = 1000) -> Any:
    """Build a network with random weights: 60,965,224 for 1,000 classes.

    Parameters
    ----------
    name : {"caffenet", "alexnet-lrn"}
        CaffeNet pools before it normalises; AlexNet [1]_ and DeCAF normalise before
        they pool. Their weights have the same shapes, but are not interchangeable.
    num_classes : int, default=1000
        Number of classes.

    Returns
    -------
    network : torch.nn.Sequential
        Layers have their names in Caffe: conv1, norm1, pool1, ..., fc6, fc7, fc8.
        Weights are named after them, such as "conv1.weight".

    References
    ----------
    .. [1] Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep
       convolutional neural networks", NIPS 2012.
    """
    nn = import_torch().nn
    layers: list[tuple[str, Any]] = []

    def convolve(number, *channels, **settings):
        layers.append((f"conv{number}", nn.Conv2d(*channels, **settings)))
        layers.append((f"relu{number}", nn.ReLU()))

    def reduce(number):
        # Caffe rounds the size of the output up.
        pool = (f"pool{number}", nn.MaxPool2d(3, stride=2, ceil_mode=True))
        norm = (f"norm{number}", nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0))
        layers.extend([pool, norm] if CAFFE_NETWORKS[name] else [norm, pool])

    convolve(1, 3, 96, 11, stride=4)
    reduce(1)
    convolve(2, 96, 256, 5, padding=2, groups=2)
    reduce(2)
    convolve(3, 256, 384, 3, padding=1)
    convolve(4, 384, 384, 3, padding=1, groups=2)
    convolve(5, 384, 256, 3, padding=1, groups=2)
    layers.append(("pool5", nn.MaxPool2d(3, stride=2, ceil_mode=True)))
    layers.append(("flatten", nn.Flatten()))
    for number, n_inputs in ((6, 256 * 6 * 6), (7, 4096)):
        layers.append((f"fc{number}", nn.Linear(n_inputs, 4096)))
        layers.append((f"relu{number}", nn.ReLU()))
        layers.append((f"drop{number}", nn.Dropout()))
    layers.append(("fc8", nn.Linear(4096, num_classes)))
    return nn.Sequential(OrderedDict(layers))
