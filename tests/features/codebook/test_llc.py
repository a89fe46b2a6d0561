"""Locality-constrained linear coding: solved one by one, and the toolbox's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sklearn_popularity.features.codebook._llc import _weigh, llc_codes, nearest_words

CASES = ["coffee", "chelsea", "camera", "noise", "const"]
FEATURES = {"color": "g4_8_12_16", "hog2x2": "hog2x2_g6", "hog3x3": "hog3x3_g6"}
TAGS = [
    f"{feature}_{words}"
    for feature in FEATURES
    for words in ("64_3", "64_5", "256_3", "256_5", "km64_5")
    if (feature, words) != ("hog3x3", "km64_5")
]


def make_problem(n=60, n_words=20, n_numbers=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, n_numbers)), rng.random((n_words, n_numbers))


def code(descriptors, dictionary, n_neighbors=3, regularization=0.03):
    return llc_codes(
        descriptors,
        dictionary,
        n_neighbors=n_neighbors,
        regularization=regularization,
    )


def weigh(descriptors, dictionary, words, regularization=0.03):
    x, b = np.asarray(descriptors, float), np.asarray(dictionary, float)
    return _weigh(x, x @ b.T, words, b @ b.T, regularization)


def system(descriptor, words, regularization):
    """The matrix C and the ridge of one descriptor, from explicit differences."""
    difference = np.asarray(words, float) - np.asarray(descriptor, float)
    products = difference @ difference.T
    return products, regularization * np.trace(products)


def weights_by_solving(descriptors, dictionary, words, regularization):
    weights = []
    for descriptor, near in zip(descriptors, words, strict=True):
        products, ridge = system(descriptor, dictionary[near], regularization)
        solution = np.linalg.solve(
            products + ridge * np.eye(len(near)), np.ones(len(near))
        )
        weights.append(solution / solution.sum())
    return np.array(weights)


def nearest_by_hand(descriptors, dictionary, n_neighbors):
    difference = descriptors[:, np.newaxis] - dictionary
    distances = (difference**2).sum(axis=-1)
    return np.argsort(distances, axis=1, kind="stable")[:, :n_neighbors]


# --- neighbours


@pytest.mark.parametrize("n_neighbors", [1, 2, 3, 5, 20])
def test_words_are_the_nearest(n_neighbors):
    descriptors, dictionary = make_problem()
    words = code(descriptors, dictionary, n_neighbors).words
    assert_array_equal(words, nearest_by_hand(descriptors, dictionary, n_neighbors))


def test_ties_go_to_the_lower_word():
    distances = np.random.default_rng(0).integers(0, 4, (200, 9)).astype(float)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :5]
    assert_array_equal(nearest_words(distances, 5), expected)


def test_repeated_words_are_used_once_each():
    dictionary = np.repeat(np.arange(4.0)[:, np.newaxis], 3, axis=0) * np.ones(2)
    words = code(np.full((1, 2), 2.0), dictionary, n_neighbors=5).words
    assert words.tolist() == [[6, 7, 8, 3, 4]]


# --- weights


@pytest.mark.parametrize("regularization", [1e-4, 0.03, 2])
@pytest.mark.parametrize("n_neighbors", [1, 2, 3, 5, 20])
def test_weights_solve_their_systems(n_neighbors, regularization):
    descriptors, dictionary = make_problem()
    codes = code(descriptors, dictionary, n_neighbors, regularization)
    expected = weights_by_solving(descriptors, dictionary, codes.words, regularization)
    assert codes.weights.dtype == np.float64
    assert_allclose(codes.weights, expected, rtol=1e-8, atol=1e-10)
    assert_allclose(codes.weights.sum(axis=1), 1, rtol=1e-12)
    assert (codes.weights < 0).any() or n_neighbors < 3 or regularization > 1


def test_any_words_are_weighed():
    descriptors, dictionary = make_problem()
    words = np.random.default_rng(1).permuted(np.tile(np.arange(20), (60, 1)), axis=1)
    words = words[:, :4]
    expected = weights_by_solving(descriptors, dictionary, words, 0.03)
    found = weigh(descriptors, dictionary, words)
    assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("regularization", [0.001, 0.03, 0.5])
def test_weights_minimise_the_objective(regularization):
    descriptors, dictionary = make_problem(n=15)
    codes = code(descriptors, dictionary, 4, regularization)
    rng = np.random.default_rng(2)
    for descriptor, words, weights in zip(descriptors, *codes, strict=True):
        near = dictionary[words]
        _, ridge = system(descriptor, near, regularization)
        steps = rng.normal(size=(200, 4)) * np.logspace(-3, 0, 200)[:, np.newaxis]
        steps -= steps.mean(axis=1, keepdims=True)
        tried = np.vstack([weights, weights + steps])
        error = ((descriptor - tried @ near) ** 2).sum(axis=1)
        objective = error + ridge * (tried**2).sum(axis=1)
        assert (objective[1:] > objective[0]).all()


def test_mixture_of_words_is_recovered():
    _, dictionary = make_problem(n_words=3)
    shares = np.random.default_rng(3).dirichlet(np.ones(3), 60)
    codes = code(shares @ dictionary, dictionary, regularization=1e-9)
    found = np.zeros_like(shares)
    np.put_along_axis(found, codes.words, codes.weights, axis=1)
    assert_allclose(found, shares, atol=1e-5)


def test_no_descriptors_give_no_codes():
    codes = code(np.empty((0, 12)), make_problem()[1])
    assert codes.words.shape == codes.weights.shape == (0, 3)


# --- degenerate systems


def test_exact_match_takes_most_of_the_weight():
    _, dictionary = make_problem()
    codes = code(dictionary, dictionary)
    assert_array_equal(codes.words[:, 0], range(20))
    expected = weights_by_solving(dictionary, dictionary, codes.words, 0.03)
    assert_allclose(codes.weights, expected, rtol=1e-8, atol=1e-10)
    assert (codes.weights[:, 0] > 0.8).all()


@pytest.mark.parametrize("scale", [0, 1e-3, 1, 1e3])
@pytest.mark.parametrize("n_neighbors", [1, 2, 5])
def test_words_equal_to_descriptor_share_equally(n_neighbors, scale):
    descriptors = make_problem(n=1)[0] * scale
    codes = code(descriptors, np.tile(descriptors, (5, 1)), n_neighbors)
    assert_allclose(codes.weights, 1 / n_neighbors, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-9, 1, 1e9])
def test_words_equal_but_for_rounding_share_equally(scale):
    descriptors = make_problem(n=40)[0] * scale
    last_digits = np.random.default_rng(5).integers(-3, 4, (8, 12))
    for descriptor in descriptors:
        words = descriptor * (1 + np.finfo(float).eps * last_digits)
        weights = code(descriptor[np.newaxis], words, n_neighbors=4).weights
        assert_allclose(weights, 1 / 4, rtol=1e-9)


@pytest.mark.parametrize("n_equal", [1, 2, 3])
def test_some_words_equal_to_descriptor(n_equal):
    descriptors, dictionary = make_problem(n=1)
    dictionary[:n_equal] = descriptors
    codes = code(descriptors, dictionary, n_neighbors=4)
    expected = weights_by_solving(descriptors, dictionary, codes.words, 0.03)
    assert_allclose(codes.weights, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("n_words", "n_neighbors"), [(1, 1), (2, 2), (20, 1), (20, 20), (4, 4)], ids=str
)
def test_extreme_numbers_of_words(n_words, n_neighbors):
    descriptors, dictionary = make_problem(n_words=n_words)
    codes = code(descriptors, dictionary, n_neighbors)
    assert codes.words.shape == (60, n_neighbors)
    assert np.isfinite(codes.weights).all()
    assert_allclose(codes.weights.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(
        np.sort(codes.words),
        np.sort(nearest_by_hand(descriptors, dictionary, n_neighbors)),
    )
    if n_neighbors == 1:
        assert_array_equal(codes.weights, 1)


# --- precision


@pytest.mark.parametrize("offset", [0, 30, 1000])
def test_large_single_precision_stays_accurate(offset):
    rng = np.random.default_rng(4)
    descriptors = (offset + rng.random((40, 124))).astype(np.float32)
    dictionary = (offset + rng.random((30, 124))).astype(np.float32)
    codes = code(descriptors, dictionary, n_neighbors=5)
    # Differences of these numbers are exact in double precision.
    double = descriptors.astype(float), dictionary.astype(float)
    assert_array_equal(codes.words, nearest_by_hand(*double, 5))
    expected = weights_by_solving(*double, codes.words, 0.03)
    assert_allclose(codes.weights, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


# --- the toolbox


@pytest.fixture(scope="module")
def dictionaries(shared):
    return np.load(shared / "oracle" / "dictionaries.npz")


@pytest.fixture(scope="module", params=CASES)
def case(shared, request):
    """Descriptors of one image by feature, and the toolbox's codes."""
    folder = shared / "oracle" / "cases"
    name = request.param
    color = np.load(folder / f"color_crop128_{name}.npz")
    hog = np.load(folder / f"hog_crop128_{name}.npz")
    descriptors = {
        feature: (color if feature == "color" else hog)[f"{key}_feat"]
        for feature, key in FEATURES.items()
    }
    return descriptors, np.load(folder / f"llc_crop128_{name}.npz")


@pytest.mark.parametrize("tag", TAGS)
def test_codes_equal_toolbox(tag, case, dictionaries):
    descriptors, toolbox = case
    feature, words, n_neighbors = tag.split("_")
    dictionary = dictionaries[f"{feature}_{words}"]
    indices = toolbox[f"{tag}_idx"].astype(np.intp)
    n_neighbors = int(n_neighbors)
    weights = weigh(descriptors[feature], dictionary, indices)
    parts = (toolbox[f"{tag}_{part}"] for part in ("data", "indices", "indptr"))
    expected = csr_array(tuple(parts), shape=toolbox[f"{tag}_shape"]).toarray()
    expected = np.take_along_axis(expected, indices, axis=1)
    # Where all words equal the descriptor, the toolbox divides 0 by 0.
    known = np.isfinite(expected).all(axis=1)
    largest = np.abs(expected[known]).max(initial=0)
    assert_allclose(weights[known], expected[known], rtol=0, atol=1e-5 * largest)
    assert_allclose(weights[~known], 1 / n_neighbors, rtol=1e-9)

    own = code(descriptors[feature], dictionary, n_neighbors).words
    clear = toolbox[f"{tag}_gap"] > 1e-12
    assert_array_equal(np.sort(own[clear]), np.sort(indices[clear]))
