"""Coverage of intervals in simulations, where the truth is known, by sections.

Run ``python benchmarks/simulations.py SECTION``; ``--jobs 2`` before the section uses
two processes, and ``--runs`` sets the number of runs, by default that of RESULTS.md.
"""

from itertools import product

import numpy as np
import pandas as pd
from _tables import draw_normal, error_cell, over_runs, run, section, table
from scipy.stats import norm
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR

from sklearn_popularity import (
    IntervalRegressor,
    LatentRankSVM,
    spearman_interval,
    spearman_score,
)
from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.evaluation import variance_shares as find_shares
from sklearn_popularity.metrics import pairwise_accuracy, spearman_difference

FOREST = RandomForestRegressor(10, min_samples_leaf=3, random_state=0)
MODELS = {"ridge": Ridge(10.0), "svr": SVR(C=1.0)}
#: Those whose held-out scores are compared with the truth.
BIASED = MODELS | {
    "forest": FOREST,
    "neighbours": KNeighborsRegressor(5),
    "ranker": LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0),
    "constant": DummyRegressor(),
}
#: Groups and rows of each; groups of one row are none.
BIASED_SHAPES = [(6, 20), (20, 10), (60, 5), (200, 4), (300, 1)]
#: Without rows, groups have 1 to 200 by a power law.
GIVEN = [(4, 25), (6, 20), (10, 10), (10, 50), (20, 10), (50, 4)]
GIVEN += [(n_groups, None) for n_groups in (6, 10, 20, 50)]
TRAINED = [(6, 20), (10, 10), (20, 10), (50, 4)]
#: Shapes that are also cut into other numbers of folds than five.
OTHER_FOLDS = [(10, 10), (20, 10)]
N_FEATURES, N_FRESH = 20, 2000
HALVES = slice(None, None, 2), slice(1, None, 2)


def draw_groups(n_groups, n_rows, rng):
    """Group of each row."""
    if n_rows is not None:
        return np.repeat(np.arange(n_groups), n_rows)
    sizes = np.arange(1, 201)
    shares = sizes**-1.5 / (sizes**-1.5).sum()
    return np.repeat(np.arange(n_groups), rng.choice(sizes, n_groups, p=shares))


def draw_data(groups, signal, rng):
    """Features of equal weight, and the score."""
    columns = draw_normal(groups, N_FEATURES + 1, rng)
    X = columns[:, :-1]
    explained = X.sum(axis=1) / np.sqrt(N_FEATURES)
    return X, signal * explained + np.sqrt(1 - signal**2) * columns[:, -1]


def truth_of(held_out, signal, rng):
    """Score of a fold's model on new groups."""
    X, y = draw_data(np.arange(N_FRESH), signal, rng)
    return spearman_score(y, held_out.estimators[0][0].predict(X))


def covers_given(shape, score, seed):
    """Whether the interval of fixed predictions covers their score."""
    rng = np.random.default_rng(seed)
    groups = draw_groups(*shape, rng)
    y, noise = draw_normal(groups, 2, rng).T
    r = 2 * np.sin(np.pi * score / 6)  # of a normal pair with such a rank correlation
    predicted = r * y + np.sqrt(1 - r**2) * noise
    interval = spearman_interval(y, predicted, groups=groups)
    return interval.low <= score <= interval.high


def bias_of(model, shape, signal, seed):
    """Held-out score minus that of a fold's model on new groups, and the latter."""
    rng = np.random.default_rng(seed)
    groups = draw_groups(*shape, rng)
    X, y = draw_data(groups, signal, rng)
    held_out = held_out_predictions(
        model, X, y, groups=groups if shape[1] > 1 else None, return_estimator=True
    )
    truth = truth_of(held_out, signal, rng)
    return held_out.scores(y)[0] - truth, truth


def study(model, shape, signal, n_folds, seed):
    """The interval of a model's score, and the true score of a fold's model.

    The last values are p-values of two models with one half of the features each, for
    models trained anew and for these predictions.
    """
    rng = np.random.default_rng(seed)
    groups = draw_groups(*shape, rng)
    X, y = draw_data(groups, signal, rng)
    settings = {"groups": groups, "cv": n_folds, "n_repeats": 3}
    held_out = held_out_predictions(model, X, y, **settings, return_estimator=True)
    found = spearman_interval(y, held_out.shares, groups=groups, n_folds=n_folds)
    truth = truth_of(held_out, signal, rng)
    halves = [
        held_out_predictions(model, X[:, half], y, **settings).shares for half in HALVES
    ]
    p_values = (
        spearman_difference(y, *halves, groups=groups, n_folds=given).p_value
        for given in (n_folds, None)
    )
    return found.low, found.high, truth, *p_values


def summarise(trials):
    """Mean true score, coverage, and how often equal models "differ"."""
    low, high, truth, *p_values = np.transpose(trials)
    covered = (low <= truth.mean()) & (truth.mean() <= high)
    return truth.mean(), covered.mean(), *((p < 0.05).mean() for p in p_values)


def held_out(*, biases=400, runs=2000, studies=200):
    """Bias of held-out scores, coverage of their intervals, equal models that differ.

    Nominal values are 0, 95 % and 5 %. Signals are the weights of the features.
    """

    def bias_cell(model, shape, signal):
        bias, truth = over_runs(bias_of, model, shape, signal, n_runs=biases)
        return f"{error_cell(bias)} (truth {truth.mean():.2f})"

    def bias_rows():
        for name, model in BIASED.items():
            for shape in BIASED_SHAPES:
                cells = (bias_cell(model, shape, signal) for signal in (0.0, 0.35, 0.7))
                yield f"{name}, {shape[0]} x {shape[1]}", *cells

    def given_rows():
        for n_groups, n_rows in GIVEN:
            shape = n_groups, n_rows
            cells = (
                f"{np.mean(over_runs(covers_given, shape, score, n_runs=runs)):.3f}"
                for score in (0.29, 0.68)
            )
            yield f"{n_groups} x {n_rows or '1 to 200'}", *cells

    def trained_rows():
        for name, model in MODELS.items():
            for shape in TRAINED:
                for n_folds in (2, 5, 10) if shape in OTHER_FOLDS else (5,):
                    for signal in (0.2, 0.8):
                        settings = model, shape, signal, n_folds
                        trials = over_runs(study, *settings, n_runs=studies).T
                        truth, *shares = summarise(trials)
                        row = f"{name}, {shape[0]} x {shape[1]}, {n_folds}"
                        yield row, f"{truth:.2f}", *(f"{each:.3f}" for each in shares)

    table("model, groups x rows | signal 0 | signal 0.35 | signal 0.7", bias_rows())
    table("groups x rows | score 0.29 | score 0.68", given_rows())
    names = "model, groups x rows, folds | truth | covered | equal pairs differ"
    names += " | without `n_folds`"
    table(names, trained_rows())


def draw_crossed(shape, effects, uneven, rng):
    """Scores of posts with crossed effects of photos and users, and labels of both."""
    n_posts, n_photos, n_users = shape
    labels, latent = [], rng.normal(size=n_posts) * np.sqrt(1 - sum(effects))
    for n, share in zip((n_photos, n_users), effects, strict=True):
        sizes = 1 + rng.pareto(1.2, n) if uneven else np.ones(n)
        labels.append(rng.choice(n, n_posts, p=sizes / sizes.sum()))
        latent += np.sqrt(share) * rng.normal(size=n)[labels[-1]]
    return np.exp(2 * latent), *labels


def estimate_shares(shape, effects, uneven, seed):
    """Shares of photo, user and both, with their intervals."""
    rng = np.random.default_rng(seed)
    y, photo, user = draw_crossed(shape, effects, uneven, rng)
    found = find_shares(y, photo=photo, user=user).shares
    shares = found[["share", "low", "high"]].to_numpy(float)
    return [*shares[:2], 1 - shares[2, [0, 2, 1]]]


@section("posts, photos, users | sizes | photo, user, both | bias | covered")
def variance_shares(*, runs=400):
    """Bias and coverage of the shares of photo, user and both in a score.

    The true shares are those in the variance of ranks, with normal effects.
    """
    shapes = [(600, 60, 100), (2000, 88, 600), (2000, 1000, 1000)]
    all_effects = [(0.0, 0.0), (0.1, 0.3), (0.4, 0.2)]
    for uneven, shape, effects in product((False, True), shapes, all_effects):
        truth = 6 / np.pi * np.arcsin(np.r_[effects, sum(effects)] / 2)
        found = over_runs(estimate_shares, shape, effects, uneven, n_runs=runs)
        share, low, high = found.swapaxes(1, 2)
        covered = (low <= truth) & (truth <= high)
        yield (
            ", ".join(map(str, shape)),
            "power law" if uneven else "alike",
            ", ".join(f"{x:.3f}" for x in truth),
            ", ".join(f"{x:+.3f}" for x in share.mean(axis=0) - truth),
            ", ".join(f"{x:.3f}" for x in covered.mean(axis=0)),
        )


def draw_users(n_users, sizes, rng):
    """Features, scores and users of posts, with heavy-tailed errors."""
    counts = np.full(n_users, 1 if sizes == "1" else 10)
    if sizes == "power law":
        counts = np.minimum(1 + rng.pareto(0.8, n_users), 300).astype(int)
    users = np.repeat(np.arange(n_users), counts)
    X = rng.normal(size=(len(users), 4)) + rng.normal(size=(n_users, 4))[users]
    noise = rng.normal(size=n_users)[users] + 0.7 * rng.standard_t(4, len(users))
    return X, X[:, 0] + np.abs(X[:, 1]) + noise, users


def cover_users(estimator, n_users, sizes, seed):
    """Coverage for new users, coverage of intervals that ignore users, and width."""
    rng = np.random.default_rng(seed)
    X, y, users = draw_users(n_users, sizes, rng)
    new_X, new_y, new_users = draw_users(100, sizes, rng)

    def covered(model):
        low, high = model.predict_interval(new_X).T
        held = pd.Series((low <= new_y) & (new_y <= high))
        return held.groupby(new_users).mean().mean()

    model = IntervalRegressor(estimator)
    by_users = clone(model).fit(X, y, groups=users)
    by_rows = covered(model.fit(X, y)) if len(y) >= 9 else np.nan
    return covered(by_users), by_rows, 2 * by_users.half_width_


@section("users | posts of each | model | covered | rows by themselves | width")
def intervals(*, runs=300):
    """Coverage of 90-percent intervals for the score of a post by a new user.

    Users differ in level and in what they post; 100 new ones weigh the same. Runs are
    for 9 users; there are fewer for more users.
    """
    models = {"ridge": Ridge(), "forest": FOREST}.items()
    cases = product(("1", "10", "power law"), (9, 20, 50, 200), models)
    for sizes, n_users, (name, model) in cases:
        n_runs = max(runs * 9 // n_users, 2)
        found = over_runs(cover_users, model, n_users, sizes, n_runs=n_runs)
        covered, by_rows, width = found
        cell = error_cell(covered).lstrip("+")
        yield n_users, sizes, name, cell, f"{by_rows.mean():.3f}", f"{width.mean():.2f}"


def covers_votes(shape, effects, seed):
    """Whether the interval of an accuracy of .62 covers it."""
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


@section("items, voters, votes | effects of items, voters | covered")
def votes(*, runs=400):
    """Coverage of 95-percent intervals of an accuracy; votes share items and voters."""
    shapes = [(10, 20, 200), (20, None, 190), (20, 10, 400), (40, 30, 600)]
    shapes.append((100, 174, 5500))
    for case in product(shapes, [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.7, 0.7)]):
        yield *case, f"{over_runs(covers_votes, *case, n_runs=runs).mean():.3f}"


COMMANDS = (held_out, variance_shares, intervals, votes)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
