"""Tables 3 to 6 and the 20 % accuracy of Cappallo et al. 2015.

70 % of the posts to learn from, 10 % to choose the strength of the penalty on (by rows,
as in the paper), 20 % to test; drawn several times rather than once, since there are
fewer photos. Published figures are those of the Visual Sentiment Ontology (VSO),
MBI-1M (Twitter) and MIR-1M. The score of a post is the logarithm of a count plus 1.
"""

from functools import partial

from sklearn.base import clone

from sklearn_popularity import top_fraction_accuracy
from sklearn_popularity.papers import cappallo2015, khosla2014

from ._data import ROW, NotTestableError, known_column
from ._lines import as_table, line, lines_of, refuse
from ._scores import (
    PAIRED,
    hasten,
    in_parallel,
    over_splits,
    predict_all,
    rank_correlation,
    splits_of,
)

TEST_SHARE = 0.2
SENSES = (5, 10, 20)
PUBLISHED = {
    "3": {
        ("no", "fixed"): {"VSO": 0.330, "MBI-1M": 0.161},
        ("no", "soft"): {"VSO": 0.331, "MBI-1M": 0.160, "MIR-1M": 0.330},
        ("5", "fixed"): {"VSO": 0.333, "MBI-1M": 0.166},
        ("5", "soft"): {"VSO": 0.334, "MBI-1M": 0.165, "MIR-1M": 0.346},
        ("10", "fixed"): {"VSO": 0.335, "MBI-1M": 0.165},
        ("10", "soft"): {"VSO": 0.337, "MBI-1M": 0.165, "MIR-1M": 0.346},
        ("20", "fixed"): {"VSO": 0.336, "MBI-1M": 0.167},
        ("20", "soft"): {"VSO": 0.335, "MBI-1M": 0.165, "MIR-1M": 0.346},
    },
    "4.1": {"k-means": {"MBI-1M": 0.165}, "random": {"MBI-1M": 0.162}},
    "4": {
        "low": {"VSO": 0.337, "MBI-1M": 0.151},
        "high": {"VSO": 0.110, "MBI-1M": 0.130},
        "combined": {"VSO": 0.328, "MBI-1M": 0.165},
    },
    "5": {
        "popular": {"VSO": 0.337, "MBI-1M": 0.165, "MIR-1M": 0.346},
        "both": {"VSO": 0.345, "MBI-1M": 0.172, "MIR-1M": 0.365},
    },
    "6": {"regression": {"VSO": 0.315}, "both": {"VSO": 0.345}},
    "4.5": {"both": {"MIR-1M": 0.64}, "McParlane": {"MIR-1M": 0.53}},
}
_SOFT, _RANDOM, _BOTH, _REGRESSION = "10 soft", "random start", "5 + 5", "regression"
#: Figures of a model, or of a model and the one that it is to beat.
_CORRELATIONS = {
    "Section 4.1: where 10 senses start": {
        "k-means": (PUBLISHED["4.1"]["k-means"], _SOFT),
        "random": (PUBLISHED["4.1"]["random"], _RANDOM),
        "gain": (None, _SOFT, _RANDOM),
    },
    "Table 5: unpopular senses": {
        "popular": (PUBLISHED["5"]["popular"], _SOFT),
        "both": (PUBLISHED["5"]["both"], _BOTH),
        "gain": (None, _BOTH, _SOFT),
    },
    "Table 6: against regression on the same features": {
        "Khosla et al.": (PUBLISHED["6"]["regression"], _REGRESSION),
        "this paper": (PUBLISHED["6"]["both"], _BOTH),
        "gain": (None, _BOTH, _REGRESSION),
    },
}


def tables(data, photos, plan):
    """All tables, a line per figure.

    Parameters
    ----------
    data : Data
        Posts, whose label is the logarithm of a count plus 1, or any other score.
    photos : Photos
        Their features.
    plan : Plan
        How much is computed.

    Returns
    -------
    table : DataFrame
    """
    data = data.without_photos()
    try:
        block = photos.network("cnn", khosla2014.FEATURES["deep"])
        scores = _Scores(data, block, plan)
    except NotTestableError as error:
        scores = _NoScores(error)
    lines = _correlations(scores) + _top_fifths(scores) + _engagement(data, scores)
    return as_table(lines, data)


def models(n_senses=SENSES):
    """The rankers of tables 3, 5 and section 4.1, and the regression of table 6."""
    rankers = {
        "no fixed": cappallo2015.ranker("none", photo=ROW),
        # One sense and a margin that grows: not among the variants.
        "no soft": cappallo2015.ranker("popular_soft", n_senses=1, photo=ROW),
    }
    for n in n_senses:
        for margin, variant in {"fixed": "popular", "soft": "popular_soft"}.items():
            ranker = cappallo2015.ranker(variant, n_senses=n, photo=ROW)
            rankers[f"{n} {margin}"] = ranker
    random = clone(rankers[_SOFT]).set_params(gridsearchcv__estimator__init="random")
    return {
        **rankers,
        _RANDOM: random,
        _BOTH: cappallo2015.ranker(photo=ROW),
        _REGRESSION: cappallo2015.regression(photo=ROW),
    }


class _Scores:
    """Predictions of all models on the same splits, and figures of them."""

    def __init__(self, data, block, plan):
        self.data, self.plan, self._features = data, plan, known_column(block)
        self.splits = splits_of(len(data.y), TEST_SHARE, plan.n_splits, data.groups)
        chosen = models(SENSES[1:2] if plan.quick else SENSES)
        self.models = {name: self._known(model) for name, model in chosen.items()}
        self.predictions = self._predict(self.models, data.y, "cappallo")

    def _known(self, model):
        model.set_params(columntransformer=self._features)
        return hasten(model) if self.plan.quick else model

    def _predict(self, models, y, what):
        return predict_all(models, self.data.posts, y, self.splits, self.plan, what)

    def correlation(self, name, baseline=None):
        if name not in self.predictions:
            raise NotTestableError("left out by --quick")
        return rank_correlation(
            self.data.y,
            self.splits,
            self.predictions[name],
            self.data.groups,
            baseline=None if baseline is None else self.predictions[baseline],
        )

    def correlation_with(self, y, what):
        """Of the ranker of table 4, which learns another score."""
        predicted = self._predict({what: self.models[_SOFT]}, y, f"cappallo, {what}")
        return rank_correlation(y, self.splits, predicted[what], self.data.groups)

    def accuracy_of_both(self):
        """Of telling the most popular fifth from as many others."""
        jobs = [
            (self.models[_BOTH], self.data.posts, self.data.y, *split)
            for split in self.splits
        ]
        what = "cappallo, top fifth"
        return over_splits(in_parallel(_top_fifth, jobs, self.plan, what), self.splits)


class _NoScores:
    """The same figures where there is no network: none."""

    def __init__(self, error):
        why = partial(refuse, error)
        self.correlation = self.correlation_with = self.accuracy_of_both = why


def _top_fifth(model, posts, y, train, test):
    fitted = clone(model).fit(posts.iloc[train], y[train])
    predicted = [fitted.predict(posts.iloc[rows]) for rows in (train, test)]
    return top_fraction_accuracy(y[train], predicted[0], y[test], predicted[1])


def _correlations(scores):
    table_3 = [
        (
            f"{n} senses",
            f"{margin} margin",
            figures,
            partial(scores.correlation, f"{n} {margin}"),
        )
        for (n, margin), figures in PUBLISHED["3"].items()
    ]
    lines = lines_of("Table 3: latent senses", table_3)
    for table, rows in _CORRELATIONS.items():
        for name, (figures, *models) in rows.items():
            figure = partial(scores.correlation, *models)
            note = PAIRED if len(models) > 1 else ""
            lines.append(line(table, name, "Spearman", figures, figure, note))
    return lines


def _top_fifths(scores):
    published = PUBLISHED["4.5"]
    return lines_of(
        "Section 4.5: top 20 % against as many others",
        [
            ("this paper", "accuracy", published["both"], scores.accuracy_of_both),
            ("constant", "accuracy", None, 0.5, "by definition"),
            ("McParlane et al.", "accuracy", published["McParlane"]),
        ],
    )


def _engagement(data, scores):
    """Table 4, where there are counts of views and of comments (or what stands so)."""

    def correlation(level):
        targets = cappallo2015.engagement(
            data.posts, low=[data.column("views")], high=[data.column("comments")]
        )
        return scores.correlation_with(targets[level].to_numpy(), f"{level} engagement")

    return lines_of(
        "Table 4: level of engagement",
        [
            (level, "Spearman", figures, partial(correlation, level))
            for level, figures in PUBLISHED["4"].items()
        ],
    )
