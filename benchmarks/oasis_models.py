"""Models of the score compared on OASIS, tuned in inner folds, paired with ridge.

Run ``python benchmarks/oasis_models.py FOLDER`` on a folder with labels.csv (columns
path, beauty, valence, theme) and features_mobilenetv2_1280_f16.npy in its row order.
With ``--keep SCRATCH`` predictions are kept there, and an interrupted run goes on.

Five partitions of the themes into five folds (seeds 0 to 4); within each training fold
the parameters of a model are chosen by Spearman's correlation over four inner folds,
again by theme. RidgeCV, which all are compared with and which the fusion uses, chooses
by its own leave-one-out errors; "Ridge" is the same model tuned as the others are.
Intervals resample themes, and differences are paired. The words of the codebook
features are learned from all photos, without scores.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from paper_claims._tables import kept
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR

from sklearn_popularity import (
    KClassAggregatingClassifier,
    LatentRankSVM,
    StackedLateFusion,
    spearman_interval,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.evaluation import FEATURES
from sklearn_popularity.evaluation._recipes import ridge
from sklearn_popularity.models import DeadSensesWarning

SEEDS = range(5)
BASELINE = "RidgeCV"
SENSES = {"1": (1, 0), "4": (4, 0), "2+2": (2, 2), "10": (10, 0), "5+5": (5, 5)}


class Tuned:
    """A model and the values of its parameters to choose from in inner folds."""

    def __init__(self, model, grid):
        self.search = GridSearchCV(
            model, grid, scoring=spearman_scorer, cv=GroupKFold(4), error_score="raise"
        )

    def fit_predict(self, X, y, themes, X_test):
        return self.search.fit(X, y, groups=themes).predict(X_test)


class Plain:
    """A model that needs no tuning from outside, and may be told the themes."""

    def __init__(self, model, *, takes_groups=False):
        self.model, self.takes_groups = model, takes_groups

    def fit_predict(self, X, y, themes, X_test):
        told = {"groups": themes} if self.takes_groups else {}
        return self.model.fit(X, y, **told).predict(X_test)


def latent(n_senses, n_unpopular):
    ranker = LatentRankSVM(
        n_senses=n_senses, n_unpopular_senses=n_unpopular, random_state=0
    )
    return Tuned(ranker, {"alpha": [3e-4, 1e-3, 3e-3, 1e-2]})


def k_classes(k):
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return Tuned(
        KClassAggregatingClassifier(classifier, n_classes=k),
        {"estimator__logisticregression__C": [1e-4, 1e-3, 1e-2]},
    )


def models():
    """Models of MobileNetV2's features."""
    # It penalises its constant, which standardised scores keep small.
    svr = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), LinearSVR(random_state=0, max_iter=5000)),
        transformer=StandardScaler(),
    )
    return {
        BASELINE: Plain(ridge()),
        "Ridge": Tuned(
            make_pipeline(StandardScaler(), Ridge()),
            {"ridge__alpha": np.logspace(1, 5, 9)},
        ),
        "LinearSVR": Tuned(svr, {"regressor__linearsvr__C": [1e-5, 1e-4, 1e-3, 1e-2]}),
        **{f"LatentRankSVM {name}": latent(*n) for name, n in SENSES.items()},
        **{f"KClass {k}": k_classes(k) for k in range(2, 9)},
    }


def fusion(widths):
    """Late fusion of the built features and MobileNetV2's, each a slice of X."""
    stops = dict(zip(widths, np.cumsum(list(widths.values())), strict=True))
    branches = [
        (
            name,
            FEATURES[name].regressor if name in FEATURES else ridge(),
            slice(stop - widths[name], stop),
        )
        for name, stop in stops.items()
    ]
    return Plain(StackedLateFusion(branches, cv=4), takes_groups=True)


def held_out(model, X, y, themes):
    """Predictions of test folds, a column per partition."""
    columns = np.empty((len(y), len(SEEDS)))
    for column, seed in zip(columns.T, SEEDS, strict=True):
        folds = GroupKFold(5, shuffle=True, random_state=seed)
        for train, test in folds.split(X, groups=themes):
            column[test] = model.fit_predict(X[train], y[train], themes[train], X[test])
    return columns


def describe(folder, labels, keep):
    paths = [str(folder / path) for path in labels["path"]]
    return {
        name: kept(keep, name, lambda r=recipe: r.transformer.fit_transform(paths))
        for name, recipe in FEATURES.items()
    }


def report(label, y, themes, predictions):
    print(f"\n{label}: mean Spearman over partitions (lowest to highest)")
    for name, predicted in predictions.items():
        scores = [spearman_score(y, column) for column in predicted.T]
        line = f"{name:<18}{np.mean(scores):.3f} ({min(scores):.3f}-{max(scores):.3f})"
        gain, low, high = spearman_interval(
            y,
            predicted,
            baseline=predictions[BASELINE],
            groups=themes,
            n_folds=5,
        )
        print(f"{line}   against {BASELINE} {gain:+.3f} ({low:+.3f} to {high:+.3f})")


def chosen_models(options, labels):
    """Models whose name starts as asked, and the features that each learns from."""
    deep = np.load(options.folder / "features_mobilenetv2_1280_f16.npy").astype("f4")
    chosen = {
        name: (model, deep)
        for name, model in models().items()
        if name.startswith(options.only) or name == BASELINE
    }
    if "fusion".startswith(options.only):
        blocks = {**describe(options.folder, labels, options.keep), "mobilenet": deep}
        widths = {name: block.shape[1] for name, block in blocks.items()}
        chosen["fusion of all"] = (fusion(widths), np.hstack(list(blocks.values())))
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="", help="models whose name starts so")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    # Strong penalties, which are tried too, leave few of ten senses.
    warnings.simplefilter("ignore", DeadSensesWarning)
    labels = pd.read_csv(options.folder / "labels.csv")
    themes = labels["theme"].to_numpy()
    chosen = chosen_models(options, labels)
    for label in ("beauty", "valence"):
        y = labels[label].to_numpy()
        predictions = {
            name: kept(
                options.keep,
                f"{label} {name}",
                lambda m=model, X=X, y=y: held_out(m, X, y, themes),
            )
            for name, (model, X) in chosen.items()
        }
        report(label, y, themes, predictions)


if __name__ == "__main__":
    main()
