"""Models of photos that are described by networks."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

from ..features import CNNEmbedder, pretrained_at_hand
from ..networks import KNOWN_NETWORKS, Preprocessing

# The time to fit an SVR grows with the square of the number of rows.
_MANY = 5000
_N_ROWS_OF_KERNEL = 1000
_LITE = "timm/tf_efficientnet_lite2"
# Layers of EfficientNet-Lite2, up to the input of its classifier, and their widths.
_DEPTHS = {"blocks.5": 208, "blocks.6": 352, "penultimate": 1280}


class Block(NamedTuple):
    """Columns of a network's embeddings, or a column of photos and the network."""

    name: str  # of the network
    source: CNNEmbedder | None  # None if the columns are embeddings already
    columns: str | list[str]


def over_root_width(X):
    """Divide by the root of the number of columns, so that blocks weigh the same."""
    return X / np.sqrt(X.shape[1])


def networks_at_hand() -> tuple[list[CNNEmbedder], list[str]]:
    """Networks to describe photos with, and names of better ones without weights here.

    Networks trained with captions and on photos alone complement each other, so the
    best of each kind is taken, or EfficientNet-Lite2 if there is neither.
    """
    found: dict[str, str] = {}
    missing = []
    for network in KNOWN_NETWORKS[:-1]:
        if network.learned_from in found:
            continue
        if pretrained_at_hand(network.backbone):
            found[network.learned_from] = network.backbone
        else:
            missing.append(network.backbone)
    if found:
        return [CNNEmbedder(backbone=name) for name in found.values()], missing
    return [lite_network()] if pretrained_at_hand(_LITE) else [], missing


def lite_network() -> CNNEmbedder:
    """EfficientNet-Lite2 at three layers, with photos at their own proportions."""
    return CNNEmbedder(
        backbone=_LITE,
        layer=list(_DEPTHS),
        preprocessing=Preprocessing(resize="keep"),
    )


def network_named(backbone, weights="pretrained") -> CNNEmbedder:
    """A network by its name, with the best layers if these are known."""
    if backbone == _LITE:
        return lite_network().set_params(weights=weights)
    return CNNEmbedder(backbone=backbone, weights=weights)


def model_of_blocks(blocks, n_rows, random_state):
    """A kernel regressor on equally weighted blocks, and the reason for its choice."""
    parts = [(each.name, describe_block(each), each.columns) for each in blocks]
    columns = ColumnTransformer(parts)
    if n_rows <= _MANY:
        learner: list[Any] = [SVR()]
        reason = "An SVR with its defaults: averaging several models gained nothing."
    else:
        n_blocks = sum(_n_blocks(each) for each in blocks)
        kernel = Nystroem(
            gamma=1 / n_blocks,
            n_components=_N_ROWS_OF_KERNEL,
            random_state=random_state,
        )
        learner = [kernel, RidgeCV(alphas=np.logspace(-2, 2, 9))]
        reason = (
            f"Ridge regression on a kernel with {_N_ROWS_OF_KERNEL:,} posts: an SVR "
            f"takes long above {_MANY:,} posts."
        )
    model = make_pipeline(columns, *learner).set_output(transform="default")
    scaler = StandardScaler().set_output(transform="default")
    return TransformedTargetRegressor(model, transformer=scaler), reason


def describe_block(block):
    """Transformer from photos or embeddings to a block, or to one for each layer."""
    if block.source is None:
        return _scale()
    if not _has_depths(block.source):
        return make_pipeline(block.source, *_scale_steps())
    stops = np.cumsum(list(_DEPTHS.values())).tolist()
    depths = ColumnTransformer(
        [
            (name, _scale(), slice(stop - width, stop))
            for (name, width), stop in zip(_DEPTHS.items(), stops, strict=True)
        ]
    )
    return make_pipeline(block.source, depths)


def _scale_steps():
    share = FunctionTransformer(over_root_width, feature_names_out="one-to-one")
    return StandardScaler(), share


def _scale():
    return make_pipeline(*_scale_steps())


def _has_depths(network):
    return network.backbone == _LITE and network.layer == list(_DEPTHS)


def _n_blocks(block):
    return len(_DEPTHS) if block.source and _has_depths(block.source) else 1
