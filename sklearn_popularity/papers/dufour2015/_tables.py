"""Tables 1 and 2 and the three experiments, each beside a constant.

There are ten splits, two partitions into five folds; the paper has one, of a share that
it does not state. Posts with counts six standard deviations above the mean are left
out, as in the paper. Losses are half the mean squared error, Caffe's "Euclidean loss".
Each experiment is run with the paper's learning rates and with rates that work for
hundreds of photos (`RATES_THAT_WORK`). The paper's rate for raw counts, 1e-8 for a
standard deviation of 324, is scaled to the variance of the counts at hand.
"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .._claims import Claim, Evidence, adds_nothing
from .._lines import lines_of
from .._trial import figure_of, pearson
from ._trials import CONSTANT, PAPER, WORKS, kept_rows, losses_of, trial_of

#: Figures by table or section and row; in table 1 mean, standard deviation and maximum.
PUBLISHED: dict[str, Any] = {
    "Table 1": {
        "views": (146.37, 323.58, 321_528),
        "favorites": (0.32, 2.21, 1_533),
        "comments": (0.50, 5.51, 1_175),
    },
    "Table 2": {
        ("views", "favorites"): 0.44,
        ("views", "comments"): 0.12,
        ("favorites", "comments"): 0.44,
    },
    # 52,352 is half of 323.58 squared; the paper does not state it.
    "Section 5.1": {
        "constant": {"stated": 87_000, "by table 1": 52_352},
        "network": {"best": 50_090},
    },
    "Section 5.2": {"constant": 89.1, "network": {"mean": 89.1, "best": 89.6}},
    "Section 5.3": {"constant": 4.125, "network": {"mean": 4.01, "best": 3.94}},
}


def table_1(experiments) -> pd.DataFrame:
    """Mean, standard deviation and maximum of each count.

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
    moments = {"mean": np.mean, "standard deviation": np.std, "maximum": np.max}
    return lines_of(
        "Table 1: popularity metrics",
        [
            (name, title, figure, partial(_moment, experiments, name, moments[title]))
            for name, figures in PUBLISHED["Table 1"].items()
            for title, figure in zip(moments, figures, strict=True)
        ],
    )


def table_2(experiments) -> pd.DataFrame:
    """Pearson's correlations between the counts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """

    def correlation(*names):
        return pearson(*map(experiments.data.values, names))

    return lines_of(
        "Table 2: correlations of metrics",
        [
            (*names, figure, partial(correlation, *names))
            for names, figure in PUBLISHED["Table 2"].items()
        ],
    )


def _moment(experiments, name, function):
    """A moment of the kept posts; the maximum is of all, as it must be in the paper."""
    values = experiments.data.values(name)
    return function(values if function is np.max else values[kept_rows(experiments)])


def section_51(experiments) -> pd.DataFrame:
    """Experiment 1: regression of raw counts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models. The target is the views, or the label if there are none.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    return _section(experiments, "5.1", "regression of counts", "half squared error")


def section_52(experiments) -> pd.DataFrame:
    """Experiment 2: whether a photo was ever made a favourite.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    return _section(experiments, "5.2", "whether a favorite", "accuracy in %")


def section_53(experiments) -> pd.DataFrame:
    """Experiment 3: regression of the index of one of ten balanced bins.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    lines : DataFrame
        As in :func:`table_1`.
    """
    return _section(experiments, "5.3", "ten balanced bins", "half squared error")


def _section(experiments, number, title, unit):
    published = PUBLISHED[f"Section {number}"]

    def mean(who):
        trial, values = losses_of(experiments, number, who)
        return figure_of(trial.mean(values))

    def difference():
        trial, values = losses_of(experiments, number, WORKS)
        _, constant = losses_of(experiments, number, CONSTANT)
        return figure_of(trial.mean(values - constant))

    def fall(who):
        trial = trial_of(experiments, number, who)
        found = [[each[1] for each in models] for models in trial.held_out.estimators]
        return figure_of(trial.over_folds(found))

    rows: list[Any] = [
        (CONSTANT, unit, published["constant"], partial(mean, CONSTANT)),
        (f"network, {PAPER}", unit, published["network"], partial(mean, PAPER)),
        (f"network, {WORKS}", unit, None, partial(mean, WORKS)),
        (f"network minus constant, {WORKS}", unit, None, difference),
    ]
    told = "training loss, last / first epoch"
    rows += [
        (f"network, {who}", told, None, partial(fall, who)) for who in (PAPER, WORKS)
    ]
    return lines_of(f"Section {number}: {title}", rows)


def claims(experiments) -> list[Claim]:
    """Claims of the paper, to be judged on the given posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    claims : list of Claim
        For `judge`; nothing is computed yet. Losses are relative to the constant's.
    """
    return [
        Claim(
            "a network that learns raw counts, at rates that work, beats a constant",
            "5.1",
            partial(_against_constant, experiments, "5.1"),
        ),
        adds_nothing(
            "a network tells favorites less than 0.02 better than the majority class",
            "5.2",
            partial(_against_constant, experiments, "5.2"),
        ),
        Claim(
            "a network that learns ten bins, at rates that work, beats a constant",
            "5.3",
            partial(_against_constant, experiments, "5.3"),
        ),
    ]


def _against_constant(experiments, number):
    """What a network saves of the constant's loss, or how many more are right."""
    trial, network = losses_of(experiments, number, WORKS)
    _, constant = losses_of(experiments, number, CONSTANT)
    means = np.nanmean(network), np.nanmean(constant)
    if number == "5.2":
        gain, told = (network - constant) / 100, "{:.1f} against {:.1f} % right"
    else:
        gain, told = (constant - network) / means[1], "{:,.3f} against {:,.3f}"
    return Evidence(trial.mean(gain), trial.n, told.format(*means))


#: Functions of the tables, in the paper's order.
TABLES = (table_1, table_2, section_51, section_52, section_53)
TITLE = "Dufour 2015: will it play in Peoria?"
