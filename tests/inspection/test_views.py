"""Quadrants, averages, distributions and users: exact on small data."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import percentileofscore, skew

from sklearn_popularity import ImageError, quadrants, spearman_score
from sklearn_popularity.inspection import (
    mean_image,
    popularity_distribution,
    score_percentile,
    spearman_by_user,
)
from sklearn_popularity.inspection._quadrants import QUADRANTS


def test_percentiles_are_those_of_scipy():
    rng = np.random.default_rng(0)
    scores, reference = rng.integers(0, 9, 30), rng.integers(0, 9, 50)
    expected = percentileofscore(reference, scores, kind="mean")
    assert_allclose(score_percentile(scores, reference), expected)
    with pytest.raises(ValueError, match="reference"):
        score_percentile([1.0], [np.nan])


def test_quadrants_hold_each_row_once_by_truth_and_prediction():
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=101)
    y_pred = np.exp(y_true + rng.normal(size=101))
    table = quadrants(y_true, y_pred)
    assert sorted(table["row"]) == list(range(101))
    high, said = y_true > np.median(y_true), y_pred > np.median(y_pred)
    names = np.where(high, "high", "low") + np.where(
        said, ", predicted high", ", predicted low"
    ).astype(object)
    assert table["quadrant"].tolist() == names[table["row"]].tolist()
    assert table["correct"].tolist() == (high == said)[table["row"]].tolist()
    assert list(table["quadrant"].unique()) == QUADRANTS
    for _, rows in table.groupby("quadrant"):
        assert rows["clarity"].is_monotonic_decreasing
    assert (quadrants(y_true, y_pred, n_photos=2).groupby("quadrant").size() == 2).all()


def test_quadrant_threshold_is_a_percentile():
    table = quadrants(np.arange(10), np.arange(10), threshold=80)
    assert sorted(table["row"][table["quadrant"] == QUADRANTS[1]]) == [8, 9]
    assert table["correct"].all()


def test_mean_image_is_the_mean(paths, images):
    y = np.arange(len(paths))
    found = mean_image(paths, y, n_photos=1, size=images[-1].shape[:2], random_state=0)
    assert_allclose(found.popular, images[-1])
    batch = np.random.default_rng(0).integers(0, 256, (20, 6, 8, 3), dtype=np.uint8)
    found = mean_image(batch, -np.arange(20), n_photos=5, size=(6, 8), random_state=0)
    assert_allclose(found.popular, batch[:5].mean(axis=0))
    assert_allclose(found.unpopular, batch[15:].mean(axis=0))
    order = np.random.RandomState(0).permutation(20)[:5]
    assert_allclose(found.random, batch[order].mean(axis=0))
    assert mean_image(batch, y=np.arange(20)).n_photos == 2


def test_mean_image_errors_name_what_was_given(paths, bad_path):
    y = np.arange(len(paths) + 1)
    with pytest.raises(ImageError, match=r"notes\.jpg"):
        mean_image([*paths, bad_path], y)
    with pytest.raises(ValueError, match="n_photos=99, but there are 7"):
        mean_image(paths, y[:-1], n_photos=99)
    with pytest.raises(ValueError, match=r"size=\(0, 5\)"):
        mean_image(paths, y[:-1], size=(0, 5))


def test_distribution_counts_all_posts_in_each_transform():
    rng = np.random.default_rng(0)
    days = rng.uniform(1, 1000, 500)
    views = rng.poisson(days * np.exp2(rng.normal(4, 1.5, 500)))
    table = popularity_distribution(views, days, n_bins=20)
    per_day = np.log2(views / days + 1)
    by = table.groupby("transform", sort=False)
    assert (by["count"].sum() == 500).all()
    assert by["skewness"].first().iloc[2] == pytest.approx(skew(per_day))
    edges = table.loc[table["transform"] == "log2(views / days + 1)"]
    for row in edges.itertuples():
        inside = (per_day >= row.left) & (per_day < row.right)
        assert row.count == inside.sum() + (row.right == per_day.max())
    # What the figure shows: few photos have most views, and the log undoes it.
    assert by["skewness"].first().iloc[0] > 3 > 1 > abs(skew(per_day))


@pytest.mark.parametrize(
    ("views", "days", "match"),
    [
        ([-1, 2], None, "views=-1"),
        ([1, 2], [0, 1], "days=0"),
        ([1, 2], [1], "inconsistent"),
    ],
)
def test_distribution_refuses_what_is_no_count(views, days, match):
    with pytest.raises(ValueError, match=match):
        popularity_distribution(views, days)


def test_users_are_scored_each_by_itself():
    rng = np.random.default_rng(0)
    users = np.repeat(["ann", "ben", "cleo", "dan"], [20, 12, 3, 15])
    y = rng.normal(size=50)
    y[users == "dan"] = 1.0  # nothing to rank
    predictions = {"good": y + 0.5 * rng.normal(size=50), "noise": rng.normal(size=50)}
    table = spearman_by_user(y, predictions, users=users)
    assert set(table["user"]) == {"ann", "ben"}
    for row in table.itertuples():
        rows = users == row.user
        score = spearman_score(y[rows], predictions[row.feature][rows])
        assert row.spearman == pytest.approx(score)
        assert row.n_rows == rows.sum()
    means = table.groupby("user", sort=False)["spearman"].mean()
    assert means.is_monotonic_decreasing
    drawn = spearman_by_user(y, predictions, users=users, n_users=1, random_state=0)
    assert drawn["user"].nunique() == 1
    with pytest.raises(ValueError, match="min_rows=30"):
        spearman_by_user(y, predictions, users=users, min_rows=30)


def test_features_may_be_called_as_columns_are():
    rising, users = [1, 2, 3, 4], ["ann"] * 4
    table = spearman_by_user(
        rising, {"user": rising, "n_rows": rising[::-1]}, users=users, min_rows=4
    )
    assert table["feature"].tolist() == ["user", "n_rows"]
    assert table["spearman"].tolist() == [1, -1]
    assert table["n_rows"].tolist() == [4, 4]


def test_users_may_be_numbers_in_a_series():
    users = pd.Series([7, 7, 7, 3, 3, 3], index=range(10, 16))
    table = spearman_by_user(np.arange(6), {"a": np.arange(6)}, users=users, min_rows=3)
    assert table["user"].tolist() == [3, 7]
