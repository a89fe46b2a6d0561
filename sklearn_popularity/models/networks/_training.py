"""Training of networks by skorch, on batches of rows or photos."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from numpy.typing import NDArray
from tqdm import tqdm

from ..._optional import import_optional
from ...networks import (
    NEEDED_FOR,
    import_torch,
    move_to_device,
    own_randomness,
    torch_work,
)
from .._fit_tasks import FitTasks
from ._callbacks import TrainingOver, as_arrays, make_callbacks
from ._checkpoints import Checkpoint
from ._schedule import Schedule

# Takes the number of an epoch; yields batches: inputs, and the target with its weights.
Batches = Callable[[int], Iterator[tuple[Any, tuple[Any, Any]]]]


class Trained(NamedTuple):
    """A trained network, and its mean loss after each epoch."""

    weights: dict[str, NDArray]
    losses: list[float]
    validation_losses: list[float]


def train(
    build: Callable[[], Any],
    batches: Batches,
    schedule: Schedule,
    *,
    held_out: Batches | None = None,
    checkpoint: Checkpoint | None = None,
    tasks: FitTasks | None = None,
) -> Trained:
    """Train a network.

    Parameters
    ----------
    build : callable
        Returns the torch module to train; its random weights are seeded too.
    batches : Batches
        Training rows.
    schedule : Schedule
        How to train.
    held_out : Batches, default=None
        Validation rows for early stopping; the weights that are best on these are
        returned.
    checkpoint : Checkpoint, default=None
        File to resume from, written after each epoch.
    tasks : FitTasks, default=None
        Reports the epochs to scikit-learn's callbacks.

    Returns
    -------
    trained : Trained

    Raises
    ------
    ValueError
        If the loss is not finite.
    """
    bar = tqdm(
        total=schedule.max_epochs * (schedule.n_photos or 1),
        unit="photo" if schedule.n_photos else "epoch",
        disable=not schedule.verbose,
    )
    with torch_work(schedule.device), _seeded(schedule), bar:
        callbacks = make_callbacks(
            schedule, bar, held_out is not None, checkpoint, tasks
        )
        net = _make_net(build, schedule, callbacks).initialize()
        # Not `fit`, which would end the training at an interrupt by the user.
        with suppress(TrainingOver):
            net.notify("on_train_begin")
            n_left = schedule.max_epochs - len(net.history)
            net.fit_loop((batches, held_out), epochs=n_left)
        net.notify("on_train_end")
        weights = as_arrays(net.module_.state_dict())
        curves = [net.history[:, "train_loss"], []]
        if held_out is not None:
            curves[1] = net.history[:, "valid_loss"]
        return Trained(weights, *([float(each) for each in curve] for curve in curves))


@contextmanager
def _seeded(schedule):
    """Seed torch and set its threads within a context."""
    torch = import_torch()
    with own_randomness(schedule.seed, schedule.device):
        n_threads = torch.get_num_threads()
        torch.set_num_threads(schedule.n_threads or n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)


def _weighted_loss(kind, outputs, truth):
    """Mean loss of the rows, each the sum over its outputs with a known target."""
    target, weight = truth
    outputs = outputs.to(weight.dtype)
    functional = import_torch().nn.functional
    if kind == "cross_entropy":
        losses = functional.cross_entropy(outputs, target, reduction="none")
    else:
        target = target.reshape(len(target), -1)
        known = ~target.isnan()
        target = target.where(known, outputs.detach())
        if kind == "log_loss":
            losses = functional.binary_cross_entropy_with_logits(
                outputs, target.clamp(0, 1), reduction="none"
            )
        else:
            half = 0.5 if kind == "half_squared_error" else 1.0
            losses = half * (outputs - target) ** 2
        losses = (losses * known).sum(dim=1)
    # The mean weight of all rows is 1, so a batch of small weights makes a small step.
    return (weight * losses).mean()


def _build_optimizer(torch, module, schedule):
    groups: dict[tuple, list] = defaultdict(list)
    for name, values in module.named_parameters():
        if not values.requires_grad:
            continue
        multiplier = schedule.head_multiplier if name.startswith("head.") else 1
        # Biases and the scales of normalisation have no penalty.
        decay = schedule.alpha if values.ndim > 1 else 0.0
        groups[schedule.learning_rate * multiplier, decay].append(values)
    kind, options = {
        "adam": (torch.optim.Adam, {}),
        "rmsprop": (torch.optim.RMSprop, {"alpha": 0.9}),
        "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": schedule.nesterov}),
    }[schedule.optimizer]
    return kind(
        [
            {"params": values, "lr": rate, "weight_decay": decay}
            for (rate, decay), values in groups.items()
        ],
        **options,
    )


def _make_net(build, schedule, callbacks):
    torch = import_torch()
    skorch: Any = import_optional("skorch", NEEDED_FOR)

    class Net(skorch.NeuralNet):
        def get_split_datasets(self, X, y=None, **params):
            return X

        def get_iterator(self, dataset, training=False):
            return dataset

        def initialize_optimizer(self):
            self.optimizer_ = _build_optimizer(torch, self.module_, schedule)
            self.scaler_ = torch.amp.GradScaler(
                schedule.device.split(":")[0], enabled=schedule.precision == "float16"
            )
            return self

        def run_single_epoch(self, iterator, training, prefix, step_fn, **params):
            if iterator is None:
                return
            self._set_training(training)
            if schedule.trainable != "all":
                _evaluate_frozen(torch, self.module_)
            with closing(iterator(len(self.history) - 1)) as batches:
                super().run_single_epoch(batches, training, prefix, step_fn, **params)

        def infer(self, x, **params):
            device, precision = schedule.device, schedule.precision
            with torch_work(device, precision, gradients=self.module_.training):
                return self.module_(x)

        def train_step(self, batch, **params):
            inputs, truth = batch
            self.optimizer_.zero_grad(set_to_none=True)
            loss = self.get_loss(self.infer(inputs), truth)
            self.scaler_.scale(loss).backward()
            self.scaler_.step(self.optimizer_)
            self.scaler_.update()
            return {"loss": loss}

    return Net(
        lambda: move_to_device(build(), schedule.device),
        criterion=lambda: partial(_weighted_loss, schedule.loss),
        callbacks=callbacks,
        device=schedule.device,
        verbose=0,
    )


def _evaluate_frozen(torch, module):
    """Switch all batch normalisation, and modules that do not learn, to evaluation."""
    for each in module.modules():
        weights = list(each.parameters())
        is_frozen = weights and not any(values.requires_grad for values in weights)
        if is_frozen or isinstance(each, torch.nn.modules.batchnorm._BatchNorm):
            each.eval()
