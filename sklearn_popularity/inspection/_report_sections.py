"""The sections of a report as plain data: tables, and photos to show beside them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import kendalltau
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from .._columns import select_columns
from .._progress import progress
from ..evaluation import input_of, predict_partitions
from ..features import ColorHistogram
from ..models import LatentRankSVM, StackedLateFusion
from ._calibration import calibration
from ._colors import color_importance
from ._objects import object_importance
from ._percentiles import score_percentile
from ._quadrants import QUADRANTS, quadrants
from ._reliability import percentile_reliability
from ._report_evidence import Evidence, Section
from ._senses import sense_photos, sense_words
from ._thumbnails import data_uri, draw_map, name_places, overlay

_LARGE = 320  # longest side of photos with maps, in pixels
_N_SHOWN = 8  # colours, objects and groups of each end
_N_SENSE_PHOTOS = 6
_MIN_ROWS = 10  # of a kind of posts
_ALPHAS = np.logspace(-4, 3, 15)


def write_sections(evidence: Evidence) -> tuple[dict[str, Section], dict[str, str]]:
    """All sections that there is evidence for, and why the others are left out.

    Parameters
    ----------
    evidence : Evidence
        What is known.

    Returns
    -------
    sections : dict of str to Section
    left_out : dict of str to str
    """
    written = {name: write(evidence) for name, write in _SECTIONS.items()}
    sections = {k: v for k, v in written.items() if isinstance(v, Section)}
    left_out = {k: v for k, v in written.items() if isinstance(v, str)}
    return sections, left_out


def _summary(evidence):
    y, predicted = evidence.y, evidence.predicted
    row = {
        "spearman": evidence.score.score,
        "low": evidence.score.low,
        "high": evidence.score.high,
        "pairs_in_order": pairs_in_order(y, predicted),
        "top_fifth_above_median": _top_fifth_above_median(y, predicted),
        "n_posts": len(y),
        "n_groups": _n_groups(evidence),
        "n_folds": len(evidence.folds),
    }
    counts, edges = np.histogram(y, bins=min(30, max(5, int(len(y) ** 0.5))))
    bars = [
        {"left": left, "right": right, "count": int(count)}
        for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    shown = row | {"bars": bars, "most": int(counts.max()), "median": np.median(y)}
    return Section(pd.DataFrame([row]), shown)


def _top_fifth_above_median(y_true, y_pred):
    top = score_percentile(y_pred, y_pred) > 80
    return float((y_true > np.median(y_true))[top].mean()) if top.any() else np.nan


def _n_groups(evidence):
    return 0 if evidence.clusters is None else int(evidence.clusters.max()) + 1


def pairs_in_order(y_true, y_pred) -> float:
    """Share of the pairs with different true scores that predictions put in order.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_samples,)
        Scores.

    Returns
    -------
    share : float
        From 0 to 1; predictions that are equal count half. 0.5 if all scores are equal.
    """
    n, (_, counts) = len(y_true), np.unique(y_true, return_counts=True)
    m = min(len(counts), len(np.unique(y_pred)))
    if m == 1:
        return 0.5
    tau = kendalltau(y_true, y_pred, variant="c").statistic
    # Kendall's tau-c is (right - wrong) / (n^2 (m - 1) / 2m).
    gain = tau * n**2 * (m - 1) / (2 * m)
    n_pairs = (n**2 - (counts**2).sum()) / 2
    return float(0.5 + 0.5 * gain / n_pairs)


def _branches(evidence):
    if not evidence.held_out.branches:
        return "The model is no late fusion or mean of models: nothing to compare."
    rows = []
    for name, alone in evidence.held_out.branches.items():
        score = evidence.interval(alone)
        fall = evidence.interval(evidence.predicted, evidence.held_out.permuted[name])
        row = {"branch": name, "spearman": score.score, "low": score.low}
        row |= {"high": score.high, "at_chance": score.low <= 0}
        row["importance"] = fall.score
        rows.append(row | {"fall_low": fall.low, "fall_high": fall.high})
    table = pd.DataFrame(rows).sort_values("spearman", ascending=False)
    whole = evidence.score
    ends = table[["low", "high", "fall_low", "fall_high"]].to_numpy()
    shown = {
        "rows": table.to_dict("records"),
        "whole": whole._asdict(),
        "low": min(0.0, ends.min()),
        "high": max(ends.max(), whole.high),
    }
    return Section(table.reset_index(drop=True), shown)


def _quadrants(evidence):
    table = quadrants(evidence.y, evidence.predicted)
    counts = table["quadrant"].value_counts()
    chosen = table.groupby("quadrant", sort=False).head(evidence.n_photos)
    cards = [
        row | evidence.picture(row["row"]) | {"score": evidence.y[row["row"]]}
        for row in chosen.to_dict("records")
    ]
    filters = [{"name": name, "count": int(counts.get(name, 0))} for name in QUADRANTS]
    return Section(table, {"cards": cards, "filters": filters, "n_posts": len(table)})


def _heatmaps(evidence):
    n = min(evidence.n_heatmaps, len(evidence.y) // 2)
    if n == 0:
        return "No heatmaps were asked for (n_heatmaps=0)."
    order = np.argsort(-evidence.predicted, kind="stable")
    ends = ["highest"] * n + ["lowest"] * n
    rows = [*order[:n], *order[-n:][::-1]]
    images = [evidence.data.photos.read(row, max_size=_LARGE) for row in rows]
    heats = Parallel(n_jobs=evidence.n_jobs, return_as="generator")(
        delayed(draw_map)(evidence.model, _post(evidence, row), image, evidence.photo)
        for row, image in zip(rows, images, strict=True)
    )
    maps = []
    with progress("heatmaps", len(rows), "map", verbose=False) as bar:
        for row, end, image, heat in zip(rows, ends, images, heats, strict=True):
            maps.append(_tell_map(evidence, row, end, image, heat))
            bar.update(1)
    columns = ["name", "end", "predicted_percentile", "hottest", "coldest"]
    return Section(pd.DataFrame(maps)[columns], {"maps": maps})


def _post(evidence, row):
    """What the model predicts the score of a post from."""
    post = input_of(evidence.model, evidence.data.posts.iloc[[row]], evidence.photo)
    return post if isinstance(post, pd.DataFrame) else post.iloc[0]


def _tell_map(evidence, row, end, image, heat):
    hottest, coldest = name_places(heat)
    predicted = evidence.predicted
    return {
        "name": evidence.data.names[row],
        "end": end,
        "src": data_uri(image),
        "map": data_uri(overlay(image, heat)),
        "height": image.shape[0],
        "width": image.shape[1],
        "hottest": hottest,
        "coldest": coldest,
        "predicted_percentile": score_percentile(predicted[[row]], predicted)[0],
        "true_percentile": score_percentile(evidence.y[[row]], evidence.y)[0],
    }


def _colors(evidence):
    histogram = ColorHistogram(n_jobs=evidence.n_jobs)
    histogram.set_output(transform="default")
    shares = histogram.fit_transform(evidence.data.photos.items)
    ridge = RidgeCV(alphas=_ALPHAS)
    held_out = predict_partitions(
        ridge, shares, evidence.y, [evidence.folds], n_jobs=evidence.n_jobs
    ).shares
    colors = ["#" + name[-6:] for name in histogram.get_feature_names_out()]
    share = dict(zip(colors, shares.mean(axis=0), strict=True))
    table = color_importance((histogram, ridge.fit(shares, evidence.y)))
    table["share"] = table["color"].map(share)
    # Only differences between colours mean something: 0 is the average photo.
    table["weight"] -= (table["weight"] * table["share"]).sum()
    # Of a colour that hardly occurs little is known.
    common = table[table["share"] >= 0.2 / len(table)]
    score = evidence.interval(held_out)
    return Section(table, _both_ends(common) | {"score": score._asdict()})


def _both_ends(table):
    """Rows with the highest and with the lowest weights, and the largest size."""
    raising = table[table["weight"] > 0].head(_N_SHOWN)
    lowering = table[table["weight"] < 0].tail(_N_SHOWN)[::-1]
    return {
        "raising": raising.to_dict("records"),
        "lowering": lowering.to_dict("records"),
        "most": float(max(table["weight"].abs().max(), 1e-12)),
    }


def _objects(evidence):
    if evidence.objects is None:
        return (
            "No probabilities of objects were given (objects=, such as those of a "
            'CNNEmbedder with layer="probabilities").'
        )
    table = object_importance(
        evidence.objects,
        evidence.y,
        groups=evidence.clusters,
        n_jobs=evidence.n_jobs,
        random_state=evidence.seed,
    )
    # Where hardly a photo shows it, a weight is that of a few photos.
    seen = evidence.objects.max() > 0.5
    common = table[table["object"].map(seen)]
    if common.empty:
        common = table
    shown = _both_ends(common)
    for row in shown["raising"] + shown["lowering"]:
        likely = np.argmax(evidence.objects[row["object"]].to_numpy())
        row["picture"] = evidence.picture(likely)
    return Section(table, shown)


def _senses(evidence):
    ranker, table = _find_ranker(evidence)
    if ranker is None:
        return "The model has no LatentRankSVM, which alone has senses."
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
            "number": int(number) + 1,
            "n_rows": len(rows),
            "words": _words_of(words, side, number),
            "photos": [evidence.picture(r) for r in rows["row"][:_N_SENSE_PHOTOS]],
        }
        for (side, number), rows in photos.groupby(["side", "sense"], sort=True)
    ]
    return Section(photos, {"senses": shown, "column": evidence.words, "n_top": n_top})


def _words_of(words, side, number):
    own = words[(words["side"] == side) & (words["sense"] == number)]
    return own["word"].tolist()


def _find_ranker(evidence):
    """A fitted LatentRankSVM, or a pipeline that ends in one, and what it is given."""
    learner = evidence.learner
    candidates = [(learner, slice(None))]
    if isinstance(learner, StackedLateFusion):
        candidates = [(each, columns) for _, each, columns in learner.branches_]
    for each, columns in candidates:
        last = each[-1] if isinstance(each, Pipeline) else each
        if isinstance(last, LatentRankSVM):
            return each, select_columns(evidence.table, columns)
    return None, None


def _reliability(evidence):
    n_bins = 10 if len(evidence.y) >= 200 else 5
    table = percentile_reliability(
        evidence.y,
        evidence.predicted,
        n_bins=n_bins,
        clusters=evidence.clusters,
    )
    return Section(table, {"rows": table.to_dict("records")})


def _calibration(evidence):
    by = evidence.data.by
    if by is None:
        return "No kinds of posts were named (by= or groups=)."
    if pd.Series(by).value_counts().max() < _MIN_ROWS:
        return f"No kind of posts has {_MIN_ROWS} photos."
    table = calibration(
        evidence.y,
        evidence.predicted,
        by=by,
        clusters=evidence.clusters,
        min_rows=_MIN_ROWS,
    ).drop(columns="mean_residual")  # shares have no unit
    groups = table[1:]
    if len(groups) > 2 * _N_SHOWN:
        groups = pd.concat([groups.head(_N_SHOWN), groups.tail(_N_SHOWN)])
    ends = np.abs(groups[["bias_low", "bias_high", "rank_bias"]].to_numpy())
    shown = {
        "rows": groups.to_dict("records"),
        "n_groups": len(table) - 1,
        "n_kinds": pd.Series(by).nunique(),
        "min_rows": _MIN_ROWS,
        "limit": float(np.nanmax(ends)) or 1.0,
    }
    return Section(table, shown)


_SECTIONS: dict[str, Callable[[Evidence], Section | str]] = {
    "summary": _summary,
    "branches": _branches,
    "quadrants": _quadrants,
    "heatmaps": _heatmaps,
    "colors": _colors,
    "objects": _objects,
    "senses": _senses,
    "reliability": _reliability,
    "calibration": _calibration,
}
