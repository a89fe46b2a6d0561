"""What happens between the epochs of a training, as callbacks of skorch."""

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
    """Tensors of a module, copied to arrays."""
    return {
        name: np.array(tensor.detach().cpu().numpy(), order="C")
        for name, tensor in weights.items()
    }


class TrainingOver(Exception):
    """Training ends before its last epoch."""


def make_callbacks(
    schedule: Schedule,
    bar: Any,
    has_held_out: bool,
    checkpoint: Checkpoint | None,
    tasks: FitTasks | None,
) -> list:
    """Callbacks for learning rates, the best epoch, progress and checkpoints.

    They raise TrainingOver, or ValueError if the loss is not finite.
    """
    skorch: Any = import_optional("skorch", NEEDED_FOR)
    # Load here, so that a warning points to the caller rather than to skorch.
    state = checkpoint and checkpoint.load(schedule.max_epochs)
    every = schedule.step_epochs or schedule.max_epochs + 1
    steps = skorch.callbacks.LRScheduler(
        "StepLR", step_size=every, gamma=0.1, event_name=None
    )
    # With a finite patience it would raise KeyboardInterrupt before the state is saved.
    best = skorch.callbacks.EarlyStopping(
        patience=np.inf, threshold=schedule.threshold, load_best=True
    )

    class Epochs(skorch.callbacks.Callback):
        def on_train_begin(self, net, **_):
            if state:
                _resume_from(state, net, steps, best)
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

    # Epochs saves the state of the others, so it comes last.
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
    """The state that a training resumes from, as tensors and plain values."""
    found = {name: each for name, each in vars(best).items() if name.endswith("_")}
    return {
        "parts": [part.state_dict() for part in _parts(net, steps)],
        "best": _plain(found),
        "history": [_plain(epoch | {"batches": []}) for epoch in net.history],
        "generators": [each.get_rng_state() for each in _generators(net.device)],
    }


def _resume_from(state, net, steps, best):
    for part, kept in zip(_parts(net, steps), state["parts"], strict=True):
        part.load_state_dict(kept)
    vars(best).update(state["best"])
    net.history.extend(state["history"])
    generators = _generators(net.device)
    for each, kept in zip(generators, state["generators"], strict=True):
        each.set_rng_state(kept)


def _parts(net, steps):
    """Objects with a state of their own."""
    return net.module_, net.optimizer_, net.scaler_, steps.lr_scheduler_


def _generators(device):
    """Modules of torch with a random generator."""
    torch = import_torch()
    return [torch, torch.cuda] if device.startswith("cuda") else [torch]


def _plain(values):
    """Replace numbers of NumPy, whose types a checkpoint refuses, by Python's."""
    return {
        name: each.item() if isinstance(each, np.generic) else each
        for name, each in values.items()
    }
