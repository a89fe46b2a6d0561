"""Training of a network on photos that are read again in every pass."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from ...networks import import_torch, move_to_device, own_randomness, torch_work
from ._checkpoints import Checkpoint
from ._fine_tune_module import as_arrays, clear_memory_errors, run_module
from ._photo_stream import PhotoRows, PhotoStream, RandomViews, even_parts
from ._training import Schedule, Trained, row_losses


@dataclass(frozen=True)
class FineTuneSchedule(Schedule):
    """How a network is fine-tuned; see :class:`CNNFineTuneRegressor`.

    Parameters
    ----------
    head_multiplier : float
        What the steps of the head are multiplied by.
    step_epochs : int or None
        Passes after which steps become a tenth, again and again.
    freeze_statistics : bool
        Whether batch normalisation keeps the statistics that it has.
    augment : bool
        Whether each pass sees another view of each photo.
    precision : {"float32", "bfloat16", "float16"}
        Of the computation; weights are float32.
    """

    head_multiplier: float
    step_epochs: int | None
    freeze_statistics: bool
    augment: bool
    precision: str


def train(
    module: Any,
    stream: PhotoStream,
    schedule: FineTuneSchedule,
    rows: PhotoRows,
    *,
    held_out: PhotoRows | None = None,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Train a module of `build_module`, which is changed.

    Order, views and dropout of a pass follow from the seed and the number of the pass,
    so that training can go on after any pass as if it had not been interrupted.

    Parameters
    ----------
    module : torch.nn.Sequential
        Of "backbone", "dropout" and "head".
    stream : PhotoStream
        How photos are read.
    schedule : FineTuneSchedule
        Its training.
    rows : PhotoRows
        A target of integers is of classes, and cross-entropy is minimised; else half
        the squared error. Weights count relative to their mean.
    held_out : PhotoRows, default=None
        Rows for early stopping; the weights that are best on these are returned.
    checkpoint : Checkpoint, default=None
        File to go on from, written after each pass.

    Returns
    -------
    trained : Trained

    Raises
    ------
    ValueError
        If the loss grows beyond all numbers, or a batch does not fit into memory.
    """
    with torch_work(schedule.device):
        training = _Training(module, stream, schedule)
        if checkpoint is not None:
            training.go_on_from(checkpoint)
        with (
            own_randomness(schedule.seed, schedule.device),
            _progress(schedule, len(training.losses), len(rows.photos)) as bar,
        ):
            while not training.is_over():
                training.run_epoch(rows, held_out, bar)
                if checkpoint is not None:
                    checkpoint.save(training.state())
        state = module.state_dict() if training.best is None else training.best
        return Trained(as_arrays(state), training.losses, training.validation_losses)


def _progress(schedule, n_made, n_photos):
    return tqdm(
        total=schedule.max_epochs * n_photos,
        initial=n_made * n_photos,
        unit="photo",
        disable=not schedule.verbose,
    )


class _Training:
    """What changes from one pass to the next."""

    def __init__(self, module, stream, schedule):
        self._torch = import_torch()
        self._module = move_to_device(module, schedule.device)
        self._stream, self._schedule = stream, schedule
        self._optimizer = _build_optimizer(self._torch, module, schedule)
        self._scaler = self._torch.amp.GradScaler(
            schedule.device.split(":")[0], enabled=schedule.precision == "float16"
        )
        self.losses: list[float] = []
        self.validation_losses: list[float] = []
        self.best: dict[str, Any] | None = None

    def is_over(self):
        losses = self.validation_losses
        since_best = len(losses) - 1 - int(np.argmin(losses)) if losses else 0
        patience, max_epochs = self._schedule.patience, self._schedule.max_epochs
        return len(self.losses) >= max_epochs or since_best >= patience

    def state(self):
        return {
            "weights": self._module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "losses": self.losses,
            "validation_losses": self.validation_losses,
            "best": self.best,
        }

    def go_on_from(self, checkpoint):
        state = checkpoint.load(self._schedule.max_epochs)
        if state is None:
            return
        self._module.load_state_dict(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        self.losses = state["losses"]
        self.validation_losses = state["validation_losses"]
        self.best = state["best"]

    def run_epoch(self, rows, held_out, bar):
        epoch, schedule = len(self.losses), self._schedule
        order, seed = _draw(schedule.seed, epoch, len(rows.photos))
        self._torch.manual_seed(seed)
        _set_step(self._optimizer, schedule, epoch)
        _set_training(self._torch, self._module, schedule.freeze_statistics)
        views = RandomViews(schedule.seed, epoch) if schedule.augment else None
        parts = even_parts(order, schedule.batch_size)
        loss = self._mean_loss(rows, parts, views, self._step, bar)
        if held_out is not None:
            self._validate(held_out)
        self.losses.append(loss)

    def _validate(self, held_out):
        parts = even_parts(np.arange(len(held_out.photos)), self._schedule.batch_size)
        self._module.eval()
        loss = self._mean_loss(held_out, parts, None, lambda loss: None, None)
        if loss < min(self.validation_losses, default=np.inf):
            state = self._module.state_dict()
            self.best = {name: t.detach().cpu().clone() for name, t in state.items()}
        self.validation_losses.append(loss)

    def _mean_loss(self, rows, parts, views, use, bar):
        """Weighted mean loss of a pass; `use` is called with the loss of each batch."""
        torch, device = self._torch, self._schedule.device
        target = torch.tensor(rows.target, device=device)
        weight = torch.tensor(rows.weight / rows.weight.mean(), device=device)
        total = torch.zeros((), dtype=torch.float64, device=device)
        with closing(self._stream.batches(rows.photos, parts, views)) as batches:
            for part, squares in zip(parts, batches, strict=True):
                at = torch.from_numpy(part).to(device)
                with clear_memory_errors(len(part), device):
                    loss = self._loss(squares, target[at], weight[at].float())
                    use(loss)
                # Added up on the device, which need not wait for us then.
                total += loss.detach() * len(part)
                if bar is not None:
                    bar.update(len(part))
        mean = float(total) / len(rows.photos)
        if not np.isfinite(mean):
            raise ValueError(
                f"Got learning_rate={self._schedule.learning_rate!r}, with which the "
                f"loss became {mean} within {len(self.losses) + 1} epochs. Pass a "
                "smaller one."
            )
        return mean

    def _loss(self, squares, target, weight):
        outputs = run_module(
            self._module,
            squares,
            self._stream.how,
            self._schedule.device,
            self._schedule.precision,
        )
        half = 0.5 if target.is_floating_point() else 1.0
        return half * (weight * row_losses(outputs, target)).mean()

    def _step(self, loss):
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()


def _build_optimizer(torch, module, schedule):
    groups = []
    for name, part in module.named_children():
        multiplier = schedule.head_multiplier if name == "head" else 1.0
        for is_matrix in (True, False):
            values = [p for p in part.parameters() if (p.ndim > 1) == is_matrix]
            if values:
                # Biases and the scales of normalisation are not drawn to zero.
                decay = schedule.alpha if is_matrix else 0.0
                group = {"params": values, "weight_decay": decay}
                groups.append(group | {"multiplier": multiplier})
    if schedule.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=schedule.learning_rate, momentum=0.9)
    return torch.optim.Adam(groups, lr=schedule.learning_rate)


def _set_step(optimizer, schedule, epoch):
    n_reduced = 0 if schedule.step_epochs is None else epoch // schedule.step_epochs
    for group in optimizer.param_groups:
        group["lr"] = schedule.learning_rate * group["multiplier"] / 10**n_reduced


def _set_training(torch, module, freeze_statistics):
    module.train()
    if freeze_statistics:
        for each in module.modules():
            if isinstance(each, torch.nn.modules.batchnorm._BatchNorm):
                each.eval()


def _draw(seed, epoch, n_photos):
    """Order of the photos in a pass, and the seed of its dropout."""
    rng = np.random.default_rng([seed, epoch])
    return rng.permutation(n_photos), int(rng.integers(2**63))
