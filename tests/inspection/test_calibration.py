"""Calibration: biases that were planted are seen, and honest models have none."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_popularity import spearman_score
from sklearn_popularity.inspection import (
    calibration,
    percentile_reliability,
    score_distribution,
    score_percentile,
)


@pytest.fixture(scope="module")
def faces():
    """A model that likes faces, and cannot tell one from another."""
    rng = np.random.default_rng(0)
    is_face = np.arange(300) % 3 == 0
    y_true = rng.normal(size=300) + is_face
    y_pred = 3.0 * is_face + 0.1 * rng.normal(size=300)
    return y_true, y_pred, np.where(is_face, "face", "other")


def test_model_that_likes_only_faces_is_seen(faces):
    table = calibration(*faces[:2], by=faces[2]).set_index("group")
    assert table.loc["all rows", "low"] > 0.2
    assert table.loc["face", "bias_low"] > 0
    assert table.loc["other", "bias_high"] < 0
    for name in ("face", "other"):
        assert table.loc[name, "low"] < 0 < table.loc[name, "high"]


def test_calibration_is_the_mean_of_each_group(faces):
    y_true, y_pred, by = faces
    table = calibration(y_true, y_pred, by=by)
    assert table["group"].tolist() == ["all rows", "face", "other"]
    bias = score_percentile(y_pred, y_pred) - score_percentile(y_true, y_true)
    for row in table[1:].itertuples():
        rows = by == row.group
        assert row.n_rows == rows.sum()
        assert row.rank_bias == pytest.approx(bias[rows].mean())
        assert row.mean_residual == pytest.approx((y_true - y_pred)[rows].mean())
        score = spearman_score(y_true[rows], y_pred[rows])
        assert row.spearman == pytest.approx(score)
        assert row.bias_low < row.rank_bias < row.bias_high
    assert table["rank_bias"][0] == pytest.approx(0)


def test_small_groups_are_left_out_and_clusters_widen(faces):
    y_true, y_pred, by = faces
    by = by.copy()
    by[:3] = "rare"
    table = calibration(y_true, y_pred, by=by)
    assert "rare" not in set(table["group"])
    y_true, y_pred, by = (np.repeat(a[:60], 5) for a in (y_true, y_pred, by))
    clusters = np.repeat(np.arange(60), 5)
    rows = calibration(y_true, y_pred, by=by)
    grouped = calibration(y_true, y_pred, by=by, clusters=clusters)
    width = [(t["bias_high"] - t["bias_low"])[1:].sum() for t in (rows, grouped)]
    assert width[1] > 1.5 * width[0]
    with pytest.raises(ValueError, match="min_rows=500"):
        calibration(y_true, y_pred, by=by, min_rows=500)
    with pytest.raises(ValueError, match="row 0 of by"):
        calibration(y_true, y_pred, by=[None, *by[1:]])


def test_group_without_order_or_of_one_cluster_has_no_correlation():
    by = ["equal"] * 3 + ["one"] * 3 + ["fine"] * 3
    table = calibration(
        [1, 1, 1, 2, 3, 4, 5, 6, 7],
        np.arange(9),
        by=by,
        clusters=[0, 1, 2, 3, 3, 3, 4, 5, 6],
        min_rows=3,
    ).set_index("group")
    assert np.isnan(table.loc[["equal", "one"], "spearman"]).all()
    assert np.isnan(table.loc["one", "bias_low"])
    assert table.loc["fine", "spearman"] == 1


def test_reliability_is_the_truth_of_a_predicted_percentile():
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=1000)
    y_pred = np.exp(y_true + rng.normal(size=1000))
    table = percentile_reliability(y_true, y_pred, n_bins=5)
    assert table["n_rows"].sum() == 1000
    true, predicted = (score_percentile(y, y) for y in (y_true, y_pred))
    for row in table.itertuples():
        rows = (predicted >= row.left) & (predicted < row.right)
        assert row.true_percentile == pytest.approx(true[rows].mean())
        assert row.top_half == pytest.approx((true[rows] > 50).mean())
        assert row.low < row.true_percentile < row.high
    assert table["true_percentile"].is_monotonic_increasing
    # Half of the variance is noise: extremes are less extreme in truth.
    assert table["true_percentile"].iloc[-1] < table["predicted_percentile"].iloc[-1]
    flat = percentile_reliability(y_true, np.zeros(1000))
    assert len(flat) == 1
    assert flat["true_percentile"][0] == pytest.approx(50)


def test_score_distribution_counts_in_the_same_bins():
    rng = np.random.default_rng(0)
    true, predicted = rng.normal(size=200), 0.3 * rng.normal(size=150)
    table = score_distribution(true, predicted, n_bins=10)
    by = table.groupby("scores", sort=False)
    assert by["count"].sum().tolist() == [200, 150]
    assert_allclose(by["std"].first(), [true.std(), predicted.std()])
    assert_allclose(table["left"][:10], table["left"][10:])
    assert_allclose(
        table["count"][:10], np.histogram(true, [*table["left"][:10], np.inf])[0]
    )
