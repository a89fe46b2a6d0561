"""Progress of a command: a line per step and minute, or one that goes on changing."""

import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

from .._progress import shown_by
from ..evaluation import FEATURES, SEEN, image_transformers

# Milliseconds per photo, and passes over the photos: codebooks are learned first.
_COSTS = {
    "ColorStatistics": (3, 1),
    "ColorHistogram": (2, 1),
    "GistTransformer": (32, 1),
    "LBPPyramid": (11, 1),
    "ColorNamesLLC": (36, 2),
    "HOGLLC": (190, 2),
    "CNNEmbedder": (75, 1),
}
_SEEN = {type(FEATURES[kind].transformer).__name__: SEEN[kind] for kind in FEATURES}
_FOLDS = 30  # a partition
_QUIET = 60.0  # seconds between two lines of a step in a log


class Step(NamedTuple):
    """A step of a command."""

    name: str  # with which `progress` is called, such as "GistTransformer"
    text: str  # that is shown, such as "describing layout"
    cost: float  # duration relative to other steps
    n_rounds: int = 1  # how often `progress` is called


def describing(model):
    """The steps that compute the features of a model."""
    kinds = Counter(type(each).__name__ for each in image_transformers(model))
    steps = []
    for kind, n in kinds.items():
        seen = _SEEN.get(kind, "what a network sees")
        cost, n_rounds = _COSTS.get(kind, (100, 1))
        steps.append(Step(kind, f"describing {seen}", n * cost, n * n_rounds))
    return steps


def comparing(n_models, n_repeats=1):
    """The step that cross-validates models."""
    return [Step("folds", "cross-validating", _FOLDS * n_repeats, n_models)]


@contextmanager
def shown(steps):
    """Show the progress of the steps within the context, in the given order."""
    steps = _Shown(steps)
    with shown_by(steps.show):
        try:
            yield
        finally:
            steps.clear()


class _Shown:
    def __init__(self, steps):
        self._steps, self._rounds = steps, dict.fromkeys(steps, 0)
        self._at, self._start = -1, time.monotonic()
        self._written = self._start
        self._is_terminal = sys.stderr.isatty()

    def show(self, name, total):
        """Start a round of a step; unknown or earlier steps are not shown."""
        numbers = [i for i, step in enumerate(self._steps) if step.name == name]
        if not numbers or numbers[0] < self._at:
            return _Round(total, lambda share: None)
        step = self._steps[numbers[0]]
        n_before, self._rounds[step] = self._rounds[step], self._rounds[step] + 1
        if numbers[0] > self._at:
            self._at = numbers[0]
            self._write("" if self._is_terminal else "\n")
        return _Round(total, lambda share: self._tell(n_before + share, step))

    def _tell(self, n_rounds, step):
        if not self._is_terminal and time.monotonic() < self._written + _QUIET:
            return
        done = sum(earlier.cost for earlier in self._steps[: self._at])
        done += step.cost * min(n_rounds / step.n_rounds, 1)
        share = done / sum(step.cost for step in self._steps)
        elapsed = time.monotonic() - self._start
        left = _time_left(elapsed * (1 - share) / share if share else 0)
        if self._is_terminal:
            self._write(left)
        elif share < 1:
            self._write(f", {share:.0%} done{left}\n")

    def _write(self, end):
        if not self._is_terminal:
            self._written = time.monotonic()
        line = f"{self._at + 1} of {len(self._steps)}: {self._steps[self._at].text}"
        front = "\r\033[K" if self._is_terminal else ""
        _say(f"{front}{line}{end}")

    def clear(self):
        """Clear the line for later output."""
        if self._is_terminal and self._at >= 0:
            _say("\r\033[K")


def _say(text):
    sys.stderr.write(text)
    sys.stderr.flush()


class _Round:
    """A progress bar of one round: `update` counts the parts that are done."""

    def __init__(self, total, tell):
        self._total, self._tell, self._done = max(total, 1), tell, 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def update(self, n):
        self._done += n
        self._tell(self._done / self._total)


def _time_left(seconds):
    if seconds < 5:
        return ""
    if seconds < 90:
        return f", about {5 * round(seconds / 5)} s left"
    return f", about {round(seconds / 60)} min left"
