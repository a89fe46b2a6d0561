"""Whether effects planted in made-up posts are found, and no others, by sections.

Run ``python benchmarks/planted.py SECTION``; ``--jobs 2`` before the section uses two
processes, and ``--runs`` sets the number of runs, by default that of RESULTS.md.
"""

from itertools import product

import numpy as np
from _causes import causes
from _tables import draw_normal, error_cell, mean_cell, over_runs, run, section
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import (
    LatentRankSVM,
    NeighborPopularity,
    ResidualRegressor,
    StackedLateFusion,
    UserHistoryEncoder,
    spearman_score,
)
from sklearn_popularity.evaluation import held_out_predictions, shortcut_audit


def draw_looks(n_users, n_each, looks, rng):
    """Users and features of posts, their scores, and the effect of the photo."""
    user = np.arange(n_users).repeat(n_each)
    level = rng.normal(size=n_users)[user]
    features = rng.normal(size=(len(user), 10))
    features[:, 0] += looks * level  # what popular users' photos look like
    effect = features[:, :3] @ [-0.5, 1.0, 0.5]
    y = np.exp(2 * level + effect + rng.normal(size=len(user)))
    return np.column_stack([user, features]), y, effect


def score_looks(n_each, looks, seed):
    """Rank correlation of four models with the effect of the photo, for new users."""
    rng = np.random.default_rng(seed)
    X, y, effect = draw_looks(1200 // n_each, n_each, looks, rng)
    photo = make_column_transformer(("passthrough", list(range(1, X.shape[1]))))
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    ridge = make_pipeline(photo, RidgeCV(np.logspace(-1, 5, 13)))
    context = make_pipeline(UserHistoryEncoder(user=0, random_state=0), RidgeCV())
    models = [
        make_pipeline(photo, ranker),
        clone(ranker).set_params(within=0),
        ridge,
        ResidualRegressor(ridge, context=context),
    ]
    for model in models:
        model.fit(X[:600], np.log(y[:600]))
    return [spearman_score(effect[600:], m.predict(X[600:])) for m in models]


@section(
    "posts of a user, looks | pooled ranker | within users, less pooled | ridge | "
    "residuals, less ridge | within, less residuals"
)
def within(*, runs=40):
    """Whether models find the effect of the photo apart from that of the user.

    Popular users post photos that look alike ("looks" of 1), which a pooled model
    learns, or do not (0).
    """
    for settings in product((3, 10, 30), (0, 1)):
        found = over_runs(score_looks, *settings, n_runs=runs)
        pooled, within, plain, left = found
        yield (
            ", ".join(map(str, settings)),
            f"{pooled.mean():.3f}",
            mean_cell(within - pooled),
            f"{plain.mean():.3f}",
            mean_cell(left - plain),
            mean_cell(within - left),
        )


#: Numbers of the columns of posts with neighbours.
EMBEDDING, GROUP, TIME = list(range(5)), 5, 6


class PlainMean(TransformerMixin, BaseEstimator):
    """The mean score of the neighbours, without subtracting the overall mean."""

    def __init__(self, n_neighbors, past=False):
        self.n_neighbors = n_neighbors
        self.past = past

    def fit(self, X, y):
        self.known_, self.scores_ = X, np.asarray(y)
        return self

    def transform(self, X):
        distances = euclidean_distances(X[:, EMBEDDING], self.known_[:, EMBEDDING])
        hidden = X[:, [GROUP]] == self.known_[:, GROUP]
        if self.past:
            hidden |= self.known_[:, TIME] >= X[:, [TIME]]
        distances[hidden] = np.inf
        nearest = np.argsort(distances, axis=1)[:, : self.n_neighbors]
        seen = np.isfinite(np.take_along_axis(distances, nearest, axis=1))
        total = (self.scores_[nearest] * seen).sum(axis=1)
        return (total / np.maximum(seen.sum(axis=1), 1))[:, np.newaxis]


def draw_similar(kind, n, rng):
    """Columns of an embedding, groups and times, and noise as scores."""
    groups = np.arange(n)
    if kind in ("groups", "groups, known"):
        groups = rng.integers(0, n // 10, n)
    if kind == "copies":
        groups = rng.integers(0, n // 3, n)
    embedding, y = rng.normal(size=(n, len(EMBEDDING))), rng.normal(size=n)
    if kind == "copies":
        embedding, y = embedding[groups], y[groups]
    elif len(np.unique(groups)) < n:
        y += rng.normal(size=n)[groups]
    if kind == "over time":
        y = np.cumsum(y) / 5 + rng.normal(size=n)
    return np.column_stack([embedding, groups, np.arange(n)]), y


def score_similar(kind, n, n_neighbors, strength, seed):
    """Held-out scores of ridge and forest on the feature, and of ridge on PlainMean."""
    X, y = draw_similar(kind, n, np.random.default_rng(seed))
    y = y + strength * (np.sin(2 * X[:, 0]) + X[:, 1])
    past = kind == "over time"
    start = n * 4 // 5
    settings = {"cv": [(np.arange(start), np.arange(start, n))]} if past else {"cv": 5}
    if kind in ("rows", "groups", "copies"):
        settings["groups"] = X[:, GROUP]
    ours = NeighborPopularity(
        n_neighbors=n_neighbors,
        time=TIME if past else None,
        groups=None if kind == "copies" else GROUP,
    )
    if not past:  # copies are found by themselves, without their group
        told = EMBEDDING if kind == "copies" else [*EMBEDDING, GROUP]
        ours = make_pipeline(make_column_transformer(("passthrough", told)), ours)
    forest = RandomForestRegressor(20, min_samples_leaf=5, random_state=0)
    plain = PlainMean(n_neighbors, past)
    return [
        held_out_predictions(
            make_pipeline(feature, StandardScaler(), learner),
            X,
            y,
            random_state=seed,
            **settings,
        ).scores(y)[0]
        for feature, learner in ((ours, Ridge()), (ours, forest), (plain, Ridge()))
    ]


@section("scores | posts | k | ridge | forest | ridge on the plain mean")
def neighbors(*, runs=80):
    """What `NeighborPopularity` finds in noise, which should be nothing, and a signal.

    Groups share a level, copies have the features and the score of their original, and
    the level drifts over time. Folds keep groups or copies together; if groups are
    "known", folds are random. Runs are for 200 posts; there are fewer for 1,000.
    """
    kinds = ("rows", "groups", "groups, known", "copies", "over time")
    shapes = [(200, 5), (200, 50), (1000, 10), (1000, 200)]
    cases = [(kind, *shape, 0.0) for kind, shape in product(kinds, shapes)]
    cases += [(kind, 1000, 10, 1.0) for kind in kinds]
    for kind, n, n_neighbors, strength in cases:
        settings = kind, n, n_neighbors, strength
        found = over_runs(score_similar, *settings, n_runs=max(runs * 200 // n, 2))
        name = f"{'signal and noise' if strength else 'noise'}, {kind}"
        yield name, n, n_neighbors, *map(mean_cell, found)


def draw_suspects(kind, n, n_users, rng):
    """Features of one mark, five cameras and a size, their score, suspects and groups.

    In "told", the suspects affect the features but not the score; in "scored" it is the
    other way round; in "planted", the mark affects both. In "users", suspects and other
    causes belong to users, who are groups.
    """
    user = rng.integers(0, n_users, n)
    owner = user if kind.startswith("users") else rng.permutation(n)
    mark = (rng.random(n) < 0.3)[owner]
    camera, size = rng.integers(0, 5, n)[owner], rng.normal(size=n)[owner]
    X = rng.normal(size=(n, 30))
    if kind not in ("clean", "scored"):
        X[:, 10] += 3 * mark
        X[:, 11] += 2 * size
        X[:, 12:17] += 3 * np.eye(5)[camera]
    y = X[:, 0] + X[:, 1] + rng.normal(size=n)
    if kind.startswith("users"):
        of_user = rng.normal(size=(2, n_users))[:, user]
        X[:, 2] += of_user[0]
        y += of_user.sum(axis=0)
    if kind == "scored":
        y += 2 * mark + size
    if kind.endswith("planted"):
        y += 1.5 * mark
    suspects = {"mark": mark, "camera": camera, "size": size}
    return X, y, suspects, user if kind.startswith("users") else None


def audit_suspects(kind, n, n_users, seed):
    """Whether the mark is accused, whether others are, and `follows` of the mark."""
    rng = np.random.default_rng(seed)
    X, y, suspects, groups = draw_suspects(kind, n, n_users, rng)
    model = RidgeCV(np.logspace(-1, 3, 5))
    found = shortcut_audit(model, X, y, suspects=suspects, groups=groups).suspects
    accused = (found["verdict"] != "").to_numpy()
    follows = found[["follows", "follows_low", "follows_high"]].iloc[0]
    return accused[0], accused[1:].any(), *follows


@section("what is made | rows | mark accused | others accused | follows | held")
def shortcuts(*, runs=200, rows=(300, 900), users=60):
    """Whether `shortcut_audit` finds planted shortcuts, and accuses no others.

    "held" is how often intervals of `follows` of the mark cover its mean over runs.
    """
    kinds = ("clean", "told", "scored", "users", "planted", "users, planted")
    for kind, n in product(kinds, rows):
        found = over_runs(audit_suspects, kind, n, users, n_runs=runs)
        mark, others, follows, low, high = found
        held = (low <= follows.mean()) & (follows.mean() <= high)
        shares = [f"{each.mean():.1%}" for each in (mark, others)]
        yield kind, n, *shares, f"{follows.mean():+.3f}", f"{held.mean():.1%}"


#: What the branches of a late fusion are worth.
WORTHS = {
    "one good": (0.5, 0, 0, 0, 0, 0),
    "one weak": (0.3, 0, 0, 0, 0, 0),
    "one good, two weak": (0.5, 0.2, 0.2, 0, 0, 0),
    "three equal": (0.4, 0.4, 0.4, 0, 0, 0),
}
WIDTH, N_TELLING, N_FRESH = 10, 4, 2000
#: Runs by the number of rows, of which 150 have 60.
RUNS = {150: 60, 300: 40, 600: 20, 1500: 10}


def fuse(worth, n, grouped, seed):
    """Scores on new rows of the fusion, the fusion of sorted rows, and each branch.

    The last values are whether the fusion reports each branch as at chance.
    """
    rng, groups = np.random.default_rng(seed), np.arange(n + N_FRESH)
    if grouped:
        groups //= 10
    X = draw_normal(groups, WIDTH * len(worth), rng)
    parts = X.reshape(len(X), len(worth), WIDTH)[:, :, :N_TELLING].sum(axis=2)
    noise = draw_normal(groups, 1, rng)[:, 0] * np.sqrt(1 - np.square(worth).sum())
    y = parts @ np.array(worth) / np.sqrt(N_TELLING) + noise
    learners = [RidgeCV(np.logspace(0, 5, 11)), SVR(C=1.0)]
    branches = [
        (
            f"branch {i}",
            make_pipeline(StandardScaler(), clone(learners[i % 2])),
            slice(WIDTH * i, WIDTH * (i + 1)),
        )
        for i in range(len(worth))
    ]
    scores = []
    for rows in (rng.permutation(n), np.argsort(y[:n])):
        told = {"groups": groups[rows]} if grouped else {}
        fusion = StackedLateFusion(branches).fit(X[rows], y[rows], **told)
        scores.append(spearman_score(y[n:], fusion.predict(X[n:])))
    outputs = fusion.branch_predictions(X[n:]).T
    alone = [spearman_score(y[n:], output) for output in outputs]
    marked = [score.at_chance for score in fusion.branch_scores_.values()]
    return [*scores, *alone, *marked]


@section(
    "branches | rows | folds of | best branch | fusion less best | sorted less "
    "shuffled | marked at chance: of no worth | others"
)
def fusion(*, sizes=(150, 300, 600, 1500), runs=60):
    """Late fusion beside its best branch, and on tables sorted by score.

    Each of six branches has its own ten columns, four of which have the weight of the
    case. The best branch is the one that is best on average. Runs are for 150 rows;
    there are fewer for more rows.
    """
    for grouped, (case, worth), n in product((False, True), WORTHS.items(), sizes):
        n_runs = max(runs * RUNS.get(n, 60) // 60, 2)
        fused, by_score, *each = over_runs(fuse, worth, n, grouped, n_runs=n_runs)
        branches, marked = np.split(np.array(each), 2)
        best = branches[branches.mean(axis=1).argmax()]
        chance = np.array(worth) == 0
        yield (
            case,
            n,
            "groups" if grouped else "rows",
            f"{best.mean():.3f}",
            error_cell(fused - best),
            error_cell(by_score - fused),
            f"{marked[chance].mean():.0%}",
            f"{marked[~chance].mean():.0%}",
        )


COMMANDS = (within, neighbors, shortcuts, fusion, causes)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
