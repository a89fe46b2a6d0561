"""Base of the regressor and the classifier with branches."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ..._columns import check_columns_seen, check_table
from ..._kept_parameters import check_ready
from ..._sklearn_compat import Interval, StrOptions
from ...networks import choose_device
from .._delegation import groups_of
from .._fit_tasks import FitTasks
from .._hold_out import refuse_early_stopping
from ._batches import RowBatches, Rows
from ._inputs import branch_arrays, mean_and_scale, resolve_branches
from ._mlp_module import Shape, build_module, fit_to_width, forward
from ._network_estimator import NetworkEstimator
from ._training import train

# Number of rows whose outputs are computed at a time.
_CHUNK = 4096


class MultiBranchMLP(NetworkEstimator):
    """Base of :class:`MultiBranchMLPRegressor` and the classifier."""

    _parameter_constraints: ClassVar[dict] = {
        **NetworkEstimator._parameter_constraints,
        "branches": [dict, None],
        "branch_layers": [tuple, list, dict],
        "branch_width": [
            StrOptions({"narrowest"}),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "joint_layers": [tuple, list],
        "activation": [StrOptions({"relu", "tanh"})],
        "optimizer": [StrOptions({"adam", "rmsprop", "sgd"})],
        "groups": [str, Integral, callable, None],
        "device": [str],
    }

    def _fit(self, X, y, groups, sample_weight):
        X = check_table(self, X, reset=True)
        groups = groups_of(X, self.groups, groups)
        rows, used = self._read(X, y, sample_weight, reset=True)
        random_state = self._seed_training()
        rows = self._start(rows)
        rows, held_out = self._hold_out(rows, used, groups, random_state)
        self._measure(rows)
        tasks = FitTasks(
            self, X, y, sample_weight, self.max_epochs, _activation=self.activation
        )
        self._keep(self._train(rows, held_out=held_out, tasks=tasks))
        self._activation = self.activation
        tasks.end()
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        refuse_early_stopping(self)
        first = not hasattr(self, "weights_")
        if not first and self.activation != self._activation:
            raise ValueError(
                f"Got activation={self.activation!r}, but the weights were learned "
                f"with {self._activation!r}. Restore it, or use fit."
            )
        X = check_table(self, X, reset=first)
        rows, used = self._read(X, y, sample_weight, reset=first)
        rows = self._start(rows, classes=classes, reset=first)
        if first:
            self._seed_training()
            self._measure(rows)
            self.validation_rows_, self.validation_scores_ = used[:0], []
            self.loss_curve_, self.n_epochs_ = [], 0
        weights = None if first else self.weights_
        trained = self._train(rows, weights=weights, max_epochs=1)
        self.weights_, self._activation = trained.weights, self.activation
        self.loss_curve_ = self.loss_curve_ + trained.losses
        self.n_epochs_ += 1
        return self

    def _read(self, X, y, sample_weight, *, reset):
        """Rows of weight above 0, and their numbers."""
        y, weight, used = self._check_target(X, y, sample_weight)
        if reset:
            self.branches_ = resolve_branches(self.branches, X, self.groups)
        return Rows(branch_arrays(self.branches_, X), y, weight).take(used), used

    def _seed_training(self):
        """Draw the seed first, so that it does not depend on the rows."""
        random_state = check_random_state(self.random_state)
        self._seed = int(random_state.randint(2**31 - 1))
        return random_state

    def _measure(self, rows):
        """Store means and scales of the inputs and, in a regressor, of the target."""
        both = [mean_and_scale(values, rows.weight) for values in rows.inputs]
        self.input_means_ = [mean for mean, _ in both]
        self.input_scales_ = [scale for _, scale in both]

    def _standardized(self, inputs):
        each = zip(inputs, self.input_means_, self.input_scales_, strict=True)
        return [
            ((values - mean) / scale).astype(values.dtype)
            for values, mean, scale in each
        ]

    def _train(self, rows, *, held_out=None, weights=None, tasks=None, **changed):
        shape = self._shape([values.shape[1] for values in rows.inputs])
        device = choose_device(self.device)
        if held_out is not None:
            held_out = RowBatches(self._for_network(held_out), device)
        schedule = self._schedule(
            nesterov=True,
            threshold=1e-4,
            device=device,
            # Otherwise each partial_fit would draw the same order and dropout.
            seed=self._seed + (0 if weights is None else self.n_epochs_),
            n_threads=1,  # sums depend on the number of threads
            **changed,
        )
        return train(
            partial(build_module, shape, rows.inputs[0].dtype, weights),
            RowBatches(self._for_network(rows), device, self.batch_size),
            schedule,
            held_out=held_out,
            tasks=tasks,
        )

    def _for_network(self, rows):
        return rows._replace(
            inputs=self._standardized(rows.inputs),
            target=self._encode(rows.target, rows.inputs[0].dtype),
        )

    def _shape(self, n_inputs):
        width = self.branch_width
        width = min(n_inputs) if width == "narrowest" else width
        layers = self.branch_layers
        names = [name for name, _ in self.branches_]
        if not isinstance(layers, Mapping):
            layers = dict.fromkeys(names, layers)
        elif set(layers) != set(names):
            raise ValueError(
                f"Got branch_layers for {sorted(layers)}, but the branches are "
                f"{sorted(names)}. Pass one entry for each, or one tuple for all."
            )
        return Shape(
            n_inputs=tuple(n_inputs),
            branch_layers=tuple(
                fit_to_width(_check_layers(layers[name], "branch_layers"), n, width)
                for name, n in zip(names, n_inputs, strict=True)
            ),
            joint_layers=_check_layers(self.joint_layers, "joint_layers"),
            n_outputs=self._n_outputs(),
            activation=self.activation,
            dropout=self.dropout,
        )

    def _outputs(self, X):
        check_ready(self)
        X = check_columns_seen(self, X, [columns for _, columns in self.branches_])
        inputs = branch_arrays(self.branches_, X)
        return np.vstack(
            [
                forward(
                    self.weights_,
                    self._standardized([v[rows].astype(np.float64) for v in inputs]),
                    self._activation,
                )
                for rows in gen_batches(len(inputs[0]), _CHUNK)
            ]
        )

    def _encode(self, target, dtype):
        """Target as the network learns it."""
        return target


def _check_layers(layers, owner):
    wrong = [n for n in layers if not isinstance(n, Integral) or n < 1]
    if wrong:
        raise ValueError(
            f"Got {wrong[0]!r} in {owner}, but positive numbers of units were "
            "expected, such as (128, 64)."
        )
    return tuple(int(n) for n in layers)
