"""What sections of a report say of few rows."""

import numpy as np
import pytest

from sklearn_popularity.inspection._sections.summary import pairs_in_order


@pytest.mark.parametrize(
    ("predicted", "share"), [([1, 2], 1.0), ([2, 1], 0.0), ([1, 1], 0.5)]
)
def test_a_single_pair_is_in_order_or_not(predicted, share):
    assert pairs_in_order(np.array([3, 4]), np.array(predicted)) == share
