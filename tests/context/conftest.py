"""What the tests of the context share."""

import pickle

import pytest
import skops.io


@pytest.fixture
def copies_of():
    """From a fitted estimator to its copies by pickle and by skops, ours to trust."""

    def copy(estimator):
        data = skops.io.dumps(estimator)
        untrusted = skops.io.get_untrusted_types(data=data)
        assert all(name.startswith("sklearn_popularity.") for name in untrusted)
        loaded = skops.io.loads(data, trusted=untrusted)
        return [pickle.loads(pickle.dumps(estimator)), loaded]

    return copy
