"""Scores of models on real posts, by sections of RESULTS.md.

Run ``python benchmarks/posts.py SECTION DATA``: the folder DATA contains the folders
oasis and memes (labels.csv with path; theme and ratings, or ups, user, time and title),
tabular (imgflip_memes_sample.csv) and webpages. ``--keep FILE`` caches features. Folds
keep themes or users together.
"""

import time

import numpy as np
import pandas as pd
from _tables import (
    comparison_rows,
    interval,
    mean_cell,
    read_posts,
    recommend,
    run,
    section,
)
from _votes import votes
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import (
    IntervalRegressor,
    LatentRankSVM,
    NeighborPopularity,
    ResidualRegressor,
    SocialFeatures,
    UserHistoryEncoder,
    spearman_interval,
)
from sklearn_popularity.evaluation import (
    compare_models,
    held_out_predictions,
    shortcut_audit,
    variance_shares,
)
from sklearn_popularity.metrics import mean_interval, user_correlations

CALENDAR = SocialFeatures(times=["time"], texts=["title"], missing="nan")
ALPHAS = np.logspace(-1, 5, 13)
N_NEIGHBORS = 20


def forward(posts):
    """Row numbers of the first four fifths, and of later posts by new users."""
    order = np.argsort(pd.to_datetime(posts["time"]), kind="stable").to_numpy()
    past, coming = np.split(order, [len(order) * 4 // 5])
    users = posts["user"].to_numpy()
    return past, coming[~np.isin(users[coming], users[past])]


def network_rows(posts, keep):
    """Embeddings of photos by the network of the recommended model, scaled as there."""
    photos = posts[["photo"]]
    return recommend(photos, keep).regressor[:-1].fit_transform(photos)


@section("data | model | Spearman | over partitions")
def recommended(data, *, repeats=3, keep=None):
    """Scores of `papers.recommended` on ratings and on votes.

    Models were chosen by their scores for beauty, valence and memes of new authors.
    Arousal and memes forward in time (the last fifth, of new authors) were tested once.
    """
    photos, memes = read_posts(data / "oasis"), read_posts(data / "memes")
    told, votes = ["photo", "time", "title"], np.log(memes["ups"])
    without = {"photo": None, "time": "time"}
    kinds = {
        "all": {"titles": "title", "time": "time"},
        "photos": {},
        "titles": {"photo": None, "titles": "title"},
        "time and length of the title": without | {"cues": CALENDAR},
        "title and time": without | {"titles": "title"},
    }
    models = {
        name: recommend(memes[told], keep, **kind) for name, kind in kinds.items()
    }
    alone = {"recommended": recommend(photos[["photo"]], keep)}
    sets = {
        f"OASIS {label}": (alone, photos[["photo"]], photos[label], photos["theme"])
        for label in ("beauty", "valence", "arousal")
    }
    sets["memes, unseen authors"] = models, memes[told], votes, memes["user"]
    for name, (*given, groups) in sets.items():
        found = compare_models(*given, groups=groups, n_repeats=repeats)
        yield from comparison_rows(name, found, ("score", "range"))
    past, coming = (memes.iloc[rows] for rows in forward(memes))
    name = f"memes, forward, {len(coming)} by new authors"
    for model in models:
        learned = clone(models[model]).fit(past[told], votes[past.index])
        predicted = learned.predict(coming[told])
        found = spearman_interval(coming["ups"], predicted, groups=coming["user"])
        yield name, model, interval(*found[:3]), ""


@section("posts | model | score | gain on the SVR")
def neighbors(data, *, keep=None):
    """Gain from scores of similar posts beside an SVR on embeddings.

    There are 20 neighbours, a number that was not chosen by these scores.
    """
    photos, memes = read_posts(data / "oasis"), read_posts(data / "memes")
    given = network_rows(memes, keep), np.log(memes["ups"]), memes["user"]
    yield from beside_neighbors("memes, by user", *given, n_repeats=1)
    times = pd.to_datetime(memes["time"]).rank(method="dense").to_numpy()
    past, coming = forward(memes)
    settings = {"times": times, "cv": [(past, coming)], "n_repeats": 1}
    name = f"memes, forward, {len(coming)} by new users"
    yield from beside_neighbors(name, *given, **settings)
    rows = network_rows(photos, keep)
    for label in ("beauty", "valence"):
        given = rows, photos[label], photos["theme"]
        yield from beside_neighbors(f"OASIS {label}, by theme", *given)


def beside_neighbors(name, rows, y, groups, *, times=None, **settings):
    """Rows of neighbours alone, the SVR, and both, on the same folds."""
    X = pd.DataFrame(rows).add_prefix("row")
    photo = ("passthrough", list(X.columns))
    X["user"] = np.asarray(groups)
    ours = NeighborPopularity(n_neighbors=N_NEIGHBORS, groups="user")
    if times is not None:
        X["time"] = times
        ours.set_params(time="time")
    similar = make_pipeline(ours, StandardScaler())
    svr = TransformedTargetRegressor(SVR(), transformer=StandardScaler())
    alone, both = (
        make_column_transformer(photo, *more) for more in ([], [(similar, list(X))])
    )
    models = {
        "SVR": make_pipeline(alone, svr),
        "SVR and neighbours": make_pipeline(both, svr),
        "neighbours": make_pipeline(similar, Ridge()),
        "KNeighborsRegressor": make_pipeline(alone, KNeighborsRegressor(N_NEIGHBORS)),
    }
    settings |= {"groups": groups, "reference": "SVR"}
    found = compare_models(models, X, y, **settings)
    return comparison_rows(name, found, ("score", "gain"))


@section("posts | themes, users | covered | width | of the label's range")
def intervals(data, *, keep=None):
    """Coverage of 90-percent intervals for scores of posts of a new theme or user."""
    posts = read_posts(data / "oasis")
    model = recommend(posts[["photo"]], keep)
    for label in ("beauty", "valence", "arousal"):
        name = f"OASIS {label}, by theme"
        yield held_out_intervals(name, model, posts, posts[label], posts["theme"])
    posts = read_posts(data / "memes").sort_values("time", kind="stable")
    model = recommend(posts[["photo"]], keep)
    given = posts, np.log(posts["ups"]), posts["user"]
    yield held_out_intervals("memes, log votes, by user", model, *given)
    yield from forward_intervals("memes, log votes, forward", model, *given)


def covered_by_user(model, posts, y, users):
    """Share of posts within their intervals, for each user."""
    low, high = model.predict_interval(posts[["photo"]]).T
    return pd.Series((low <= y) & (y <= high)).groupby(users).mean()


def interval_cells(name, covered, width, y):
    found = interval(*mean_interval(covered))
    return name, len(covered), found, f"{width:.2f}", f"{width / np.ptp(y):.0%}"


def held_out_intervals(name, estimator, posts, y, users):
    covered, widths = [], []
    for train, test in GroupKFold(5).split(posts, groups=users):
        model = IntervalRegressor(estimator)
        model.fit(posts[["photo"]].iloc[train], y.iloc[train], groups=users.iloc[train])
        given = (each.iloc[test] for each in (posts, y, users))
        covered.append(covered_by_user(model, *given))
        widths.append(2 * model.half_width_)
    return interval_cells(name, pd.concat(covered), np.mean(widths), y)


def forward_intervals(name, estimator, posts, y, users):
    """Coverage for the last fifth of the posts, for all and for new users."""
    start = len(posts) * 4 // 5
    in_time = list(TimeSeriesSplit(5).split(posts[:start]))
    for folds, cv in {"users": 5, "time": in_time}.items():
        model = IntervalRegressor(estimator, cv=cv)
        model.fit(posts[["photo"]][:start], y[:start], groups=users[:start])
        covered = covered_by_user(model, posts[start:], y[start:], users[start:])
        new = ~covered.index.isin(users[:start])
        for who, chosen in {"all users": slice(None), "new users": new}.items():
            full = f"{name}, folds by {folds}, {who}"
            yield interval_cells(full, covered[chosen], 2 * model.half_width_, y)


def shortcuts(data, *, keep=None):
    """Which suspects correlate with the scores of the recommended model of photos."""
    measures = ["size", "aspect", "file_type", "camera", "border", "watermark"]
    for name, label, group in (("oasis", "beauty", "theme"), ("memes", "ups", "user")):
        posts = read_posts(data / name)
        suspects = {group: group}
        if "source" in posts:
            suspects["source"] = posts["source"].astype(str)
        if "time" in posts:
            suspects["year"] = posts["time"].str[:4]
        audit = shortcut_audit(
            recommend(posts[["photo"]], keep),
            posts,
            np.log(posts[label]) if label == "ups" else posts[label],
            suspects=suspects,
            measures=measures,
            groups=posts[group],
        )
        print(f"\n{name}\n\n{audit}\n")
        print(audit.suspects.drop(columns="verdict").round(3).to_string(index=False))
        worst = audit.groups.groupby("suspect", sort=False).head(3)
        print(worst.round(3).to_string(index=False))


@section("history | its mean alone | trees, held out | mean alone, author seen before")
def history(data, *, repeats=5):
    """How well an author's other posts predict the views of memes, and leaks would.

    The score is log2(views) of memes in the order of their ids; trees are fitted to
    mean, count and spread of an author's other scores.
    """
    memes = pd.read_csv(data / "tabular" / "imgflip_memes_sample.csv")
    memes = memes[memes["author"].notna()].reset_index(drop=True)
    memes["order"] = [int(post, 36) for post in memes["post_id"]]
    y, authors = np.log2(memes["views"].to_numpy()), memes["author"].to_numpy()
    past = UserHistoryEncoder(user="author", mode="past", time="order")
    others = UserHistoryEncoder(user="author", random_state=0)
    # What many do: statistics of users over the whole table.
    leaky = others.fit(memes, y).transform(memes)
    before = past.fit_transform(memes, y)
    seen = before[:, 1] > 0
    kinds = {
        "posted before": (before, past, memes),
        "other folds": (others.fit_transform(memes, y), others, memes),
        "whole table (leaks)": (leaky, "passthrough", pd.DataFrame(leaky)),
    }
    trees = HistGradientBoostingRegressor(random_state=0)
    for name, (told, encoder, X) in kinds.items():
        model = {name: make_pipeline(encoder, trees)}
        found = compare_models(model, X, y, n_repeats=repeats)
        [(_, _, learned)] = comparison_rows("", found, ("score",))
        alone, known = (
            spearman_interval(y[rows], told[rows, 0], groups=authors[rows])[:3]
            for rows in (slice(None), seen)
        )
        yield name, interval(*alone), learned, interval(*known)
    n_authors = len(set(authors))
    print(f"\n{len(memes)} memes of {n_authors} authors, {seen.sum()} seen before")


@section(
    "score | photo (template) | user | rest | ceiling of photo | of user | of both"
)
def repeated(data):
    """Shares of picture and author in the variance of views and votes of memes."""
    memes = pd.read_csv(data / "tabular" / "imgflip_memes_sample.csv")
    for score in ("views", "votes"):
        known = memes.dropna(subset=[score, "author"])
        found = variance_shares(
            known[score], photo=known["template"], user=known["author"]
        )
        shares = found.shares[["share", "low", "high"]].to_numpy()
        ceilings = found.ceilings[["spearman", "low", "high"]].to_numpy()
        yield (
            f"{score}, {len(known)}",
            *(interval(*row) for row in (*shares, *ceilings)),
        )
    rng, n = np.random.default_rng(0), 100_000
    labels = {"photo": rng.integers(0, 5000, n), "user": rng.integers(0, 20_000, n)}
    start = time.perf_counter()
    variance_shares(rng.normal(size=n), **labels)
    print(f"\n{n:,} posts: {time.perf_counter() - start:.2f} s")


@section("model | mean correlation within months | less ridge")
def within(data, *, keep=None):
    """Whether `within` months ranks memes of a month better than a pooled model.

    Folds are by author, in two partitions; intervals are over months.
    """
    posts = read_posts(data / "memes")
    rows = StandardScaler().fit_transform(network_rows(posts, keep))
    when = pd.to_datetime(posts["time"], utc=True)
    month = (when.dt.year * 12 + when.dt.month).to_numpy()
    day = (when - when.min()).dt.total_seconds().to_numpy() / 86_400
    X, photo = np.column_stack([month, day, rows]), slice(2, None)
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    ridge = see(photo, RidgeCV(ALPHAS))
    times = see([1], SplineTransformer(8), RidgeCV(ALPHAS))
    months = [0, *range(2, X.shape[1])]
    models = {
        "pooled ranker": see(photo, ranker),
        "ranker within months": see(months, clone(ranker).set_params(within=0)),
        "ridge": ridge,
        "residuals of the time": ResidualRegressor(ridge, context=times),
    }
    y, scores = np.log(posts["ups"].to_numpy()), {}
    for name, model in models.items():
        held_out = held_out_predictions(model, X, y, groups=posts["user"], n_repeats=2)
        found = [user_correlations(y, shares, month) for shares in held_out.shares.T]
        found = np.mean(found, axis=0)
        scores[name] = found[~np.isnan(found)]  # months with one post have none
    for name, each in scores.items():
        yield name, f"{each.mean():.3f}", mean_cell(each - scores["ridge"])


def see(columns, *steps):
    """A pipeline on some columns."""
    return make_pipeline(make_column_transformer(("passthrough", columns)), *steps)


COMMANDS = (
    recommended,
    neighbors,
    intervals,
    shortcuts,
    history,
    repeated,
    within,
    votes,
)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
