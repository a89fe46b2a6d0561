"""What the tests of fine-tuned networks share."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def squares():
    """Twenty photos of the size that the networks of these tests take."""
    photos = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    photos.flags.writeable = False
    return photos


@pytest.fixture(scope="session")
def scores():
    """Scores of `squares`."""
    scores = np.random.default_rng(1).normal(3, 2, size=20)
    scores.flags.writeable = False
    return scores
