"""Table I and section II, published and reproduced, and the claims of the paper.

64 % of the posts are for training, 16 % (by rows) for early stopping and 20 % for test:
five folds, with a fifth of the training posts held out. Scores other than 0 and 1 are
cut at their median. Without word vectors, each word has a random vector: tags are then
distinguished, but without their meaning.
"""

import zlib
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier

from ..._sklearn_compat import _safe_indexing
from ...metrics import Estimate
from .. import memorability2018
from .._claims import OURS, Claim, Evidence, adds_nothing, claims_of
from .._lines import lines_of
from .._posts import NotTestableError
from .._splits import make_splits
from .._trial import PAIRED, figure_of
from ._metadata import metadata_by_class
from ._models import interestingness

#: Accuracies in % on training, validation and test posts, by the inputs.
PUBLISHED: dict[Any, Any] = {
    ("cnn",): (78.07, 75.54, 76.45),
    ("caption",): (76.3, 75.53, 76.35),
    ("tags",): (89.96, 89.68, 89.63),
    ("generated_tags",): (65.42, 63.47, 65.12),
    ("cnn", "caption"): (85.27, 83.34, 83.59),
    ("cnn", "generated_tags"): (78.82, 76.48, 75.65),
    ("cnn", "tags"): (92.76, 90.99, 91.08),
    ("cnn", "caption", "tags"): (93.72, 92.46, 92.59),
    # Section IV: titles did worse than tags; III-B: plain concatenation did worse.
    ("titles",): ("below that of tags",) * 3,
    "plain": ("lower",) * 3,
}
_PARTS = ("train", "validation", "test")
_NAMES = {
    "cnn": "VGG16",
    "caption": "IC",
    "tags": "tags",
    "titles": "titles",
    "generated_tags": "generated tags",
}
_TAGS, _CNN, _PLAIN, _MAJORITY = ("tags",), ("cnn",), "plain", "majority"
_ALL = ("cnn", "caption", "tags")
_N_DIMENSIONS = 300
_VIEWS_SHARE = 97.2  # section II-B


splits = make_splits(
    __name__,
    "Splits into 80 % for training and early stopping and 20 % for test (section III).",
    n_folds=5,
)


def section_2(experiments) -> pd.DataFrame:
    """Metadata of the two classes (section II-B).

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    data = experiments.data
    kinds = {
        "counts": ("views", "favorites", "comments"),
        "texts": ("title", "description"),
        "tags": ("tags",),
    }
    named = {
        kind: [data.columns[role] for role in roles if role in data.columns]
        for kind, roles in kinds.items()
    }
    table = metadata_by_class(
        data.posts, _binary(data.y), separator=data.separator, **named
    )
    published = {data.columns.get("views"): _VIEWS_SHARE}
    rows: list[Any] = []
    for row in table.itertuples():
        share = published.get(row.field)
        rows.append((row.field, "% of the sum, interesting", share, 100 * row.share_1))
        for name, filled in (("others", row.filled_0), ("interesting", row.filled_1)):
            rows.append((row.field, f"% filled, {name}", None, 100 * filled))
    return lines_of("Section II: metadata", rows)


def table_1(experiments) -> pd.DataFrame:
    """Training, validation and test accuracies by input.

    Parameters
    ----------
    experiments : Experiments
        Posts and models, and word vectors.

    Returns
    -------
    lines : DataFrame
        A row per figure: table, row, column, published, reproduced, low, high (95 %
        interval), pearson and note.
    """
    cut = "" if _is_binary(experiments.data.y) else "scores cut at the median"
    rows: list[Any] = [
        (_name(key), part, figure, partial(_accuracy, experiments, key, part), cut)
        for key, figures in PUBLISHED.items()
        for part, figure in zip(_PARTS, figures, strict=True)
    ]
    majority = partial(_accuracy, experiments, _MAJORITY, "test")
    rows.append(("majority class", "test", None, majority))
    gain = partial(_gain, experiments, ("cnn", "tags"), _PLAIN)
    rows.append(
        ("VGG16 + tags less plain", "test", None, lambda: figure_of(gain()), PAIRED)
    )
    return lines_of("Table I: accuracy in %", rows)


def random_vectors(words):
    """A random but fixed vector of 300 numbers for each word."""
    rows: list[Any] = [
        np.random.default_rng(zlib.crc32(word.encode())).normal(size=_N_DIMENSIONS)
        for word in words
    ]
    return np.reshape(rows, (len(words), _N_DIMENSIONS))


def _is_binary(y):
    return set(np.unique(y)) <= {0.0, 1.0}


def _binary(y):
    """Classes 0 and 1: scores as they are, or whether they are above the median."""
    return (y if _is_binary(y) else y > np.median(y)).astype(int)


def _name(key):
    if key == _PLAIN:
        return "VGG16 + tags, plain concatenation"
    return " + ".join(_NAMES[name] for name in key)


def _trial(experiments, key):
    y = _binary(experiments.data.y)
    return experiments.trial(
        ("lafin", key),
        partial(_model, experiments, key),
        splits=splits,
        y=y.astype(float),
        look=None if key == _MAJORITY else partial(_look, y),
    )


def _model(experiments, key):
    """The model of a row, or an error that says what is missing."""
    if key == _MAJORITY:
        return DummyClassifier()
    data, inputs = experiments.data, ("cnn", "tags") if key == _PLAIN else key
    columns = {
        name: data.column(name) if f"{name}s" in inputs or name in inputs else name
        for name in ("tags", "title")
    }
    defaults = memorability2018.INPUTS
    needed = {"generated_tags": "caption"}
    networks = {
        name: experiments.network(defaults[name], captions=name == "caption")
        for name in {needed.get(each, each) for each in inputs} & set(defaults)
    }
    if "generated_tags" in inputs and experiments.vocabulary is None:
        raise NotTestableError("no vocabulary in the space of the captions")
    if experiments.vectors is None and {"tags", "titles"} & set(inputs):
        experiments.stand_in("word2vec", "random vectors of words")
    return interestingness(
        inputs,
        balanced=key != _PLAIN,
        vectors=experiments.vectors or random_vectors,
        vocabulary=experiments.vocabulary,
        networks=networks,
        separator=data.separator,
        **columns,
        **experiments.settings,
    )


def _look(y, model, X, fold):
    """Accuracies on the training and on the validation posts."""
    train, _ = fold
    right = model.predict(_safe_indexing(X, train)) == y[train]
    held_out = np.isin(np.arange(len(train)), model[-1].validation_rows_)
    return right[~held_out].mean(), right[held_out].mean()


def _accuracy(experiments, key, part):
    trial = _trial(experiments, key)
    if part == "test":
        return figure_of(_in_percent(trial.mean(_right(trial))))
    found = np.array(trial.held_out.estimators)[..., _PARTS.index(part)]
    return figure_of(_in_percent(trial.over_folds(found)))


def _right(trial):
    """Whether the class of each post is predicted correctly, in each partition."""
    return (trial.held_out.raw == trial.y[:, np.newaxis]).astype(float)


def _in_percent(estimate):
    return Estimate(100 * estimate.value, 100 * estimate.error, estimate.df)


def _gain(experiments, key, other):
    one, two = _trial(experiments, key), _trial(experiments, other)
    return _in_percent(one.mean(_right(one) - _right(two)))


def claims(experiments) -> list[Claim]:
    """Claims of the paper, to be judged on the given posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    claims : list of Claim
        For `judge`; nothing is computed yet. Effects are differences of shares.
    """
    pairs = [
        ("tags beat photos", "Table I", _TAGS, _CNN),
        ("tags beat titles", "IV", _TAGS, ("titles",)),
        ("photos add to tags", "Table I", ("cnn", "tags"), _TAGS),
        ("captions add to objects", "Table I", ("cnn", "caption"), _CNN),
        ("captions add to objects and tags", "IV", _ALL, ("cnn", "tags")),
        (
            "balanced branches beat plain concatenation",
            "III-B",
            ("cnn", "tags"),
            _PLAIN,
        ),
    ]
    generated = partial(_evidence, experiments, ("cnn", "generated_tags"), _CNN)
    return [
        *claims_of(pairs, _evidence, experiments),
        adds_nothing("generated tags add less than 0.02 to photos", "IV", generated),
        Claim(
            "photos tell interesting ones better than the majority class does",
            OURS,
            partial(_evidence, experiments, _CNN, _MAJORITY),
        ),
    ]


def _evidence(experiments, key, other):
    trial, baseline = _trial(experiments, key), _trial(experiments, other)
    right, others = _right(trial), _right(baseline)
    note = f"{right.mean():.3f} against {others.mean():.3f} right"
    return Evidence(trial.mean(right - others), trial.n, note)


#: Functions of the tables, in the paper's order.
TABLES = (section_2, table_1)
TITLE = "LaFin: collecting, analyzing and predicting socially-driven interestingness"
