"""Classes of the score: balanced ranges, their scores, and the sum over them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array
from sklearn.base import BaseEstimator, ClassifierMixin, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags

from sklearn_popularity import (
    KClassAggregatingClassifier,
    spearman_score,
    spearman_scorer,
)
from sklearn_popularity.models._bins import balanced_bins, bin_means, bin_medians


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    return X, X[:, 0] + 0.3 * rng.normal(size=80)


def _model(**parameters):
    return KClassAggregatingClassifier(LogisticRegression(max_iter=1000), **parameters)


# --- ranges


@pytest.mark.parametrize("n_bins", [2, 3, 4, 8, 10])
def test_bins_equal_numpy_quantiles(n_bins):
    y = np.random.default_rng(n_bins).normal(size=120)
    levels = np.arange(1, n_bins) / n_bins
    middles = np.quantile(y, levels, method="averaged_inverted_cdf")
    bins, edges = balanced_bins(y, n_bins)
    assert_allclose(edges, [y.min(), *middles, y.max()])
    assert_array_equal(bins, np.searchsorted(middles, y))
    assert_array_equal(np.bincount(bins), 120 // n_bins)


@pytest.mark.parametrize("n_samples", [5, 7, 10, 83])
def test_bins_differ_by_one_row(n_samples):
    y = np.random.default_rng(0).permutation(n_samples).astype(float)
    bins, edges = balanced_bins(y, 4)
    sizes = np.bincount(bins)
    assert len(sizes) == 4 and np.ptp(sizes) <= 1
    lower = np.quantile(y, [0.25, 0.5, 0.75], method="inverted_cdf")
    assert_array_equal(bins, np.searchsorted(lower, y))
    assert_array_equal(bins, np.searchsorted(edges[1:-1], y))


@pytest.mark.parametrize("scale", [1, 0.1, 1e6])
def test_weight_of_bins_equals_repetition(scale):
    rng = np.random.default_rng(0)
    y = rng.normal(size=50).round(1)
    weight = rng.integers(1, 6, size=50)
    bins, edges = balanced_bins(y, 5, weight * scale)
    repeated, repeated_edges = balanced_bins(y.repeat(weight), 5)
    assert_array_equal(bins.repeat(weight), repeated)
    assert_allclose(edges, repeated_edges)


def test_rounded_sums_of_weights_move_no_edge():
    y = np.arange(12.0)  # sums of weights of 0.1 are below their exact values
    bins, _ = balanced_bins(y, 4, np.full(12, 0.1))
    assert_array_equal(bins, np.arange(12) // 3)


@pytest.mark.parametrize(
    ("y", "edges", "expected"),
    [
        ([0] * 6 + [1, 2, 3, 4], [0, 0.5, 2.5, 4], [0] * 6 + [1, 1, 2, 2]),
        ([0] * 9 + [1, 2, 3, 4], [0, 0.5, 1.5, 4], [0] * 9 + [1, 2, 2, 2]),
        ([1, 2, 3, 4] + [5] * 6, [1, 3.5, 5], [0] * 3 + [1] * 7),
        ([0] * 9 + [7], [0, 3.5, 7], [0] * 9 + [1]),
        ([0, 0, 0, 0, 0, 1, 2, 3], [0, 0.5, 1.5, 2.5, 3], [0] * 5 + [1, 2, 3]),
        ([2, 2], [2, 2], [0, 0]),
    ],
)
def test_equal_scores_share_a_bin(y, edges, expected):
    bins, found = balanced_bins(np.array(y, dtype=float), 4)
    assert_array_equal(bins, expected)
    assert_array_equal(found, edges)


@pytest.mark.parametrize("statistic", [(bin_means, np.mean), (bin_medians, np.median)])
@pytest.mark.parametrize("scale", [1, 0.1])
def test_bin_statistics_equal_numpy(statistic, scale):
    ours, numpys = statistic
    rng = np.random.default_rng(0)
    y, bins = rng.normal(size=60), np.arange(60) % 3
    weight = rng.integers(1, 5, size=60)
    assert_allclose(ours(y, bins), [numpys(y[bins == k]) for k in range(3)])
    repeated = [numpys(y[bins == k].repeat(weight[bins == k])) for k in range(3)]
    assert_allclose(ours(y, bins, weight * scale), repeated)


# --- the model


@pytest.mark.parametrize("aggregation", ["upper", "mean", "median"])
def test_prediction_equals_computation_by_hand(data, aggregation):
    X, y = data
    middles = np.quantile(y, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    numbers = np.searchsorted(middles, y)
    scores = {
        "upper": [*middles, y.max()],
        "mean": [y[numbers == k].mean() for k in range(4)],
        "median": [np.median(y[numbers == k]) for k in range(4)],
    }[aggregation]
    probabilities = LogisticRegression(max_iter=1000).fit(X, numbers).predict_proba(X)
    model = _model(aggregation=aggregation).fit(X, y)
    assert_allclose(model.class_scores_, scores)
    assert_allclose(model.predict_class_proba(X), probabilities)
    assert_allclose(model.predict(X), probabilities @ scores)


def test_thresholds_are_those_of_the_paper():
    """Four classes with the thresholds 0.68, 0.77, 0.85 and 1 of section 2.2."""
    y = np.concatenate([t + np.linspace(-0.005, 0.005, 6) for t in (0.68, 0.77, 0.85)])
    y = np.concatenate([[0.3, 0.4, 0.5], y, [0.9, 0.95, 0.99]])
    X = y[:, np.newaxis]
    model = _model(aggregation="upper", top_score=1.0).fit(X, y)
    assert_allclose(model.class_scores_, [0.68, 0.77, 0.85, 1.0])
    assert_array_equal(np.bincount(np.searchsorted(model.bin_edges_[1:-1], y)), 6)
    by_hand = model.predict_class_proba(X) @ [0.68, 0.77, 0.85, 1.0]
    assert_allclose(model.predict(X), by_hand)


def test_default_predicts_on_the_scale_of_the_scores(data):
    """Of skewed scores upper thresholds predict far too much, in the same order."""
    X, y = data[0], np.exp(2 * data[1])
    model, upper = _model().fit(X, y), _model(aggregation="upper").fit(X, y)
    assert_allclose(model.predict(X).mean(), y.mean(), rtol=0.05)
    assert upper.predict(X).mean() > 2 * y.mean()
    assert model.score(X, y) > 0 > upper.score(X, y)
    assert spearman_score(model.predict(X), upper.predict(X)) > 0.98


def test_score_range_limits_predictions(data):
    X, y = data
    free = _model(aggregation="upper", top_score=9.0).fit(X, y).predict(X)
    limits = (y.min() - 1, y.max() + 0.5)
    limited = _model(aggregation="upper", top_score=9.0, score_range=limits)
    assert free.max() > limits[1]
    assert_array_equal(limited.fit(X, y).predict(X), free.clip(*limits))


@pytest.mark.parametrize("aggregation", ["upper", "mean", "median"])
@pytest.mark.parametrize(("lightest", "scale"), [(0, 1.0), (0, 0.5), (1, 1.0)])
def test_weights_equal_repetitions(data, aggregation, lightest, scale):
    X, y = data
    y = y.round(1)
    weight = np.random.default_rng(1).integers(lightest, 4, size=len(y))
    # The penalty of the classifier weighs against the sum of weights.
    weighted = KClassAggregatingClassifier(
        LogisticRegression(C=1 / scale, max_iter=1000, tol=1e-8),
        aggregation=aggregation,
    ).fit(X, y, sample_weight=weight * scale)
    repeated = KClassAggregatingClassifier(
        LogisticRegression(max_iter=1000, tol=1e-8), aggregation=aggregation
    ).fit(X.repeat(weight, axis=0), y.repeat(weight))
    assert_allclose(weighted.bin_edges_, repeated.bin_edges_)
    assert_allclose(weighted.class_scores_, repeated.class_scores_)
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-4)


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, coo_array])
def test_rows_of_no_weight_are_left_out(data, form):
    X, y = data
    weight = (np.arange(80) % 3 > 0).astype(float)
    kept = weight > 0
    model = _model().fit(form(X), y, sample_weight=weight)
    expected = _model().fit(X[kept], y[kept])
    assert_allclose(model.predict(form(X)), expected.predict(X))


def test_ties_give_fewer_classes_with_one_warning(data):
    X, y = data
    y = np.where(y < np.quantile(y, 0.8), 0.0, y)
    model = _model()
    with pytest.warns(UserWarning, match=r"2 classes instead of n_classes=4") as caught:
        model.fit(X, y)
    assert len(caught) == 1 and caught[0].filename == __file__
    n_zeros = (y == 0).sum()
    assert f"{n_zeros} of 80 scores are 0." in str(caught[0].message)
    assert model.predict_class_proba(X).shape == (80, 2)
    assert len(model.bin_edges_) == 3 and len(model.class_scores_) == 2


def test_few_different_scores_give_no_warning(data):
    X, y = data
    stars = np.digitize(y, [-1, 1])
    model = _model(n_classes=5, aggregation="mean").fit(X, stars)
    assert_allclose(model.class_scores_, [0, 1, 2])


@pytest.mark.parametrize("weight", [None, "some"])
@pytest.mark.parametrize("aggregation", ["upper", "mean", "median"])
def test_constant_score_gives_constant_model(data, aggregation, weight):
    X, _ = data
    weight = None if weight is None else np.arange(80) % 2
    model = _model(aggregation=aggregation).fit(X, np.full(80, 2.5), weight)
    assert_array_equal(model.predict(X), 2.5)
    assert_array_equal(model.predict_class_proba(X), np.ones((80, 1)))
    assert_array_equal(model.bin_edges_, [2.5, 2.5])
    with pytest.raises(ValueError, match="expecting 3 features"):
        model.predict(X[:, :2])


class _OwnOrder(ClassifierMixin, BaseEstimator):
    """Knows the given classes only, in the given order, with ascending chances."""

    def __init__(self, order):
        self.order = order

    def fit(self, X, y):
        self.classes_ = np.array(self.order)
        return self

    def predict_proba(self, X):
        chances = np.arange(1.0, len(self.order) + 1)
        return np.tile(chances / chances.sum(), (len(X), 1))


@pytest.mark.parametrize(
    ("order", "probabilities"),
    [
        ([0, 1, 2, 3], [0.1, 0.2, 0.3, 0.4]),
        ([3, 1, 0, 2], [0.3, 0.2, 0.4, 0.1]),
        ([2.0, 0.0], [2 / 3, 0, 1 / 3, 0]),
    ],
)
def test_columns_follow_classes_of_the_estimator(data, order, probabilities):
    X, y = data
    model = KClassAggregatingClassifier(_OwnOrder(order)).fit(X, y)
    assert_allclose(model.predict_class_proba(X), [probabilities] * 80)
    assert_allclose(model.predict(X), np.dot(probabilities, model.class_scores_))


def test_is_a_regressor_without_classes(data):
    X, y = data
    model = _model().fit(X, y)
    assert is_regressor(model)
    assert not hasattr(model, "classes_") and not hasattr(model, "predict_proba")
    assert model.score(X, y) == r2_score(y, model.predict(X))


@pytest.mark.parametrize(
    ("estimator", "sparse", "allow_nan"),
    [
        (LogisticRegression(), True, False),
        (HistGradientBoostingClassifier(), False, True),
        (LinearDiscriminantAnalysis(), False, False),
    ],
)
def test_input_tags_are_those_of_the_estimator(estimator, sparse, allow_nan):
    tags = get_tags(KClassAggregatingClassifier(estimator)).input_tags
    assert (tags.sparse, tags.allow_nan) == (sparse, allow_nan)


def test_missing_values_reach_the_estimator(data):
    X, y = data
    X[::7, 1] = np.nan
    trees = KClassAggregatingClassifier(HistGradientBoostingClassifier(max_iter=3))
    assert np.isfinite(trees.fit(X, y).predict(X)).all()


def test_works_inside_pipeline_and_search(data):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abc"))
    search = GridSearchCV(
        make_pipeline(StandardScaler(), _model(aggregation="mean")),
        {
            "kclassaggregatingclassifier__n_classes": [2, 4],
            "kclassaggregatingclassifier__estimator__C": [0.1, 1.0],
        },
        scoring=spearman_scorer,
        cv=3,
        error_score="raise",
    )
    assert search.fit(frame, y).best_score_ > 0.8
    model = _model().fit(frame, y)
    assert list(model.feature_names_in_) == list("abc")
    assert model.n_features_in_ == 3
    forest = KClassAggregatingClassifier(RandomForestClassifier(10, random_state=0))
    assert cross_val_score(forest, frame, y, scoring=spearman_scorer).mean() > 0.7


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (KClassAggregatingClassifier(LinearSVC()), "with predict_proba.*Calibrated"),
        (KClassAggregatingClassifier(Ridge()), "with predict_proba"),
        (
            _model(aggregation="upper", top_score=0.1),
            "top_score=0.1, but training scores reach",
        ),
        (_model(top_score=9.0), "aggregation='mean', which uses no upper threshold"),
        (
            _model(score_range=(0, 1)),
            r"score_range=\(0, 1\), but training scores reach",
        ),
        (_model(score_range=(9, -9)), r"score_range=\(9, -9\), but two numbers"),
        (_model(score_range=(np.nan, 9)), "but two numbers"),
        (_model(score_range=(1, 2, 3)), "but two numbers"),
        (_model(n_classes=1), "'n_classes' parameter"),
        (_model(aggregation="lower"), "'aggregation' parameter"),
    ],
)
def test_fit_rejects_bad_parameters(data, model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(*data)


def test_scores_just_above_the_top_are_told_apart(data):
    X, y = data
    y = y / y.max() * (1 + 1e-7)
    with pytest.raises(ValueError, match=r"=1\.0, but .* reach 1\.0000001\. Pass"):
        _model(aggregation="upper", top_score=1.0).fit(X, y)


def test_fit_rejects_weights_that_nobody_takes(data):
    X, y = data
    model = KClassAggregatingClassifier(KNeighborsClassifier())
    with pytest.raises(
        ValueError, match="estimator is KNeighborsClassifier, whose fit"
    ):
        model.fit(X, y, sample_weight=np.ones(80))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(80), "at least one non-zero"),
        (-np.ones(80), "Negative values"),
        (np.ones(79), r"sample_weight.shape == \(79,\)"),
    ],
)
def test_fit_rejects_bad_weights(data, weight, message):
    with pytest.raises(ValueError, match=message):
        _model().fit(*data, sample_weight=weight)


# --- regression of the number of a range, as shown in the docstring


def _number(share):
    return np.minimum(np.floor(10 * share), 9)


def _middle(number):
    return (number + 0.5) / 10


def test_ordinal_composition_regresses_bin_numbers(data):
    X, y = data
    ranges = make_pipeline(
        QuantileTransformer(n_quantiles=11),
        FunctionTransformer(_number, _middle, check_inverse=False),
    )
    model = TransformedTargetRegressor(
        Ridge(), transformer=ranges, check_inverse=False
    ).fit(X, y)
    bins = KBinsDiscretizer(10, encode="ordinal", quantile_method="linear")
    numbers = bins.fit_transform(y[:, np.newaxis]).ravel()
    assert_array_equal(np.bincount(numbers.astype(int)), 8)
    by_hand = Ridge().fit(X, numbers).predict(X)
    deciles = np.quantile(y, np.arange(11) / 10)
    expected = np.interp((by_hand + 0.5) / 10, np.arange(11) / 10, deciles)
    assert_allclose(model.predict(X), expected)


def test_discretizer_cannot_invert_regression(data):
    """Why the docstring does not show KBinsDiscretizer as the transformer."""
    _, y = data
    bins = KBinsDiscretizer(10, encode="ordinal", quantile_method="linear")
    bins.fit(y[:, np.newaxis])
    below, last = bins.inverse_transform([[-1.2], [9.0]])
    assert below == last
    with pytest.raises(IndexError):
        bins.inverse_transform([[10.3]])
