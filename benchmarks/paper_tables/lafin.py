"""Table 1 of the LaFin paper: accuracy on training, validation and test rows.

64 % of the posts to learn from, 16 % to stop by (by rows), 20 % to test, drawn several
times rather than once. A score that is not 0 or 1 is cut at its median. Without vectors
of words (``--words``) each word has a random one: tags then tell which words they are,
not what these mean.
"""

import zlib
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from sklearn_popularity.papers import lafin, memorability2018

from ._data import ROW, Data, Known, NotTestableError
from ._lines import as_table, lines_of
from ._scores import PAIRED, hasten, in_parallel, over_splits, splits_of

TEST_SHARE = 0.2
PARTS = ("train", "validation", "test")
PUBLISHED = {
    ("cnn",): (78.07, 75.54, 76.45),
    ("caption",): (76.3, 75.53, 76.35),
    ("tags",): (89.96, 89.68, 89.63),
    ("generated_tags",): (65.42, 63.47, 65.12),
    ("cnn", "caption"): (85.27, 83.34, 83.59),
    ("cnn", "generated_tags"): (78.82, 76.48, 75.65),
    ("cnn", "tags"): (92.76, 90.99, 91.08),
    ("cnn", "caption", "tags"): (93.72, 92.46, 92.59),
}
#: Section IV: titles did worse than tags; III-B: so did vectors put side by side.
TITLES, PLAIN = ("titles",), "plain concatenation"
_NAMES = {
    "cnn": "VGG16",
    "caption": "IC",
    "tags": "tags",
    "titles": "titles",
    "generated_tags": "generated tags",
}
#: Differences on test rows that the paper speaks of.
_GAINS = {
    "tags, over VGG16": (("tags",), ("cnn",)),
    "tags, over titles": (("tags",), TITLES),
    "VGG16 + tags, over tags": (("cnn", "tags"), ("tags",)),
    "VGG16 + generated tags, over VGG16": (("cnn", "generated_tags"), ("cnn",)),
    "VGG16 + tags, over plain concatenation": (("cnn", "tags"), PLAIN),
}


def tables(data, photos, plan, words=None, vocabulary=None):
    """All tables, a line per figure.

    Parameters
    ----------
    data : Data
        Posts; tags and titles where there are columns of them.
    photos : Photos
        Their features.
    plan : Plan
        How much is computed.
    words, vocabulary : path, default=None
        Vectors of words, and words in the space of the network of captions.

    Returns
    -------
    table : DataFrame
    """
    blocks, reasons = photos.networks_of(memorability2018.INPUTS)
    y, cut = binary(data.y)
    inputs = _Inputs(data.without_photos(), blocks, reasons, words, vocabulary)
    scores = _Scores(inputs, y, plan)
    rows = [*PUBLISHED, TITLES, PLAIN]
    figures = {key: PUBLISHED.get(key, ("below that of tags",) * 3) for key in rows}
    figures[PLAIN] = ("lower",) * 3
    lines = [
        (_name(key), part, figure, partial(scores.accuracy, key, part), cut)
        for key in rows
        for part, figure in zip(PARTS, figures[key], strict=True)
    ]
    lines += [
        ("majority class", part, None, partial(scores.accuracy, "majority", part))
        for part in PARTS
    ]
    lines += [
        (name, "test", None, partial(scores.gain, *pair), PAIRED)
        for name, pair in _GAINS.items()
    ]
    return as_table(lines_of("Table I: accuracy in %", lines), data)


def binary(y):
    """Two classes: as they are, or scores above the median against others."""
    if set(np.unique(y)) <= {0.0, 1.0}:
        return y.astype(int), ""
    return (y > np.median(y)).astype(int), "scores cut at the median"


def random_vectors(words, n_dimensions=50):
    """A random vector for each word, always the same one."""
    rows = [
        np.random.default_rng(zlib.crc32(word.encode())).normal(size=n_dimensions)
        for word in words
    ]
    return np.reshape(rows, (len(words), n_dimensions))


class _Inputs(NamedTuple):
    """What the rows of the table are made of."""

    data: Data
    blocks: dict
    reasons: dict
    words: str | None
    vocabulary: str | None

    def model(self, key):
        """The perceptron of a row, or why there is none."""
        inputs = ("cnn", "tags") if key == PLAIN else key
        for name in inputs:
            self._check(name)
        model = lafin.interestingness(
            inputs,
            balanced=key != PLAIN,
            vectors=self.words or random_vectors,
            vocabulary=self.vocabulary,
            photo=ROW,
            tags=self.data.columns.get("tags"),
            title=self.data.columns.get("title"),
            networks={name: Known(block) for name, block in self.blocks.items()},
        )
        if "tags" in inputs:
            model.set_params(columntransformer__tags__separator=self.data.separator)
        return model

    def _check(self, name):
        role = {"titles": "title"}.get(name, name)
        if role in ("tags", "title"):
            self.data.column(role)
        network = "caption" if name == "generated_tags" else name
        if network in self.reasons:
            raise self.reasons[network]
        if name == "generated_tags" and self.vocabulary is None:
            raise NotTestableError("no words in the space of captions (--vocabulary)")


class _Scores:
    """Accuracies of the rows on the same splits, each computed when asked for."""

    def __init__(self, inputs, y, plan):
        self.inputs, self.y, self.plan = inputs, y, plan
        groups = inputs.data.groups
        self.splits = splits_of(len(y), TEST_SHARE, plan.n_splits, groups)
        self._accuracies = {"majority": [_majority(y, *each) for each in self.splits]}

    def accuracy(self, key, part):
        scores = np.array(self._of(key))[:, PARTS.index(part)]
        return over_splits(scores, self.splits)

    def gain(self, key, baseline):
        test = PARTS.index("test")
        gains = np.array(self._of(key))[:, test] - np.array(self._of(baseline))[:, test]
        return over_splits(gains, self.splits)

    def _of(self, key):
        if key not in self._accuracies:
            model = self.inputs.model(key)
            model = hasten(model) if self.plan.quick else model
            posts = self.inputs.data.posts
            jobs = [(model, posts, self.y, *split) for split in self.splits]
            what = f"lafin, {_name(key)}"
            self._accuracies[key] = in_parallel(_accuracies, jobs, self.plan, what)
        return self._accuracies[key]


def _accuracies(model, posts, y, train, test):
    fitted = clone(model).fit(posts.iloc[train], y[train])
    right = fitted.predict(posts.iloc[train]) == y[train]
    held_out = np.isin(np.arange(len(train)), fitted[-1].validation_rows_)
    on_test = fitted.predict(posts.iloc[test]) == y[test]
    return [100 * part.mean() for part in (right[~held_out], right[held_out], on_test)]


def _majority(y, train, test):
    """Accuracies of the more frequent class; which rows are held out is not known."""
    frequent = np.bincount(y[train]).argmax()
    known, new = (100 * (y[rows] == frequent).mean() for rows in (train, test))
    return [known, known, new]


def _name(key):
    if key == PLAIN:
        return f"VGG16 + tags, {PLAIN}"
    return " + ".join(_NAMES[name] for name in key)
