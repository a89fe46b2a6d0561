"""Training of the network with branches, by skorch: arrays in, arrays out."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..._optional import import_optional
from ...networks import (
    NEEDED_FOR,
    choose_device,
    import_torch,
    move_to_device,
    own_randomness,
    torch_work,
)
from ._mlp_module import Shape, build_module


class Rows(NamedTuple):
    """Rows to learn from or to validate on."""

    inputs: list[NDArray]
    target: NDArray
    weight: NDArray

    def take(self, rows: NDArray) -> "Rows":
        """Some of the rows."""
        inputs = [values[rows] for values in self.inputs]
        return Rows(inputs, self.target[rows], self.weight[rows])


class Trained(NamedTuple):
    """A trained network, and its mean loss after each epoch."""

    weights: dict[str, NDArray]
    losses: list[float]
    validation_losses: list[float]


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; see :class:`MultiBranchMLPRegressor`.

    Parameters
    ----------
    optimizer : {"adam", "rmsprop", "sgd"}
        Kind of steps.
    learning_rate, alpha : float
        Size of the steps, strength of the penalty.
    batch_size, max_epochs : int
        Rows of a step, passes over the rows.
    patience : int
        Epochs without improvement on the held-out rows after which to stop.
    device : str
        "auto" is a GPU where there is one.
    seed : int
        Of first weights, order of rows and dropout.
    verbose : bool
        Whether to show a progress bar.
    """

    optimizer: str
    learning_rate: float
    alpha: float
    batch_size: int
    max_epochs: int
    patience: int
    device: str
    seed: int
    verbose: bool


def train(
    shape: Shape,
    schedule: Schedule,
    rows: Rows,
    *,
    held_out: Rows | None = None,
    weights: dict[str, NDArray] | None = None,
) -> Trained:
    """Train a network on some rows, in their precision.

    Parameters
    ----------
    shape : Shape
        Its layers.
    schedule : Schedule
        Its training.
    rows : Rows
        A target of integers is of classes, and cross-entropy is minimised; else the
        squared error. Weights count relative to their mean.
    held_out : Rows, default=None
        Rows for early stopping; the weights that are best on these are returned.
    weights : dict of str to ndarray, default=None
        Weights to go on from; None is random ones.

    Returns
    -------
    trained : Trained

    Raises
    ------
    ValueError
        If the loss grows beyond all numbers, there is no such device, or `weights` are
        of other layers.
    """
    device = choose_device(schedule.device)
    with torch_work(device) as torch, _seeded(torch, schedule.seed, device):
        # First weights are drawn before anything that depends on the rows.
        module = build_module(shape).to(getattr(torch, str(rows.inputs[0].dtype)))
        module = move_to_device(module, device)
        if weights is not None:
            _load(torch, module, weights)
        held = None if held_out is None else _dataset(torch, held_out, device)
        net = _build_net(torch, module, schedule, device, held)
        net.fit(_dataset(torch, rows, device), None)
        state = {
            name: values.cpu().numpy().copy()
            for name, values in module.state_dict().items()
        }
    losses = net.history[:, "train_loss"]
    if not np.isfinite(losses).all():
        raise ValueError(
            f"Got learning_rate={schedule.learning_rate!r}, with which the loss became "
            f"{losses[-1]} within {len(losses)} epochs. Pass a smaller one."
        )
    validation = [] if held is None else net.history[:, "valid_loss"]
    return Trained(state, losses, validation)


class Batches:
    """Batches of rows that lie in memory, as skorch takes them from a loader.

    A DataLoader would collect a batch row by row, which takes longer than the step.

    Parameters
    ----------
    dataset : TensorDataset
        Inputs of the branches, target and weights.
    batch_size : int
        Rows of a batch, at most.
    shuffle : bool, default=False
        Whether to draw an order for each pass.
    """

    def __init__(self, dataset, batch_size, shuffle=False):
        self.tensors = dataset.tensors
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __iter__(self):
        torch = import_torch()
        n = len(self.tensors[0])
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for rows in order.to(self.tensors[0].device).split(self.batch_size):
            *inputs, target, weight = (values[rows] for values in self.tensors)
            yield tuple(inputs), (target, weight)


def row_losses(outputs: Any, target: Any) -> Any:
    """Squared error of each row for a target of floats, cross-entropy for classes."""
    if target.is_floating_point():
        return (outputs[:, 0] - target) ** 2
    torch = import_torch()
    return torch.nn.functional.cross_entropy(outputs, target, reduction="none")


@contextmanager
def _seeded(torch, seed, device):
    """Seed torch inside only, on one thread: sums depend on the number of threads."""
    n_threads = torch.get_num_threads()
    with own_randomness(seed, device):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)


def _load(torch, module, weights):
    state = {name: torch.tensor(values) for name, values in weights.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            "Got parameters of other layers than have been learned, from which "
            f"training cannot go on ({error}). Set them back, or use fit."
        ) from error


def _dataset(torch, rows, device):
    weight = rows.weight / rows.weight.mean()
    arrays = [*rows.inputs, rows.target, weight.astype(rows.inputs[0].dtype)]
    # A copy, since torch cannot wrap the read-only memmaps that workers get.
    tensors = [torch.tensor(np.ascontiguousarray(values)) for values in arrays]
    return torch.utils.data.TensorDataset(*(t.to(device) for t in tensors))


def _weighted_loss(torch: Any):
    class WeightedLoss(torch.nn.Module):
        def forward(self, output, truth):
            target, weight = truth
            # Weights have the mean 1 over all rows, so a batch of light rows is light.
            return (weight * row_losses(output, target)).mean()

    return WeightedLoss()


def _optimizer(torch, schedule):
    """What skorch builds the optimizer from; biases are not drawn to zero."""
    kinds = {"adam": "Adam", "rmsprop": "RMSprop", "sgd": "SGD"}
    own = {"rmsprop": {"alpha": 0.9}, "sgd": {"momentum": 0.9, "nesterov": True}}
    options = own.get(schedule.optimizer, {}) | {
        "weight_decay": schedule.alpha,
        "param_groups": [("*.bias", {"weight_decay": 0.0})],
    }
    return {
        "optimizer": getattr(torch.optim, kinds[schedule.optimizer]),
        "lr": schedule.learning_rate,
        **{f"optimizer__{name}": value for name, value in options.items()},
    }


def _build_net(torch, module, schedule, device, held_out):
    skorch: Any = import_optional("skorch", NEEDED_FOR)
    callbacks: list = []
    train_split = None
    if held_out is not None:
        train_split = import_optional("skorch.helper", NEEDED_FOR).predefined_split(
            held_out
        )
        stop = skorch.callbacks.EarlyStopping(
            patience=schedule.patience, load_best=True, sink=lambda _: None
        )
        callbacks.append(("early_stopping", stop))
    if schedule.verbose:
        callbacks.append(("progress", _progress_bar(skorch, schedule.max_epochs)))
    return skorch.NeuralNet(
        module,
        criterion=_weighted_loss(torch),
        **_optimizer(torch, schedule),
        max_epochs=schedule.max_epochs,
        batch_size=schedule.batch_size,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_valid=Batches,
        iterator_valid__batch_size=-1,
        train_split=train_split,
        callbacks=callbacks,
        device=device,
        verbose=0,
    )


def _progress_bar(skorch: Any, n_epochs: int):
    class ProgressBar(skorch.callbacks.Callback):
        def on_train_begin(self, net, **kwargs):
            self.bar_ = tqdm(total=n_epochs, unit="epoch")

        def on_epoch_end(self, net, **kwargs):
            self.bar_.set_postfix(loss=net.history[-1, "train_loss"])
            self.bar_.update()

        def on_train_end(self, net, **kwargs):
            self.bar_.close()

    return ProgressBar()
