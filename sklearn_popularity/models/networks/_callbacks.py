"""What is done between the epochs of a training, by callbacks of skorch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._optional import import_optional
from ...networks import NEEDED_FOR, import_torch
from .._fit_tasks import FitTasks
from ._checkpoints import Checkpoint
from ._schedule import Schedule


def as_arrays(weights: Mapping[str, Any]) -> dict[str, NDArray]:
    """Tensors of a module as arrays of their own."""
    return {
        name: np.array(tensor.detach().cpu().numpy(), order="C")
        for name, tensor in weights.items()
    }


class TrainingOver(Exception):
    """Training has ended before its last epoch."""


def make_callbacks(
    schedule: Schedule,
    bar: Any,
    has_held_out: bool,
    checkpoint: Checkpoint | None,
    tasks: FitTasks | None,
) -> list:
    """Callbacks of a training: rates, the best epoch, progress, checkpoints.

    They raise TrainingOver, or ValueError if the loss grows beyond all numbers.
    """
    skorch: Any = import_optional("skorch", NEEDED_FOR)
    # Here, where its warning is told from the caller rather than from skorch.
    state = checkpoint and checkpoint.load(schedule.max_epochs)
    every = schedule.step_epochs or schedule.max_epochs + 1
    steps = skorch.callbacks.LRScheduler(
        "StepLR", step_size=every, gamma=0.1, event_name=None
    )
    # It would stop by raising the user's interrupt, before the state is kept.
    best = skorch.callbacks.EarlyStopping(
        patience=np.inf, threshold=schedule.threshold, load_best=True
    )

    class Epochs(skorch.callbacks.Callback):
        def on_train_begin(self, net, **_):
            if state:
                _go_on_from(state, net, steps, best)
                bar.initial = bar.n = len(net.history) * (schedule.n_photos or 1)
            self.end_if_over()

        def on_epoch_begin(self, net, **_):
            if tasks is not None:
                tasks.begin_pass()

        def on_batch_end(self, net, batch, training, **_):
            if training and schedule.n_photos:
                bar.update(len(batch[0]))

        def on_epoch_end(self, net, **_):
            _check_losses(net.history, schedule.learning_rate)
            bar.set_postfix(loss=net.history[-1, "train_loss"])
            if not schedule.n_photos:
                bar.update()
            if checkpoint is not None:
                checkpoint.save(_state_of(net, steps, best))
            if tasks is not None and tasks.end_pass(lambda: self.learned(net)):
                raise TrainingOver
            self.end_if_over()

        def learned(self, net):
            weights = best.best_model_weights_ if has_held_out else None
            return {"weights_": as_arrays(weights or net.module_.state_dict())}

        def end_if_over(self):
            if best.misses_ >= schedule.n_iter_no_change:
                raise TrainingOver

    # Last is what keeps what the others know.
    return [steps, *[best][:has_held_out], Epochs()]


def _check_losses(history, learning_rate):
    for name in ("train_loss", "valid_loss"):
        loss = history[-1].get(name, 0.0)
        if not np.isfinite(loss):
            raise ValueError(
                f"Got learning_rate={learning_rate!r}, with which the loss became "
                f"{loss} within {len(history)} epochs. Pass a smaller one."
            )


def _state_of(net, steps, best):
    """All that the rest of a training follows from, as tensors and plain values."""
    found = {name: each for name, each in vars(best).items() if name.endswith("_")}
    return {
        "parts": [part.state_dict() for part in _parts(net, steps)],
        "best": _plain(found),
        "history": [_plain(epoch | {"batches": []}) for epoch in net.history],
        "generators": [each.get_rng_state() for each in _generators(net.device)],
    }


def _go_on_from(state, net, steps, best):
    for part, kept in zip(_parts(net, steps), state["parts"], strict=True):
        part.load_state_dict(kept)
    vars(best).update(state["best"])
    net.history.extend(state["history"])
    generators = _generators(net.device)
    for each, kept in zip(generators, state["generators"], strict=True):
        each.set_rng_state(kept)


def _parts(net, steps):
    """What has a state of its own."""
    return net.module_, net.optimizer_, net.scaler_, steps.lr_scheduler_


def _generators(device):
    """Modules of torch that draw numbers."""
    torch = import_torch()
    return [torch, torch.cuda] if device.startswith("cuda") else [torch]


def _plain(values):
    """Numbers of Python for those of NumPy, whose types a checkpoint refuses."""
    return {
        name: each.item() if isinstance(each, np.generic) else each
        for name, each in values.items()
    }
