"""Check that a network tells photos apart: wrong preprocessing raises no error."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._warnings import warn_caller
from ._layers import Columns

# Number of photos to check, once per reader.
_N_NEEDED = 24
# Standard deviation of the mean colours of quarters of photos, in grey levels: 40 and
# more for real photos, almost 0 for noise and copies of one photo.
_MIN_VARIETY = 10.0
# Norm of the standard deviations over the norm of the mean: 0.6 to 4 for the means of
# layers of trained networks; 0.08 if Lite2 gets black for every photo.
_MIN_SPREAD = 0.25
_MIN_CHANNEL_SPREAD = 0.5


class DegenerateFeaturesWarning(UserWarning):
    """A network gives nearly the same features for all photos, or implausible ones."""


class _Known(NamedTuple):
    """Typical spread and norm of the vectors of a layer on photos."""

    spread: float
    length: float


# By digest of the weights and layer: EfficientNet-Lite2 on photos of OASIS. Screenshots
# of web pages, the most similar photos, have a spread of 0.86.
_LITE2 = "42cde1bee4ebcedd4d63099d820a1dbed289eb1778143856d0728e04c5688809"
_KNOWN = {(_LITE2, layer): _Known(1.65, 13.0) for layer in ("penultimate", "bn2")}


class OutputCheck:
    """Warn if a network gives similar vectors for the first photos that it processes.

    Parameters
    ----------
    digest : str
        SHA-256 of the weights.
    columns : sequence of Columns
        Layer and statistic of each feature.
    """

    def __init__(self, digest: str, columns: Sequence[Columns]) -> None:
        self._digest = digest
        self._columns = columns
        self._colors: list[NDArray] = []
        self._vectors: list[NDArray] = []
        self._n_missing = _N_NEEDED

    def see(self, batch: NDArray[np.uint8], vectors: NDArray[np.float32]) -> None:
        """Add a batch of photos and their vectors; check them once there are enough."""
        if self._n_missing <= 0:
            return
        self._colors.append(_quarters(batch))
        self._vectors.append(vectors)
        self._n_missing -= len(batch)
        if self._n_missing <= 0:
            colors, seen = (np.concatenate(v) for v in (self._colors, self._vectors))
            self._colors, self._vectors = [], []
            if colors.std(axis=0).mean() >= _MIN_VARIETY:
                self._judge(seen.astype(float))

    def _judge(self, rows):
        start = 0
        for each in self._columns:
            block, start = rows[:, start : start + each.n], start + each.n
            fault = each.statistic != "std" and self._fault(each.layer, block)
            if fault:
                warn_caller(
                    f"The layer {each.layer!r} {fault}. The photos are probably not "
                    "preprocessed as in training: check mean, std, scale and size of "
                    "Preprocessing.",
                    DegenerateFeaturesWarning,
                )
                return

    def _fault(self, layer, rows):
        """The fault of the vectors of a layer; None if they are plausible."""
        mean, deviation = np.abs(rows.mean(axis=0)), rows.std(axis=0)
        spread = _share(np.linalg.norm(deviation), np.linalg.norm(mean))
        of_channels = np.median(_share(deviation, mean))
        if spread < _MIN_SPREAD and of_channels < _MIN_CHANNEL_SPREAD:
            return f"gives nearly the same numbers for {len(rows)} different photos"
        known = _KNOWN.get((self._digest, layer))
        if known is None:
            return None
        length = np.median(np.linalg.norm(rows, axis=1))
        is_long = max(length / known.length, known.length / length) > 1.5
        if spread < known.spread / 2 or is_long:
            return (
                f"gives vectors with a spread of {spread:.2f} and a length of "
                f"{length:.1f}, where these weights give about {known.spread:g} and "
                f"{known.length:g}"
            )
        return None


def _quarters(batch):
    """Mean colours of the quarters of each photo, of shape (n, 12)."""
    middle, centre = (max(1, length // 2) for length in batch.shape[1:3])
    parts = [
        part.mean(axis=(1, 2))
        for half in (batch[:, :middle], batch[:, -middle:])
        for part in (half[:, :, :centre], half[:, :, -centre:])
    ]
    return np.concatenate(parts, axis=1)


def _share(deviation, mean):
    """Standard deviation over mean; infinite where only the mean is 0."""
    deviation, mean = np.broadcast_arrays(deviation, mean)
    shares = np.where(deviation > 0, np.inf, 0.0)
    return np.divide(deviation, mean, out=shares, where=mean > 0)
