"""Embeddings of photos by a network that was trained on others."""

from dataclasses import astuple
from numbers import Integral
from os import PathLike, fspath
from typing import ClassVar

from .._messages import quote
from .._moved import MovedParametersMixin
from .._sklearn_compat import Interval, StrOptions
from ..networks import (
    Columns,
    LayerReader,
    NestedDefaultsMixin,
    NetworkSpec,
    Preprocessing,
    choose_device,
    choose_precision,
    published_columns,
    squares_for,
)
from ._base import ImageTransformer

_STATISTICS = ("mean", "std")


class CNNEmbedder(MovedParametersMixin, NestedDefaultsMixin, ImageTransformer):
    """What a trained network sees in a photo: embeddings or class probabilities.

    Parameters
    ----------
    backbone : str, default="resnet50"
        A classifier of torchvision ("vgg16", "alexnet", "squeezenet1_0", ...), or
        "timm/" and a model of timm ("timm/vit_base_patch16_clip_224.openai", ...), or
        "caffenet" or "alexnet-lrn" for converted weights: AlexNet as [4]_ and Caffe
        had it, with two groups and local response normalisation, which torchvision's
        "alexnet" has not.
    weights : {"pretrained", "random"} or path, default="pretrained"
        Published weights, which the first `fit` or `transform` downloads, but for
        "timm/tf_efficientnet_lite2", whose weights the extra ``torch`` brings; random
        ones;
        or a file with arrays by the names of the network's ``state_dict``: ``.npz``,
        ``.safetensors``, or ``.pth``, of which only tensors are read. A file may be of
        another number of classes than the published weights.
    layer : str or list of str, default="penultimate"
        What to take: "penultimate" is what the classifier sees (4096 numbers of VGG16
        in [1]_ and [2]_); "probabilities" are those of the classes (1000 objects in
        [1]_); "projection" is the output as it is, which for CLIP is the joint space
        of images and texts (512); or the name of a module of the network. Of several,
        the numbers stand side by side, and the network still sees each photo once.
    pooling : {"mean", "std"} or tuple of them, default="mean"
        What is taken of each channel over the places of a map, whichever axis they are
        on, or over the sequence of tokens: its mean and its standard deviation, as in
        [3]_. A layer that gives a vector has no places and is taken as it is.
    preprocessing : Preprocessing, default=None
        How photos become the squares that the network takes, or keep their own
        proportions, and whether vectors are averaged over mirror images. None, like
        each None within it, keeps what the published weights were trained with. Its
        parameters can be set and searched as ``preprocessing__size`` and so on.
    device : str, default="auto"
        Such as "cpu", "cuda" or "cuda:1". "auto" is a GPU where there is one.
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        Precision of the computation, whatever ``torch.autocast`` or defaults of torch
        say around the call; features are float32. "auto" is bfloat16 on a GPU that has
        it, and float32 elsewhere; "float32" is exact, without TF32.
    random_state : int, default=0
        Seed of random weights.
    max_size : int or None, default=None
        Longest side in pixels; larger photos are reduced before they are resized.
    image_shape : tuple of 2 or 3 ints, default=None
        Height, width and channels of the images in numeric rows (2-D X).
    value_range : tuple of 2 floats, default=None
        Pixel values of black and white in arrays; None follows the dtype (uint8
        0-255, uint16 0-65535, floats 0-1).
    n_jobs : int, default=None
        Number of worker processes that read and resize photos; None means 1 unless in
        a :func:`joblib.parallel_config` context, -1 means all cores. The network runs
        in the calling process.
    batch_size : int, default=32
        Photos handed to a worker, and to the network, at a time.
    cache : str or path, default=None
        File that keeps rows: a photo that was described before in the same way is read
        but not decoded. See the Notes of :class:`ImageTransformer`.
    on_error : {"raise", "nan"}, default="raise"
        Whether a photo that cannot be read stops the run or gives a row of NaN and
        one warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    weights_digest_ : str
        SHA-256 of the network's weights.
    n_features_in_ : int
        Length of a row; only after a fit on rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of the columns; only after a fit on a frame of pixel values.

    Raises
    ------
    ImportError
        If torch, torchvision or timm is needed and missing.
    FileNotFoundError
        If there are no such weights.
    ValueError
        If there is no such network or layer, the weights do not fit it, or they have
        changed since `fit`.

    See Also
    --------
    HOGLLC : Shapes without a network.

    Notes
    -----
    The network is built on first use and kept by the process, never in the estimator,
    which therefore copies and pickles as its parameters. Embedders that differ in their
    layers or preprocessing alone share one network, such as those of a
    :class:`~sklearn.pipeline.FeatureUnion` that shows it several views of a photo. The
    process keeps up to 4 GiB of networks, and forgets the one that was used least
    recently first.

    A network runs in evaluation mode without gradients: a row depends on its photo
    alone, up to rounding (1e-5). The published preprocessing is followed except that
    the part of the photo that the network sees is cut out and reduced in one step.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014,
       section 4.3.
    .. [2] Squalli-Houssaini et al., "Deep learning for predicting image memorability",
       ICASSP 2018, section 2.1.
    .. [3] Hosu, Goldluecke and Saupe, "Effective aesthetics prediction with multi-level
       spatially pooled features", CVPR 2019.
    .. [4] Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep
       convolutional neural networks", NIPS 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import CNNEmbedder
    >>> photos = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    >>> embedder = CNNEmbedder(backbone="squeezenet1_1", weights="random")
    >>> embedder.fit_transform(photos).shape  # doctest: +SKIP
    (2, 512)
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageTransformer._parameter_constraints,
        "backbone": [str],
        "weights": [str, PathLike],
        "layer": [str, list, tuple],
        "pooling": [StrOptions(set(_STATISTICS)), list, tuple],
        "preprocessing": [Preprocessing, None],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16", "float16"})],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }
    _nested_defaults: ClassVar[dict] = {"preprocessing": Preprocessing}
    _moved: ClassVar[dict[str, str]] = {
        name: f"preprocessing=Preprocessing({name}=...)"
        for name in ("size", "resize", "mean", "std", "scale", "channel_order", "flip")
    }

    def __init__(
        self,
        *,
        backbone="resnet50",
        weights="pretrained",
        layer="penultimate",
        pooling="mean",
        preprocessing=None,
        device="auto",
        precision="auto",
        random_state=0,
        max_size=None,
        image_shape=None,
        value_range=None,
        n_jobs=None,
        batch_size=32,
        cache=None,
        on_error="raise",
        verbose=False,
    ):
        super().__init__(
            max_size=max_size,
            image_shape=image_shape,
            value_range=value_range,
            n_jobs=n_jobs,
            batch_size=batch_size,
            cache=cache,
            on_error=on_error,
            verbose=verbose,
        )
        self.backbone = backbone
        self.weights = weights
        self.layer = layer
        self.pooling = pooling
        self.preprocessing = preprocessing
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def _learn(self, photos):
        network = LayerReader(self._spec())
        self.weights_digest_ = network.digest
        # Plain values, which model files may hold.
        self._fitted_columns = (*self._read(), tuple(map(astuple, network.columns)))

    def _describe(self):
        """From an image to the square that the network sees, in a worker."""
        return squares_for(self.backbone, self.preprocessing)

    def _finish(self):
        """From squares to rows, in the calling process."""
        network = LayerReader(self._spec())
        fitted = getattr(self, "weights_digest_", network.digest)
        if network.digest != fitted:
            raise ValueError(
                f"The weights of backbone={self.backbone!r}, weights="
                f"{fspath(self.weights)!r} and random_state={self.random_state} have "
                f"changed since fit: their SHA-256 was {fitted} and is "
                f"{network.digest}. Fit again, or bring the old weights back."
            )
        return network

    def _feature_names(self):
        _, layers, pooling = self._read()
        has_one_kind = len(layers) == 1 and pooling == ("mean",)
        names = []
        for each in self._columns():
            kind = "" if has_one_kind else f"_{each.statistic}"
            stem = f"{self.backbone}_{each.layer}{kind}".replace("/", "_")
            names += [f"{stem}{i}" for i in range(each.n)]
        return names

    def _columns(self):
        """What the numbers of a row are, for which nothing is downloaded."""
        if self.weights != "pretrained":
            return LayerReader(self._spec()).columns
        backbone, layers, pooling = read = self._read()
        *fitted, columns = getattr(self, "_fitted_columns", (None, ()))
        if fitted == [*read]:
            return [Columns(*each) for each in columns]
        return published_columns(backbone, layers, pooling, self._describe())

    def _read(self):
        """What is read of which network."""
        layers = _several("layer", self.layer)
        pooling = _several("pooling", self.pooling, _STATISTICS)
        return self.backbone, layers, pooling

    def _spec(self):
        device = choose_device(self.device)
        backbone, layers, pooling = self._read()
        return NetworkSpec(
            backbone=backbone,
            weights=fspath(self.weights),
            layers=layers,
            pooling=pooling,
            seed=int(self.random_state),
            device=device,
            precision=choose_precision(self.precision, device),
            squares=self._describe(),
        )


def _several(name, given, known=None):
    """One or several strings, each once, in a tuple."""
    found = (given,) if isinstance(given, str) else tuple(given)
    texts = [each for each in found if isinstance(each, str)]
    fits = known is None or set(texts) <= set(known)
    if not found or len(set(texts)) < len(found) or not fits:
        expected = (
            "names of layers" if known is None else " and ".join(map(repr, known))
        )
        raise ValueError(
            f"Got {name}={quote(given)}, but one or several of {expected} were "
            "expected, each once."
        )
    return found
