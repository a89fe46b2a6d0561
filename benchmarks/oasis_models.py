"""Models of the score compared on OASIS, tuned in inner folds, paired with ridge.

Run ``python benchmarks/oasis_models.py FOLDER`` on a folder with labels.csv (columns
path, beauty, valence, theme) and features_mobilenetv2_1280_f16.npy in its row order.
With ``--keep SCRATCH`` descriptions of the photos are kept there.

Five partitions of the themes into five folds, by `compare_models`; within each training
fold
the parameters of a model are chosen by Spearman's correlation over four inner folds,
again by theme. RidgeCV, which all are compared with and which the fusion uses, chooses
by its own leave-one-out errors; "Ridge" is the same model tuned as the others are.
Intervals are those of models trained anew on other themes; differences are paired, and
their p-values adjusted (Holm) over all models of a label. The words of the codebook
features are learned from all photos, without scores.
"""

import argparse
import warnings
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd
from paper_claims._tables import kept
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVR

from sklearn_popularity import (
    KClassAggregatingClassifier,
    LatentRankSVM,
    StackedLateFusion,
    spearman_scorer,
)
from sklearn_popularity.evaluation import FEATURES, compare_models
from sklearn_popularity.evaluation._recipes import ridge
from sklearn_popularity.models import DeadSensesWarning

SEEDS = range(5)
BASELINE = "RidgeCV"
SENSES = {"1": (1, 0), "4": (4, 0), "2+2": (2, 2), "10": (10, 0), "5+5": (5, 5)}


def tuned(model, grid):
    return GridSearchCV(
        model, grid, scoring=spearman_scorer, cv=GroupKFold(4), error_score="raise"
    )


def latent(n_senses, n_unpopular):
    ranker = LatentRankSVM(
        n_senses=n_senses, n_unpopular_senses=n_unpopular, random_state=0
    )
    return tuned(ranker, {"alpha": [3e-4, 1e-3, 3e-3, 1e-2]})


def k_classes(k):
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return tuned(
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
        BASELINE: ridge(),
        "Ridge": tuned(
            make_pipeline(StandardScaler(), Ridge()),
            {"ridge__alpha": np.logspace(1, 5, 9)},
        ),
        "LinearSVR": tuned(svr, {"regressor__linearsvr__C": [1e-5, 1e-4, 1e-3, 1e-2]}),
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
    return StackedLateFusion(branches, cv=4)


def describe(folder, labels, keep):
    paths = [str(folder / path) for path in labels["path"]]
    return {
        name: kept(keep, name, lambda r=recipe: r.transformer.fit_transform(paths))
        for name, recipe in FEATURES.items()
    }


def columns_of(start, stop):
    """Selects some features of all."""
    return FunctionTransformer(itemgetter((slice(None), slice(start, stop))))


def report(label, comparison):
    gains = comparison.differences.set_index("model")
    print(f"\n{label}\n")
    print(f"| model | Spearman | over partitions | minus {BASELINE} | p (Holm) |")
    print("|---|---|---|---|---|")
    for row in comparison.scores.itertuples():
        score = f"{row.spearman:.3f} ({row.low:.3f} to {row.high:.3f})"
        line = f"| {row.model} | {score} | {row.lowest:.3f} to {row.highest:.3f} |"
        if row.model in gains.index:
            gain = gains.loc[row.model]
            line += f" {gain.difference:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) |"
            line += f" {gain.p_value:.3f} |"
        print(line if row.model in gains.index else f"{line} | |")


def chosen_models(options, labels):
    """Models whose name starts as asked, and the features that they learn from."""
    X = np.load(options.folder / "features_mobilenetv2_1280_f16.npy").astype("f4")
    chosen = {
        name: model
        for name, model in models().items()
        if name.startswith(options.only) or name == BASELINE
    }
    if "fusion".startswith(options.only):
        blocks = {"mobilenet": X, **describe(options.folder, labels, options.keep)}
        deep = columns_of(0, X.shape[1])
        chosen = {name: make_pipeline(deep, model) for name, model in chosen.items()}
        widths = {name: block.shape[1] for name, block in blocks.items()}
        chosen["fusion of all"] = fusion(widths)
        X = np.hstack(list(blocks.values()))
    return chosen, X


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="", help="models whose name starts so")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    # Strong penalties, which are tried too, leave few of ten senses.
    warnings.simplefilter("ignore", DeadSensesWarning)
    labels = pd.read_csv(options.folder / "labels.csv")
    chosen, X = chosen_models(options, labels)
    for label in ("beauty", "valence"):
        comparison = compare_models(
            chosen,
            X,
            labels[label],
            groups=labels["theme"],
            reference=BASELINE,
            n_repeats=5,
            n_jobs=options.jobs,
        )
        report(label, comparison)


if __name__ == "__main__":
    main()
