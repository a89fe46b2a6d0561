"""Preprocessing of photos for a network, as parameters that a search can set."""

from dataclasses import replace
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from .._messages import quote
from .._sklearn_compat import Interval, StrOptions
from ._backbones import published_squares
from ._squares import Squares


class Preprocessing(BaseEstimator):
    """Preprocessing of photos for a network.

    A parameter that is None takes the value of the backbone's published weights.

    Parameters
    ----------
    size : int, default=None
        Side in pixels of the square input of the network, at least 1.
    resize : {"crop", "squeeze", "pad", "keep"}, default=None
        How a photo is fitted to the square. "crop": its centre. "squeeze": all of it,
        distorted. "pad": all of it, padded with white. "keep": all of it at its own
        proportions, with as many pixels as the square; photos longer than 4 to 1 are
        squeezed to that. Convolutional networks accept "keep", others may not.
    crop_share : float, default=None
        Side of the cropped square as a fraction of the photo's shorter side, above 0
        and at most 1. Only for ``resize="crop"``.
    interpolation : {"bilinear", "bicubic"}, default=None
        Interpolation of the resize.
    mean, std : tuple of 3 floats, default=None
        For each channel, `mean` is subtracted and the result divided by `std`, in the
        order of `channel_order`.
    scale : float, default=None
        Value of white before `mean` is subtracted, above 0: 1, or 255 for Caffe.
    channel_order : {"rgb", "bgr"}, default=None
        Order of the channels in the input of the network.
    flip : bool, default=None
        Whether to average the features of the photo and of its mirror image. This takes
        twice as long, and the features no longer tell left from right. None is False.

    See Also
    --------
    CNNEmbedder : Features of a network, with a parameter `preprocessing`.

    Examples
    --------
    >>> from sklearn_popularity import CNNEmbedder, Preprocessing
    >>> caffe = Preprocessing(
    ...     mean=(104, 117, 123), std=(1, 1, 1), scale=255, channel_order="bgr"
    ... )
    >>> embedder = CNNEmbedder(backbone="alexnet", preprocessing=caffe)
    >>> embedder.set_params(preprocessing__size=227).preprocessing.size
    227
    """

    _parameter_constraints: ClassVar[dict] = {
        "size": [Interval(Integral, 1, None, closed="left"), None],
        "resize": [StrOptions({"crop", "squeeze", "pad", "keep"}), None],
        "crop_share": [Interval(Real, 0, 1, closed="right"), None],
        "interpolation": [StrOptions({"bilinear", "bicubic"}), None],
        "mean": [tuple, list, None],
        "std": [tuple, list, None],
        "scale": [Interval(Real, 0, None, closed="neither"), None],
        "channel_order": [StrOptions({"rgb", "bgr"}), None],
        "flip": ["boolean", None],
    }

    def __init__(
        self,
        *,
        size=None,
        resize=None,
        crop_share=None,
        interpolation=None,
        mean=None,
        std=None,
        scale=None,
        channel_order=None,
        flip=None,
    ):
        self.size = size
        self.resize = resize
        self.crop_share = crop_share
        self.interpolation = interpolation
        self.mean = mean
        self.std = std
        self.scale = scale
        self.channel_order = channel_order
        self.flip = flip


def squares_for(backbone: str, preprocessing: Preprocessing | None) -> Squares:
    """Preprocessing of a backbone: as published, except for given parameters.

    Raises
    ------
    ValueError
        If the backbone does not exist, or a parameter is invalid.
    """
    squares = published_squares(backbone)
    if preprocessing is None:
        return squares
    preprocessing._validate_params()
    params = preprocessing.get_params(deep=False)
    given = {name: value for name, value in params.items() if value is not None}
    for name in {"mean", "std"} & set(given):
        given[name] = _per_channel(name, given[name])
    for name in {"crop_share", "scale"} & set(given):
        given[name] = float(given[name])
    for name, kind in {"size": int, "flip": bool}.items():
        if name in given:
            given[name] = kind(given[name])
    return replace(squares, **given)


def _per_channel(name, given):
    try:
        values = tuple(float(value) for value in given)
    except (TypeError, ValueError):
        values = ()
    wrong = len(values) != 3 or not np.isfinite(values).all()
    if wrong or (name == "std" and min(values) <= 0):
        raise ValueError(
            f"Got {name}={quote(given)}, but 3 finite numbers were expected, one per "
            "channel" + (", above 0." if name == "std" else ".")
        )
    return values
