"""What held-out scores and their intervals are worth, on data of which truth is known.

Three tables: the bias of held-out scores, how often intervals cover, and how often
equal models differ. Right are 0, 95 % and 5 %. Run ``python benchmarks/coverage.py``;
it takes about an hour on two cores.
"""

import argparse
from typing import NamedTuple

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.utils.parallel import Parallel, delayed

from sklearn_popularity import LatentRankSVM, spearman_interval, spearman_score
from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.metrics import spearman_difference

#: Groups and rows of each; without the latter they have 1 to 200 by a power law.
GIVEN = [(4, 25), (6, 20), (10, 10), (10, 50), (20, 10), (50, 4)]
GIVEN += [(n_groups, None) for n_groups in (6, 10, 20, 50)]
TRAINED = [(6, 20), (10, 10), (20, 10), (50, 4)]
FOLDS = (2, 5, 10)
#: Shapes that are also cut into other numbers of folds than five.
OTHER_FOLDS = [(10, 10), (20, 10)]
MODELS = {"ridge": Ridge(10.0), "svr": SVR(C=1.0)}
#: Those whose held-out scores are compared with the truth.
BIASED = MODELS | {
    "forest": RandomForestRegressor(10, min_samples_leaf=3, random_state=0),
    "neighbours": KNeighborsRegressor(5),
    "ranker": LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0),
    "constant": DummyRegressor(),
}
#: Groups and rows of each; groups of one row are none.
BIASED_SHAPES = [(6, 20), (20, 10), (60, 5), (200, 4), (300, 1)]
BIASED_SIGNALS = (0.0, 0.35, 0.7)
SCORES = (0.29, 0.68)
#: Weight of what features explain.
SIGNALS = (0.2, 0.8)
#: Of the variance of everything, that between groups.
GROUP_SHARE = 0.3
N_FEATURES = 20
N_FRESH = 2000
N_REPEATS = 3
HALVES = slice(None, None, 2), slice(1, None, 2)


class Trial(NamedTuple):
    """One simulated study of a model.

    Parameters
    ----------
    low, high : float
        Interval of the model's score.
    truth : float
        Score of one of its fold models on fresh groups.
    p_value : float
        Of the difference between two models that are equally good.
    """

    low: float
    high: float
    truth: float
    p_value: float


def draw_groups(n_groups, n_rows, rng):
    """Group of each row."""
    if n_rows is not None:
        return np.repeat(np.arange(n_groups), n_rows)
    sizes = np.arange(1, 201)
    shares = sizes**-1.5 / (sizes**-1.5).sum()
    return np.repeat(np.arange(n_groups), rng.choice(sizes, n_groups, p=shares))


def draw_normal(groups, n_columns, rng):
    """Standard normal columns, in part common to the rows of a group."""
    between = rng.normal(size=(groups.max() + 1, n_columns))[groups]
    within = rng.normal(size=(len(groups), n_columns))
    return np.sqrt(GROUP_SHARE) * between + np.sqrt(1 - GROUP_SHARE) * within


def covers_given(shape, score, seed):
    """Whether the interval of given predictions covers their score."""
    rng = np.random.default_rng(seed)
    groups = draw_groups(*shape, rng)
    y, noise = draw_normal(groups, 2, rng).T
    r = 2 * np.sin(np.pi * score / 6)  # of a normal pair with such a rank correlation
    predicted = r * y + np.sqrt(1 - r**2) * noise
    interval = spearman_interval(y, predicted, groups=groups)
    return interval.low <= score <= interval.high


def draw_data(groups, signal, rng):
    """Features, each as useful as any other, and the score."""
    columns = draw_normal(groups, N_FEATURES + 1, rng)
    X = columns[:, :-1]
    explained = X.sum(axis=1) / np.sqrt(N_FEATURES)
    return X, signal * explained + np.sqrt(1 - signal**2) * columns[:, -1]


def study(model, shape, signal, n_folds, seed):
    """Cross-validate a model, and two that see one half of the features each."""
    rng = np.random.default_rng(seed)
    groups = draw_groups(*shape, rng)
    X, y = draw_data(groups, signal, rng)
    settings = {"groups": groups, "cv": n_folds, "n_repeats": N_REPEATS}
    held_out = held_out_predictions(model, X, y, **settings, return_estimator=True)
    found = spearman_interval(y, held_out.shares, groups=groups, n_folds=n_folds)
    X_fresh, y_fresh = draw_data(np.arange(N_FRESH), signal, rng)
    truth = spearman_score(y_fresh, held_out.estimators[0][0].predict(X_fresh))
    halves = [
        held_out_predictions(model, X[:, half], y, **settings).shares for half in HALVES
    ]
    difference = spearman_difference(y, *halves, groups=groups, n_folds=n_folds)
    return Trial(found.low, found.high, truth, difference.p_value)


def bias_of(model, shape, signal, seed):
    """Held-out score less that of a fold's model on fresh groups, and the latter."""
    rng = np.random.default_rng(seed)
    groups = draw_groups(*shape, rng)
    X, y = draw_data(groups, signal, rng)
    held_out = held_out_predictions(
        model, X, y, groups=groups if shape[1] > 1 else None, return_estimator=True
    )
    X_fresh, y_fresh = draw_data(np.arange(N_FRESH), signal, rng)
    truth = spearman_score(y_fresh, held_out.estimators[0][0].predict(X_fresh))
    return held_out.scores(y)[0] - truth, truth


def show_bias(n_runs, n_jobs):
    """Table of the mean bias of held-out scores, with its standard error."""
    print("Bias of held-out scores\n")
    signals = " | ".join(f"signal {signal:g}" for signal in BIASED_SIGNALS)
    print(f"| model, groups x rows | {signals} |")
    print("|---|" + "---|" * len(BIASED_SIGNALS))
    for name, model in BIASED.items():
        for shape in BIASED_SHAPES:
            cells = []
            for signal in BIASED_SIGNALS:
                found = Parallel(n_jobs=n_jobs)(
                    delayed(bias_of)(model, shape, signal, seed)
                    for seed in range(n_runs)
                )
                bias, truth = np.transpose(found)
                error = bias.std(ddof=1) / np.sqrt(n_runs)
                cells.append(
                    f"{bias.mean():+.3f} ± {error:.3f} (truth {truth.mean():.2f})"
                )
            print(
                f"| {name}, {shape[0]} x {shape[1]} | {' | '.join(cells)} |", flush=True
            )


def summarise(trials):
    """Coverage of the mean truth, and the share of equal pairs that "differ"."""
    truth = np.mean([trial.truth for trial in trials])
    covered = np.mean([trial.low <= truth <= trial.high for trial in trials])
    return truth, covered, np.mean([trial.p_value < 0.05 for trial in trials])


def show_given(n_runs, n_jobs):
    """Table of the coverage of intervals of given predictions."""
    print("\nGiven predictions\n")
    print("| groups x rows | " + " | ".join(f"score {s}" for s in SCORES) + " |")
    print("|---|" + "---|" * len(SCORES))
    for n_groups, n_rows in GIVEN:
        covered = [
            np.mean(
                Parallel(n_jobs=n_jobs)(
                    delayed(covers_given)((n_groups, n_rows), score, seed)
                    for seed in range(n_runs)
                )
            )
            for score in SCORES
        ]
        cells = " | ".join(f"{share:.3f}" for share in covered)
        print(f"| {n_groups} x {n_rows or '1 to 200'} | {cells} |", flush=True)


def show_trained(n_runs, n_jobs):
    """Table of the coverage of intervals of models, and of differences found."""
    print("\nThe model; equal pairs that differ at .05\n")
    print("| model, groups x rows, folds | truth | covered | equal pairs differ |")
    print("|---|---|---|---|")
    cells = [
        (name, shape, signal, n_folds)
        for name in MODELS
        for shape in TRAINED
        for n_folds in FOLDS
        for signal in SIGNALS
        if n_folds <= shape[0] and (n_folds == 5 or shape in OTHER_FOLDS)
    ]
    for name, shape, signal, n_folds in cells:
        trials = Parallel(n_jobs=n_jobs)(
            delayed(study)(MODELS[name], shape, signal, n_folds, seed)
            for seed in range(n_runs)
        )
        truth, covered, differ = summarise(trials)
        print(
            f"| {name}, {shape[0]} x {shape[1]}, {n_folds} | {truth:.2f} | "
            f"{covered:.3f} | {differ:.3f} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="of given predictions")
    parser.add_argument("--biases", type=int, default=400, help="runs for the bias")
    parser.add_argument("--studies", type=int, default=200, help="of models")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    show_bias(options.biases, options.jobs)
    show_given(options.runs, options.jobs)
    show_trained(options.studies, options.jobs)


if __name__ == "__main__":
    main()
