"""Learning from pairwise votes: rankers, or regression of Bradley-Terry scores."""

import numpy as np
import pandas as pd
from _tables import interval, section
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import KernelPCA
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import CNNEmbedder
from sklearn_popularity.evaluation import VoteKFold
from sklearn_popularity.metrics import bradley_terry, vote_interval
from sklearn_popularity.models import PairwiseRanker


def look_up(X, rows):
    return rows[np.ravel(X).astype(int)]


class ScoresFirst(BaseEstimator):
    """A regressor of the Bradley-Terry scores of the training votes."""

    def __init__(self, regressor):
        self.regressor = regressor

    def fit(self, votes, y):
        left, right = votes.T
        chosen = np.where(y == 1, left, np.where(y == 0, right, -1))
        voted = bradley_terry(left, right, chosen)
        learned = voted.items[:, np.newaxis]
        self.regressor_ = clone(self.regressor).fit(learned, voted.scores)
        return self

    def decision_function(self, votes):
        scores = self.regressor_.predict(votes.reshape(-1, 1)).reshape(votes.shape)
        return scores[:, 0] - scores[:, 1]


def models_of_votes(rows):
    """Models of page numbers, whose features are looked up."""

    def learn(*steps):
        looked = FunctionTransformer(look_up, kw_args={"rows": rows})
        return make_pipeline(looked, StandardScaler(), *steps)

    def ranker(*steps, grid):
        ranked = PairwiseRanker(learn(*steps), left=[0], right=[1])
        return GridSearchCV(ranked, {"C": grid}, cv=VoteKFold(3, random_state=0))

    kernel = KernelPCA(kernel="rbf", remove_zero_eig=True)
    return {
        "constant": ScoresFirst(learn(DummyRegressor())),
        "votes, linear": ranker(grid=np.logspace(-6, -1, 6)),
        "votes, kernel": ranker(kernel, grid=np.logspace(-3, 2, 6)),
        "scores, then RidgeCV": ScoresFirst(learn(RidgeCV(np.logspace(0, 6, 13)))),
        "scores, then SVR": ScoresFirst(learn(SVR())),
    }


@section("votes of | model | accuracy | less scores, then SVR")
def votes(data, *, repeats=5, keep=None):
    """Learning from pairwise votes: rankers, or regression of Bradley-Terry scores.

    webpages contains votes.csv (voter, left, right, chosen) and img/PAGE.jpg; intervals
    are for new pages and voters.
    """
    told = pd.read_csv(data / "webpages" / "votes.csv")
    sides, voters = told[["left", "right"]], pd.factorize(told["voter"])[0]
    pages = np.unique(sides)
    X = np.searchsorted(pages, sides.to_numpy())
    y = np.select([told["chosen"] == told[side] for side in sides], [1.0, 0.0], 0.5)
    photos = [str(data / "webpages" / "img" / f"{page}.jpg") for page in pages]
    network = CNNEmbedder(backbone="timm/tf_efficientnet_lite2", cache=keep)
    models = models_of_votes(network.fit_transform(photos))

    def partitions(groups):
        for seed in range(repeats):
            yield list(VoteKFold(4, random_state=seed).split(X, y, groups))

    settings = {
        "new pages": partitions(None),
        "new pages and voters": partitions(voters),
        "new voters": [list(GroupKFold(5).split(X, y, voters))],
    }
    for setting, cuts in settings.items():
        cuts = list(cuts)
        right = {name: share_right(m, X, y, cuts) for name, m in models.items()}
        for name, each in right.items():
            gain = each - right["scores, then SVR"]
            asked = ~np.isnan(each)
            given = (*X[asked].T, voters[asked])
            found, gained = (
                vote_interval(values[asked], *given, confidence=0.95)
                for values in (each, gain)
            )
            yield setting, name, interval(*found), interval(*gained, "+")


def share_right(model, X, y, partitions):
    """Share of partitions that predict each vote right; NaN if it was never tested."""
    found = np.full((len(partitions), len(y)), np.nan)
    for row, folds in zip(found, partitions, strict=True):
        for train, test in folds:
            apart = clone(model).fit(X[train], y[train]).decision_function(X[test])
            row[test] = (1 + np.sign(apart) * np.sign(y[test] - 0.5)) / 2
    found[:, y == 0.5] = np.nan
    return pd.DataFrame(found).mean().to_numpy()
