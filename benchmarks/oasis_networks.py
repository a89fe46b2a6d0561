"""Networks on OASIS: SqueezeNet's features, and an MLP with a branch for each kind.

Run ``python benchmarks/oasis_networks.py FOLDER WEIGHTS`` on a folder as for
``oasis_models.py`` and the weights of a Caffe SqueezeNet 1.0 under torchvision's names.
Mean of the held-out scores over three partitions of the themes into five folds, by
`compare_models`, and the range.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from paper_tables._data import caffe_network
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import MultiBranchMLPRegressor
from sklearn_popularity.evaluation import compare_models
from sklearn_popularity.evaluation._recipes import kernel_svr, ridge


def models(branches):
    """A linear model, a kernel one, and the network with branches."""
    return {
        "RidgeCV": ridge(),
        "SVR": kernel_svr(StandardScaler()),
        "MLP": MultiBranchMLPRegressor(branches=branches, random_state=0),
    }


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
    for label in ("beauty", "valence"):
        print(f"\n{label}")
        for features, (X, branches) in kinds.items():
            scores = compare_models(models(branches), X, labels[label], groups=themes)
            for row in scores.scores.itertuples():
                spread = f"{row.lowest:.3f}-{row.highest:.3f}"
                print(
                    f"{features:<18}{row.model:<9}{row.spearman:.3f} ({spread})",
                    flush=True,
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
