"""Trials of the rankers and the regression, and what is read from their models."""

from functools import partial

from sklearn.base import clone

from ...features import CNNEmbedder
from ...inspection import stability_of_winners
from ...metrics import top_fraction_accuracy
from .._posts import NotTestableError
from .._splits import make_splits
from ._models import N_SENSES, engagement, ranker, regression

#: Names of models that stand in several tables.
SOFT, RANDOM, BOTH, REGRESSION = "10 soft", "random start", "5 + 5", "regression"
_N_SHUFFLES, _N_SEEDS = 20, 5


splits = make_splits(
    __name__,
    "Splits into 80 % for training and validation and 20 % for test (section 3.1).",
    n_folds=5,
)


def _network(experiments):
    return experiments.network(CNNEmbedder(backbone="alexnet"))


def _models(network, settings):
    """The rankers of tables 3, 5 and section 4.1, and the regression of table 6."""
    looks = {"network": network, **settings}
    rankers = {
        "no fixed": ranker("none", **looks),
        # One sense with the soft margin is not among the variants.
        "no soft": ranker("popular_soft", n_senses=1, **looks),
    }
    for n in (5, 10, 20):
        for margin, variant in {"fixed": "popular", "soft": "popular_soft"}.items():
            rankers[f"{n} {margin}"] = ranker(variant, n_senses=n, **looks)
    random = clone(rankers[SOFT]).set_params(gridsearchcv__estimator__init="random")
    return {
        **rankers,
        RANDOM: random,
        BOTH: ranker(**looks),
        REGRESSION: regression(**looks),
    }


def trial_of(experiments, name, y=None, target="score"):
    """The trial of a model by its name, for the score or another target."""
    if experiments.quick and name.startswith(("5 f", "5 s", "20")):
        raise NotTestableError("left out by --quick")

    def make():
        return _models(_network(experiments), experiments.settings)[name]

    look = partial(_look, experiments.data.y) if name == BOTH else None
    key = ("cappallo2015", name, target)
    return experiments.trial(key, make, splits=splits, y=y, look=look)


def _look(y, model, X, fold):
    """Accuracy for the top fifth, and the strongest senses of all posts."""
    train, test = fold
    predicted = model.predict(X)
    accuracy = top_fraction_accuracy(
        y[train], predicted[train], y[test], predicted[test]
    )
    return accuracy, model[-1].best_estimator_.predict_sense(model[:-1].transform(X))


def top_fifth(experiments):
    """Accuracy in telling the top fifth, with its error."""
    trial = trial_of(experiments, BOTH)
    found = trial.held_out.estimators
    return trial.over_folds([[each[0] for each in models] for models in found])


def over_folds(experiments):
    """Stability of the senses over the models of different folds."""
    found = trial_of(experiments, BOTH).held_out.estimators
    winners = [each[1] for models in found for each in models]
    return _stability(winners)


def over_seeds(experiments):
    """Stability of the senses over rankers of all posts that differ in their seed."""
    model = ranker(network=_network(experiments), **experiments.settings)
    learner, X = experiments.describe(model)
    rows, tuned = learner[:-1].fit_transform(X), learner[-1]
    tuned.fit(rows, experiments.data.y)
    winners = [
        clone(tuned.best_estimator_)
        .set_params(random_state=seed)
        .fit(rows, experiments.data.y)
        .predict_sense(rows)
        for seed in range(_N_SEEDS)
    ]
    return _stability(winners)


def _stability(winners):
    n_senses = N_SENSES["popular_and_unpopular"]
    return stability_of_winners(winners, n_senses, _N_SHUFFLES, 0)


def engaged(experiments, level):
    """The ranker of table 4, with the level of engagement as its target."""
    data = experiments.data
    targets = engagement(
        data.posts, low=[data.column("views")], high=[data.column("comments")]
    )
    y = targets[level].to_numpy()
    return trial_of(experiments, SOFT, y, f"{level} engagement")
