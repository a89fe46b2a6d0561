"""Tables 3 to 6, sections 4.1, 4.4 and 4.5, and the claims of the paper.

The paper's split of 70, 10 and 20 % is reproduced by five folds, in which an eighth of
the training posts (by rows) is for choosing the penalty. The score of a post is the
logarithm of a count plus 1. Published figures are for the Visual Sentiment Ontology
(VSO), MBI-1M (Twitter) and MIR-1M.
"""

from functools import partial
from typing import Any

import pandas as pd

from .._claims import OURS, Claim, Evidence, claims_of, evidence_of
from .._lines import lines_of
from .._posts import NotTestableError
from .._trial import PAIRED, figure_of
from ._trials import (
    BOTH,
    RANDOM,
    REGRESSION,
    SOFT,
    engaged,
    over_folds,
    over_seeds,
    top_fifth,
    trial_of,
)

#: Figures by table, row and data set.
PUBLISHED: dict[str, Any] = {
    "Table 3": {
        ("no", "fixed"): {"VSO": 0.330, "MBI-1M": 0.161},
        ("no", "soft"): {"VSO": 0.331, "MBI-1M": 0.160, "MIR-1M": 0.330},
        ("5", "fixed"): {"VSO": 0.333, "MBI-1M": 0.166},
        ("5", "soft"): {"VSO": 0.334, "MBI-1M": 0.165, "MIR-1M": 0.346},
        ("10", "fixed"): {"VSO": 0.335, "MBI-1M": 0.165},
        ("10", "soft"): {"VSO": 0.337, "MBI-1M": 0.165, "MIR-1M": 0.346},
        ("20", "fixed"): {"VSO": 0.336, "MBI-1M": 0.167},
        ("20", "soft"): {"VSO": 0.335, "MBI-1M": 0.165, "MIR-1M": 0.346},
    },
    "Section 4.1": {"k-means": {"MBI-1M": 0.165}, "random": {"MBI-1M": 0.162}},
    "Table 4": {
        "low": {"VSO": 0.337, "MBI-1M": 0.151},
        "high": {"VSO": 0.110, "MBI-1M": 0.130},
        "combined": {"VSO": 0.328, "MBI-1M": 0.165},
    },
    "Table 5": {
        "popular": {"VSO": 0.337, "MBI-1M": 0.165, "MIR-1M": 0.346},
        "both": {"VSO": 0.345, "MBI-1M": 0.172, "MIR-1M": 0.365},
    },
    "Table 6": {"regression": {"VSO": 0.315}, "both": {"VSO": 0.345}},
    "Section 4.5": {"both": {"MIR-1M": 0.64}, "McParlane": {"MIR-1M": 0.53}},
}
_CHANCE = 0.5  # as many others as there are popular ones


def table_3(experiments) -> pd.DataFrame:
    """Numbers of latent senses, with either margin.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        A row per figure: table, row, column, published, reproduced, low, high (95 %
        interval), pearson and note.
    """
    return lines_of(
        "Table 3: latent senses",
        [
            (
                f"{n} senses",
                f"{margin} margin",
                published,
                partial(_score, experiments, f"{n} {margin}"),
            )
            for (n, margin), published in PUBLISHED["Table 3"].items()
        ],
    )


def section_41(experiments) -> pd.DataFrame:
    """Initial senses: centres of clusters of popular photos, or random ones.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_3`.
    """
    rows = {"k-means": SOFT, "random": RANDOM}
    return _compare(experiments, "Section 4.1: where 10 senses start", rows)


def table_4(experiments) -> pd.DataFrame:
    """Levels of engagement: views, comments, and their sum.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_3`.
    """

    def figure(level):
        return engaged(experiments, level).figure()

    return lines_of(
        "Table 4: level of engagement",
        [
            (level, "Spearman", published, partial(figure, level))
            for level, published in PUBLISHED["Table 4"].items()
        ],
    )


def section_44(experiments) -> pd.DataFrame:
    """Stability of the senses, which is a condition for interpreting them.

    The agreement of each of five popular and five unpopular senses with the senses of
    models of other folds, and of other seeds on all posts, beside chance agreement; see
    :func:`~sklearn_popularity.inspection.sense_stability`.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_3`.
    """
    title = "Section 4.4: stability of the senses"
    try:
        found = {
            "over folds": over_folds(experiments),
            "over seeds": over_seeds(experiments),
        }
    except NotTestableError as error:
        return lines_of(title, [("all", "kappa", None, None, f"not testable: {error}")])
    rows: list[Any] = []
    for how, table in found.items():
        for row in table.itertuples():
            note = f"{row.chance:.3f} by chance; strongest for {row.share:.0%} of posts"
            name = f"{row.side} {row.sense}"
            rows.append((name, f"kappa {how}", None, row.agreement, note))
        n, note = int(table["stable"].sum()), f"of {len(table)}"
        rows.append(("stable", f"senses {how}", None, n, note))
    return lines_of(title, rows)


def section_45(experiments) -> pd.DataFrame:
    """Accuracy in telling the most popular fifth from equally many other posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_3`.
    """
    published = PUBLISHED["Section 4.5"]

    def measured():
        return figure_of(top_fifth(experiments))

    return lines_of(
        "Section 4.5: top 20 % against as many others",
        [
            ("this paper", "accuracy", published["both"], measured),
            ("constant", "accuracy", None, _CHANCE, "by definition"),
            ("McParlane et al.", "accuracy", published["McParlane"]),
        ],
    )


def table_5(experiments) -> pd.DataFrame:
    """Ten popular senses against five popular and five unpopular ones.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_3`.
    """
    rows = {"popular": SOFT, "both": BOTH}
    return _compare(experiments, "Table 5: unpopular senses", rows)


def table_6(experiments) -> pd.DataFrame:
    """The ranker against regression on the same features.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_3`.
    """
    rows = {"regression": REGRESSION, "both": BOTH}
    return _compare(experiments, "Table 6: against regression", rows)


def _compare(experiments, title, rows):
    """Two models, and the difference that the last row names."""
    published = PUBLISHED[title.split(":")[0]]
    lines: list[Any] = [
        (name, "Spearman", published[name], partial(_score, experiments, key))
        for name, key in rows.items()
    ]
    first, second = rows.items()
    if first[0] == "k-means":
        first, second = second, first
    gain = partial(_gain, experiments, second[1], first[1])
    lines.append((f"{second[0]} minus {first[0]}", "Spearman", None, gain, PAIRED))
    return lines_of(title, lines)


def _score(experiments, name):
    return trial_of(experiments, name).figure()


def _gain(experiments, name, other):
    return figure_of(trial_of(experiments, name).gain(trial_of(experiments, other)))


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
        ("ten popular senses beat none", "Table 3", "10 fixed", "no fixed"),
        ("a start by k-means beats a random one", "4.1", SOFT, RANDOM),
        ("5 + 5 senses beat 10 popular ones", "Table 5", BOTH, SOFT),
        ("the ranker beats regression", "Table 6", BOTH, REGRESSION),
    ]
    return [
        *claims_of(pairs, _evidence, experiments),
        Claim(
            "views are easier to predict than comments",
            "Table 4",
            partial(_low_against_high, experiments),
        ),
        Claim(
            "the top fifth is told from others better than by a constant",
            OURS,
            partial(_top_fifth_against_constant, experiments),
        ),
    ]


def _evidence(experiments, name, other):
    return evidence_of(*(trial_of(experiments, each) for each in (name, other)))


def _low_against_high(experiments):
    low, high = (engaged(experiments, level) for level in ("low", "high"))
    note = f"{low.score:.3f} against {high.score:.3f}"
    return Evidence(low.easier(high), low.n, note)


def _top_fifth_against_constant(experiments):
    found = top_fifth(experiments)
    effect = found._replace(value=found.value - _CHANCE)
    return Evidence(effect, len(experiments.data.y), f"{found.value:.3f} against 0.5")


#: Functions of the tables, in the paper's order.
TABLES = (table_3, section_41, table_4, table_5, section_44, table_6, section_45)
TITLE = "Cappallo, Mensink and Snoek 2015: latent factors of visual popularity"
