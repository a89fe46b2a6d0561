"""What the photo does, apart from who posts it and when: made-up posts and memes.

Run ``python benchmarks/within.py FOLDER``; the folder holds labels.csv with path, ups,
user and time. Of made-up posts the photo's own effect is known: popular users post
photos that look alike, and a pooled model learns these looks. Judged by posts of users
who are new.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

from sklearn_popularity import (
    LatentRankSVM,
    ResidualRegressor,
    UserHistoryEncoder,
    spearman_score,
)
from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.metrics import user_correlations
from sklearn_popularity.papers import recommended

N_FEATURES = 10
ALPHAS = np.logspace(-1, 5, 13)
RANKER = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)


def columns(*steps, of):
    return make_pipeline(make_column_transformer(("passthrough", of)), *steps)


def draw(n_users, n_each, looks, rng):
    """Users and features of posts, their scores, and what the photo does."""
    user = np.arange(n_users).repeat(n_each)
    level = rng.normal(size=n_users)[user]
    features = rng.normal(size=(len(user), N_FEATURES))
    features[:, 0] += looks * level  # what popular users' photos look like
    effect = features @ np.r_[-0.5, 1.0, 0.5, np.zeros(N_FEATURES - 3)]
    y = np.exp(2 * level + effect + rng.normal(size=len(user)))
    return np.column_stack([user, features]), y, effect


def made_up(n_runs):
    print(
        "| posts of a user, looks | pooled ranker | within users, less pooled |", end=""
    )
    print(" ridge | residuals, less ridge | within, less residuals |")
    print("|---|---|---|---|---|---|")
    photo = list(range(1, N_FEATURES + 1))
    ridge = columns(RidgeCV(ALPHAS), of=photo)
    history = UserHistoryEncoder(user=0, random_state=0)
    residuals = ResidualRegressor(ridge, context=make_pipeline(history, RidgeCV()))
    for n_each in (3, 10, 30):
        for looks in (0.0, 1.0):
            found = []
            for seed in range(n_runs):
                X, y, effect = draw(1200 // n_each, n_each, looks, rng(seed))
                train, test = np.arange(len(y)) < 600, np.arange(len(y)) >= 600
                learned = X[train], np.log(y[train])
                models = [
                    columns(RANKER, of=photo).fit(*learned),
                    clone(RANKER).set_params(within=0).fit(*learned),
                    ridge.fit(*learned),
                    residuals.fit(*learned),
                ]
                found.append(
                    [spearman_score(effect[test], m.predict(X[test])) for m in models]
                )
            pooled, within, plain, left = np.transpose(found)
            print(
                f"| {n_each}, {looks:g} | {pooled.mean():.3f} | "
                f"{mean(within - pooled)} | {plain.mean():.3f} | "
                f"{mean(left - plain)} | {mean(within - left)} |",
                flush=True,
            )


def rng(seed):
    return np.random.default_rng(seed)


def mean(values):
    """Mean with its 95 % interval."""
    n = len(values)
    half = student.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
    middle = values.mean()
    return f"{middle:+.3f} ({middle - half:+.3f} to {middle + half:+.3f})"


def memes(folder, cache):
    """Mean correlation within months of models that know the time, and do not."""
    posts = pd.read_csv(folder / "labels.csv")
    photos = pd.DataFrame({"photo": [str(folder / path) for path in posts["path"]]})
    described = recommended(photos, cache=cache).model.regressor.steps[0][1]
    features = StandardScaler().fit_transform(described.fit_transform(photos))
    when = pd.to_datetime(posts["time"], utc=True)
    month = (when.dt.year * 12 + when.dt.month).to_numpy()
    day = when.astype("int64").to_numpy() / 86_400e9
    X, photo = np.column_stack([month, day, features]), slice(2, None)
    times = columns(SplineTransformer(8), RidgeCV(ALPHAS), of=[1])
    ridge = columns(FunctionTransformer(), RidgeCV(ALPHAS), of=photo)
    without_day = columns(of=[0, *range(2, X.shape[1])])
    models = {
        "pooled ranker": columns(RANKER, of=photo),
        "ranker within months": make_pipeline(
            without_day, clone(RANKER).set_params(within=0)
        ),
        "ridge": ridge,
        "residuals of the time": ResidualRegressor(ridge, context=times),
    }
    y = np.log(posts["ups"].to_numpy())
    scores = {
        name: within_months(model, X, y, posts["user"], month)
        for name, model in models.items()
    }
    print("| model | mean correlation within months | less ridge |\n|---|---|---|")
    for name, each in scores.items():
        apart = each - scores["ridge"]
        print(f"| {name} | {each.mean():.3f} | {mean(apart)} |")


def within_months(model, X, y, users, month):
    held_out = held_out_predictions(model, X, y, groups=users, n_repeats=2)
    found = [user_correlations(y, shares, month) for shares in held_out.shares.T]
    found = np.mean(found, axis=0)
    return found[~np.isnan(found)]  # months with one post have none


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", help="file that keeps rows of features")
    parser.add_argument("--runs", type=int, default=40)
    options = parser.parse_args()
    made_up(options.runs)
    memes(options.folder, options.keep)


if __name__ == "__main__":
    main()
