"""A small, seeded part of the tables of `benchmarks/simulations.py held-out`."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def coverage(load_script):
    return load_script("simulations")


@pytest.mark.parametrize(
    ("shape", "score"),
    [((3, 25), 0.68), ((6, 20), 0.29), ((20, 10), 0.68), ((10, None), 0.29)],
)
def test_intervals_cover_given_predictions(coverage, shape, score):
    covered = [coverage.covers_given(shape, score, seed) for seed in range(300)]
    # Two standard errors of a share of 300 runs around 93 to 98 %.
    assert 0.90 <= np.mean(covered) <= (1 if shape[0] < 6 else 0.997)


@pytest.mark.parametrize("signal", [0.2, 0.8])
def test_intervals_cover_models_and_equal_pairs_are_equal(coverage, signal):
    trials = [
        coverage.study(coverage.MODELS["ridge"], (10, 10), signal, 5, seed)
        for seed in range(20)
    ]
    _, covered, differ, _ = coverage.summarise(trials)
    assert covered >= 0.9
    assert differ <= 0.1


@pytest.mark.parametrize(
    ("model", "shape", "signal"),
    [
        ("ridge", (6, 20), 0),
        ("neighbours", (20, 10), 0.35),
        ("ridge", (60, 1), 0.7),
    ],
)
def test_held_out_scores_have_little_bias(coverage, model, shape, signal):
    found = [
        coverage.bias_of(coverage.BIASED[model], shape, signal, seed)
        for seed in range(50)
    ]
    bias = np.array([each for each, _ in found])
    assert abs(bias.mean()) <= 0.05 + 2 * bias.std() / np.sqrt(50)
