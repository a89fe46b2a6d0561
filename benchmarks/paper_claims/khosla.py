"""Khosla et al. 2014: kinds of features combined, and content against social cues.

Regressors are those that suit few rows (ridge, kernel SVR, and boosted trees for cues),
in place of linear SVRs with a search in each branch.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from paper_tables._data import ROW, Known
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder

from sklearn_popularity import (
    SocialFeatures,
    StackedLateFusion,
    UserHistoryEncoder,
    log_normalized_popularity,
    spearman_score,
)
from sklearn_popularity.evaluation import FEATURES
from sklearn_popularity.evaluation._recipes import ridge

from ._findings import best_of, find, mean_effect, mean_score, rank_gain
from ._tables import MADE_UP, OASIS, Table

_THUMBNAIL = [
    "object_complexity",
    "element_complexity",
    "brightness",
    "colorfulness",
    "has_face",
]
_MIN_POSTS = 20
_N_HALVES = 10


def combined(sources):
    """Table 1: all kinds of features by late fusion against the best of them."""
    built = sources.hand_crafted(OASIS)
    every = built | {"MobileNetV2": sources.mobilenet(OASIS)}
    beauty = sources.oasis_table("beauty", 1)
    views = Table(
        "made-up posts", sources.made_up["score"].to_numpy(), None, sources.keep, 1
    )
    return [
        compare_combined(beauty, built),
        compare_combined(beauty, every),
        compare_combined(views, sources.hand_crafted(MADE_UP)),
    ]


def compare_combined(table, blocks):
    posts = pd.DataFrame({ROW: np.arange(len(table.y)), "group": table.groups})
    groups = None if table.groups is None else "group"
    models = {
        name: make_pipeline(Known(block), _regressor(name))
        for name, block in blocks.items()
    }
    alone = {
        name: table.held_out(name, model, posts[[ROW]])
        for name, model in models.items()
    }
    branches = [(name, model, [ROW]) for name, model in models.items()]
    fusion = StackedLateFusion(branches, groups=groups)
    fused = table.held_out(f"fusion of {len(blocks)}", fusion, posts)
    best = best_of(table, alone)
    return find(
        f"{len(blocks)} kinds of features combined beat the best single one",
        table.name,
        rank_gain(table, fused, alone[best]),
        f"{mean_score(table.y, fused):.3f} against {best}, "
        f"{mean_score(table.y, alone[best]):.3f}",
    )


def _regressor(name):
    return FEATURES[name].regressor if name in FEATURES else ridge()


def content_and_social(sources):
    """Tables 1 to 3, where users are on both sides, or each has one post."""
    case = videos(sources)
    once = case.posts[case.user].sample(frac=1, random_state=0).duplicated()
    once = ~once.sort_index().to_numpy()
    models = {
        "content": make_pipeline(case.content, _trees()),
        "social": make_pipeline(case.social, _trees()),
    }
    single = Table("YouTube, a video per channel", case.y[once], None, sources.keep, 1)
    mix = Table("YouTube, channels mixed", case.y, None, sources.keep, 1)
    return [
        *compare_both(single, models, case.posts[once]),
        *compare_both(mix, models, case.posts, case.posts[case.user].to_numpy()),
        *_made_up_both(sources),
    ]


def _made_up_both(sources):
    case = made_up(sources)
    table = Table("made-up posts", case.y, None, sources.keep, 1)
    history = UserHistoryEncoder(user=case.user, random_state=0)
    models = {
        "content": make_pipeline(case.content, ridge()),
        "social": make_pipeline(make_union(case.social, history), _trees()),
    }
    return compare_both(table, models, case.posts, case.posts[case.user].to_numpy())


def compare_both(table, models, posts, users=None):
    """Content plus social against the better one, and social against content.

    Folds ignore users, who are resampled.
    """
    fusion = StackedLateFusion(
        [(name, model, list(posts)) for name, model in models.items()]
    )
    models = models | {"both": fusion}
    predicted = {
        name: table.held_out(name, model, posts) for name, model in models.items()
    }
    scores = ", ".join(
        f"{name} {mean_score(table.y, each):.3f}" for name, each in predicted.items()
    )
    both = predicted.pop("both")
    resampled = table.resampled_by(users)
    best = predicted[best_of(table, predicted)]
    social_gain = rank_gain(resampled, predicted["social"], predicted["content"])
    return [
        find(
            "content plus social beats the better of both",
            table.name,
            rank_gain(resampled, both, best),
            scores,
        ),
        find(
            "social cues beat content where users differ",
            table.name,
            social_gain,
            scores,
        ),
    ]


def user_specific(sources):
    """Tables 1 and 2: models of single users, trained on half of their posts."""
    return [compare_for_users(case(sources)) for case in (videos, memes, made_up)]


def compare_for_users(case):
    gains = [
        user_gain(case.posts.iloc[rows], case.y[rows], case.content, case.social)
        for rows in case.posts.groupby(case.user).indices.values()
        if len(rows) >= _MIN_POSTS
    ]
    return find(
        "content beats social cues for single users",
        case.name,
        mean_effect(np.array(gains)),
        f"users with {_MIN_POSTS} posts or more, {_N_HALVES} halves each; n are users",
    )


def user_gain(posts, y, content, social):
    """By how much content predicts one user's posts better than social cues."""
    halves = ShuffleSplit(_N_HALVES, test_size=0.5, random_state=0)
    gains = []
    for train, test in halves.split(posts):
        scores = [
            spearman_score(
                y[test],
                make_pipeline(features, ridge())
                .fit(posts.iloc[train], y[train])
                .predict(posts.iloc[test]),
            )
            for features in (content, social)
        ]
        gains.append(scores[0] - scores[1])
    return np.mean(gains)


class Case(NamedTuple):
    """Posts of users, and the transformers of their content and their social cues."""

    name: str
    posts: pd.DataFrame
    y: np.ndarray
    user: str
    content: BaseEstimator
    social: BaseEstimator


def videos(sources):
    """Videos, their log views per day, as in ``social_cues.py``."""
    posts = pd.read_csv(sources.folder / "tabular" / "youtube_thumbnails_views.csv")
    posts["has_face"] = posts["has_face"].fillna(0.5)
    published = pd.to_datetime(posts["published_at"])
    observed = (published + pd.to_timedelta(posts["time_duration"], unit="D")).max()
    y = log_normalized_popularity(posts["views"], published, observed)
    content = make_column_transformer(("passthrough", _THUMBNAIL))
    counts = ["subscribers", "tags_count", "description_length"]
    social = SocialFeatures(counts=counts, texts=["title"])
    return Case("YouTube", posts, y, "subscribers", content, social)


def memes(sources):
    """Memes, whose content is their template and how much is written on it."""
    posts = pd.read_csv(sources.folder / "tabular" / "imgflip_memes_sample.csv")
    posts = posts[posts["author"].notna()].reset_index(drop=True)
    templates = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    content = make_column_transformer(
        (templates, ["template"]), ("passthrough", ["n_boxes", "text_len"])
    )
    y = np.log2(posts["views"].to_numpy())
    return Case("memes", posts, y, "author", content, SocialFeatures(texts=["title"]))


def made_up(sources):
    """Made-up posts, whose content is what SqueezeNet sees."""
    posts = sources.made_up.drop(columns="photo")
    posts[ROW] = np.arange(len(posts))
    content = make_column_transformer((Known(sources.squeezenet(MADE_UP)), [ROW]))
    social = SocialFeatures(texts=["title"], tags=["tags"], separator=None)
    y = posts["score"].to_numpy()
    return Case("made-up posts", posts, y, "user", content, social)


def _trees():
    return HistGradientBoostingRegressor(random_state=0)


CLAIMS = [combined, content_and_social, user_specific]
