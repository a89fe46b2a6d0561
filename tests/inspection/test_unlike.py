"""Photos that are unlike those that a model was fitted on."""

import numpy as np
import pytest

from sklearn_popularity.inspection import describe_seen, find_unlike

N = 400


def _draw(rng, n=N, kind=0):
    """Two blocks of features, of which the second has other units and many numbers."""
    hidden = rng.normal(size=(n, 12))
    mix = np.random.RandomState(kind)
    return [
        hidden @ mix.normal(size=(12, width)) * unit
        + rng.normal(size=(n, width)) * unit
        for width, unit in ((30, 1.0), (200, 1e4))
    ]


def test_one_in_a_hundred_is_unlike_by_chance():
    shares = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        seen = describe_seen(_draw(rng))
        shares.append(find_unlike(seen, _draw(rng)).mean())
    assert 0.004 < np.mean(shares) < 0.02


def test_photos_of_another_kind_are_found():
    rng = np.random.default_rng(0)
    seen = describe_seen(_draw(rng))
    assert find_unlike(seen, _draw(rng, n=60, kind=1)).mean() > 0.9


def test_one_rare_number_does_not_decide():
    """Beyond five standard deviations it says no more, in a block of any width."""
    rng = np.random.default_rng(3)
    blocks = _draw(rng)
    seen = describe_seen(blocks)
    far, farther = ([block[:30].copy() for block in blocks] for _ in range(2))
    for i, block in enumerate(blocks):
        far[i][:, 0] = block[:, 0].mean() + 5.01 * block[:, 0].std()
        farther[i][:, 0] = block[:, 0].mean() + 500 * block[:, 0].std()
    np.testing.assert_array_equal(find_unlike(seen, farther), find_unlike(seen, far))
    assert not find_unlike(seen, farther).all()


def test_units_and_order_say_nothing():
    rng = np.random.default_rng(1)
    blocks, new = _draw(rng), _draw(rng, n=50, kind=1)
    expected = find_unlike(describe_seen(blocks), new)
    seen = describe_seen([1e-3 * block + 7 for block in blocks])
    np.testing.assert_array_equal(
        find_unlike(seen, [1e-3 * block + 7 for block in new]), expected
    )
    order = rng.permutation(50)
    found = find_unlike(describe_seen(blocks), [block[order] for block in new])
    np.testing.assert_array_equal(found, expected[order])


def test_constant_features_are_allowed():
    rng = np.random.default_rng(2)
    blocks = [np.hstack([block, np.ones((N, 1))]) for block in _draw(rng)]
    assert find_unlike(describe_seen(blocks), blocks).mean() < 0.03


@pytest.mark.parametrize("blocks", [[], [np.ones((99, 3))]], ids=["none", "few"])
def test_few_photos_tell_nothing(blocks):
    assert describe_seen(blocks) == {}
