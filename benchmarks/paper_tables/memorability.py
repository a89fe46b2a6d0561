"""Tables 1, 2 and 3 of Squalli-Houssaini et al. 2018.

Five folds, groups on one side. Parameters are drawn at random and chosen by Spearman's
correlation in three inner folds of the training rows; the paper chose them, by Bayesian
optimisation, on the folds that it reports. The scores of other data sets, and other
scores of the same photos, are compared with what the best model predicts.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, RandomizedSearchCV

from sklearn_popularity import spearman_scorer
from sklearn_popularity.papers import memorability2018

from ._data import ROW, Data, Known, NotTestableError
from ._lines import as_table, lines_of
from ._scores import hasten, on_test_rows, predict_all, rank_correlation

N_FOLDS = 5
#: Rows of table 1: inputs, number of classes (None is the SVR), and the figure.
PUBLISHED = {
    "1": {
        (("cnn",), None): 0.64,
        (("cnn",), 2): 0.64,
        (("cnn",), 4): 0.65,
        (("caption",), None): 0.65,
        (("caption",), 4): 0.67,
        (("cnn", "caption"), 4): 0.72,
    },
    "1, others": {"Hybrid-CNN (MemNet), SVR": 0.64, "human consistency": 0.68},
    "2": {
        "Isola": 0.59,
        "Bylinskii": 0.48,
        "Dubey": 0.36,
        "Cohendet": 0.39,
        "Libkuman": -0.02,
        "Bainbridge": -0.06,
        "Borkin": -0.27,
    },
    "3": {
        "MediaEval": 0.07,
        "Flickr": -0.05,
        "Gygli 1": -0.21,
        "Gygli 2": -0.19,
        "Gygli 3": 0.01,
    },
}
_TITLES = {"cnn": "CNN", "caption": "IC-based"}
_ELSEWHERE = "Tables 2 and 3: trained here, tested on other scores"


def tables(data, photos, plan, others=(), other_labels=()):
    """All tables, a line per figure.

    Parameters
    ----------
    data : Data
        Posts and scores that are learned from.
    photos : Photos
        Their features.
    plan : Plan
        How much is computed.
    others : sequence of (Data, Photos), default=()
        Data sets that the model is tested on.
    other_labels : sequence of str, default=()
        Columns of other scores of the same photos.

    Returns
    -------
    table : DataFrame
    """
    blocks, reasons = photos.networks_of(memorability2018.INPUTS)
    data = data.without_photos()
    models = {
        key: _search(key, blocks, data, plan)
        for key in PUBLISHED["1"]
        if set(key[0]) <= blocks.keys()
    }
    splits = list(_splitter(data, N_FOLDS).split(data.posts, groups=data.groups))
    predictions = predict_all(
        models, data.posts, data.y, splits, plan, "memorability", data.groups
    )
    tested = _Tested(data, splits, predictions, reasons)
    lines = lines_of(
        "Table 1: features and models",
        [
            *(
                (*_names(key), figure, partial(tested.correlation, key))
                for key, figure in PUBLISHED["1"].items()
            ),
            *((name, "", figure) for name, figure in PUBLISHED["1, others"].items()),
        ],
    )
    best = max(models, key=lambda key: (len(key[0]), key[1] or 0), default=None)
    elsewhere = _same_photos(tested, other_labels, best)
    elsewhere += _other_photos(best, blocks, data, plan, others)
    return as_table(lines + lines_of(_ELSEWHERE, elsewhere), data)


def _search(key, blocks, data, plan):
    """The model of a row of table 1, whose parameters are drawn and chosen."""
    inputs, n_classes = key
    networks = {name: Known(blocks[name]) for name in inputs}
    if n_classes is None:
        space = memorability2018.SVR_SEARCH
        model = memorability2018.regression(inputs, photo=ROW, networks=networks)
    else:
        space = memorability2018.MLP_SEARCH
        model = memorability2018.k_class_mlp(
            inputs,
            n_classes=n_classes,
            top_score=1.0 if data.y.min() >= 0 and data.y.max() <= 1 else None,
            photo=ROW,
            networks=networks,
        )
    if plan.quick:
        return hasten(model)
    return RandomizedSearchCV(
        model,
        space,
        n_iter=plan.n_iter,
        scoring=spearman_scorer,
        cv=_splitter(data, 3),
        random_state=0,
    )


def _splitter(data, n_folds):
    splitter = KFold if data.group is None else GroupKFold
    return splitter(n_folds, shuffle=True, random_state=0)


def _names(key):
    inputs, n_classes = key
    model = "SVR" if n_classes is None else f"MLP, {n_classes} classes"
    return " + ".join(_TITLES[name] for name in inputs), model


class _Tested(NamedTuple):
    """Predictions of the models for the test rows of the folds."""

    data: Data
    splits: list
    predictions: dict
    reasons: dict

    def correlation(self, key, label=None):
        """With the scores that were learned, or with another label."""
        if key not in self.predictions:
            raise NotTestableError(self._reason(key))
        data, label = self.data, label or self.data.label
        y = data.posts[label].to_numpy(float)
        return rank_correlation(y, self.splits, self.predictions[key], data.groups)

    def _reason(self, key):
        inputs = self.reasons if key is None else key[0]
        return next(self.reasons[name] for name in inputs if name in self.reasons)


def _same_photos(tested, labels, best):
    note = "" if best is None else f"test folds of {', '.join(_names(best))}"
    return [
        (label, "same photos", None, partial(tested.correlation, best, label), note)
        for label in labels
    ]


def _other_photos(best, blocks, data, plan, others):
    """The published data sets, and those that were given."""
    published = {
        name.lower(): figure
        for table in ("2", "3")
        for name, figure in PUBLISHED[table].items()
    }
    rows = [
        (
            f"{each.name}, {each.label}",
            "other photos",
            published.pop(each.name.lower(), None),
            partial(_elsewhere, best, blocks, data, plan, each, photos),
            "" if best is None else ", ".join(_names(best)),
        )
        for each, photos in others
    ]
    missing = "not testable: not among --also"
    return rows + [
        (name, "other photos", published[name.lower()], None, missing)
        for table in ("2", "3")
        for name in PUBLISHED[table]
        if name.lower() in published
    ]


def _elsewhere(key, blocks, data, plan, other, photos):
    """The model of all posts, tested on other ones."""
    if key is None:
        raise NotTestableError("no network")
    both = {}
    for name in key[0]:
        block = photos.network(name, memorability2018.INPUTS[name])
        if block.shape[1] != blocks[name].shape[1]:
            raise NotTestableError("features of another network")
        both[name] = np.vstack([blocks[name], block])
    told = {} if plan.quick or data.group is None else {"groups": data.groups}
    model = _search(key, both, data, plan).fit(data.posts, data.y, **told)
    rows = pd.DataFrame({ROW: len(data.y) + np.arange(len(other.y))})
    return on_test_rows(other.y, model.predict(rows), other.groups)
