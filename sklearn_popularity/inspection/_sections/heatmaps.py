"""Heatmaps of the photos with the highest and lowest predictions."""

import numpy as np
import pandas as pd
from sklearn.utils.parallel import Parallel, delayed

from ..._progress import progress
from ...evaluation import input_of
from .._percentiles import score_percentile
from .._report_evidence import Section
from .._thumbnails import draw_map, overlay, picture_of, tell_extremes

TITLE = "Heatmaps"
_LARGE = 320  # longest side of photos with maps, in pixels


def write(evidence) -> Section | str:
    """Heatmaps of the highest and of the lowest predictions."""
    n = min(evidence.n_heatmaps, len(evidence.y) // 2)
    if n == 0:
        return "No heatmaps were requested (n_heatmaps=0)."
    order = np.argsort(-evidence.predicted, kind="stable")
    ends = ["highest"] * n + ["lowest"] * n
    rows = [*order[:n], *order[-n:][::-1]]
    drawn = Parallel(n_jobs=evidence.n_jobs, return_as="generator")(
        delayed(draw_map)(evidence.model, _post(evidence, row), evidence.data.column)
        for row in rows
    )
    heats = []
    with progress("heatmaps", len(rows), "map", verbose=False) as bar:
        for heat in drawn:
            heats.append(heat)
            bar.update(1)
    limit = float(max(np.abs(heat).max() for heat in heats))
    maps = [
        _tell_map(evidence, row, end, heat, limit)
        for row, end, heat in zip(rows, ends, heats, strict=True)
    ]
    columns = ["name", "end", "predicted_percentile"]
    columns += ["hottest", "raises", "coldest", "lowers"]
    return Section(pd.DataFrame(maps)[columns], {"maps": maps, "limit": limit})


def _post(evidence, row):
    """Input of the model for a post."""
    post = input_of(
        evidence.model, evidence.data.posts.iloc[[row]], evidence.data.column
    )
    return post if isinstance(post, pd.DataFrame) else post.iloc[0]


def _tell_map(evidence, row, end, heat, limit):
    image = evidence.data.photos.read(row, max_size=_LARGE)
    predicted = evidence.predicted
    return {
        "name": evidence.data.names[row],
        "end": end,
        "photo": picture_of(image),
        "map": picture_of(overlay(image, heat, limit)),
        "predicted_percentile": score_percentile(predicted[[row]], predicted)[0],
        "true_percentile": score_percentile(evidence.y[[row]], evidence.y)[0],
    } | tell_extremes(heat)
