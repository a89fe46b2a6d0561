"""Effects of colours, with confidence intervals."""

import numpy as np
from sklearn.linear_model import RidgeCV

from ...evaluation import predict_partitions
from ...features import ColorHistogram
from .._color_names import name_color
from .._effects import ALPHAS, both_ends, effects_of_columns
from .._report_evidence import Section

TITLE = "Colours"
_LEAST_SHARE = 0.2  # of 1 / number of colours; rarer colours are not tested


def write(evidence) -> Section | str:
    """Effects of colours in a linear model of their shares alone."""
    histogram = ColorHistogram(n_jobs=evidence.n_jobs)
    histogram.set_output(transform="default")
    shares = histogram.fit_transform(evidence.data.photos.items)
    ridge = RidgeCV(alphas=ALPHAS)
    held_out = predict_partitions(
        ridge, shares, evidence.y, [evidence.folds], n_jobs=evidence.n_jobs
    ).shares
    colors = ["#" + name[-6:] for name in histogram.get_feature_names_out()]
    table = effects_of_columns(
        shares,
        evidence.y,
        clusters=evidence.clusters,
        tested=shares.mean(axis=0) >= _LEAST_SHARE / len(colors),
        sum_to_one=True,
    )
    table.insert(0, "color", colors)
    table.insert(1, "name", [name_color(color) for color in colors])
    table = table.sort_values("effect", ascending=False, ignore_index=True)
    shown = both_ends(table)
    n_tested = int(np.isfinite(table["low"]).sum())
    if not shown["raising"] and not shown["lowering"]:
        return (
            f"None of the {n_tested} colours that are frequent enough has an effect "
            "whose interval excludes 0."
        )
    score = evidence.interval(held_out)
    return Section(table, shown | {"score": score._asdict(), "n_tested": n_tested})
