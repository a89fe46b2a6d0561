"""fit_model: a fitted model, and held-out predictions of the rows it was fitted on."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    ColorStatistics,
    UnreadablePhotosWarning,
    make_popularity,
)
from sklearn_popularity.evaluation import (
    PhotoTable,
    compare_models,
    fit_model,
    late_fusion,
)

TWO = ["color-statistics", "color-histogram"]


@pytest.fixture(scope="module")
def posts():
    return make_popularity(60, image_size=(32, 40), random_state=0)[0]


@pytest.fixture(scope="module")
def broken(posts):
    """The same with two photos that cannot be read."""
    photos = posts["photo"].tolist()
    photos[7] = photos[40] = b"no photo"
    return posts.assign(photo=pd.Series(photos, dtype=object))


def test_model_and_score_are_those_of_a_comparison(posts):
    model, y, users = late_fusion(TWO), posts["score"], posts["user"]
    fitted = fit_model(model, posts[["photo"]], y, groups=users, cv=3)
    compared = compare_models(
        {"model": model}, posts[["photo"]], y, groups=users, cv=3
    ).held_out["model"]
    assert_array_equal(fitted.held_out.raw, compared.raw)
    assert_array_equal(fitted.held_out.shares, compared.shares)
    by_hand = model.fit(posts[["photo"]], y, groups=users)
    expected = by_hand.predict(posts[["photo"]])
    assert_allclose(fitted.model.predict(posts), expected, rtol=1e-6)
    learner, rows = fitted.described
    assert_allclose(learner.predict(rows), expected, rtol=1e-6)
    assert_array_equal(fitted.kept, np.arange(60))


def test_fitted_models_describe_photos_once(posts):
    fitted = fit_model(late_fusion(TWO), posts, posts["score"], n_repeats=1)
    learner, rows = PhotoTable(posts[:9], "photo").describe_fitted(fitted.model)
    assert rows["photo"].tolist() == list(range(9))
    assert_array_equal(learner.predict(rows), fitted.model.predict(posts[:9]))


@pytest.mark.parametrize("cv", [4, "splitter", "folds", "lists"])
def test_rows_that_cannot_be_read_leave_no_trace(posts, broken, cv):
    """Folds that are given keep their rows; an int splits those that are left."""
    y, users = posts["score"].to_numpy(), posts["user"].to_numpy()
    weights = np.linspace(0.5, 2, 60)
    left = np.delete(np.arange(60), [7, 40])
    folds = list(GroupKFold(4).split(posts, groups=users))
    lists = [[part.tolist() for part in fold] for fold in folds]
    given = {4: 4, "splitter": GroupKFold(4), "folds": folds, "lists": lists}[cv]
    number = {row: i for i, row in enumerate(left)}
    expected_folds = [
        tuple([number[row] for row in part if row in number] for part in fold)
        for fold in folds
    ]
    model = make_pipeline(ColorStatistics(on_error="nan"), Ridge())
    with pytest.warns(UnreadablePhotosWarning, match="2 of 60 photos"):
        fitted = fit_model(
            model,
            broken,
            y,
            groups=users,
            cv=given,
            n_repeats=1,
            params={"ridge__sample_weight": weights},
        )
    assert_array_equal(fitted.kept, left)
    expected = fit_model(
        model,
        posts.iloc[left],
        y[left],
        groups=users[left],
        cv=4 if cv == 4 else expected_folds,
        n_repeats=1,
        params={"ridge__sample_weight": weights[left]},
    )
    assert_array_equal(fitted.held_out.raw, expected.held_out.raw)
    assert_allclose(fitted.model[-1].coef_, expected.model[-1].coef_)


def test_folds_without_readable_photos_are_named(posts, broken):
    folds = [(range(20), [20, 21]), ([7, 40], [0, 1])]
    model = make_pipeline(ColorStatistics(on_error="nan"), Ridge())
    with (
        pytest.warns(UnreadablePhotosWarning, match="2 of 60 photos"),
        pytest.raises(ValueError, match="None of the 2 training photos of fold 1"),
    ):
        fit_model(model, broken, posts["score"], cv=folds, n_repeats=1)
