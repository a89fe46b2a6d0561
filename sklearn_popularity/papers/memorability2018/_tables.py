"""Tables 1, 2 and 3, published and reproduced, and the claims of the paper.

Scores are from five folds. Parameters are searched at random and chosen by Spearman's
correlation on a quarter of the training posts; the paper used the folds it reports.
"""

from functools import cache, partial
from typing import Any

import pandas as pd
from sklearn.model_selection import (
    GroupShuffleSplit,
    RandomizedSearchCV,
    ShuffleSplit,
)

from ...evaluation import prepare_fit, with_photos
from ...metrics import human_consistency, spearman_interval, spearman_scorer
from .._claims import Claim, Evidence, adds_nothing, claims_of, evidence_of
from .._lines import Figure, lines_of
from .._posts import NotTestableError
from .._splits import make_splits
from .._trial import pearson
from ._models import INPUTS, REGRESSORS, k_class_mlp, mlp_search, regression

_CNN, _CAPTION = ("cnn",), ("caption",)
_BOTH = (*_CNN, *_CAPTION)
#: Figures by table and row; in table 1 by inputs and model, where a number is that of
#: the classes.
PUBLISHED: dict[str, Any] = {
    "Table 1": {
        (_CNN, "svr"): 0.64,
        (_CNN, "knn"): "below SVR",
        (_CNN, "tree"): "below SVR",
        (_CNN, 2): 0.64,
        (_CNN, 4): 0.65,
        (_CAPTION, "svr"): 0.65,
        (_CAPTION, 4): 0.67,
        (_BOTH, 4): 0.72,
    },
    "Table 1, others": {"Hybrid-CNN (MemNet), SVR": 0.64, "human consistency": 0.68},
    "Table 2": {
        "Isola": 0.59,
        "Bylinskii": 0.48,
        "Dubey": 0.36,
        "Cohendet": 0.39,
        "Libkuman": -0.02,
        "Bainbridge": -0.06,
        "Borkin": -0.27,
    },
    "Table 3": {
        "MediaEval": 0.07,
        "Flickr": -0.05,
        "Gygli 1": -0.21,
        "Gygli 2": -0.19,
        "Gygli 3": 0.01,
    },
}
_TITLES = {"cnn": "CNN", "caption": "IC-based"}
_OTHER_CLASSES = (2, 3, 5, 6, 7, 8)


splits = make_splits(__name__, "The five folds of section 2.2.", n_folds=5)


def table_1(experiments) -> pd.DataFrame:
    """Object and caption features, with regressors and with classes.

    Parameters
    ----------
    experiments : Experiments
        Posts and models. Human consistency needs columns with the standard deviation
        and the number of ratings.

    Returns
    -------
    lines : DataFrame
        A row per figure: table, row, column, published, reproduced, low, high (95 %
        interval), pearson and note.
    """
    rows: list[Any] = [
        (
            " + ".join(_TITLES[name] for name in inputs),
            _name(model),
            published,
            partial(_score, experiments, inputs, model),
        )
        for (inputs, model), published in PUBLISHED["Table 1"].items()
    ]
    others = PUBLISHED["Table 1, others"]
    rows += [(name, "", published) for name, published in others.items()]
    rows[-1] = (*rows[-1], partial(_human_consistency, experiments.data))
    return lines_of("Table 1: features and models", rows)


def tables_2_and_3(experiments) -> pd.DataFrame:
    """Generalisation: the model is tested on other photos or other scores.

    Parameters
    ----------
    experiments : Experiments
        Posts and models, and other posts. If these are the same photos with another
        score, they are compared with their out-of-fold predictions.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    published = PUBLISHED["Table 2"] | PUBLISHED["Table 3"]
    fit = cache(partial(_fit_on_all, experiments))  # one model for all other posts
    rows: list[Any] = [
        (
            f"{other.name}, {other.label}",
            "Spearman",
            published.get(other.name),
            partial(_elsewhere, experiments, fit, other),
        )
        for other in experiments.others
    ]
    named = [other.name for other in experiments.others]
    missing = "not testable: not among the other posts"
    rows += [
        (name, "Spearman", figure, None, missing)
        for name, figure in published.items()
        if name not in named
    ]
    return lines_of("Tables 2 and 3: trained here, tested elsewhere", rows)


def _name(model):
    names = {"svr": "SVR", "knn": "KNN", "tree": "decision tree"}
    return names.get(model, f"MLP, {model} classes")


def _networks(experiments, inputs):
    return {
        name: experiments.network(INPUTS[name], captions=name == "caption")
        for name in inputs
    }


def _model(experiments, inputs, model, *, searched=True):
    """The model of a row of table 1, with a random search of its parameters."""
    data = experiments.data
    looks = {"networks": _networks(experiments, inputs), **experiments.settings}
    if isinstance(model, str):
        space = REGRESSORS[model][1]
        made = regression(inputs, model, **looks)
    else:
        space = mlp_search(inputs)
        top_score = 1.0 if data.y.min() >= 0 and data.y.max() <= 1 else None
        made = k_class_mlp(inputs, n_classes=model, top_score=top_score, **looks)
    if not searched:
        return made
    split = ShuffleSplit if data.group is None else GroupShuffleSplit
    return RandomizedSearchCV(
        made,
        space,
        n_iter=experiments.n_iter,
        scoring=spearman_scorer,
        cv=split(1, test_size=0.25, random_state=0),
        random_state=0,
    )


def _trial(experiments, inputs, model, *, searched=True):
    if experiments.quick and model in ("knn", "tree", *_OTHER_CLASSES):
        raise NotTestableError("left out by --quick")
    return experiments.trial(
        ("memorability2018", inputs, model, searched),
        lambda: _model(experiments, inputs, model, searched=searched),
        splits=splits,
    )


def _score(experiments, inputs, model):
    return _trial(experiments, inputs, model).figure()


def _human_consistency(data):
    deviations, counts = (
        data.values(role) for role in ("rating deviation", "number of ratings")
    )
    whole = human_consistency(means=data.y, deviations=deviations, counts=counts)
    # LaMem's is between halves of the raters, so lower than for all (Spearman-Brown).
    return whole / (2 - whole)


def _elsewhere(experiments, fit, other):
    """The score of the paper's best model whose networks are at hand."""
    try:
        inputs = tuple(_networks(experiments, _BOTH))
    except NotTestableError:
        inputs = tuple(_networks(experiments, _CNN))
    if _are_same(experiments.data, other):
        return _trial(experiments, inputs, 4).figure(other.y)
    predicted = fit(inputs).predict(other.posts)
    found = spearman_interval(other.y, predicted, groups=other.clusters)
    linear = pearson(other.y, predicted)
    return Figure(found.score, found.low, found.high, linear)


def _are_same(data, other):
    """Whether other posts have the same photos."""
    both = [each.posts.get("photo") for each in (data, other)]
    if any(photos is None for photos in both):
        raise NotTestableError("no photos")
    same = len(data.y) == len(other.y) and both[0].equals(both[1])
    shared = set(map(str, both[0])) & set(map(str, both[1]))
    if shared and not same and isinstance(next(iter(both[0])), str):
        raise NotTestableError(f"{len(shared)} photos that the model has learned from")
    return same


def _fit_on_all(experiments, inputs):
    """The paper's model, fitted on all posts."""
    learner, X = experiments.describe(_model(experiments, inputs, 4))
    learner, params = prepare_fit(learner, experiments.data.groups)
    return with_photos(learner.fit(X, experiments.data.y, **params))


def claims(experiments) -> list[Claim]:
    """Claims of the paper, to be judged on the given posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    claims : list of Claim
        For `judge`; nothing is computed yet.
    """
    pairs = [
        ("four classes beat the SVR", "Table 1", (_CNN, 4), (_CNN, "svr")),
        ("four classes beat two", "2.2", (_CNN, 4), (_CNN, 2)),
        ("the SVR beats neighbours", "3.1", (_CNN, "svr"), (_CNN, "knn")),
        ("the SVR beats a decision tree", "3.1", (_CNN, "svr"), (_CNN, "tree")),
        ("captions beat objects", "Table 1", (_CAPTION, 4), (_CNN, 4)),
        ("both beat captions", "Table 1", (_BOTH, 4), (_CAPTION, 4)),
    ]
    best = adds_nothing(
        "another number of classes than four adds less than 0.02",
        "2.2",
        partial(_against_other_classes, experiments),
    )
    return [
        *claims_of(pairs, _evidence, experiments),
        best._replace(is_best_of=True),
    ]


def _evidence(experiments, one, other):
    return evidence_of(*(_trial(experiments, *each) for each in (one, other)))


def _against_other_classes(experiments):
    """The best other number of classes against four, both without search."""
    found = {
        n: _trial(experiments, _CNN, n, searched=False) for n in (4, *_OTHER_CLASSES)
    }
    four = found.pop(4)
    n, best = max(found.items(), key=lambda each: each[1].score)
    note = f"{best.score:.3f} of {n} classes against {four.score:.3f} of 4, untuned"
    return Evidence(best.gain(four), four.n, note)


#: Functions of the tables, in the paper's order.
TABLES = (table_1, tables_2_and_3)
TITLE = "Squalli-Houssaini et al. 2018: image memorability"
