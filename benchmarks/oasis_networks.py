"""Networks on OASIS: SqueezeNet's features, and an MLP with a branch for each kind.

Run ``python benchmarks/oasis_networks.py FOLDER WEIGHTS`` on a folder as for
``oasis_models.py`` and the weights of a Caffe SqueezeNet 1.0 under torchvision's names.
Mean of Spearman's correlation of pooled out-of-fold predictions over three partitions
of the themes into five folds (unshuffled, shuffled with seeds 0 and 1), and the range.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import CNNEmbedder, MultiBranchMLPRegressor, spearman_score

SPLITTERS = [
    GroupKFold(5),
    *(GroupKFold(5, shuffle=True, random_state=seed) for seed in (0, 1)),
]


def squeezenet(weights, **settings):
    """The network as Caffe showed it photos."""
    return CNNEmbedder(
        backbone="squeezenet1_0",
        weights=weights,
        size=227,
        resize="squeeze",
        mean=(104, 117, 123),
        std=(1, 1, 1),
        scale=255,
        channel_order="bgr",
        **settings,
    )


def models(branches):
    """A linear model, a kernel one, and the network with branches."""
    svr = make_pipeline(StandardScaler(), SVR())
    return {
        "RidgeCV": make_pipeline(
            StandardScaler(), RidgeCV(alphas=np.logspace(-1, 6, 15))
        ),
        "SVR": TransformedTargetRegressor(svr, transformer=StandardScaler()),
        "MLP": MultiBranchMLPRegressor(branches=branches, random_state=0),
    }


def score(model, X, y, themes):
    scores = [
        spearman_score(y, cross_val_predict(model, X, y, cv=splitter, groups=themes))
        for splitter in SPLITTERS
    ]
    return f"{np.mean(scores):.3f} ({min(scores):.3f}-{max(scores):.3f})"


def main(folder, weights):
    labels = pd.read_csv(folder / "labels.csv")
    themes = labels["theme"].to_numpy()
    paths = [str(folder / path) for path in labels["path"]]
    mobilenet = np.load(folder / "features_mobilenetv2_1280_f16.npy").astype("f4")
    plain = squeezenet(weights).fit_transform(paths)
    flipped = squeezenet(weights, flip=True).fit_transform(paths)
    split = mobilenet.shape[1]
    kinds = {
        "SqueezeNet": (plain, None),
        "SqueezeNet, flip": (flipped, None),
        "MobileNetV2": (mobilenet, None),
        "both": (
            np.hstack([mobilenet, flipped]),
            {"mobilenet": slice(0, split), "squeezenet": slice(split, None)},
        ),
    }
    for features, (X, branches) in kinds.items():
        for name, model in models(branches).items():
            line = f"{features:<18}{name:<9}"
            for label in ("beauty", "valence"):
                line += f"  {label} {score(model, X, labels[label].to_numpy(), themes)}"
            print(line, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
