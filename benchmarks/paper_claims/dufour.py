"""Dufour 2015: raw and binned counts of views, and honest baselines.

A linear head (ridge) on what SqueezeNet sees stands in for a network that goes on
learning, which costs hours on a CPU. Losses are half of the squared error, as in the
paper: there 50,090 against 52,352 of a constant for views, 3.94 to 4.01 against 4.125
for ten bins.
"""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import drop_viral
from sklearn_popularity.evaluation._recipes import ridge

from ._findings import find, find_nothing, mean_effect, mean_score, rank_gain, versus
from ._tables import APPEAL, MADE_UP, Table

_N_BINS = 10


def counts(sources):
    """Experiments 1 and 3, on numbers of views."""
    appeal = sources.appeal
    stock = (
        appeal["likes_views_real"] & appeal["dataset"].eq("pixabay_first50k")
    ).to_numpy()
    return [
        *compare_counts(
            "made-up posts",
            sources.made_up["views"].to_numpy(float),
            sources.squeezenet(MADE_UP),
            sources.keep,
        ),
        *compare_counts(
            "sophoappeal80, pixabay",
            appeal["views"].to_numpy(float)[stock],
            sources.mobilenet(APPEAL)[stock],
            sources.keep,
        ),
    ]


def compare_counts(name, views, X, keep=None):
    usual = drop_viral(pd.DataFrame({"views": views}), "views").index
    views, X = views[usual], X[usual]
    head = ridge()
    raw = Table(name, views, None, keep)
    binned = Table(name, balanced_bins(views), None, keep)
    predicted = {
        "raw": raw.held_out("raw views", head, X),
        "binned": binned.held_out("binned views", head, X),
    }
    return [
        _beats_constant("raw counts beat a constant", raw, predicted["raw"], ",.0f"),
        _beats_constant("bins beat a constant", binned, predicted["binned"], ".2f"),
        find(
            "bins beat raw counts, in Spearman's correlation",
            name,
            rank_gain(raw, predicted["binned"], predicted["raw"]),
            ", ".join(
                f"{key} {mean_score(views, each):.3f}"
                for key, each in predicted.items()
            ),
        ),
    ]


def favorites(sources):
    """Experiment 2: whether a photo was ever liked."""
    real = sources.appeal["likes_views_real"].to_numpy()
    features = sources.mobilenet(APPEAL)
    return [
        compare_with_majority(
            f"sophoappeal80, {site}",
            (posts["likes"] > 0).to_numpy(int),
            features[posts.index],
            sources.keep,
        )
        for site, posts in sources.appeal[real].groupby("dataset")
    ]


def compare_with_majority(name, liked, X, keep=None):
    table = Table(name, liked, None, keep)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3))
    right = (table.held_out("liked", model, X) == liked[:, np.newaxis]).mean(axis=1)
    frequent = liked == (liked.mean() > 0.5)
    return find_nothing(
        "whether anyone liked a photo is told no better than by the majority, within "
        "0.02",
        name,
        mean_effect(right - frequent),
        f"{versus(right.mean(), frequent.mean())} right; the paper: 0.896 at best "
        "against 0.891",
    )


def balanced_bins(views):
    """Numbers of ranges that hold equally many photos; equal views share one."""
    edges = np.quantile(views, np.arange(1, _N_BINS) / _N_BINS)
    return np.searchsorted(edges, views, side="right").astype(float)


def _beats_constant(claim, table, predicted, digits):
    """By which share of a constant's loss the loss is less."""
    loss = half_squared_error(table.y, predicted)
    constant = half_squared_error(table.y, np.full((len(table.y), 1), table.y.mean()))
    effect = mean_effect((constant - loss) / constant.mean())
    note = f"loss {loss.mean():{digits}} against {constant.mean():{digits}}"
    return find(f"{claim}, share of its loss", table.name, effect, note)


def half_squared_error(y, predicted):
    """Loss of each row, averaged over partitions."""
    return ((predicted - y[:, np.newaxis]) ** 2).mean(axis=1) / 2


CLAIMS = [counts, favorites]
