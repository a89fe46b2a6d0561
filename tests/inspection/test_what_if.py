"""what_if: edits that were planted as causes change the score, others do not."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.color import rgb2hsv
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import ColorStatistics, make_popularity
from sklearn_popularity.evaluation import fit_model, held_out_predictions
from sklearn_popularity.features import cache_info
from sklearn_popularity.inspection import what_if

SLOPE = 4.5  # of the score per unit of saturation, as make_popularity plants it


@pytest.fixture(scope="module")
def made():
    posts, truth = make_popularity(120, image_size=(48, 64), random_state=0)
    noise = np.random.default_rng(0).normal(size=120)
    return posts, truth.effects["saturation"] + 0.3 * noise


@pytest.fixture(scope="module")
def model():
    return make_pipeline(ColorStatistics(), StandardScaler(), Ridge(0.1))


@pytest.fixture(scope="module")
def fitted(made, model):
    posts, y = made
    return fit_model(model, posts["photo"], y, return_estimator=True)


def _saturation(photo):
    return rgb2hsv(photo)[..., 1].mean()


def test_planted_cause_has_its_sign_and_slope(made, fitted):
    posts, _ = made
    slopes = []
    for photo in posts["photo"][:10]:
        found = what_if(fitted, photo, ["saturation"])
        for row in found.changes.dropna().itertuples():
            apart = _saturation(found.photos[row.edit]) - _saturation(photo)
            assert np.sign(row.change) == np.sign(apart)
            slopes.append(row.change / apart)
    assert len(slopes) > 20
    assert np.median(slopes) == pytest.approx(SLOPE, rel=0.25)


def test_edits_that_the_model_cannot_see_change_nothing(made, fitted):
    mirrored = {"mirror": lambda photo: photo[:, ::-1], "none": lambda photo: photo}
    table = what_if(fitted, made[0]["photo"][1], mirrored).changes
    assert_allclose(table[["change", "low", "high"]], 0, atol=1e-5)


def test_intervals_of_noise_hold_zero(made, model):
    photos, held = made[0]["photo"][:60], []
    for seed in range(25):
        y = np.random.default_rng(seed).normal(size=60)
        fitted = fit_model(model, photos, y, n_repeats=1, return_estimator=True)
        table = what_if(fitted, photos[seed], ["exposure", "saturation"]).changes
        held.append(((table["low"] <= 0) & (table["high"] >= 0)).mean())
    assert 0.88 <= np.mean(held) <= 0.995


def test_table_is_that_of_the_models(made, fitted):
    photo = made[0]["photo"][2]
    found = what_if(fitted, photo, ["exposure"])
    versions = [photo, *found.photos.values()]
    whole = fitted.model.predict(versions)
    assert found.score == pytest.approx(whole[0], rel=1e-5)
    table = found.changes
    told = ~table["unlike"].to_numpy(bool)
    assert told.sum() >= 2
    assert_allclose(table["change"][told], (whole[1:] - whole[0])[told], rtol=1e-4)
    folds = np.array(
        [
            [each.predict(versions)[1:] - each.predict(versions)[0] for each in part]
            for part in fitted.held_out.estimators
        ]
    )
    error = np.sqrt(
        (4 / 5 * np.square(folds - folds.mean(1, keepdims=True)).sum(1)).mean(0)
    )
    half = 2.1788128 * error  # Student's t of 12 degrees of freedom
    assert_allclose((table["high"] - table["low"])[told], 2 * half[told], rtol=1e-3)
    assert (table["change"].dropna().diff().dropna() <= 0).all()


def test_photos_unlike_those_of_the_fit_are_refused(made, fitted):
    photo = made[0]["photo"][3]
    edits = {
        "fire": lambda photo: photo[..., ::-1],
        "as is": lambda photo: photo,
    }
    found = what_if(fitted, photo, edits)
    assert found.changes["edit"].tolist() == ["as is", "fire"]
    assert found.changes["unlike"].tolist() == [False, True]
    assert found.changes[["change", "low", "high"]].iloc[1].isna().all()
    assert "1 edited photo(s) are unlike" in str(found)
    assert what_if(fitted, photo[..., ::-1], edits).changes["unlike"].all()


def test_one_model_has_no_intervals_and_models_of_folds_have(made, model):
    posts, y = made
    single = model.fit(posts["photo"], y)
    found = what_if(single, posts["photo"][0], ["exposure"]).changes
    assert found[["low", "high"]].isna().all(axis=None)
    assert found["change"].notna().all()
    assert found["unlike"].isna().all()
    held_out = held_out_predictions(model, posts["photo"], y, return_estimator=True)
    [models] = held_out.estimators
    folds = what_if(models, posts["photo"][0], ["exposure"])
    assert (folds.changes["low"] < folds.changes["high"]).all()
    mean = np.mean([each.predict([posts["photo"][0]])[0] for each in models])
    assert folds.score == pytest.approx(mean, rel=1e-5)


def test_models_of_tables_keep_the_rest_of_the_row(made):
    posts, y = made
    posts = posts.assign(day=np.arange(120.0))
    columns = make_column_transformer(
        (make_pipeline(ColorStatistics(), StandardScaler()), "photo"),
        (StandardScaler(), ["day"]),
    )
    fitted = fit_model(
        make_pipeline(columns, Ridge()), posts, y + posts["day"], return_estimator=True
    )
    row = posts.iloc[[7]]
    found = what_if(fitted, row, ["saturation"])
    edited = row.assign(
        photo=pd.Series([found.photos["saturation x0.7"]], row.index, dtype=object)
    )
    expected = fitted.model.predict(edited) - fitted.model.predict(row)
    change = found.changes.set_index("edit")["change"]["saturation x0.7"]
    assert change == pytest.approx(expected[0], rel=1e-4)


def test_photo_of_the_caller_is_not_changed(made, fitted):
    photo = made[0]["photo"][4].copy()

    def darken(image):
        image[:] = 0
        return image

    found = what_if(fitted, photo, {"dark": darken, "as is": lambda image: image})
    assert_array_equal(photo, made[0]["photo"][4])
    assert_array_equal(found.photos["as is"], photo)


def test_edited_photos_do_not_go_into_the_cache(made, tmp_path):
    posts, y = made
    path = str(tmp_path / "features.cache")
    model = make_pipeline(ColorStatistics(cache=path), Ridge())
    fitted = fit_model(model, posts["photo"], y, return_estimator=True)
    n_rows = cache_info(path)["n_rows"].sum()
    what_if(fitted, posts["photo"][0], ["crops"])
    assert cache_info(path)["n_rows"].sum() == n_rows == 120


def test_text_says_whose_taste_it_is(made, fitted):
    text = str(what_if(fitted, made[0]["photo"][5]))
    assert "Changes describe the model, not people" in text
    assert "saturation x1.3" in text


@pytest.mark.parametrize("edits", [[], ["blur"], {}, {"blur": 3}, ["crops", "blur"]])
def test_unknown_edits_are_named(made, fitted, edits):
    with pytest.raises(ValueError, match="'crops', 'exposure', 'saturation'"):
        what_if(fitted, made[0]["photo"][0], edits)


def test_models_without_folds_are_an_error(made, model, fitted):
    posts, y = made
    bare = fit_model(model, posts["photo"], y, n_repeats=1)
    with pytest.raises(ValueError, match="return_estimator=True"):
        what_if(bare, posts["photo"][0])
    with pytest.raises(ValueError, match="sequence of 1"):
        what_if([fitted.model], posts["photo"][0])
    with pytest.raises(ValueError, match="one of them"):
        fit_model(model, posts["photo"], y, look=lambda *_: None, return_estimator=True)
