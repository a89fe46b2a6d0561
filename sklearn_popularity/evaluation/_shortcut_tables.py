"""Tables of a shortcut audit: its suspects with their verdicts, and their levels."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from ..metrics import Estimate, mean_interval, spearman_interval
from ._compare_models import adjust_p_values
from ._partitions import columns_of_partitions, make_partitions
from ._shortcut_statistics import follow, predict_targets, tell_levels, tell_number
from ._suspects import FEWEST_ROWS, told_levels

_FOLDS = 5
_ALPHA = 0.05
_NOTHING = Estimate(np.nan, np.nan, 1.0)


class Sample:
    """The audited rows with their predictions, folds and groups."""

    def __init__(self, held_out, y, rows, groups, confidence):
        self.y, self.groups, self.confidence = y[rows], groups, confidence
        self.spearman = float(held_out.scores(y).mean())
        self.shares, self.n_folds = held_out.shares[rows], held_out.n_folds
        parts = [
            np.full(len(test), i)
            for folds in held_out.partitions
            for i, (_, test) in enumerate(folds)
        ]
        tests = columns_of_partitions(parts, held_out.partitions, len(rows))
        self.folds = tests[rows].astype(np.intp)

    def partition(self, *, nested):
        """Folds for predicting suspects; they split groups if `nested`."""
        if nested or self.n_folds is None:
            groups = None if nested else self.groups
            n = min(_FOLDS, len(self.y if groups is None else np.unique(groups)))
            return make_partitions(len(self.y), cv=n, n_repeats=1, groups=groups)[0]
        first = self.folds[:, 0]
        return [
            (np.flatnonzero(first != i), np.flatnonzero(first == i))
            for i in np.unique(first)
        ]


def tell(known, features, sample) -> dict[str, Estimate]:
    """How well the features predict each suspect, above chance."""
    found = {}
    for nested in (False, True):
        targets = {
            each.name: _targets(each, sample.groups)
            for each in known
            if each.nested == nested
        }
        targets = {name: target for name, target in targets.items() if target.size}
        if not targets:
            continue
        stacked = np.hstack(list(targets.values())).astype(np.float64)
        shares = predict_targets(features, stacked, sample.partition(nested=nested))
        ends = np.cumsum([target.shape[1] for target in targets.values()])
        parts = np.split(shares, ends[:-1], axis=1)
        units = None if nested else sample.groups
        for (name, target), part in zip(targets.items(), parts, strict=True):
            tell_kind = tell_levels if target.dtype == bool else tell_number
            found[name] = tell_kind(target, part, units, sample.n_folds)
    return found


def _targets(suspect, groups):
    """Columns to predict: the ranks of numbers, or whether each row has each level."""
    if suspect.numbers is None:
        return suspect.levels[:, np.newaxis] == told_levels(suspect, groups)
    return rankdata(suspect.numbers)[:, np.newaxis] / len(suspect.numbers)


def judge_suspects(known, told, sample):
    """Table of the suspects; see :class:`ShortcutAudit`."""
    table = pd.DataFrame(
        [_test(each, told.get(each.name, _NOTHING), sample) for each in known]
    )
    # Suspects that cannot be tested do not count in the adjustment.
    tested = table["p_value"].notna()
    table.loc[tested, "p_value"] = adjust_p_values(table["p_value"][tested])
    return table.assign(verdict=[_verdict(row) for row in table.itertuples()])


def _test(suspect, tells, sample) -> dict:
    """Row of a suspect, with a p-value that is not yet adjusted."""
    levels, goes = suspect.levels, _NOTHING
    if len(suspect.labels) > 1:
        known = sample.shares, sample.y, levels, sample.folds, sample.groups
        goes = follow(*known, nested=suspect.nested)
    follows_low, follows_high = goes.of_model(sample.n_folds).ends(sample.confidence)
    chance = 0.5 if suspect.numbers is None else 0.0
    low, high = np.clip(tells.ends(sample.confidence), -1 + chance, 1 - chance)
    return {
        "suspect": suspect.name,
        "measure": "AUC" if suspect.numbers is None else "Spearman",
        "told": tells.value + chance,
        "told_low": low + chance,
        "told_high": high + chance,
        "chance": chance,
        "spearman": sample.spearman,
        "follows": goes.value,
        "follows_low": follows_low,
        "follows_high": follows_high,
        "without": sample.spearman - goes.value,
        "p_value": np.max([_p_value(tells), _p_value(goes)]),
    }


def _p_value(found):
    """P-value of an estimate above 0; 1 if it is below 0, NaN if it is NaN."""
    if not found.value > 0:
        return np.nan if np.isnan(found.value) else 1.0
    return found.p_value() if found.error > 0 else 0.0


def _verdict(row):
    if not row.p_value <= _ALPHA:
        return ""
    return (
        f"{row.suspect}: the features predict it ({row.measure} {row.told:.2f}, "
        f"{row.told_low:.2f} to {row.told_high:.2f}; chance {row.chance:g}), and "
        f"{row.follows:.2f} ({row.follows_low:.2f} to {row.follows_high:.2f}) of the "
        f"score's {row.spearman:.2f} goes with it."
    )


def score_levels(known, sample):
    """Table of the levels of the suspects; see :class:`ShortcutAudit`."""
    rows = []
    ranks = rankdata(sample.shares, axis=0).mean(axis=1) - rankdata(sample.y)
    excess = 100 * ranks / len(sample.y)
    for each in known:
        found = []
        for level in np.flatnonzero(np.bincount(each.levels) >= FEWEST_ROWS):
            inside = each.levels == level
            units = None if sample.groups is None else sample.groups[inside]
            if each.nested or (units is not None and np.ptp(units) == 0):
                units = None  # of a level in one group, rows count as independent
            options = {"groups": units, "confidence": sample.confidence}
            score = spearman_interval(
                sample.y[inside],
                sample.shares[inside],
                n_folds=sample.n_folds,
                **options,
            )
            bias = mean_interval(excess[inside], **options)
            found.append(
                (each.name, each.labels[level], int(inside.sum()), *score, *bias)
            )
        rows += sorted(found, key=lambda row: row[3])
    columns = ["suspect", "level", "n_rows", "spearman", "low", "high", "bias"]
    return pd.DataFrame(rows, columns=[*columns, "bias_low", "bias_high"])
