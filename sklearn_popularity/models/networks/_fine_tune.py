"""What the regressor and the classifier that fine-tune a network share."""

from contextlib import closing
from dataclasses import asdict
from numbers import Integral, Real
from os import PathLike, fspath
from typing import ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..._optional import import_optional
from ..._sklearn_compat import Interval, StrOptions
from ...features.deep._backbones import preprocessing_of
from ...features.deep._network import (
    check_weights_file,
    choose_device,
    choose_precision,
)
from ...features.deep._preprocessing import adapt
from ...features.deep._weights import digest_of, digest_of_arrays
from ...images import photos_of
from .._delegation import groups_of
from ._checkpoints import Checkpoint, digest_training
from ._fine_tune_module import (
    USER,
    Architecture,
    FittedNetwork,
    build_module,
    clear_memory_errors,
    run_module,
)
from ._fine_tune_training import FineTuneSchedule, PhotoRows, train
from ._network_estimator import NetworkEstimator
from ._photo_stream import PhotoStream, even_parts

# Parameters that leave the weights after a given number of passes alone.
_WITHOUT_EFFECT = {
    "checkpoint",
    "device",
    "groups",
    "max_epochs",
    "n_jobs",
    "random_state",
    "verbose",
    "weights",
}


class CNNFineTune(NetworkEstimator):
    """Base of :class:`CNNFineTuneRegressor` and the classifier."""

    _parameter_constraints: ClassVar[dict] = {
        "backbone": [str],
        "weights": [str, PathLike],
        "head_multiplier": [Interval(Real, 0, None, closed="neither")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [StrOptions({"adam", "sgd"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "step_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "freeze_statistics": ["boolean"],
        "augment": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "groups": [callable, None],
        "checkpoint": [str, PathLike, None],
        "size": [Interval(Integral, 1, None, closed="left"), None],
        "crop_share": [Interval(Real, 0, 1, closed="right")],
        "mean": [tuple, list, None],
        "std": [tuple, list, None],
        "scale": [Interval(Real, 0, None, closed="neither"), None],
        "channel_order": [StrOptions({"rgb", "bgr"}), None],
        "max_size": [Interval(Integral, 1, None, closed="left"), None],
        "image_shape": [tuple, list, None],
        "value_range": [tuple, list, None],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16", "float16"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

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
        self._keep(self._train(rows, held_out, seed))
        return self

    def _train(self, rows, held_out, seed):
        import_optional("torch", USER)
        check_weights_file(fspath(self.weights))
        architecture = self._describe_network()
        # Plain values, so that a file of the model holds no further type to trust.
        self._network = asdict(architecture)
        module = build_module(architecture, fspath(self.weights), seed)
        checkpoint = None
        if self.checkpoint is not None:
            settings = self._settings(digest_of(module), seed)
            digest = digest_training(settings, rows, held_out)
            checkpoint = Checkpoint(fspath(self.checkpoint), digest)
        return train(
            module,
            self._stream(architecture),
            self._schedule(seed),
            rows,
            held_out=held_out,
            checkpoint=checkpoint,
        )

    def _keep(self, trained):
        self.weights_ = trained.weights
        self.loss_curve_ = self._in_units(trained.losses)
        self.validation_losses_ = self._in_units(trained.validation_losses)
        self.n_epochs_ = len(self.loss_curve_)
        self.weights_digest_ = digest_of_arrays(self.weights_)

    def _settings(self, digest, seed):
        """All that decides the weights after a given number of passes."""
        if not isinstance(self.random_state, Integral):
            raise ValueError(
                f"Got checkpoint={fspath(self.checkpoint)!r} with random_state="
                f"{self.random_state!r}, with which no fit is like another. Pass an "
                "integer."
            )
        given = self.get_params(deep=False)
        settings = {k: v for k, v in given.items() if k not in _WITHOUT_EFFECT}
        return settings | {"kind": type(self).__name__, "digest": digest, "seed": seed}

    def _schedule(self, seed):
        device = choose_device(self.device)
        return FineTuneSchedule(
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            alpha=self.alpha,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.n_iter_no_change,
            device=device,
            seed=seed,
            verbose=bool(self.verbose),
            head_multiplier=self.head_multiplier,
            step_epochs=self.step_epochs,
            freeze_statistics=self.freeze_statistics,
            augment=self.augment,
            precision=choose_precision(self.precision, device),
        )

    def _describe_network(self):
        preprocessing = adapt(
            preprocessing_of(self.backbone),
            size=self.size,
            resize="crop",
            crop_share=float(self.crop_share),
            mean=self.mean,
            std=self.std,
            scale=self.scale,
            channel_order=self.channel_order,
        )
        return Architecture(
            self.backbone, preprocessing, self._n_outputs(), self.dropout
        )

    def _stream(self, architecture):
        return PhotoStream(architecture.preprocessing, self.max_size, self.n_jobs)

    def _outputs(self, X):
        """Outputs of the network, of shape (n_samples, n_outputs), float32."""
        check_is_fitted(self)
        photos = photos_of(self, X, reset=False)
        torch = import_optional("torch", USER)
        architecture = Architecture.from_dict(self._network)
        device = choose_device(self.device)
        module = FittedNetwork(
            architecture, self.weights_digest_, device, self.weights_
        ).module()
        precision = choose_precision(self.precision, device)
        parts = even_parts(np.arange(len(photos)), self.batch_size)
        outputs = np.empty((len(photos), architecture.n_outputs), np.float32)
        with closing(self._stream(architecture).batches(photos, parts)) as batches:
            for part, squares in zip(parts, batches, strict=True):
                with torch.inference_mode(), clear_memory_errors(len(part), device):
                    found = run_module(
                        module, squares, architecture.preprocessing, device, precision
                    )
                    outputs[part] = found.cpu().numpy()
        return outputs

    def _measure(self, rows):
        """Keep what the encoding of the target needs, if it needs anything."""

    def _encode(self, rows):
        """Rows with the target as the network learns it."""
        return rows

    def _in_units(self, losses):
        """Losses in the units of the target."""
        return losses

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Rows of pixels are accepted, so scikit-learn's checks run.
        tags.input_tags.three_d_array = True
        return tags
