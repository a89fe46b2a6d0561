"""Tests of the posts with planted causes."""

from itertools import cycle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.stats import spearmanr
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_popularity.datasets.made_up import _make_popularity
from sklearn_popularity.datasets.made_up._brushes import coverage
from sklearn_popularity.datasets.made_up._make_popularity import make_popularity
from sklearn_popularity.datasets.made_up._objects import OBJECTS
from sklearn_popularity.datasets.made_up._photo import draw_photo
from sklearn_popularity.datasets.made_up._scenes import SCENES

IMAGE_CAUSES = ["saturation", "object", "theme"]
SOCIAL_CAUSES = ["uploader", "tags"]


@pytest.fixture(scope="module")
def small():
    """Few posts, with their photos."""
    return make_popularity(30, image_size=(48, 64), random_state=0)


def make_blank(n_photos, **settings):
    """Posts with blank photos, for what does not depend on the pixels."""
    blank = np.zeros((32, 32, 3), dtype=np.uint8), _make_popularity.Box(0, 0, 0, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_make_popularity, "draw_photo", lambda *args, **kwargs: blank)
        return make_popularity(n_photos, **{"random_state": 0, **settings})


@pytest.fixture(scope="module")
def many():
    return make_blank(2000)


def measure_saturation(photo):
    hsv = np.asarray(Image.fromarray(photo).convert("HSV"))
    return hsv[..., 1].mean() / 255


def days_since_upload(posts):
    return (posts["observed"] - posts["uploaded"]).dt.total_seconds() / 86_400


def test_posts_columns_and_dtypes(small):
    posts, _ = small
    assert list(posts) == [
        "photo",
        "user",
        "theme",
        "tags",
        "title",
        "uploaded",
        "observed",
        "views",
        "score",
    ]
    assert len(posts) == 30
    assert posts["views"].dtype == np.int64
    assert posts["score"].dtype == np.float64
    for column in ("uploaded", "observed"):
        assert pd.api.types.is_datetime64_dtype(posts[column])
    for column in ("user", "theme", "tags", "title"):
        assert all(type(value) is str for value in posts[column])
    for photo in posts["photo"]:
        assert photo.shape == (48, 64, 3)
        assert photo.dtype == np.uint8


def test_truth_tables_match_posts(small):
    posts, truth = small
    assert list(truth.effects) == [*IMAGE_CAUSES, *SOCIAL_CAUSES, "age"]
    assert truth.effects.index.equals(posts.index)
    assert list(truth.objects) == ["name", "row", "col", "height", "width"]
    assert set(posts["user"]) <= set(truth.users.index)
    assert_allclose(truth.taste.sum(axis=1), 1.0)
    assert truth.popular_themes == ["beach", "night", "mountains"]
    assert truth.unpopular_themes == ["street", "table", "desert"]


def test_effects_follow_coefficients(small):
    posts, truth = small
    planted = truth.coefficients
    effects = truth.effects
    assert_array_equal(effects["theme"], [planted.theme[t] for t in posts["theme"]])
    assert_array_equal(
        effects["object"], [planted.object[name] for name in truth.objects["name"]]
    )
    assert_array_equal(
        effects["uploader"], [planted.uploader[user] for user in posts["user"]]
    )
    assert_allclose(effects["age"], planted.age * np.log2(days_since_upload(posts)))
    slopes = np.diff(effects["saturation"]) / np.diff(truth.saturation)
    assert_allclose(slopes, planted.saturation)
    tags = [sum(planted.tags.get(t, 0) for t in row.split()) for row in posts["tags"]]
    assert_allclose(effects["tags"], tags)


def test_score_is_log_views_per_day(many):
    posts, _ = many
    expected = np.log2(posts["views"] / days_since_upload(posts) + 1)
    assert_allclose(posts["score"], expected)


def test_expected_score_is_that_at_the_expected_views():
    posts, truth = make_blank(40, rate=0.05)
    views = np.exp2(truth.coefficients.intercept + truth.effects.sum(axis=1))
    expected = np.log2(views / days_since_upload(posts) + 1)
    assert_allclose(truth.expected_score, expected)


def test_views_have_expected_mean(many):
    posts, truth = many
    log2_rate = truth.coefficients.intercept + truth.effects.sum(axis=1) + truth.noise
    rate = np.exp2(log2_rate)
    residuals = (posts["views"] - rate) / np.sqrt(rate)
    assert abs(residuals.mean()) < 0.1
    assert 0.9 < residuals.std() < 1.1


def test_views_are_heavy_tailed(many):
    views = many[0]["views"].sort_values()
    assert views.mean() > 2 * views.median()
    assert views.tail(len(views) // 10).sum() > 0.4 * views.sum()


def test_causes_explain_score(many):
    posts, truth = many
    image = spearmanr(truth.effects[IMAGE_CAUSES].sum(axis=1), posts["score"])
    social = spearmanr(truth.effects[SOCIAL_CAUSES].sum(axis=1), posts["score"])
    everything = spearmanr(truth.expected_score, posts["score"])
    assert 0.65 < image.statistic < 0.77
    assert 0.45 < social.statistic < 0.6
    assert 0.85 < everything.statistic < 0.95


def test_noise_zero_leaves_only_poisson():
    posts, truth = make_blank(60, noise=0.0)
    assert spearmanr(truth.expected_score, posts["score"]).statistic > 0.99


def test_users_have_favourite_themes(many):
    posts, truth = many
    shares = pd.crosstab(posts["user"], posts["theme"], normalize="index")
    taste = truth.taste.loc[shares.index, shares.columns]
    assert np.corrcoef(shares.to_numpy().ravel(), taste.to_numpy().ravel())[0, 1] > 0.9
    assert shares.std(axis=0).min() > 0.05


def test_saturation_is_measurable(small):
    posts, truth = small
    measured = posts["photo"].map(measure_saturation)
    assert np.corrcoef(measured, truth.saturation)[0, 1] > 0.95


def test_themes_look_different(small):
    posts, _ = small
    layout = np.stack(
        [
            np.asarray(Image.fromarray(photo).convert("L").resize((8, 6)), float)
            for photo in posts["photo"]
        ]
    ).reshape(len(posts), -1)
    distances = np.linalg.norm(layout[:, np.newaxis] - layout, axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = posts["theme"].to_numpy()[distances.argmin(axis=1)]
    assert (nearest == posts["theme"]).mean() > 0.7


@pytest.mark.parametrize(("theme", "object_name"), [*zip(SCENES, cycle(OBJECTS))])
def test_object_changes_only_its_box(theme, object_name):
    plain, no_box = draw_photo(np.random.default_rng(3), theme)
    painted, box = draw_photo(np.random.default_rng(3), theme, object_name=object_name)
    change = np.abs(painted.astype(int) - plain).max(axis=2)
    # The blur of the lens reaches 2 or 3 pixels beyond the box.
    near = np.zeros(change.shape, dtype=bool)
    near[
        max(0, box.row - 3) : box.row + box.height + 3,
        max(0, box.col - 3) : box.col + box.width + 3,
    ] = True
    inside = change[box.row : box.row + box.height, box.col : box.col + box.width]
    assert no_box == (0, 0, 0, 0)
    assert inside.size == box.height * box.width > 0
    assert inside.mean() > 10
    assert change[~near].max() == 0


def test_object_boxes_are_marked(small):
    _, truth = small
    objects = truth.objects
    empty = objects["name"] == "none"
    area = objects["height"] * objects["width"]
    assert 0 < empty.sum() < len(objects)
    assert_array_equal(empty, area == 0)
    assert (objects["row"] + objects["height"]).max() <= 48
    assert (objects["col"] + objects["width"]).max() <= 64


@pytest.mark.parametrize("theme", SCENES)
@pytest.mark.parametrize("shape", [(32, 32), (33, 151), (140, 41)])
def test_scenes_fit_any_shape(theme, shape):
    photo, box = draw_photo(
        np.random.default_rng(0), theme, object_name="car", shape=shape
    )
    assert photo.shape == (*shape, 3)
    assert photo.std() > 5
    assert box.col + box.width <= shape[1]


def test_no_photo_divides_by_zero():
    """A dune of this seed has a pixel at the very height where its ripples ended."""
    posts, _ = make_popularity(8, random_state=5)
    assert len(posts) == 8


def test_random_states_differ():
    first, _ = make_popularity(4, image_size=(32, 32), random_state=0)
    second, _ = make_popularity(4, image_size=(32, 32), random_state=1)
    assert (first["views"] != second["views"]).all()
    assert (np.stack(first["photo"]) != np.stack(second["photo"])).any()


def test_random_state_instance_moves_on():
    random_state = np.random.RandomState(0)
    first, _ = make_blank(3, random_state=random_state)
    second, _ = make_blank(3, random_state=random_state)
    fresh, _ = make_blank(3, random_state=np.random.RandomState(0))
    assert_array_equal(first["views"], fresh["views"])
    assert (first["views"] != second["views"]).any()


def test_photos_do_not_depend_on_number():
    few, few_truth = make_popularity(3, image_size=(32, 32), random_state=5)
    more, more_truth = make_popularity(7, image_size=(32, 32), random_state=5)
    assert_array_equal(np.stack(few.pop("photo")), np.stack(more.pop("photo")[:3]))
    pd.testing.assert_frame_equal(few, more[:3])
    for name in ("objects", "effects"):
        pd.testing.assert_frame_equal(few_truth[name], more_truth[name][:3])


def test_n_themes_takes_first_themes():
    posts, truth = make_blank(40, n_themes=2, n_users=3)
    assert set(posts["theme"]) == {"beach", "street"}
    assert truth.popular_themes == ["beach"]
    assert truth.unpopular_themes == ["street"]
    assert len(truth.users) == 3


def test_folder_round_trip(tmp_path):
    folder = tmp_path / "new" / "photos"
    kept, kept_truth = make_popularity(6, image_size=(48, 64), random_state=1)
    posts, truth = make_popularity(
        6, folder=folder, image_size=(48, 64), random_state=1
    )
    labels = pd.read_csv(folder / "labels.csv", parse_dates=["uploaded", "observed"])
    assert labels.columns[0] == "path"
    columns = list(kept.columns[1:])
    pd.testing.assert_frame_equal(labels[columns], kept[columns], check_dtype=False)
    pd.testing.assert_frame_equal(truth.objects, kept_truth.objects)
    for photo, path, pixels in zip(
        posts["photo"], labels["path"], kept["photo"], strict=True
    ):
        assert photo == str(folder / path)
        loss = np.asarray(Image.open(photo)).astype(float) - pixels
        assert np.sqrt(np.mean(loss**2)) < 6
    assert sorted(path.name for path in folder.iterdir()) == ["images", "labels.csv"]


@pytest.mark.parametrize("name", ["labels.csv", "images"])
def test_folder_in_use_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=rf"folder=.* already contains '{name}'"):
        make_popularity(2, folder=tmp_path)


def test_folder_never_holds_half_labels(tmp_path, monkeypatch):
    def fail(self, path, **kwargs):
        path.write_text("path,us")
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(OSError, match="No space left"):
        make_popularity(2, folder=tmp_path, image_size=(32, 32), random_state=0)
    assert not (tmp_path / "labels.csv").exists()


def test_folder_written_one_photo_at_a_time(tmp_path, monkeypatch):
    drawn = []

    def draw_and_count(*args, **kwargs):
        written = len(list(tmp_path.glob("*/images/*.jpg")))
        drawn.append(written)
        return draw_photo(*args, **kwargs)

    monkeypatch.setattr(_make_popularity, "draw_photo", draw_and_count)
    make_popularity(4, folder=tmp_path, image_size=(32, 32), random_state=0)
    assert drawn == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_photos", 0),
        ("n_photos", 2.5),
        ("folder", 3),
        ("image_size", 64),
        ("n_users", 0),
        ("n_themes", 1),
        ("n_themes", 9),
        ("noise", -0.1),
        ("noise", 6.0),
        ("random_state", "seed"),
    ],
)
def test_invalid_parameter_is_named(name, value):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
        make_popularity(**{name: value})


@pytest.mark.parametrize("image_size", [(120,), (31, 160), (64.0, 64), (64, 64, 3)])
def test_invalid_image_size_is_named(image_size):
    with pytest.raises(ValueError, match=r"image_size=.* must be \(height, width\)"):
        make_popularity(2, image_size=image_size)


def test_interrupted_folder_stays_empty(tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        if next(tmp_path.glob("*/images/*.jpg"), None):
            raise KeyboardInterrupt
        return draw_photo(*args, **kwargs)

    monkeypatch.setattr(_make_popularity, "draw_photo", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_popularity(4, folder=tmp_path, image_size=(32, 32), random_state=0)
    assert list(tmp_path.iterdir()) == []


def test_soft_edges_are_half_covered_at_the_outline():
    found = coverage(np.array([-9.0, -1.0, 0.0, 1.0, 9.0]), softness=2.0)
    assert_array_equal(found, [0, 0, 0.5, 1, 1])
