"""Latent senses of popular and unpopular that a ranker has learned."""

import pandas as pd

from ..._columns import select_columns
from ...models import LatentRankSVM, StackedLateFusion
from .._report_evidence import Section
from .._senses import last_step, sense_photos, sense_words

TITLE = "Latent senses"
_N_PHOTOS = 6


def write(evidence) -> Section | str:
    """Photos and words of each sense, numbered as in the tables."""
    ranker, table = _find_ranker(evidence)
    if ranker is None:
        return "The model does not tell several kinds of popular photos apart."
    n_top = min(500, max(20, len(evidence.y) // 10))
    photos = sense_photos(ranker, table, n_top=len(evidence.y))
    words = pd.DataFrame({"side": [], "sense": [], "word": []})
    if evidence.words is not None:
        texts = evidence.data.posts[evidence.words]
        texts = texts.where(texts.notna(), None)
        words = sense_words(ranker, table, texts, weighting="tf-idf", n_top=n_top)
    shown = [
        {
            "side": side,
            "number": int(number),
            "n_rows": len(rows),
            "words": _words_of(words, side, number),
            "photos": [evidence.picture(r) for r in rows["row"][:_N_PHOTOS]],
        }
        for (side, number), rows in photos.groupby(["side", "sense"], sort=True)
    ]
    return Section(photos, {"senses": shown, "column": evidence.words, "n_top": n_top})


def _words_of(words, side, number):
    own = words[(words["side"] == side) & (words["sense"] == number)]
    return own["word"].tolist()


def _find_ranker(evidence):
    """A fitted LatentRankSVM, or a pipeline that ends in one, and its input."""
    learner = evidence.learner
    candidates = [(learner, slice(None))]
    if isinstance(learner, StackedLateFusion):
        candidates = [(each, columns) for _, each, columns in learner.branches_]
    for each, columns in candidates:
        if isinstance(last_step(each), LatentRankSVM):
            return each, select_columns(evidence.table, columns)
    return None, None
