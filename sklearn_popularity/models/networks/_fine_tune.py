"""Base of the regressor and the classifier that fine-tune a network."""

from contextlib import closing
from dataclasses import asdict
from functools import partial
from numbers import Integral, Real
from os import PathLike, fspath
from typing import ClassVar

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state

from ..._kept_parameters import check_ready
from ..._moved import MovedParametersMixin
from ..._paths import expand_home
from ..._sklearn_compat import Interval, StrOptions
from ...features import CNNEmbedder
from ...images import photos_of
from ...networks import (
    NestedDefaultsMixin,
    Preprocessing,
    check_weights_file,
    choose_device,
    choose_precision,
    digest_of,
    digest_of_arrays,
    import_torch,
    squares_for,
    to_planes,
    torch_work,
)
from .._delegation import groups_of
from .._fit_tasks import FitTasks
from ._batches import PhotoBatches
from ._checkpoints import Checkpoint, digest_training
from ._fine_tune_module import (
    Architecture,
    FittedNetwork,
    build_module,
    clear_memory_errors,
    freeze_before,
)
from ._network_estimator import NetworkEstimator
from ._photo_stream import KeptPhotos, PhotoRows, PhotoStream, even_parts
from ._training import train

# Parameters that do not change the weights after a given number of epochs.
_WITHOUT_EFFECT = {
    "checkpoint",
    "embedder",
    "groups",
    "max_epochs",
    "random_state",
    "verbose",
}
# Parameters of an embedder that change the weights, besides network and squares.
_WITH_EFFECT = ("image_shape", "max_size", "precision", "value_range")
_OF_EMBEDDER = ("backbone", "weights", "device", "n_jobs", *_WITH_EFFECT)
_OF_PREPROCESSING = ("size", "crop_share", "mean", "std", "scale", "channel_order")


def _refuse_other(name, found, expected):
    if found != expected:
        raise ValueError(
            f"Got an embedder with {name}={found!r}, but the new head learns from the "
            "input of the network's last layer, for one square of each photo. Pass an "
            f"embedder with {name}={expected!r}."
        )


def _default_embedder():
    """A ResNet-50 that sees central squares of seven eighths of the shorter side."""
    return CNNEmbedder(preprocessing=Preprocessing(resize="crop", crop_share=0.875))


class CNNFineTune(
    MovedParametersMixin,
    NestedDefaultsMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    NetworkEstimator,
):
    """Base of :class:`CNNFineTuneRegressor` and the classifier."""

    _parameter_constraints: ClassVar[dict] = {
        **NetworkEstimator._parameter_constraints,
        "embedder": [CNNEmbedder, None],
        "head_multiplier": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [StrOptions({"adam", "sgd"})],
        "step_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "trainable": [str],
        "augment": ["boolean"],
        "groups": [callable, None],
        "checkpoint": [str, PathLike, None],
    }
    _nested_defaults: ClassVar[dict] = {"embedder": _default_embedder}
    _moved: ClassVar[dict[str, str]] = {
        **{name: f"embedder=CNNEmbedder({name}=...)" for name in _OF_EMBEDDER},
        **{
            name: f"embedder=CNNEmbedder(preprocessing=Preprocessing({name}=...))"
            for name in _OF_PREPROCESSING
        },
        "freeze_statistics": 'trainable="weights", or "all" for False',
        "standardize": 'loss="squared_error", or "raw_squared_error" for False',
    }

    # Used by `photos_of`.
    @property
    def image_shape(self):
        """Height, width and channels of the images in numeric rows, of `embedder`."""
        return self._chosen_embedder().image_shape

    @property
    def value_range(self):
        """Pixel values of black and white in arrays, of `embedder`."""
        return self._chosen_embedder().value_range

    def _fit(self, X, y, groups, sample_weight):
        photos = photos_of(self, X, reset=True)
        groups = groups_of(X, self.groups, groups)
        y, weight, used = self._check_target(photos, y, sample_weight)
        random_state = check_random_state(self.random_state)
        seed = int(random_state.randint(2**31 - 1))
        rows = self._start(PhotoRows(photos, y, weight).take(used))
        rows, held_out = self._hold_out(rows, used, groups, random_state)
        self._measure(rows)
        rows = self._encode(rows)
        held_out = None if held_out is None else self._encode(held_out)
        # The process does not keep the networks of single epochs.
        tasks = FitTasks(
            self, X, y, sample_weight, self.max_epochs, weights_digest_=None
        )
        self._keep(self._train(rows, held_out, seed, tasks))
        tasks.end()
        return self

    def _train(self, rows, held_out, seed, tasks):
        import_torch()
        weights = fspath(self._chosen_embedder().weights)
        check_weights_file(weights)
        architecture = self._describe_network()
        # Plain values, so that a model file holds no further type to trust.
        self._network = asdict(architecture)
        module = build_module(architecture, weights, seed)
        freeze_before(self.trainable, module)
        checkpoint = None
        if self.checkpoint is not None:
            settings = self._settings(architecture, digest_of(module), seed)
            digest = digest_training(settings, rows, held_out)
            checkpoint = Checkpoint.at(expand_home(self.checkpoint), digest)
        device, precision = self._place()
        batches = partial(
            PhotoBatches,
            stream=self._stream(architecture, kept=KeptPhotos()),
            device=device,
            batch_size=self.batch_size,
        )
        schedule = self._schedule(
            device=device, precision=precision, seed=seed, n_photos=len(rows.photos)
        )
        with clear_memory_errors(len(rows.photos), self.batch_size, device):
            return train(
                lambda: module,
                batches(rows, seed=seed, augment=self.augment),
                schedule,
                held_out=None if held_out is None else batches(held_out),
                checkpoint=checkpoint,
                tasks=tasks,
            )

    def _keep(self, trained):
        super()._keep(trained)
        self.weights_digest_ = digest_of_arrays(self.weights_)

    def _settings(self, architecture, digest, seed):
        """Everything that determines the weights after a given number of epochs."""
        if not isinstance(self.random_state, Integral):
            raise ValueError(
                f"Got checkpoint={fspath(self.checkpoint)!r} with random_state="
                f"{self.random_state!r}, with which each fit differs. Pass an integer."
            )
        given = self.get_params(deep=False)
        settings = {k: v for k, v in given.items() if k not in _WITHOUT_EFFECT}
        embedder = self._chosen_embedder()
        settings |= {name: getattr(embedder, name) for name in _WITH_EFFECT}
        known = {"architecture": architecture, "digest": digest, "seed": seed}
        known["version"] = 2  # of the contents of a checkpoint
        return settings | known | {"kind": type(self).__name__}

    def _chosen_embedder(self):
        """The embedder, checked, or the default one."""
        if self.embedder is None:
            return _default_embedder()
        self.embedder._validate_params()
        for name, expected in {"layer": "penultimate", "pooling": "mean"}.items():
            _refuse_other(name, getattr(self.embedder, name), expected)
        squares = squares_for(self.embedder.backbone, self.embedder.preprocessing)
        _refuse_other("preprocessing__flip", squares.flip, False)
        if squares.resize == "keep":
            _refuse_other("preprocessing__resize", "keep", "squeeze")
        return self.embedder

    def _place(self):
        """Device and precision of the computation."""
        embedder = self._chosen_embedder()
        device = choose_device(embedder.device)
        return device, choose_precision(embedder.precision, device)

    def _describe_network(self):
        embedder = self._chosen_embedder()
        squares = squares_for(embedder.backbone, embedder.preprocessing)
        return Architecture(embedder.backbone, squares, self._n_outputs(), self.dropout)

    def _stream(self, architecture, kept=None):
        embedder = self._chosen_embedder()
        return PhotoStream(
            architecture.squares, embedder.max_size, embedder.n_jobs, kept
        )

    def transform(self, X):
        """Compute embeddings of photos by the fine-tuned network: the head's input.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.

        Returns
        -------
        embeddings : ndarray of shape (n_samples, n_features), float32
            Before dropout.

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        """
        return self._outputs(X, of="backbone")

    @property
    def _n_features_out(self):
        return self.weights_["head.weight"].shape[1]

    def _outputs(self, X, of="head"):
        """Outputs of the head or the backbone, of shape (n_samples, ...), float32."""
        check_ready(self)
        photos = photos_of(self, X, reset=False)
        architecture = Architecture.from_dict(self._network)
        device, precision = self._place()
        network = FittedNetwork(
            architecture, self.weights_digest_, device, self.weights_
        ).load()
        parts = even_parts(np.arange(len(photos)), self.batch_size)
        width = architecture.n_outputs if of == "head" else self._n_features_out
        outputs = np.empty((len(photos), width), np.float32)
        with (
            clear_memory_errors(len(photos), self.batch_size, device),
            closing(self._stream(architecture).batches(photos, parts)) as batches,
        ):
            for part, squares in zip(parts, batches, strict=True):
                with (
                    network.turn() as module,
                    torch_work(device, precision, gradients=False),
                ):
                    planes = to_planes(squares, architecture.squares, device)
                    found = (module if of == "head" else module.backbone)(planes)
                    outputs[part] = found.float().cpu().numpy()
        return outputs

    def _measure(self, rows):
        """Store what `_encode` needs."""

    def _encode(self, rows):
        """Rows with the target as the network learns it."""
        return rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Rows of pixels are accepted, so scikit-learn's checks run.
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags
