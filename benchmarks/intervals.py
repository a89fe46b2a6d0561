"""How often intervals hold the score of a post by a new user: made-up and real posts.

Run ``python benchmarks/intervals.py``, and with a folder of oasis and memes (as of
``benchmarks/recommended.py``) for real posts; ``--keep FILE`` keeps rows of features.

Made-up users differ in their level and in what their photos look like, and errors are
heavy-tailed. Coverage, of which 90 % is asked, is that of 100 new users who weigh
alike, averaged over runs; beside it that of intervals which take each row by itself.

Real posts: users (themes) are held out in turn, and memes forward in time. Coverage is
the mean over users, with the 95 % interval of `mean_interval`.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from sklearn_popularity import IntervalRegressor
from sklearn_popularity.metrics import mean_interval
from sklearn_popularity.papers import recommended

N_USERS = (9, 20, 50, 200)
SIZES = ("1", "10", "power law")
N_NEW = 100
MODELS = {
    "ridge": Ridge(),
    "forest": RandomForestRegressor(10, min_samples_leaf=3, random_state=0),
}


def draw(n_users, sizes, rng):
    """Features, scores and users of made-up posts."""
    counts = np.full(n_users, 1 if sizes == "1" else 10)
    if sizes == "power law":
        counts = np.minimum(1 + rng.pareto(0.8, n_users), 300).astype(int)
    users = np.repeat(np.arange(n_users), counts)
    X = rng.normal(size=(len(users), 4)) + rng.normal(size=(n_users, 4))[users]
    noise = rng.normal(size=n_users)[users] + 0.7 * rng.standard_t(4, len(users))
    return X, X[:, 0] + np.abs(X[:, 1]) + noise, users


def coverage_by_user(model, X, y, users):
    """Share of posts within their intervals, of each user."""
    low, high = model.predict_interval(X).T
    return pd.Series((low <= y) & (y <= high)).groupby(np.asarray(users)).mean()


def simulate(estimator, n_users, sizes, n_runs):
    """Mean coverage and width by users, and coverage by rows."""
    found = []
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        X, y, users = draw(n_users, sizes, rng)
        new = draw(N_NEW, sizes, rng)
        model = IntervalRegressor(estimator)
        by_users = clone(model).fit(X, y, groups=users)
        covered = [coverage_by_user(by_users, *new).mean(), np.nan]
        if len(y) >= 9:
            covered[1] = coverage_by_user(model.fit(X, y), *new).mean()
        found.append([*covered, 2 * by_users.half_width_])
    return np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(n_runs)


def show_simulation(n_runs, all_sizes):
    """Fewer runs of many users, so that errors of the coverage are alike."""
    print("| users | posts of each | model | covered | rows by themselves | width |")
    print("|---|---|---|---|---|---|")
    for sizes in all_sizes:
        for n_users in N_USERS:
            for name, estimator in MODELS.items():
                runs = max(n_runs * N_USERS[0] // n_users, 2)
                mean, error = simulate(estimator, n_users, sizes, runs)
                print(
                    f"| {n_users} | {sizes} | {name} | {mean[0]:.3f} +- {error[0]:.3f} "
                    f"| {mean[1]:.3f} | {mean[2]:.2f} |",
                    flush=True,
                )


def show(name, covered, widths, y):
    found = mean_interval(covered)
    width = np.mean(widths)
    print(
        f"| {name} | {len(covered)} | {found.mean:.3f} ({found.low:.3f} to "
        f"{found.high:.3f}) | {width:.2f} | {width / np.ptp(y):.0%} |",
        flush=True,
    )


def held_out(name, estimator, posts, y, users):
    """Coverage of users who are held out, in five folds."""
    covered, widths = [], []
    for train, test in GroupKFold(5).split(posts, groups=users):
        model = IntervalRegressor(estimator)
        model.fit(posts.iloc[train], y.iloc[train], groups=users.iloc[train])
        found = coverage_by_user(
            model, posts.iloc[test], y.iloc[test].to_numpy(), users.iloc[test]
        )
        covered.append(found)
        widths.append(2 * model.half_width_)
    show(name, pd.concat(covered), widths, y)


def forward(name, estimator, posts, y, users):
    """Coverage of the last fifth, of all its users and of those who are new."""
    start = len(posts) * 4 // 5
    past, coming = posts[:start], posts[start:]
    in_time = list(TimeSeriesSplit(5).split(past))
    for folds, cv in {"users": 5, "time": in_time}.items():
        model = IntervalRegressor(estimator, cv=cv)
        model.fit(past, y[:start], groups=users[:start])
        found = coverage_by_user(model, coming, y[start:].to_numpy(), users[start:])
        new = ~found.index.isin(users[:start])
        for who, rows in {"all users": slice(None), "new users": new}.items():
            label = f"{name}, forward, folds by {folds}, {who}"
            show(label, found[rows], 2 * model.half_width_, y)


def read(folder):
    posts = pd.read_csv(folder / "labels.csv")
    return posts.assign(photo=[str(folder / path) for path in posts["path"]])


def real(folder, keep):
    print("\n| posts | users | covered | width | of the label's range |")
    print("|---|---|---|---|---|")
    posts = read(folder / "oasis")
    model = recommended(posts[["photo"]], cache=keep).model
    for label in ("beauty", "valence", "arousal"):
        held_out(
            f"OASIS {label}, by theme",
            model,
            posts[["photo"]],
            posts[label],
            posts["theme"],
        )
    posts = read(folder / "memes").sort_values("time", kind="stable")
    given = posts[["photo"]], np.log(posts["ups"]), posts["user"]
    model = recommended(posts[["photo"]], cache=keep).model
    held_out("memes, log votes, by user", model, *given)
    forward("memes, log votes", model, *given)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--keep", help="file that keeps rows of features")
    parser.add_argument("--runs", type=int, default=300, help="of 9 users")
    parser.add_argument("--sizes", nargs="*", default=SIZES, choices=SIZES)
    options = parser.parse_args()
    if options.runs:
        show_simulation(options.runs, options.sizes)
    if options.folder:
        real(options.folder, options.keep)


if __name__ == "__main__":
    main()
