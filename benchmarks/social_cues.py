"""Social cues, user history and tags on real tables, and what leaks would have scored.

Run ``python benchmarks/social_cues.py FOLDER`` on a folder with
tabular/youtube_thumbnails_views.csv and tabular/imgflip_memes_sample.csv, and
``--vectors FILE`` with word vectors (an .npz with "words" and "vectors").

YouTube: views per day of 6,062 videos, log2(views / days + 1). The table tells whole
days from publication to observation; the moment of observation is taken as the latest
that any row implies (2025-07-16 22:50 UTC). It has no channel: videos whose channels
have equally many subscribers stand for one. Folds keep channels together; plain folds,
which split them, are shown beside. Cues are learned from by boosted trees
(HistGradientBoostingRegressor), titles by ridge regression.

Memes: log2(views) of 30,000 posts, in the order of their ids; rows without an author
are left out. Trees learn from mean, count and spread of an author's other scores.

Five partitions into five folds, by `compare_models`; intervals are those of models
trained anew on other channels or authors, and differences are paired.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_popularity import (
    SocialFeatures,
    StackedLateFusion,
    TagEmbedder,
    UserHistoryEncoder,
    log_normalized_popularity,
    spearman_interval,
)
from sklearn_popularity.evaluation import compare_models
from sklearn_popularity.evaluation._recipes import ridge

SEEDS = range(5)
ALL = "All cues"
TITLES, BOTH = "Title words", "All cues, title words"
#: Transformers of the cues, and the columns that they see.
CUES = {
    "Subscribers": (SocialFeatures(counts=["subscribers"]), ["subscribers"]),
    "Tags": (SocialFeatures(counts=["tags_count"]), ["tags_count"]),
    "Title length": (SocialFeatures(texts=["title"]), ["title"]),
    "Desc. length": (
        SocialFeatures(counts=["description_length"]),
        ["description_length"],
    ),
    "Video length": (SocialFeatures(counts=["video_duration"]), ["video_duration"]),
    "Hour, weekday": (SocialFeatures(times=["published_at"]), ["published_at"]),
    "Category": (
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        ["category_id"],
    ),
}


def trees():
    return HistGradientBoostingRegressor(random_state=0)


def cue_model(names):
    features = [CUES[name] for name in names]
    return make_pipeline(make_column_transformer(*features), trees())


def youtube_models(vectors):
    models = {name: cue_model([name]) for name in CUES}
    models[ALL] = cue_model(list(CUES))
    if vectors is not None:
        embedder = TagEmbedder(vectors, separator=None)
        words = make_column_transformer((embedder, "title"))
        models[TITLES] = make_pipeline(words, ridge())
        columns = [column for _, columns in CUES.values() for column in columns]
        titles = make_pipeline(embedder, ridge())
        models[BOTH] = StackedLateFusion(
            [("cues", models[ALL], columns), ("words", titles, "title")],
            cv=4,
        )
    return models


def compare(models, X, y, groups, reference=None):
    return compare_models(
        models, X, y, groups=groups, reference=reference, n_repeats=5, n_jobs=-1
    )


def show(interval):
    return f"{interval.score:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def show_score(row):
    return f"{row.spearman:.3f} ({row.low:.3f} to {row.high:.3f})"


def show_gain(row):
    return f"{row.difference:.3f} ({row.low:.3f} to {row.high:.3f})"


def youtube(folder, vectors):
    posts = pd.read_csv(folder / "tabular" / "youtube_thumbnails_views.csv")
    published = pd.to_datetime(posts["published_at"])
    observed = (published + pd.to_timedelta(posts["time_duration"], unit="D")).max()
    y = log_normalized_popularity(posts["views"], published, observed)
    channels = posts["subscribers"].to_numpy()
    models = youtube_models(vectors)
    grouped = compare(models, posts, y, channels, "Subscribers")
    plain = compare(models, posts, y, None).scores.set_index("model")
    gains = grouped.differences.set_index("model")
    print(
        f"\n{len(posts)} videos of {len(set(channels))} channels, observed {observed}\n"
    )
    print(
        "| cue | rank correlation of the cue | new channels | over partitions | "
        "minus subscribers | plain folds |\n|---|---|---|---|---|---|"
    )
    for row in grouped.scores.itertuples():
        alone = raw_correlation(row.model, posts, y, channels)
        gain = show_gain(gains.loc[row.model]) if row.model in gains.index else ""
        print(
            f"| {row.model} | {alone} | {show_score(row)} | "
            f"{row.lowest:.3f} to {row.highest:.3f} | {gain} | "
            f"{show_score(plain.loc[row.model])} |"
        )
    if vectors is not None:
        both = {name: models[name] for name in (ALL, BOTH)}
        [gain] = compare(both, posts, y, channels, ALL).differences.itertuples()
        print(f"\nTitle words beside all cues, minus all cues: {show_gain(gain)}")


def raw_correlation(name, posts, y, channels):
    """Of a cue that is one number."""
    if name not in CUES:
        return ""
    transformer, columns = CUES[name]
    cue = transformer.fit_transform(posts[columns])
    return (
        ""
        if cue.shape[1] > 1
        else show(spearman_interval(y, cue[:, 0], groups=channels))
    )


def leaky_history(posts, y):
    """What many do: mean, count and spread of users over the whole table."""
    return UserHistoryEncoder(user="author").fit(posts, y).transform(posts)


def memes(folder):
    posts = pd.read_csv(folder / "tabular" / "imgflip_memes_sample.csv")
    posts = posts[posts["author"].notna()].reset_index(drop=True)
    posts["order"] = [int(post, 36) for post in posts["post_id"]]
    y = np.log2(posts["views"].to_numpy())
    authors = posts["author"].to_numpy()
    past = UserHistoryEncoder(user="author", mode="past", time="order")
    others = UserHistoryEncoder(user="author", random_state=0)
    leaky = leaky_history(posts, y)
    rows = {
        "posted before": (past.fit_transform(posts, y), past, posts),
        "other folds": (others.fit_transform(posts, y), others, posts),
        "whole table (leaks)": (leaky, "passthrough", pd.DataFrame(leaky)),
    }
    print(f"\n{len(posts)} memes of {len(set(authors))} authors\n")
    print("| history | its mean alone | trees on it, held out | over partitions |")
    print("|---|---|---|---|")
    for name, (history, encoder, X) in rows.items():
        model = {name: make_pipeline(encoder, trees())}
        [row] = compare(model, X, y, None).scores.itertuples()
        alone = spearman_interval(y, history[:, 0], groups=authors)
        print(
            f"| {name} | {show(alone)} | {show_score(row)} | "
            f"{row.lowest:.3f} to {row.highest:.3f} |"
        )
    print_known({name: history for name, (history, _, _) in rows.items()}, y, authors)


def print_known(histories, y, authors):
    """The same correlations among posts whose author has posted before."""
    known = histories["posted before"][:, 1] > 0
    print(f"\nOf the {known.sum()} memes whose author has posted before, the mean:\n")
    for name, history in histories.items():
        mean = spearman_interval(y[known], history[known, 0], groups=authors[known])
        print(f"- {name}: {show(mean)}")


def speed(n_rows=1_000_000, n_users=50_000):
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2020-01-01")
    X = pd.DataFrame({"user": rng.integers(0, n_users, n_rows).astype(str)})
    X["time"] = start + pd.to_timedelta(rng.integers(0, 10**8, n_rows), unit="s")
    y = rng.normal(size=n_rows)
    print(f"\n{n_rows} rows of {n_users} users, fit_transform:\n")
    for mode in ("past", "out_of_fold"):
        encoder = UserHistoryEncoder(user="user", time="time", mode=mode)
        before = time.perf_counter()
        encoder.fit_transform(X, y)
        print(f"- {mode}: {time.perf_counter() - before:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", help="word vectors for the titles")
    options = parser.parse_args()
    speed()
    memes(options.folder)
    youtube(options.folder, options.vectors)


if __name__ == "__main__":
    main()
