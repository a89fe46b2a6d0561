"""Learning from votes between two: rankers beside scores first and regression then.

Run ``python benchmarks/votes.py FOLDER``; the folder holds votes.csv (voter, left,
right, chosen) and img/PAGE.jpg, such as screenshots of webpages. Learned from the
network of `papers.recommended`, judged by votes on pages and of voters that are new.
``--coverage`` instead draws votes whose items and voters have effects, and counts how
often 95 % intervals of an accuracy hold the true one.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import KernelPCA
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import CNNEmbedder
from sklearn_popularity.evaluation import VoteKFold
from sklearn_popularity.metrics import bradley_terry, pairwise_accuracy
from sklearn_popularity.metrics._vote_interval import vote_interval
from sklearn_popularity.models import PairwiseRanker

SHAPES = [(10, 20, 200), (20, None, 190), (20, 10, 400), (40, 30, 600)]
SHAPES += [(100, 174, 5500)]
EFFECTS = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.7, 0.7)]


def coverage(n_runs):
    print(
        "| items, voters, votes | effects of items, voters | covered |\n|---|---|---|"
    )
    for shape in SHAPES:
        for effects in EFFECTS:
            held = [draw_and_ask(shape, effects, seed) for seed in range(n_runs)]
            print(f"| {shape} | {effects} | {np.mean(held):.3f} |", flush=True)


def draw_and_ask(shape, effects, seed):
    """Whether the interval of an accuracy of .62 holds it."""
    n_items, n_voters, n = shape
    of_items, of_voters = effects if n_voters else (effects[0], 0.0)
    rng = np.random.default_rng(seed)
    left = rng.integers(0, n_items, n)
    right = (left + rng.integers(1, n_items, n)) % n_items
    voters = rng.integers(0, n_voters, n) if n_voters else None
    effect = of_items * rng.normal(size=n_items)
    latent = effect[left] + effect[right] + rng.normal(size=n)
    if n_voters:
        latent += of_voters * rng.normal(size=n_voters)[voters]
    spread = np.sqrt(2 * of_items**2 + of_voters**2 + 1)
    won = (latent > -0.3 * spread).astype(float)
    items = np.column_stack([left, right])
    found = pairwise_accuracy(won, np.ones(n), items=items, groups=voters)
    return found.low <= norm.cdf(0.3) <= found.high


class ScoresFirst(BaseEstimator):
    """Scores of the training votes by Bradley and Terry, learned by a regressor."""

    def __init__(self, regressor):
        self.regressor = regressor

    def fit(self, votes, y):
        items, numbers = np.unique(votes, return_inverse=True)
        left, right = numbers.reshape(votes.shape).T
        chosen = np.where(y == 1, left, np.where(y == 0, right, -1))
        voted = bradley_terry(left, right, chosen)
        learned = items[voted.items][:, np.newaxis]
        self.regressor_ = clone(self.regressor).fit(learned, voted.scores)
        return self

    def decision_function(self, votes):
        scores = self.regressor_.predict(votes.reshape(-1, 1)).reshape(votes.shape)
        return scores[:, 0] - scores[:, 1]


def models_of(features):
    """Models that take numbers of pages, whose features are looked up."""

    def columns(*steps):
        table = make_column_transformer((Look(features), [0]))
        return make_pipeline(table, StandardScaler(), *steps)

    def ranker(*steps, grid):
        votes = PairwiseRanker(columns(*steps), left=[0], right=[1])
        inner = VoteKFold(3, random_state=0)
        return GridSearchCV(votes, {"C": grid}, cv=inner)

    kernel = KernelPCA(kernel="rbf", remove_zero_eig=True)
    alphas = np.logspace(0, 6, 13)
    return {
        "constant": ScoresFirst(columns(DummyRegressor())),
        "votes, linear": ranker(grid=np.logspace(-6, -1, 6)),
        "votes, kernel": ranker(kernel, grid=np.logspace(-3, 2, 6)),
        "scores, then RidgeCV": ScoresFirst(columns(RidgeCV(alphas))),
        "scores, then SVR": ScoresFirst(columns(SVR())),
    }


class Look(BaseEstimator):
    """Rows of a table by their numbers."""

    def __init__(self, table):
        self.table = table

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.table[np.ravel(X).astype(int)]


def webpages(folder, cache):
    votes = pd.read_csv(folder / "votes.csv")
    pages = np.unique(votes[["left", "right"]])
    X = np.searchsorted(pages, votes[["left", "right"]].to_numpy())
    y = np.full(len(votes), 0.5)
    y[votes["chosen"] == votes["left"]], y[votes["chosen"] == votes["right"]] = 1, 0
    paths = [str(folder / "img" / f"{page}.jpg") for page in pages]
    lite = CNNEmbedder(backbone="timm/tf_efficientnet_lite2", cache=cache)
    features = lite.fit_transform(paths)
    voters = pd.factorize(votes["voter"])[0]
    settings = {
        "new pages": list(folds_of(X, y, None)),
        "new pages and voters": list(folds_of(X, y, voters)),
        "new voters": [list(GroupKFold(5).split(X, y, voters))],
    }
    print("| votes of | model | accuracy | less scores, then SVR |\n|---|---|---|---|")
    for setting, partitions in settings.items():
        judge(setting, models_of(features), X, y, voters, partitions)


def folds_of(X, y, voters, n_repeats=5):
    for seed in range(n_repeats):
        yield list(VoteKFold(4, random_state=seed).split(X, y, voters))


def judge(setting, models, X, y, voters, partitions):
    """Accuracy over all tested votes, and the paired difference, with intervals."""
    right = {name: held_out(model, X, y, partitions) for name, model in models.items()}
    for name, each in right.items():
        found = interval(each, X, voters)
        apart = interval(each - right["scores, then SVR"], X, voters)
        print(
            f"| {setting} | {name} | {found.mean:.3f} ({found.low:.3f} to "
            f"{found.high:.3f}) | {apart.mean:+.3f} ({apart.low:+.3f} to "
            f"{apart.high:+.3f}) |",
            flush=True,
        )


def interval(right, X, voters):
    told = ~np.isnan(right)
    return vote_interval(right[told], *X[told].T, voters[told], 0.95)


def held_out(model, X, y, partitions):
    """How often each vote was predicted right, over partitions; NaN if never asked."""
    found = np.full((len(partitions), len(y)), np.nan)
    for row, folds in zip(found, partitions, strict=True):
        for train, test in folds:
            apart = clone(model).fit(X[train], y[train]).decision_function(X[test])
            row[test] = (1 + np.sign(apart) * np.sign(y[test] - 0.5)) / 2
    found[:, y == 0.5] = np.nan
    asked = ~np.isnan(found)
    return np.where(asked, found, 0).sum(0) / np.where(
        asked.any(0), asked.sum(0), np.nan
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", help="file that keeps rows of features")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    if options.coverage:
        coverage(options.runs)
    else:
        webpages(options.folder, options.keep)


if __name__ == "__main__":
    main()
