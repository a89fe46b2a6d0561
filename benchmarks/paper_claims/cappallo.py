"""Cappallo et al. 2015: latent senses, where they start, and levels of engagement.

The paper's rankers, with the strength of the penalty chosen on an eighth of the rows.
"""

from functools import partial

import numpy as np
import pandas as pd
from paper_tables._data import ROW, Known

from sklearn_popularity import spearman_score
from sklearn_popularity.datasets import make_themes
from sklearn_popularity.papers import cappallo2015

from ._findings import easier, find, mean_score, over_data_sets, rank_gain, versus
from ._tables import APPEAL, OASIS, Table, kept

_N_SETS, _N_ROWS = 10, 1000
CLAIMS_OF_SENSES = {
    "popular senses beat none": ("popular", "none"),
    "popular plus unpopular senses beat popular ones": (
        "popular_and_unpopular",
        "popular_soft",
    ),
    "k-means beats a random start": ("popular_soft", "random start"),
}


def senses(sources):
    """Tables 3 and 5 and section 4.1, on photos that people rated."""
    X = sources.mobilenet(OASIS)
    findings = []
    for label in ("beauty", "valence"):
        table = sources.oasis_table(label)
        posts = pd.DataFrame({ROW: np.arange(len(X))})
        predicted = {
            name: table.held_out(name, model, posts)
            for name, model in rankers(X, n_senses=10).items()
        }
        for claim, (better, worse) in CLAIMS_OF_SENSES.items():
            pair = predicted[better], predicted[worse]
            scores = versus(*(mean_score(table.y, each) for each in pair))
            effect = rank_gain(table, *pair)
            findings.append(find(claim, table.name, effect, f"{scores}; 10 senses"))
    return findings


def planted_senses(sources, n_sets=_N_SETS, n_rows=_N_ROWS):
    """The same on themes that were planted, two popular and two unpopular."""
    compute = partial(_scores_of_themes, n_sets, n_rows)
    scores = kept(sources.keep, f"planted senses {n_sets} {n_rows}", compute)
    columns = dict(zip(rankers(None, 4), scores.T, strict=True))
    return [
        find(
            claim,
            f"made-up themes, {n_sets} sets",
            over_data_sets(columns[better] - columns[worse], n_rows * n_sets),
            f"{versus(columns[better].mean(), columns[worse].mean())}; 4 senses",
        )
        for claim, (better, worse) in CLAIMS_OF_SENSES.items()
    ]


def _scores_of_themes(n_sets, n_rows):
    """Spearman's correlation of each ranker, a row per set."""
    return np.array(
        [
            _scores_of_set(make_themes(2 * n_rows, random_state=seed), n_rows)
            for seed in range(n_sets)
        ]
    )


def _scores_of_set(themes, n_rows):
    posts = pd.DataFrame({ROW: np.arange(2 * n_rows)})
    return [
        spearman_score(
            themes.target[n_rows:],
            model.fit(posts[:n_rows], themes.target[:n_rows]).predict(posts[n_rows:]),
        )
        for model in rankers(themes.data, n_senses=4).values()
    ]


def rankers(X, n_senses):
    """The paper's variants on features that are known."""
    variants = ("none", "popular", "popular_soft", "popular_and_unpopular")
    make = partial(cappallo2015.ranker, photo=ROW, network=Known(X))
    # As many senses in all: half of them are for unpopular photos.
    halves = {"popular_and_unpopular": n_senses // 2}
    models = {
        name: make(name, n_senses=halves.get(name, n_senses)) for name in variants
    }
    random = make("popular_soft", n_senses=n_senses)
    random.set_params(gridsearchcv__estimator__init="random")
    return models | {"random start": random}


def engagement(sources):
    """Table 4: views, which ask for less than likes, and likes of the same photos."""
    real = sources.appeal["likes_views_real"].to_numpy()
    features = sources.mobilenet(APPEAL)
    return [
        compare_engagement(site, posts, features[posts.index], sources.keep)
        for site, posts in sources.appeal[real].groupby("dataset")
    ]


def compare_engagement(site, posts, features, keep=None):
    row = pd.DataFrame({ROW: np.arange(len(posts))})
    ranker = rankers(features, n_senses=10)["popular_soft"]
    fitted = {}
    for count in ("views", "likes"):
        y = np.log1p(posts[count].to_numpy(float))
        table = Table(f"{site} {count}", y, None, keep)
        fitted[count] = y, table.held_out("popular_soft", ranker, row)
    scores = {count: mean_score(*each) for count, each in fitted.items()}
    return find(
        "lower engagement is easier: views than likes",
        f"sophoappeal80, {site}",
        easier(fitted["views"], fitted["likes"]),
        f"views {scores['views']:.3f}, likes {scores['likes']:.3f}; the paper's pairs "
        "are views and comments, favourites and retweets",
    )


CLAIMS = [senses, planted_senses, engagement]
