"""Late fusion against its best branch, and on tables that are sorted by score.

Run ``python benchmarks/fusion.py`` (``--quick`` for a few runs of small tables). With
``--oasis FOLDER``, a folder with labels.csv (columns path, beauty, theme), two examples
of real photos follow.

Each of six branches, ridge regressions and SVRs in turn, sees ten columns of its own,
of which four are worth what the case says; branches of worth 0 are at chance. Scores
are Spearman's correlations on 2,000 fresh rows, the best branch is the one that is best
on average, and what follows ± is the standard error over runs.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.utils.parallel import Parallel, delayed

from sklearn_popularity import StackedLateFusion, spearman_score
from sklearn_popularity.evaluation import FEATURES, held_out_predictions
from sklearn_popularity.papers import khosla2014

CASES = {
    "one good": (0.5, 0, 0, 0, 0, 0),
    "one weak": (0.3, 0, 0, 0, 0, 0),
    "one good, two weak": (0.5, 0.2, 0.2, 0, 0, 0),
    "three equal": (0.4, 0.4, 0.4, 0, 0, 0),
}
#: Rows to learn from, and runs.
SIZES = {150: 60, 300: 40, 600: 20, 1500: 10}
QUICK = {150: 6, 300: 3}
WIDTH, N_TELLING, N_FRESH = 10, 4, 2000
#: Rows of a group, and what groups have of the variance of everything.
GROUP_SIZE, GROUP_SHARE = 10, 0.3


class Run(NamedTuple):
    """Scores of one table on fresh rows.

    Parameters
    ----------
    branches : list of float
        Of each branch.
    fusion, by_score : float
        Of the fusion of rows in any order, and of the same sorted by their score.
    at_chance : list of bool
        What the fusion says of its branches.
    """

    branches: list[float]
    fusion: float
    by_score: float
    at_chance: list[bool]


def draw(groups, n_columns, rng):
    """Standard normal columns, in part common to the rows of a group."""
    between = rng.normal(size=(groups.max() + 1, n_columns))[groups]
    within = rng.normal(size=(len(groups), n_columns))
    return np.sqrt(GROUP_SHARE) * between + np.sqrt(1 - GROUP_SHARE) * within


def make_table(worth, n, grouped, rng):
    """Columns of all branches, scores and groups, of rows to learn from and fresh."""
    size = GROUP_SIZE if grouped else 1
    groups = np.arange(n + N_FRESH) // size
    X = draw(groups, WIDTH * len(worth), rng)
    parts = X.reshape(len(X), len(worth), WIDTH)[:, :, :N_TELLING].sum(axis=2)
    noise = draw(groups, 1, rng)[:, 0] * np.sqrt(1 - np.square(worth).sum())
    return X, parts @ np.array(worth) / np.sqrt(N_TELLING) + noise, groups


def make_fusion(n_branches):
    models = [RidgeCV(np.logspace(0, 5, 11)), SVR(C=1.0)]
    return StackedLateFusion(
        [
            (
                f"branch {i}",
                make_pipeline(StandardScaler(), clone(models[i % 2])),
                slice(WIDTH * i, WIDTH * (i + 1)),
            )
            for i in range(n_branches)
        ]
    )


def run(worth, n, grouped, seed):
    rng = np.random.default_rng(seed)
    X, y, groups = make_table(worth, n, grouped, rng)
    fresh, scores = slice(n, None), []
    orders = rng.permutation(n), np.argsort(y[:n])
    for rows in orders:
        told = {"groups": groups[rows]} if grouped else {}
        fusion = make_fusion(len(worth)).fit(X[rows], y[rows], **told)
        scores.append(spearman_score(y[fresh], fusion.predict(X[fresh])))
    outputs = fusion.branch_predictions(X[fresh]).T
    branches = [spearman_score(y[fresh], output) for output in outputs]
    marked = [score.at_chance for score in fusion.branch_scores_.values()]
    return Run(branches, *scores, marked)


def simulate(sizes, n_jobs):
    print(
        "| branches | rows | folds of | best branch | fusion less best | sorted less "
        "shuffled | marked at chance: of no worth | others |\n|---|---|---|---|---|---|"
        "---|---|"
    )
    for grouped in (False, True):
        for case, worth in CASES.items():
            for n, n_runs in sizes.items():
                runs = Parallel(n_jobs=n_jobs)(
                    delayed(run)(worth, n, grouped, seed) for seed in range(n_runs)
                )
                unit = "groups" if grouped else "rows"
                print(f"| {case} | {n} | {unit} | {summarise(runs, worth)} |")


def summarise(runs, worth):
    branches, fusion, by_score, marked = map(np.array, zip(*runs, strict=True))
    best = branches[:, branches.mean(axis=0).argmax()]
    chance = np.array(worth) == 0
    return " | ".join(
        [
            f"{best.mean():.3f}",
            with_error(fusion - best),
            with_error(by_score - fusion),
            f"{marked[:, chance].mean():.0%}",
            f"{marked[:, ~chance].mean():.0%}",
        ]
    )


def with_error(values):
    return f"{values.mean():+.3f} ± {values.std() / np.sqrt(len(values)):.3f}"


def sorted_photos(folder, labels):
    """Khosla et al. on 300 photos, in any order and sorted by their score."""
    model = khosla2014.content_combined(["color_histogram", "texture"])
    order = np.random.default_rng(0).permutation(len(labels))
    rows, fresh = order[:300], order[300:500]
    posts = pd.DataFrame({"photo": [str(folder / path) for path in labels["path"]]})
    y = labels["beauty"].to_numpy()
    print("\n| Khosla et al., 300 photos | Spearman, 200 others |\n|---|---|")
    for name, kept in {"shuffled": rows, "sorted": rows[np.argsort(y[rows])]}.items():
        fitted = clone(model).fit(posts.iloc[kept], y[kept])
        score = spearman_score(y[fresh], fitted.predict(posts.iloc[fresh]))
        print(f"| {name} | {score:.2f} |")


def few_photos(folder, labels, n_tables):
    """All kinds of features of 150 photos, held out by theme."""
    names, scores = [*FEATURES, "together"], []
    for seed in range(n_tables):
        table = labels.sample(150, random_state=seed)
        paths = [str(folder / path) for path in table["path"]]
        blocks = [kind.transformer.fit_transform(paths) for kind in FEATURES.values()]
        stops = np.cumsum([block.shape[1] for block in blocks])
        branches = [
            (name, kind.regressor, slice(stop - block.shape[1], stop))
            for (name, kind), block, stop in zip(
                FEATURES.items(), blocks, stops, strict=True
            )
        ]
        models = {each[0]: StackedLateFusion([each]) for each in branches}
        models["together"] = StackedLateFusion(branches)
        y, themes = table["beauty"].to_numpy(), table["theme"].to_numpy()
        X = np.hstack(blocks)
        held_out = [
            held_out_predictions(models[name], X, y, groups=themes) for name in names
        ]
        scores.append([each.scores(y).mean() for each in held_out])
    titles = " | ".join(f"table {seed}" for seed in range(n_tables))
    print(f"\n| 150 photos | {titles} | mean |\n{'|---' * (n_tables + 2)}|")
    for name, column in zip(names, np.transpose(scores), strict=True):
        cells = " | ".join(f"{score:.2f}" for score in [*column, column.mean()])
        print(f"| {name} | {cells} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few runs, small tables")
    parser.add_argument("--oasis", type=Path, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    simulate(QUICK if options.quick else SIZES, options.jobs)
    if options.oasis is not None:
        labels = pd.read_csv(options.oasis / "labels.csv")
        sorted_photos(options.oasis, labels)
        few_photos(options.oasis, labels, 1 if options.quick else 5)


if __name__ == "__main__":
    main()
