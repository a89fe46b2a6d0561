"""What the scores of similar posts tell, and that they tell nothing of noise.

Run ``python benchmarks/neighbors.py``, and with a folder of oasis and memes (as of
``benchmarks/recommended.py``) for real posts; ``--keep FILE`` keeps rows of features.

Noise: Spearman's correlation of held-out predictions by ridge regression and by a
forest from `NeighborPopularity` alone, with 95 % intervals of the mean over runs, of
which 0 is right; beside it those of ridge from the plain mean of the neighbours, with
nothing taken off. Groups share a level, copies have the features and the score of their
original, and over time the level drifts. Folds keep groups, or copies, together; where
it says "known", folds are random, so that each test row's group was in training.

Real posts: by `compare_models`, what the feature adds to an SVR on rows of the network
of `papers.recommended`; 20 neighbours, which were not chosen by these scores.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import NeighborPopularity
from sklearn_popularity.evaluation import compare_models, held_out_predictions
from sklearn_popularity.metrics import mean_interval
from sklearn_popularity.papers import recommended

SHAPES = [(200, 5), (200, 50), (1000, 10), (1000, 200)]
K_REAL = 20


GROUP, TIME = 5, 6


class PlainMean(TransformerMixin, BaseEstimator):
    """The mean of the neighbours, with that of all rows seen left in."""

    def __init__(self, n_neighbors, past=False):
        self.n_neighbors = n_neighbors
        self.past = past

    def fit(self, X, y):
        self.known_, self.scores_ = X, np.asarray(y)
        return self

    def transform(self, X):
        distances = euclidean_distances(X[:, :GROUP], self.known_[:, :GROUP])
        hidden = X[:, [GROUP]] == self.known_[:, GROUP]
        if self.past:
            hidden |= self.known_[:, TIME] >= X[:, [TIME]]
        distances[hidden] = np.inf
        nearest = np.argsort(distances, axis=1)[:, : self.n_neighbors]
        seen = np.isfinite(np.take_along_axis(distances, nearest, axis=1))
        total = (self.scores_[nearest] * seen).sum(axis=1)
        return (total / np.maximum(seen.sum(axis=1), 1))[:, np.newaxis]


def draw(kind, n, rng):
    """Columns of an embedding, groups and times, and noise as scores."""
    groups = np.arange(n)
    if kind in ("groups", "groups, known"):
        groups = rng.integers(0, n // 10, n)
    if kind == "copies":
        groups = rng.integers(0, n // 3, n)
    embedding = rng.normal(size=(n, GROUP))
    y = rng.normal(size=n)
    if kind == "copies":
        embedding, y = embedding[groups], y[groups]
    elif len(np.unique(groups)) < n:
        y += rng.normal(size=n)[groups]
    if kind == "over time":
        y = np.cumsum(y) / 5 + rng.normal(size=n)
    return np.column_stack([embedding, groups, np.arange(n)]), y


def signal(X):
    return np.sin(2 * X[:, 0]) + X[:, 1]


def folds_of(kind, X):
    """Folds, and the groups that they keep together."""
    if kind == "over time":
        start = len(X) * 4 // 5
        return [(np.arange(start), np.arange(start, len(X)))], None
    if kind == "groups, known":
        return 5, None
    return 5, X[:, GROUP]


def features_of(kind, n_neighbors):
    """The transformer and what it is compared with; copies are found by themselves."""
    past = kind == "over time"
    ours = NeighborPopularity(
        n_neighbors=n_neighbors,
        time=TIME if past else None,
        groups=None if kind == "copies" else GROUP,
    )
    keep = ["passthrough", list(range(GROUP))]
    if kind == "copies":
        ours = make_pipeline(make_column_transformer(tuple(keep)), ours)
    elif not past:
        keep[1] = list(range(TIME))
        ours = make_pipeline(make_column_transformer(tuple(keep)), ours)
    return ours, PlainMean(n_neighbors, past)


def simulate(kind, n, n_neighbors, n_runs, strength=0.0):
    found = []
    forest = RandomForestRegressor(20, min_samples_leaf=5, random_state=0)
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        X, y = draw(kind, n, rng)
        y = y + strength * signal(X)
        cv, groups = folds_of(kind, X)
        ours, plain = features_of(kind, n_neighbors)
        row = []
        for steps in ((ours, Ridge()), (ours, forest), (plain, Ridge())):
            model = make_pipeline(*steps[:-1], StandardScaler(), steps[-1])
            held_out = held_out_predictions(
                model, X, y, groups=groups, cv=cv, random_state=seed
            )
            row.append(held_out.scores(y)[0])
        found.append(row)
    return [mean_interval(column) for column in np.transpose(found)]


KINDS = ["rows", "groups", "groups, known", "copies", "over time"]


def show_simulation(n_runs, kinds):
    print("| scores | posts | k | ridge | forest | ridge on the plain mean |")
    print("|---|---|---|---|---|---|")
    cases = [(kind, *shape, 0.0) for kind in kinds for shape in SHAPES]
    cases += [(kind, 1000, 10, 1.0) for kind in kinds]
    for kind, n, n_neighbors, strength in cases:
        cells = simulate(kind, n, n_neighbors, max(n_runs * 200 // n, 2), strength)
        cells = [f"{c.mean:+.3f} ({c.low:+.3f} to {c.high:+.3f})" for c in cells]
        name = f"{'signal and noise' if strength else 'noise'}, {kind}"
        print(f"| {name} | {n} | {n_neighbors} | {' | '.join(cells)} |", flush=True)


def rows_of(folder, keep):
    """Posts, and rows of the network, scaled as the recommended model does."""
    posts = pd.read_csv(folder / "labels.csv")
    photos = pd.DataFrame({"photo": [str(folder / path) for path in posts["path"]]})
    model = recommended(photos, cache=keep).model
    return posts, model.regressor[:-1].fit_transform(photos)


def compare(name, rows, y, groups, *, times=None, **settings):
    """Neighbours alone, the SVR, and both, on the same folds."""
    table = pd.DataFrame(rows).add_prefix("row")
    photo = ("passthrough", list(table.columns))
    table["user"] = np.asarray(groups)
    ours = NeighborPopularity(n_neighbors=K_REAL, groups="user")
    if times is not None:
        table["time"] = times
        ours.set_params(time="time")
    neighbors = make_pipeline(ours, StandardScaler())
    svr = TransformedTargetRegressor(SVR(), transformer=StandardScaler())
    models = {
        "SVR": make_pipeline(make_column_transformer(photo), svr),
        "SVR and neighbours": make_pipeline(
            make_column_transformer(photo, (neighbors, list(table.columns))), svr
        ),
        "neighbours": make_pipeline(neighbors, Ridge()),
        "KNeighborsRegressor": make_pipeline(
            make_column_transformer(photo), KNeighborsRegressor(K_REAL)
        ),
    }
    found = compare_models(models, table, y, groups=groups, reference="SVR", **settings)
    gains = found.differences.set_index("model")
    for row in found.scores.itertuples():
        gain = ""
        if row.model in gains.index:
            each = gains.loc[row.model]
            gain = f"{each.difference:+.3f} ({each.low:+.3f} to {each.high:+.3f})"
        print(
            f"| {name} | {row.model} | {row.spearman:.3f} ({row.low:.3f} to "
            f"{row.high:.3f}) | {gain} |",
            flush=True,
        )


def real_oasis(folder, keep):
    posts, rows = rows_of(folder / "oasis", keep)
    for label in ("beauty", "valence"):
        compare(f"OASIS {label}, by theme", rows, posts[label], posts["theme"])


def real_memes(folder, keep):
    posts, rows = rows_of(folder / "memes", keep)
    y, users = np.log(posts["ups"]), posts["user"]
    compare("memes, by user", rows, y, users, n_repeats=1)
    times = pd.to_datetime(posts["time"]).rank(method="dense").to_numpy()
    order = np.argsort(times, kind="stable")
    past, coming = np.split(order, [len(order) * 4 // 5])
    coming = coming[~users.iloc[coming].isin(users.iloc[past]).to_numpy()]
    compare(
        f"memes, forward, {len(coming)} by new users",
        rows,
        y,
        users,
        times=times,
        cv=[(past, coming)],
        n_repeats=1,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--keep", help="file that keeps rows of features")
    parser.add_argument("--runs", type=int, default=80, help="of 200 posts")
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    options = parser.parse_args()
    if options.runs:
        show_simulation(options.runs, options.kinds)
    if options.folder:
        print("\n| posts | model | score | gain on the SVR |")
        print("|---|---|---|---|")
        real_oasis(options.folder, options.keep)
        real_memes(options.folder, options.keep)


if __name__ == "__main__":
    main()
