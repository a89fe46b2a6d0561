"""ColorNamesLLC and HOGLLC: what they learn, what they are given, what they say."""

import pickle
import re
from itertools import product

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_popularity import (
    HOGLLC,
    CacheWarning,
    ColorNamesLLC,
    ImageError,
    UnreadablePhotosWarning,
    make_popularity,
)
from sklearn_popularity.features.codebook._color_patches import color_patches
from sklearn_popularity.features.codebook._hog import hog_blocks
from sklearn_popularity.features.codebook._llc import llc_codes
from sklearn_popularity.images import Photos

KINDS = {"ColorNamesLLC": ["colorpatch"], "HOGLLC": ["hog2x2", "hog3x3"]}
NUMBERS = {"colorpatch": 50, "hog2x2": 124, "hog3x3": 279}
TRANSFORMERS = [
    ColorNamesLLC(dictionary=12, random_state=0),
    HOGLLC(dictionary=12, spacing=8, random_state=0),
]


def name_of(estimator):
    return type(estimator).__name__


def kinds_of(estimator):
    return KINDS[name_of(estimator)]


@pytest.fixture(params=TRANSFORMERS, ids=name_of)
def transformer(request):
    return clone(request.param)


@pytest.fixture(scope="module")
def photos():
    """Scenes of one size, and two of other sizes."""
    made = make_popularity(n_photos=7, image_size=(40, 56), random_state=0)[0]["photo"]
    return [*made[:5], made[5][:33, :40], made[6][:24]]


@pytest.fixture(scope="module")
def files(photos, write_photos):
    return write_photos(photos)


@pytest.fixture
def reads(monkeypatch):
    """Rows that are read, in their order."""
    rows = []
    content = Photos.content

    def read_and_note(self, index):
        rows.append(self.rows[index])
        return content(self, index)

    monkeypatch.setattr(Photos, "content", read_and_note)
    return rows


def random_words(transformer, n_words=9):
    rng = np.random.default_rng(0)
    return {
        kind: rng.dirichlet(np.ones(NUMBERS[kind]) / 8, n_words)
        for kind in kinds_of(transformer)
    }


def assert_same_words(found, expected):
    assert list(found) == list(expected)
    for kind in expected:
        assert_array_equal(found[kind], expected[kind])


def differ(found, expected):
    return all(
        found[kind].shape != expected[kind].shape
        or (found[kind] != expected[kind]).any()
        for kind in expected
    )


def place_of(name):
    """Level, row and column in the name of a feature."""
    place = re.search(r"_level(\d)_r(\d)c(\d)_word", name)
    return tuple(map(int, place.groups()))


# --- numbers and names


@pytest.mark.parametrize(
    ("transformer", "n_features"),
    [(ColorNamesLLC(random_state=0), 4200), (HOGLLC(random_state=0), 10_752)],
    ids=["ColorNamesLLC", "HOGLLC"],
)
def test_defaults_give_published_numbers(transformer, n_features):
    photos = make_popularity(n_photos=4, random_state=1)[0]["photo"].tolist()
    features = clone(transformer).fit_transform(photos)
    assert (features.shape, features.dtype) == ((4, n_features), np.float32)
    assert np.isfinite(features).all()
    for part in np.split(features, len(kinds_of(transformer)), axis=1):
        assert_allclose(np.linalg.norm(part, axis=1), 1, rtol=1e-6)
    assert len(np.unique(features, axis=0)) == 4


@pytest.mark.parametrize("n_levels", [1, 2, 4])
def test_names_list_kinds_regions_words(transformer, n_levels, photos):
    transformer.set_params(n_levels=n_levels, dictionary=3).fit(photos)
    names = transformer.get_feature_names_out()
    expected = [
        f"{kind}_level{level}_r{row}c{col}_word{word}"
        for kind in kinds_of(transformer)
        for level in range(n_levels)
        for row, col in product(range(2**level), repeat=2)
        for word in range(3)
    ]
    assert names.dtype == object
    assert names.tolist() == expected
    assert len(set(expected)) == len(expected)
    assert transformer.transform(photos).shape == (len(photos), len(expected))


def test_kinds_are_in_the_order_of_blocks(photos):
    transformer = HOGLLC(blocks=["3x3", "2x2"], spacing=8, dictionary=3)
    assert list(transformer.fit(photos).dictionaries_) == ["hog3x3", "hog2x2"]


def as_black_and_white(photo):
    return np.repeat(photo[..., :1] > 127, 3, axis=-1).astype(np.uint8) * 255


def describe_by_hand(transformer, photo):
    """Descriptors of each kind, by the functions tested elsewhere."""
    if isinstance(transformer, HOGLLC):
        found = hog_blocks(photo, blocks=("2x2", "3x3"), spacing=8)
        return {f"hog{block}": descriptors for block, descriptors in found.items()}
    index = photo[..., 0] // 255
    return {"colorpatch": color_patches(index, 2, sizes=(6, 9), spacing=7)}


def pool_by_hand(transformer, photo, words, names):
    """The vectors of one photo, one number at a time."""
    kinds = []
    for kind, found in describe_by_hand(transformer, photo).items():
        codes = llc_codes(found.values, words[kind], n_neighbors=4)
        full = np.zeros((len(found.values), len(words[kind])))
        np.put_along_axis(full, codes.words, codes.weights, axis=1)
        values = []
        for name in names:
            if not name.startswith(kind):
                continue
            level, row, col = place_of(name)
            word = int(name.rpartition("word")[2])
            finest = []
            for i, j in product(range(2 ** (2 - level)), repeat=2):
                first = np.array([row, col]) * 2 ** (2 - level) + (i, j)
                cell = np.floor(found.positions * 4 / photo.shape[:2])
                here = full[(cell == first).all(axis=1), word]
                finest.append(here.max() if len(here) else 0)
            values.append(max(finest))
        kinds.append(values / np.linalg.norm(values))
    return np.concatenate(kinds)


def test_features_equal_their_steps(transformer, photos):
    words = random_words(transformer, n_words=5)
    settings = {"n_neighbors": 4}
    if isinstance(transformer, ColorNamesLLC):
        photos = [as_black_and_white(photo) for photo in photos]
        words = {"colorpatch": np.random.default_rng(0).random((5, 2))}
        palette = [[0, 0, 0], [255, 255, 255]]
        settings |= {"palette": palette, "patch_sizes": (6, 9), "spacing": 7}
    transformer.set_params(dictionary=words, **settings).fit(photos)
    features = transformer.transform(photos)
    names = transformer.get_feature_names_out()
    expected = [pool_by_hand(transformer, photo, words, names) for photo in photos]
    assert_allclose(features, expected, atol=1e-6)


# --- the dictionary


def test_words_are_learned_in_fit(transformer, photos):
    transformer.fit(photos)
    assert list(transformer.dictionaries_) == kinds_of(transformer)
    for kind, words in transformer.dictionaries_.items():
        assert (words.shape, words.dtype) == ((12, NUMBERS[kind]), np.float32)
        assert len(np.unique(words, axis=0)) == 12
    first = transformer.dictionaries_
    assert differ(transformer.fit(photos[:2]).dictionaries_, first)
    assert_same_words(transformer.fit(photos).dictionaries_, first)


def test_words_are_no_more_than_descriptors(transformer):
    photos = np.full((3, 20, 24, 3), 90, dtype=np.uint8)
    features = transformer.fit(photos).transform(photos)
    assert [len(words) for words in transformer.dictionaries_.values()] == (
        [1] * len(kinds_of(transformer))
    )
    assert features.shape == (3, 21 * len(kinds_of(transformer)))
    # One word with a weight of 1, in each region that a patch lies in.
    assert (features > 0).any()
    assert len(transformer.get_feature_names_out()) == features.shape[1]


@pytest.mark.parametrize("form", ["arrays", "paths"])
def test_given_words_equal_learned_ones(transformer, form, photos, tmp_path):
    expected = transformer.fit_transform(photos)
    words, paths = transformer.dictionaries_, {}
    for kind, array in words.items():
        paths[kind] = tmp_path / f"{kind}.npy"
        np.save(paths[kind], array)
    given = clone(transformer).set_params(
        dictionary=words if form == "arrays" else paths
    )
    # Whatever they are fitted on, and without a fit.
    for model in (given.fit(photos[:1]), clone(given).fit(photos[2:4]), clone(given)):
        assert_array_equal(model.transform(photos), expected)
        assert_array_equal(
            model.get_feature_names_out(), transformer.get_feature_names_out()
        )


@pytest.mark.parametrize("form", ["list", "string"])
@pytest.mark.parametrize(
    "transformer", [ColorNamesLLC(), HOGLLC(blocks=("3x3",), spacing=8)], ids=name_of
)
def test_single_kind_takes_bare_words(transformer, form, photos, tmp_path):
    (kind,) = kinds_of(transformer)[-1:]
    words = np.random.default_rng(0).random((6, NUMBERS[kind])).round(2)
    path = tmp_path / "words.npy"
    np.save(path, words)
    given = words.tolist() if form == "list" else str(path)
    found = clone(transformer).set_params(dictionary=given).fit(photos)
    assert_same_words(found.dictionaries_, {kind: words})
    expected = clone(transformer).set_params(dictionary={kind: words})
    assert_array_equal(found.transform(photos), expected.transform(photos))
    assert found.transform(photos).shape == (len(photos), 6 * 21)


def test_given_words_read_no_photo(transformer, reads, photos):
    transformer.set_params(dictionary=random_words(transformer)).fit(photos)
    assert reads == []


@pytest.mark.parametrize("n_neighbors", [9, 50])
def test_neighbors_are_at_most_all_words(transformer, n_neighbors, photos):
    transformer.set_params(dictionary=random_words(transformer, n_words=9))
    expected = clone(transformer).set_params(n_neighbors=9).fit_transform(photos)
    features = transformer.set_params(n_neighbors=n_neighbors).fit_transform(photos)
    assert_array_equal(features, expected)
    assert np.isfinite(features).all()


# --- samples


def test_fit_reads_few_photos(transformer, reads, files):
    transformer.set_params(subsample=(3, 200), batch_size=2).fit(files)
    assert len(reads) == len(set(reads)) == 3
    assert set(reads) <= set(range(len(files)))
    chosen = sorted(reads)
    words = transformer.dictionaries_
    others = {tuple(chosen)}
    for seed in range(1, 6):
        reads.clear()
        clone(transformer).set_params(random_state=seed).fit(files)
        others.add(tuple(sorted(reads)))
    assert len(others) > 1
    few = clone(transformer).set_params(subsample=(500, 200))
    assert_same_words(few.fit([files[i] for i in chosen]).dictionaries_, words)


@pytest.mark.parametrize("n_photos", [7, 8, 500])
def test_fit_reads_all_of_few_photos(transformer, n_photos, reads, files):
    transformer.set_params(subsample=(n_photos, 200)).fit(files)
    assert reads == list(range(7))


def rows_among(values, words):
    """Rows of a matrix that are words."""
    equal = (values[:, np.newaxis] == words).all(axis=-1)
    return np.flatnonzero(equal.any(axis=1)).tolist()


def test_samples_are_descriptors_of_photos(photos):
    transformer = HOGLLC(dictionary=1000, subsample=[500, 5], spacing=8)
    words = transformer.fit(photos[:3]).dictionaries_
    for kind, block in (("hog2x2", "2x2"), ("hog3x3", "3x3")):
        assert len(words[kind]) == 15
        for photo in photos[:3]:
            found = hog_blocks(photo, blocks=("2x2", "3x3"), spacing=8)[block]
            assert len(rows_among(found.values, words[kind])) == 5


def test_samples_differ_between_photos():
    # Photos of the same shape, so that only their pixels make the draws differ.
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    transformer = HOGLLC(
        blocks=("2x2",), dictionary=1000, subsample=(500, 8), random_state=0
    )
    places = []
    for photo in pixels:
        words = transformer.fit(photo[np.newaxis]).dictionaries_["hog2x2"]
        values = hog_blocks(photo, blocks=("2x2",), spacing=4)["2x2"].values
        places.append(rows_among(values, words))
    assert len(places[0]) == len(places[1]) == 8
    assert places[0] != places[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"n_jobs": 2, "batch_size": 1},
        {"batch_size": 3},
    ],
    ids=str,
)
def test_schedule_leaves_words_alone(transformer, settings, files):
    transformer.set_params(subsample=(5, 200))
    expected = clone(transformer).fit(files)
    transformer.set_params(**settings).fit(files)
    assert_same_words(transformer.dictionaries_, expected.dictionaries_)
    assert_array_equal(transformer.transform(files), expected.transform(files))


def test_words_follow_random_state(transformer, photos):
    def learn(random_state):
        model = clone(transformer).set_params(random_state=random_state)
        return model.fit(photos).dictionaries_

    assert_same_words(learn(7), learn(7))
    assert_same_words(learn(np.random.RandomState(7)), learn(7))
    assert differ(learn(8), learn(7))
    np.random.seed(0)  # noqa: NPY002
    first = learn(None)
    assert differ(learn(None), first)
    np.random.seed(0)  # noqa: NPY002
    assert_same_words(learn(None), first)


# --- photos that cannot be read


def test_fit_names_unreadable_photo(transformer, files, bad_path):
    X = [*files[:4], bad_path, *files[4:]]
    with pytest.raises(ImageError, match=r"^row 4, .*notes\.jpg: ") as caught:
        transformer.set_params(batch_size=2).fit(X)
    assert (caught.value.row, caught.value.path) == (4, bad_path)


def test_fit_names_row_of_sampled_photo(transformer, tmp_path):
    X = [str(tmp_path / f"missing{i}.png") for i in range(20)]
    transformer.set_params(subsample=(3, 200))
    with pytest.raises(ImageError) as caught:
        transformer.fit(X)
    assert caught.value.path == X[caught.value.row]
    assert caught.value.row > 0


def test_fit_ignores_unreadable_photo(transformer, files, bad_path):
    transformer.set_params(on_error="nan")
    expected = clone(transformer).fit(files)
    with pytest.warns(UnreadablePhotosWarning) as caught:
        transformer.fit([*files[:4], bad_path, *files[4:]])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "1 of 8 photos could not be read" in str(caught[0].message)
    assert f"row 4, {bad_path}: " in str(caught[0].message)
    assert_same_words(transformer.dictionaries_, expected.dictionaries_)
    with pytest.warns(UnreadablePhotosWarning):
        features = transformer.transform([bad_path, *files])
    assert np.isnan(features[0]).all()
    assert_array_equal(features[1:], expected.transform(files))


def test_fit_without_readable_photo_gives_one_word(transformer, bad_path, files):
    transformer.set_params(on_error="nan")
    with pytest.warns(UnreadablePhotosWarning, match="2 of 2 photos"):
        transformer.fit([bad_path] * 2)
    for kind, words in transformer.dictionaries_.items():
        assert_array_equal(words, np.zeros((1, NUMBERS[kind])))
    assert np.isfinite(transformer.transform(files)).all()


# --- photos of any size


def test_photo_smaller_than_patch_gives_zeros(photos):
    transformer = ColorNamesLLC(dictionary=5, patch_sizes=(6, 10), random_state=0)
    features = transformer.fit(photos).transform(
        [photos[0][:5], photos[0][:, :5], photos[0][:1, :1], photos[0][:6, :6]]
    )
    assert_array_equal(features[:3], 0)
    assert_allclose(np.linalg.norm(features[3]), 1, rtol=1e-6)
    for kind, words in transformer.fit([photos[0][:5]]).dictionaries_.items():
        assert_array_equal(words, np.zeros((1, NUMBERS[kind])))
    assert_array_equal(transformer.transform([photos[0][:5]]), 0)


def test_small_photos_add_nothing_to_words(photos):
    transformer = ColorNamesLLC(dictionary=5, random_state=0)
    expected = clone(transformer).fit(photos).dictionaries_
    found = transformer.fit([photos[0][:5], *photos, photos[1][:, :5]]).dictionaries_
    assert_same_words(found, expected)


def test_large_photos_are_reduced_first(transformer):
    photos = make_popularity(n_photos=3, random_state=2)[0]["photo"].tolist()
    halves = [cv2.resize(p, (80, 60), interpolation=cv2.INTER_AREA) for p in photos]
    expected = clone(transformer).set_params(max_size=None).fit(halves)
    transformer.set_params(max_size=80).fit(photos)
    assert_same_words(transformer.dictionaries_, expected.dictionaries_)
    assert_array_equal(transformer.transform(photos), expected.transform(halves))
    full = clone(transformer).set_params(max_size=None).fit(photos)
    assert differ(full.dictionaries_, expected.dictionaries_)


def test_mirrored_photo_swaps_regions(photos):
    # Six patches of 8 pixels at a spacing of 6 end where the photo does, and none is
    # centred on the border of a region.
    photo = photos[0][:30, :38]
    words = random_words(ColorNamesLLC())["colorpatch"]
    transformer = ColorNamesLLC(patch_sizes=(8,), dictionary=words)
    features, mirror = transformer.transform([photo, photo[:, ::-1]])
    names = transformer.get_feature_names_out()
    column = {name: i for i, name in enumerate(names)}
    swapped = []
    for name in names:
        level, _, col = place_of(name)
        other = re.sub(r"c\d_", f"c{2**level - 1 - col}_", name)
        swapped.append(column[other])
    assert_allclose(mirror[swapped], features, atol=1e-6)
    assert np.abs(mirror - features).max() > 0.01


# --- parameters


def test_palette_may_be_an_array(photos):
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [255, 255, 255]])
    transformer = ColorNamesLLC(palette=palette, dictionary=6, random_state=0)
    transformer.fit(photos)
    assert transformer.dictionaries_["colorpatch"].shape == (6, 4)
    assert transformer.transform(photos).shape == (len(photos), 6 * 21)
    red = np.tile(np.uint8([250, 5, 5]), (1, 30, 30, 1))
    assert transformer.fit(red).dictionaries_["colorpatch"].tolist() == [[0, 1, 0, 0]]


def test_patch_sizes_may_be_numpy_integers(photos):
    expected = ColorNamesLLC(patch_sizes=(6, 10), dictionary=4, random_state=0)
    expected.fit(photos)
    found = clone(expected).set_params(patch_sizes=tuple(np.array([6, 10]))).fit(photos)
    assert_same_words(found.dictionaries_, expected.dictionaries_)


@pytest.mark.parametrize(
    "patch_sizes", [(), [], (0,), (6, -1), (6.0,), ("6",), (None,)]
)
def test_bad_patch_sizes_raise(patch_sizes, photos):
    match = rf"Got patch_sizes={re.escape(repr(patch_sizes))}, .*positive integers"
    with pytest.raises(ValueError, match=match):
        ColorNamesLLC(patch_sizes=patch_sizes).fit(photos)


@pytest.mark.parametrize("blocks", [(), ["4x4"], ("2x2", "2x2"), ("2x2", "5x5"), (2,)])
def test_bad_blocks_raise(blocks, photos):
    match = rf"Got blocks={re.escape(repr(blocks))}, .*\('2x2', '3x3'\)"
    with pytest.raises(ValueError, match=match):
        HOGLLC(blocks=blocks).fit(photos)


def test_one_dictionary_for_two_kinds_raises(photos):
    match = r"Got one dictionary, but \['hog2x2', 'hog3x3'\] need one each"
    with pytest.raises(ValueError, match=match):
        HOGLLC(dictionary=np.zeros((4, 124))).fit(photos)


@pytest.mark.parametrize("kinds", [(), ("hog2x2",), ("2x2", "3x3"), ("colors",)])
def test_dictionaries_of_other_kinds_raise(transformer, kinds, photos):
    given = {kind: np.zeros((4, 124)) for kind in kinds}
    expected = re.escape(repr(sorted(kinds_of(transformer))))
    match = rf"Got dictionaries for {re.escape(repr(sorted(kinds)))}, but {expected}"
    with pytest.raises(ValueError, match=match):
        transformer.set_params(dictionary=given).fit(photos)


def test_bad_words_name_their_kind(transformer, photos, tmp_path):
    words = random_words(transformer)
    kind = kinds_of(transformer)[-1]
    transformer.set_params(dictionary=words | {kind: words[kind][:, :-1]})
    match = (
        rf"The dictionary of {kind}, an array, has the shape \(9, {NUMBERS[kind] - 1}"
    )
    with pytest.raises(ValueError, match=match):
        transformer.fit(photos)
    transformer.set_params(dictionary=words | {kind: str(tmp_path / "none.npy")})
    with pytest.raises(ValueError, match=rf"of {kind}, the file .*none\.npy"):
        transformer.fit(photos)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_neighbors", 0),
        ("n_levels", 0),
        ("n_levels", 7),
        ("spacing", 0),
        ("dictionary", 0),
    ],
)
def test_bad_parameters_raise(transformer, name, value, photos):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of"):
        transformer.set_params(**{name: value}).fit(photos)


@pytest.mark.parametrize(
    "subsample", [(), (500,), (500, 200, 1), (0, 200), (500, 0.5), ("500", 200)]
)
def test_bad_subsample_raises(transformer, subsample, photos):
    match = rf"Got subsample={re.escape(repr(subsample))}, but two positive integers"
    with pytest.raises(ValueError, match=match):
        transformer.set_params(subsample=subsample).fit(photos)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("n_words", "dictionary="),
        ("n_sample_photos", r"subsample=\(photos, descriptors"),
        ("n_sample_descriptors", r"subsample=\(photos, descriptors"),
        ("regularization", "nothing"),
    ],
)
def test_moved_parameters_say_where(transformer, old, new):
    match = f"no parameter '{old}' any more. Pass {new}"
    with pytest.raises(TypeError, match=match):
        type(transformer)(**{old: 8})
    with pytest.raises(ValueError, match=match):
        transformer.set_params(**{old: 8})


# --- what was read at fit


@pytest.mark.parametrize("change", ["rewritten", "deleted"])
def test_files_are_read_once(change, photos, tmp_path):
    rng = np.random.default_rng(0)
    palette, words = tmp_path / "palette.npy", tmp_path / "words.npy"
    np.save(palette, rng.integers(0, 256, (9, 3)))
    np.save(words, rng.random((4, 9)))
    fitted = ColorNamesLLC(palette=palette, dictionary=words).fit(photos)
    expected, names = fitted.transform(photos), fitted.get_feature_names_out()
    if change == "rewritten":
        np.save(palette, rng.integers(0, 256, (7, 3)))
        np.save(words, rng.random((5, 7)))
        assert clone(fitted).fit_transform(photos).shape == (7, 5 * 21)
    else:
        palette.unlink()
        words.unlink()
    for model in (fitted, pickle.loads(pickle.dumps(fitted))):
        assert_array_equal(model.transform(photos), expected)
        assert_array_equal(model.get_feature_names_out(), names)


# --- words that chance decides, and a cache


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)], ids=str)
def test_cache_of_words_by_chance_warns(transformer, random_state, photos, tmp_path):
    transformer.set_params(random_state=random_state, cache=tmp_path / "a.cache")
    with pytest.warns(CacheWarning, match="not find the rows .* Pass an int") as caught:
        transformer.fit_transform(photos)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_cache_of_sure_words_does_not_warn(transformer, photos, tmp_path):
    path = tmp_path / "a.cache"
    words = transformer.set_params(cache=path).fit(photos).dictionaries_
    transformer.set_params(random_state=np.int64(3)).fit(photos)
    transformer.set_params(random_state=None, dictionary=words).fit(photos)
    transformer.set_params(dictionary=12, cache=None).fit(photos)


def test_description_is_small_to_send(transformer, photos):
    transformer.set_params(dictionary=200).fit(photos)
    words = sum(array.size for array in transformer.dictionaries_.values())
    palette = 32_768 if isinstance(transformer, ColorNamesLLC) else 0
    size = len(pickle.dumps(transformer._describe()))
    assert size < 4 * words + palette + 1000


# --- as scikit-learn uses it


def test_learned_words_need_a_fit(transformer, photos):
    with pytest.raises(NotFittedError):
        transformer.transform(photos)
    with pytest.raises(NotFittedError):
        transformer.get_feature_names_out()
    fitted = transformer.fit(photos)
    with pytest.raises(NotFittedError):
        clone(fitted).transform(photos)
