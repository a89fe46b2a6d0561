"""Whether probabilities of pairs of new photos are right."""

from itertools import pairwise

import numpy as np
import pandas as pd
from _tables import mobilenet_of, read_posts, table
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
BINS = [0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0]


def pairs(folder, *, runs=200):
    """Whether probabilities of `compare_photos` are right for new pairs.

    Made-up posts: features explain a share of the variance of the score, and groups
    share 30 % of the errors; pairs are of new groups. OASIS: a fifth of the themes is
    held out, five times in four partitions; probabilities are learned from held-out
    predictions for the other themes, by ridge regression on a network's features. Pairs
    are all of held-out photos, or those of one theme, with and without `same_group`.
    """
    tables, studies = {}, {}
    for shape in SHAPES:
        name = "made up: {} groups of {}, {:g} explained".format(*shape)
        studies[name] = made_up_pairs(shape, runs)
    for label in ("beauty", "valence", "arousal", "chance"):
        studies[f"OASIS {label}"] = oasis_pairs(folder, label)
        name = f"OASIS {label}, of one theme, `same_group`"
        studies[name] = oasis_pairs(folder, label, same_group=True)

    def scores():
        for name, found in studies.items():
            tables[name], cells = summarise_pairs(found)
            yield name, *cells
            if name.startswith("OASIS") and "theme" not in name:
                tables[f"{name}, of one theme"] = tables[name].query("within")

    table(
        "data | Brier | of 0.5 | called | of these right | of others right | "
        "intervals hold | width",
        scores(),
    )
    bins = " | ".join(f"{low:g} to {high:g}" for low, high in pairwise(BINS))
    table(
        f"data | {bins}", ([name, *calibrate(found)] for name, found in tables.items())
    )


def draw_posts(rng, n_groups, size, signal):
    """Features, skewed scores, and groups."""
    groups = np.repeat(np.arange(n_groups), size)
    X = rng.normal(size=(len(groups), 6))
    shared = rng.normal(size=n_groups)[groups]
    error = np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.normal(size=len(groups))
    found = X.sum(axis=1) / np.sqrt(6)
    return X, np.sqrt(signal) * found + np.sqrt(1 - signal) * error, groups


def made_up_pairs(shape, n_runs):
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        train, new = draw_posts(rng, *shape), draw_posts(rng, 40, 1, shape[2])
        yield judge_pairs(Ridge(), train, new)


def oasis_pairs(folder, label, same_group=False):
    posts, X = read_posts(folder), mobilenet_of(folder)
    codes = np.unique(posts["theme"], return_inverse=True)[1]
    model = make_pipeline(StandardScaler(), Ridge(1000.0))
    for seed in range(4):
        y = np.random.default_rng(seed).normal(size=len(posts))
        if label != "chance":
            y = posts[label].to_numpy()
        folds = GroupKFold(5, shuffle=True, random_state=seed)
        for train, test in folds.split(X, y, codes):
            parts = ((X[rows], y[rows], codes[rows]) for rows in (train, test))
            yield judge_pairs(model, *parts, same_group)


def judge_pairs(model, train, test, same_group=False):
    """Pairs of new posts with the truth, and whether intervals cover it."""
    X, y, groups = train
    held_out = held_out_predictions(model, X, y, groups=groups)
    record = HeldOutRecord(held_out.raw, held_out.shares, y, groups, held_out.n_folds)
    new_X, new_y, new_groups = test
    scores = model.fit(X, y).predict(new_X)
    found = compare_scores(
        np.arange(len(new_y)), scores, record, 0.6, same_group=same_group
    ).pairs
    first, second = found["first"], found["second"]
    found = found.assign(
        true=(new_y[first] > new_y[second]) + (new_y[first] == new_y[second]) / 2,
        called=found["verdict"] == first,
        within=new_groups[first] == new_groups[second],
    )
    truth = 100 * (np.sort(y).searchsorted(new_y) / len(y))
    low, high = percentile_intervals(record, scores).T
    held = (low <= truth) & (truth <= high)
    return found[found["within"]] if same_group else found, held, high - low


def summarise_pairs(found):
    """All pairs, and the cells of their scores."""
    found, held, width = zip(*found, strict=True)
    found = pd.concat(found)
    true, called = found["true"], found["called"]
    right = f"{true[called].mean():.3f}" if called.any() else "none"
    return found, [
        f"{np.mean((found['probability'] - true) ** 2):.4f}",
        f"{np.mean((0.5 - true) ** 2):.4f}",
        f"{called.mean():.3f}",
        right,
        f"{true[~called].mean():.3f}",
        f"{np.concatenate(held).mean():.3f}",
        f"{np.concatenate(width).mean():.0f}",
    ]


def calibrate(found):
    """Mean probability / share of pairs in order (share of all), by probability."""
    for low, high in pairwise(BINS):
        rows = (low <= found["probability"]) & (found["probability"] < high)
        part = found[rows]
        told = f"{part['probability'].mean():.3f} / {part['true'].mean():.3f}"
        yield f"{told} ({rows.mean():.2f})" if rows.any() else "none"
