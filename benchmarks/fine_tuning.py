"""A fine-tuned SqueezeNet on OASIS beside ridge on the embeddings it starts from.

Run ``python benchmarks/fine_tuning.py FOLDER WEIGHTS`` on a folder as for
``oasis_models.py`` and the weights of a Caffe SqueezeNet 1.0 under torchvision's names.
A fifth of the themes is held out (``--seed``). Prints Spearman's correlation and half
the mean squared error on it, both in units of the score, and photos per second of a
whole fit, on the device at hand.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from paper_tables._data import CAFFE
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneRegressor,
    Preprocessing,
    spearman_score,
)
from sklearn_popularity.evaluation._recipes import ridge


def models(options):
    """Ridge on the network as it is, and the network that goes on learning."""
    embedder = CNNEmbedder(
        backbone="squeezenet1_0",
        weights=options.weights,
        preprocessing=Preprocessing(**CAFFE | {"size": options.size}),
    )
    centre = {"preprocessing__resize": "crop", "preprocessing__crop_share": 0.875}
    fine_tuned = {
        "embedder": clone(embedder).set_params(**centre),
        "learning_rate": options.learning_rate,
        "max_epochs": options.epochs,
        "optimizer": options.optimizer,
        "random_state": 0,
    }
    return {
        "RidgeCV on embeddings": make_pipeline(embedder, ridge()),
        "fine-tuned on scores": CNNFineTuneRegressor(**fine_tuned),
        "fine-tuned on 10 bins": CNNFineTuneRegressor(**fine_tuned, n_bins=10),
    }


def report(name, model, X, y, train, test):
    started = perf_counter()
    model.fit([X[i] for i in train], y[train])
    seconds = perf_counter() - started
    predicted = model.predict([X[i] for i in test])
    half_error = np.mean((predicted - y[test]) ** 2) / 2
    n_seen = len(train) * getattr(model, "n_epochs_", 1)
    print(
        f"{name:<24}{spearman_score(y[test], predicted):>8.3f}{half_error:>10.3f}"
        f"{n_seen / seconds:>12.1f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--label", default="beauty")
    parser.add_argument("--size", type=int, default=227)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--learning-rate", type=float, default=1e-5)
    parser.add_argument("--seed", type=int, default=0, help="of the themes held out")
    parser.add_argument("--only", default="", help="models whose name has this in it")
    options = parser.parse_args()
    labels = pd.read_csv(options.folder / "labels.csv")
    y = labels[options.label].to_numpy()
    X = [str(options.folder / path) for path in labels["path"]]
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=options.seed)
    [(train, test)] = splitter.split(X, groups=labels["theme"])
    constant = np.mean((y[train].mean() - y[test]) ** 2) / 2
    print(f"{'':<24}{'Spearman':>8}{'half MSE':>10}{'photos/s':>12}")
    print(f"{'constant':<24}{0:>8.3f}{constant:>10.3f}")
    for name, model in models(options).items():
        if options.only in name:
            report(name, model, X, y, train, test)


if __name__ == "__main__":
    main()
