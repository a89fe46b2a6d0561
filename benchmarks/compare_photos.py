"""Are probabilities of `compare_photos` those of new pairs? Made-up and real photos.

Run ``python benchmarks/compare_photos.py FOLDER``; the folder holds oasis (labels.csv
with theme and ratings, and features_mobilenetv2_1280_f16.npy).

Made-up posts: features, a share of the variance of the score that they explain, and
errors of which groups share 30 %; pairs are of new groups. OASIS: a fifth of the themes
is held out, five times in each of four partitions; the record of a model, a ridge
regression on a network's features, is that of folds within the other themes. Pairs are
all those of photos held out, or those within a theme, with `same_group` and without.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.inspection import (
    HeldOutRecord,
    compare_scores,
    percentile_intervals,
)

#: Groups, posts of each, share of the variance that is explained.
SHAPES = [
    (40, 1, 0.3),
    (20, 10, 0.3),
    (60, 4, 0.0),
    (60, 4, 0.1),
    (60, 4, 0.4),
    (60, 4, 0.8),
    (500, 4, 0.4),
]
LABELS = ["beauty", "valence", "arousal", "chance"]
BINS = [0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0]


def draw(rng, n_groups, size, signal):
    """Features, skewed scores, and groups."""
    groups = np.repeat(np.arange(n_groups), size)
    X = rng.normal(size=(len(groups), 6))
    shared = rng.normal(size=n_groups)[groups]
    error = np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.normal(size=len(groups))
    found = X.sum(axis=1) / np.sqrt(6)
    return X, np.sqrt(signal) * found + np.sqrt(1 - signal) * error, groups


def judge(model, train, test, same_group=False):
    """Pairs of new posts with the truth, and whether intervals hold it."""
    X, y, groups = train
    held_out = held_out_predictions(model, X, y, groups=groups)
    record = HeldOutRecord(held_out.raw, held_out.shares, y, groups, held_out.n_folds)
    new_X, new_y, new_groups = test
    scores = model.fit(X, y).predict(new_X)
    found = compare_scores(
        np.arange(len(new_y)), scores, record, 0.6, same_group=same_group
    )
    first, second = found.pairs["first"], found.pairs["second"]
    pairs = found.pairs.assign(
        true=(new_y[first] > new_y[second]) + (new_y[first] == new_y[second]) / 2,
        called=found.pairs["verdict"] == first,
        within=new_groups[first] == new_groups[second],
    )
    if same_group:
        pairs = pairs[pairs["within"]]
    truth = 100 * (np.sort(y).searchsorted(new_y) / len(y))
    low, high = percentile_intervals(record, scores).T
    return pairs, (low <= truth) & (truth <= high), high - low


def made_up(shape, n_runs):
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        train, (X, y, _) = draw(rng, *shape), draw(rng, 40, 1, shape[2])
        yield judge(Ridge(), train, (X, y, np.arange(40)))


def oasis(folder, label, same_group=False):
    labels = pd.read_csv(folder / "labels.csv")
    X = np.load(folder / "features_mobilenetv2_1280_f16.npy").astype(np.float64)
    known = labels["beauty"].notna().to_numpy()
    labels, X = labels[known].reset_index(drop=True), X[known]
    codes = np.unique(labels["theme"], return_inverse=True)[1]
    model = make_pipeline(StandardScaler(), Ridge(1000.0))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=len(labels))
        if label != "chance":
            y = labels[label].to_numpy()
        folds = GroupKFold(5, shuffle=True, random_state=seed)
        for train, test in folds.split(X, y, codes):
            parts = ((X[rows], y[rows], codes[rows]) for rows in (train, test))
            yield judge(model, *parts, same_group)


def show(name, found):
    """A line of scores; beside it, calibration by bins."""
    pairs, held, width = zip(*found, strict=True)
    pairs = pd.concat(pairs)
    brier = np.mean((pairs["probability"] - pairs["true"]) ** 2)
    chance = np.mean((0.5 - pairs["true"]) ** 2)
    called = pairs["called"]
    right = f"{pairs['true'][called].mean():.3f}" if called.any() else "none"
    print(
        f"| {name} | {brier:.4f} | {chance:.4f} | {called.mean():.3f} | {right} | "
        f"{pairs['true'][~called].mean():.3f} | {np.concatenate(held).mean():.3f} | "
        f"{np.concatenate(width).mean():.0f} |",
        flush=True,
    )
    return pairs


def calibration(name, pairs):
    cells = []
    for low, high in pairwise(BINS):
        rows = (low <= pairs["probability"]) & (pairs["probability"] < high)
        part = pairs[rows]
        told = f"{part['probability'].mean():.3f} / {part['true'].mean():.3f}"
        cells.append(f"{told} ({rows.mean():.2f})" if rows.any() else "none")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    print(
        "| data | Brier | of 0.5 | called | of these right | of others right | "
        "intervals hold | width |\n|---|---|---|---|---|---|---|---|"
    )
    tables = {}
    for shape in SHAPES:
        name = "made up: {} groups of {}, {:g} explained".format(*shape)
        tables[name] = show(name, made_up(shape, options.runs))
    for label in LABELS:
        name = f"OASIS {label}"
        tables[name] = show(name, oasis(options.folder / "oasis", label))
        tables[f"{name}, of one theme"] = tables[name].query("within")
        name += ", of one theme, `same_group`"
        tables[name] = show(name, oasis(options.folder / "oasis", label, True))
    ends = [f"{low:g} to {high:g}" for low, high in pairwise(BINS)]
    print(f"\n| data | {' | '.join(ends)} |\n|{'---|' * (len(ends) + 1)}")
    for name, pairs in tables.items():
        calibration(name, pairs)


if __name__ == "__main__":
    main()
