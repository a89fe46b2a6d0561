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
from paper_tables._data import caffe_network
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import MultiBranchMLPRegressor, spearman_score
from sklearn_popularity.evaluation._recipes import kernel_svr, ridge

SPLITTERS = [
    GroupKFold(5),
    *(GroupKFold(5, shuffle=True, random_state=seed) for seed in (0, 1)),
]


def models(branches):
    """A linear model, a kernel one, and the network with branches."""
    return {
        "RidgeCV": ridge(),
        "SVR": kernel_svr(StandardScaler()),
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
    plain, flipped = (
        caffe_network("squeezenet1_0", weights, flip=flip).fit_transform(paths)
        for flip in (False, True)
    )
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
