"""Words and photos of latent senses."""

import re
from collections import Counter
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length

from .._sklearn_compat import Interval, StrOptions, validate_params
from ..models import LatentRankSVM
from ._photos import read_photos
from ._plotting import COLORS, HATCHES, INK, STEP, montage, new_axes, shorten

_WORD = re.compile(r"\w+(?:[-'\u2019]\w+)*")
POPULAR, UNPOPULAR = "popular", "unpopular"


class Sense(NamedTuple):
    """A latent sense with its rows and their scores, the highest first."""

    side: str
    number: int
    rows: np.ndarray
    scores: np.ndarray


def split_words(text: str) -> list[str]:
    """Runs of letters and digits, also with hyphens or apostrophes, in lower case."""
    return _WORD.findall(text.lower())


@validate_params(
    {"n_top": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def sense_photos(ranker, X, *, n_top=500):
    """Rows that belong to each latent sense, the highest score first.

    Parameters
    ----------
    ranker : LatentRankSVM, or pipeline that ends in one
        Fitted ranker.
    X : array-like of shape (n_samples, n_features)
        Rows, preferably held out.
    n_top : int, default=500
        Maximal number of rows of a sense (500 in section 4.4 of [1]_).

    Returns
    -------
    table : DataFrame
        Rows sorted by side, sense and falling score, with the columns side ("popular"
        or "unpopular"), sense (number within its side), row (position in X) and score
        (of the sense). Each row of X belongs to the popular and to the unpopular sense
        with the highest score; a sense may have no rows.

    References
    ----------
    .. [1] Cappallo, Mensink and Snoek, "Latent factors of visual popularity
       prediction", ICMR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import LatentRankSVM
    >>> from sklearn_popularity.inspection import sense_photos
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> y = X[:, :2].max(axis=1) - X[:, 2:].max(axis=1)
    >>> ranker = LatentRankSVM(random_state=0).fit(X, y)
    >>> sense_photos(ranker, X, n_top=1)[["side", "sense"]].values.tolist()
    [['popular', 0], ['popular', 1], ['unpopular', 0], ['unpopular', 1]]
    """
    tables = [
        pd.DataFrame(
            {
                "side": sense.side,
                "sense": sense.number,
                "row": sense.rows,
                "score": sense.scores,
            }
        )
        for sense in _senses(ranker, X, n_top)
    ]
    return pd.concat(tables, ignore_index=True)


def last_step(model):
    """The model itself, or the last step of a pipeline."""
    return model[-1] if isinstance(model, Pipeline) else model


def ranker_and_rows(ranker, X):
    """The LatentRankSVM, of a pipeline too, and the rows that it gets."""
    last = last_step(ranker)
    if not isinstance(last, LatentRankSVM):
        raise TypeError(
            f"Got a ranker of type {type(last).__name__}, but a LatentRankSVM, or a "
            "pipeline that ends in one, was expected."
        )
    return last, X if last is ranker else ranker[:-1].transform(X)


def _senses(ranker, X, n_top):
    """The senses, popular ones first, with their highest-scoring rows."""
    ranker, X = ranker_and_rows(ranker, X)
    winners = ranker.predict_sense(X)
    scores = np.asarray(X) @ ranker.coef_.T + ranker.intercept_
    sides = [(POPULAR, i) for i in range(ranker.n_senses)]
    sides += [(UNPOPULAR, i) for i in range(ranker.n_unpopular_senses)]
    senses = []
    for (side, number), score in zip(sides, scores.T, strict=True):
        rows = np.flatnonzero(winners[:, int(side == UNPOPULAR)] == number)
        rows = rows[np.argsort(-score[rows], kind="stable")][:n_top]
        senses.append(Sense(side, number, rows, score[rows]))
    return senses


@validate_params(
    {
        "texts": ["array-like"],
        "weighting": [StrOptions({"frequency", "tf-idf"})],
        "tokenizer": [callable],
        "n_top": [Interval(Integral, 1, None, closed="left")],
        "n_words": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def sense_words(
    ranker,
    X,
    texts,
    *,
    weighting="frequency",
    tokenizer=split_words,
    n_top=500,
    n_words=7,
):
    """Words of each latent sense of popular and of unpopular.

    Parameters
    ----------
    ranker : LatentRankSVM, or pipeline that ends in one
        Fitted ranker.
    X : array-like of shape (n_samples, n_features)
        Rows, preferably held out.
    texts : sequence of str of length n_samples
        Labels, tags or title of each row; None and NaN have no words.
    weighting : {"frequency", "tf-idf"}, default="frequency"
        - "frequency": sort words by their number of occurrences in the texts of the
          sense, which suits labels.
        - "tf-idf": sort words by tf-idf, which suits free text; see Notes.
    tokenizer : callable, default=split_words
        Maps a text to a list of words; it may keep only nouns, as [1]_ does.
    n_top : int, default=500
        Number of highest-scoring rows of a sense whose texts are used (500 in section
        4.4 of [1]_, or 10,000 for free text).
    n_words : int, default=7
        Maximal number of words of a sense.

    Returns
    -------
    table : DataFrame
        A row per word, the highest weight first within each sense, with the columns
        side ("popular" or "unpopular"), sense (number within its side), word, weight
        (occurrences, or tf-idf), count (occurrences in the texts of the sense) and
        n_rows (number of texts).

    Raises
    ------
    TypeError
        If the ranker has no senses, or a text is not a str.
    ValueError
        If lengths differ.

    See Also
    --------
    sense_photos : The rows of each sense.
    plot_sense_words : Plot the table.

    Notes
    -----
    Section 4.4 of [1]_. Each row belongs to the senses with the highest scores. For
    tf-idf, all texts of a sense form one document, as in the paper: a word that occurs
    c times among the n words of its document, and in d of the D documents, has the
    weight ``c / n * ln(D / d)``; words of all senses have the weight 0 and are left
    out. The paper does not specify its form of tf-idf. Words of equal weight are in
    alphabetical order.

    References
    ----------
    .. [1] Cappallo, Mensink and Snoek, "Latent factors of visual popularity
       prediction", ICMR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import LatentRankSVM, sense_words
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> y = X[:, :2].max(axis=1) - X[:, 2:].max(axis=1)
    >>> ranker = LatentRankSVM(random_state=0).fit(X, y)
    >>> labels = np.array(["beach", "night", "table", "street"])[X.argmax(axis=1)]
    >>> sense_words(ranker, X, labels, n_top=20, n_words=1)["word"].tolist()
    ['night', 'beach', 'street', 'table']
    """
    check_consistent_length(X, texts)
    senses = _senses(ranker, X, n_top)
    texts = list(texts)
    counts = [_count_words(texts, sense.rows, tokenizer) for sense in senses]
    n_documents = Counter(word for count in counts for word in count)
    rows = []
    for sense, count in zip(senses, counts, strict=True):
        weights = dict(count)
        if weighting == "tf-idf":
            weights = _tf_idf(count, n_documents, len(senses))
        for word in sorted(weights, key=lambda word: (-weights[word], word))[:n_words]:
            row = {"side": sense.side, "sense": sense.number, "word": word}
            row |= {"weight": float(weights[word]), "count": count[word]}
            rows.append(row | {"n_rows": len(sense.rows)})
    columns = ["side", "sense", "word", "weight", "count", "n_rows"]
    return pd.DataFrame(rows, columns=columns)


def _count_words(texts, rows, tokenizer):
    count: Counter[str] = Counter()
    for row in rows:
        text = texts[row]
        if text is None or (isinstance(text, float) and np.isnan(text)):
            continue
        if not isinstance(text, str):
            raise TypeError(
                f"Got texts[{row}]={text!r}, but a str was expected, such as tags "
                "separated by spaces."
            )
        count.update(tokenizer(text))
    return count


def _tf_idf(count, n_documents, n_senses):
    n_words = sum(count.values())
    weights = {
        word: n / n_words * np.log(n_senses / n_documents[word])
        for word, n in count.items()
    }
    return {word: weight for word, weight in weights.items() if weight > 0}


def plot_sense_words(table, *, ax=None):
    """Plot the weights of the words of each sense as bars.

    Parameters
    ----------
    table : DataFrame
        From :func:`sense_words`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        Senses are below each other, the popular ones first; unpopular ones are hatched.
    """
    senses = table.groupby(["side", "sense"], sort=True)
    ax = new_axes(ax, (6.0, 1.0 + 0.22 * (len(table) + len(senses))))
    labels: list[str] = []
    places: list[int] = []
    labelled: set[str] = set()
    place = 0
    for (side, number), rows in senses:
        span = place + np.arange(len(rows))
        unpopular = int(side == UNPOPULAR)
        ax.barh(
            span,
            rows["weight"],
            color=COLORS[1 - unpopular],
            hatch=HATCHES[unpopular],
            edgecolor=INK,
            label=None if side in labelled else side,
        )
        labelled.add(side)
        labels += [f"{side} {number}: {shorten(word)}" for word in rows["word"]]
        places += span.tolist()
        place = span[-1] + 2
    ax.set_yticks(places, labels)
    ax.set_xlabel("weight")
    if labels:
        ax.set_ylim(place - 1, -1)
        ax.legend(loc="lower right")
    return ax


def plot_sense_photos(table, photos, *, n_photos=8, ax=None):
    """Plot the highest-scoring photos of each sense, with a line per sense.

    Parameters
    ----------
    table : DataFrame
        From :func:`sense_photos`.
    photos : sequence of photos of length n_samples
        Photos of all rows of X, in the same order.
    n_photos : int, default=8
        Number of photos per sense.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        As figure 4 of Cappallo et al., with the highest score on the left.
    """
    senses = list(table.groupby(["side", "sense"], sort=True))
    ax = new_axes(ax, (1.2 + 0.9 * n_photos, 0.9 * len(senses)))
    sheets = [
        montage(read_photos(photos, rows["row"].head(n_photos), 200), n_photos)
        for _, rows in senses
    ]
    for i, sheet in enumerate(sheets):
        height, width = sheet.shape[:2]
        ax.imshow(sheet, extent=(0, width, i * STEP + height, i * STEP))
    ax.set_xlim(0, n_photos * STEP)
    ax.set_ylim(len(senses) * STEP, 0)
    names = [f"{side} {number}" for (side, number), _ in senses]
    ax.set_yticks(STEP * (np.arange(len(senses)) + 0.5), names)
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax
