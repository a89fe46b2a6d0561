"""Embeddings of photos from a pretrained network."""

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
    """Embeddings or class probabilities of photos from a pretrained network.

    Parameters
    ----------
    backbone : str, default="resnet50"
        A classifier of torchvision ("vgg16", "alexnet", "squeezenet1_0", ...), or
        "timm/" and a model of timm ("timm/vit_base_patch16_clip_224.openai", ...), or
        "caffenet" or "alexnet-lrn": AlexNet with two groups and local response
        normalisation, as in Caffe and [4]_, for weights that you convert.
    weights : {"pretrained", "random"} or path, default="pretrained"
        "pretrained": published weights, downloaded by the first `fit` or `transform`
        (those of "timm/tf_efficientnet_lite2" come with the extra ``torch``). "random":
        random weights. A path: a ``.npz``, ``.safetensors`` or ``.pth`` file with the
        arrays of the network's ``state_dict``, for any number of classes. No pickle is
        run.
    layer : str or list of str, default="penultimate"
        Layer whose output becomes the features. "penultimate": the input of the
        classifier (4096 numbers for VGG16, as in [1]_ and [2]_). "probabilities": class
        probabilities (1000 in [1]_). "projection": the output of the network, for CLIP
        the joint embedding of images and texts (512). Or the name of a module. The
        outputs of several layers are concatenated, and need one forward pass.
    pooling : {"mean", "std"} or tuple of them, default="mean"
        Statistics of each channel over the positions of a feature map or the tokens of
        a sequence: mean, standard deviation or both, as in [3]_. The output of a layer
        that is a vector already is taken as it is.
    preprocessing : Preprocessing, default=None
        How photos are resized, cropped and normalised. None, and each parameter of it
        that is None, follows the published weights. Its parameters can be set and
        searched as ``preprocessing__size`` and so on.
    device : str, default="auto"
        Such as "cpu", "cuda" or "cuda:1"; "auto" is "cuda" if available, else "cpu".
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        Dtype of the computation; features are float32. "auto" is bfloat16 on a GPU that
        supports it, else float32. "float32" never uses TF32. ``torch.autocast`` and the
        default dtype of torch are ignored.
    random_state : int, default=0
        Seed of ``weights="random"``.
    max_size : int or None, default=None
        Longest side in pixels to which photos are reduced first; None means no limit.
    image_shape : tuple of 2 or 3 ints, default=None
        Height, width and channels of each image in a 2-D X; None guesses and warns.
    value_range : tuple of 2 floats, default=None
        Pixel values of black and white in arrays; None follows the dtype (uint8
        0-255, uint16 0-65535, floats 0-1).
    n_jobs : int, default=None
        Number of worker processes that read and resize photos; None means 1 unless in
        a :func:`joblib.parallel_config` context, -1 means all cores. The network always
        runs in the calling process.
    batch_size : int, default=32
        Number of photos that a worker reads, and the network takes, at a time.
    cache : str or path, default=None
        File that stores features, so that the same photo is not described twice. None
        stores nothing. See the Notes of :class:`ImageTransformer`.
    on_error : {"raise", "nan"}, default="raise"
        Whether a photo that cannot be read raises an ImageError, or gives a row of NaN
        and one warning.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    weights_digest_ : str
        SHA-256 of the network's weights.
    n_features_in_ : int
        Number of features seen in `fit`; only set for rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of features seen in `fit`; only set for a DataFrame of pixel values.

    Raises
    ------
    ImportError
        If torch, torchvision or timm is needed and missing.
    FileNotFoundError
        If the weights do not exist or cannot be downloaded.
    ValueError
        If the network or the layer does not exist, or the weights do not fit it or have
        changed since `fit`.

    See Also
    --------
    HOGLLC : Hand-crafted features of shapes.

    Notes
    -----
    The network is built on first use and kept by the process, not by the estimator, so
    copies and pickles hold parameters only. Embedders that differ only in layers or
    preprocessing, as in a :class:`~sklearn.pipeline.FeatureUnion` of several views,
    share one network. The process keeps up to 4 GiB of networks and drops the least
    recently used one first.

    The network runs in evaluation mode without gradients: a row depends only on its
    photo, up to rounding (1e-5). Departure from the published preprocessing: a photo is
    cropped and resized in one step.

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
        # Plain values, which are safe to store in model files.
        self._fitted_columns = (*self._read(), tuple(map(astuple, network.columns)))

    def _describe(self):
        """Return a function from an image to the input of the network, for workers."""
        return squares_for(self.backbone, self.preprocessing)

    def _finish(self):
        """Return a function from inputs to rows, for the calling process."""
        network = LayerReader(self._spec())
        fitted = getattr(self, "weights_digest_", network.digest)
        if network.digest != fitted:
            raise ValueError(
                f"The weights of backbone={self.backbone!r}, weights="
                f"{fspath(self.weights)!r} and random_state={self.random_state} have "
                f"changed since fit: their SHA-256 was {fitted} and is "
                f"{network.digest}. Fit again, or restore the old weights."
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
        """Layer and statistic of each feature, without a download."""
        if self.weights != "pretrained":
            return LayerReader(self._spec()).columns
        backbone, layers, pooling = read = self._read()
        *fitted, columns = getattr(self, "_fitted_columns", (None, ()))
        if fitted == [*read]:
            return [Columns(*each) for each in columns]
        return published_columns(backbone, layers, pooling, self._describe())

    def _read(self):
        """Backbone, layers and statistics, checked."""
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
    """Check one or several distinct strings, and return a tuple."""
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
