"""TagEmbedder: means by hand, any form of tags, and what scikit-learn asks of it."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import (
    check_no_attributes_set_in_init,
    check_param_validation,
    check_parameters_default_constructible,
)

from sklearn_popularity import TagEmbedder

VECTORS = {"dog": [1.0, 0.0, 2.0], "sun": [3.0, 4.0, 0.0], "black and white": [5, 5, 5]}
TAGS = ["dog, Sun", "dog,xyz,dog", "", "explored, sun", "black and white", "xyz"]
# Means, the number of unknown tags, and whether none is known.
EXPECTED = np.array(
    [
        [2, 2, 1, 0, 0],
        [1, 0, 2, 1, 0],
        [0, 0, 0, 0, 1],
        [3, 4, 0, 1, 0],
        [5, 5, 5, 0, 0],
        [0, 0, 0, 1, 1],
    ],
    dtype=np.float32,
)
LISTS = [[tag.strip() for tag in row.split(",")] for row in TAGS]


def _padded():
    return np.array([[*row, None, None, None][:3] for row in LISTS], dtype=object)


FORMS = {
    "list": TAGS,
    "tuple": tuple(TAGS),
    "array": np.array(TAGS),
    "objects": np.array(TAGS, dtype=object),
    "series": pd.Series(TAGS, index=[1, 1, 2, 3, 4, 9]),
    "category": pd.Series(TAGS, dtype="category"),
    "column": np.array(TAGS)[:, None],
    "frame": pd.DataFrame({"tags": TAGS}),
    "missing": [None if tags == "" else tags for tags in TAGS],
    "NaN": pd.Series([np.nan if tags == "" else tags for tags in TAGS]),
    "lists": LISTS,
    "series of lists": pd.Series(LISTS),
    "tuples": [tuple(row) for row in LISTS],
    "arrays": [np.array(row) for row in LISTS],
    "a cell per tag": _padded(),
    "a frame with a cell per tag": pd.DataFrame(_padded()),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_tags_agree(form):
    found = TagEmbedder(VECTORS).fit_transform(FORMS[form])
    assert found.dtype == np.float32
    assert_allclose(found, EXPECTED)


@pytest.mark.parametrize("rows", [TAGS, LISTS], ids=["text", "lists"])
def test_polars_agrees(rows):
    polars = pytest.importorskip("polars", reason="This form needs polars.")
    for X in (polars.Series(rows), polars.DataFrame({"tags": rows})):
        assert_allclose(TagEmbedder(VECTORS).fit_transform(X), EXPECTED)


def test_pyarrow_agrees():
    pyarrow = pytest.importorskip("pyarrow", reason="This form needs pyarrow.")
    table = pyarrow.table({"tags": LISTS})
    cells = pyarrow.Table.from_pandas(pd.DataFrame(_padded(), columns=list("abc")))
    for X in (pyarrow.array(TAGS), table, table.select(["tags"]), cells):
        assert_allclose(TagEmbedder(VECTORS).fit_transform(X), EXPECTED)


@pytest.mark.parametrize("exclude", ["explor", "Explore", "^EXPLORED$"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_excluded_tags_count_as_nothing(exclude, lowercase):
    embedder = TagEmbedder(VECTORS, exclude=exclude, lowercase=lowercase)
    assert_allclose(embedder.fit_transform(["Explored,sun"]), [[3, 4, 0, 0, 0]])


def test_bad_pattern_is_one_error():
    with pytest.raises(ValueError, match=r"exclude='\(', but a regular expression"):
        TagEmbedder(VECTORS, exclude="(").fit(TAGS)


@pytest.mark.parametrize(
    ("separator", "text"), [(" ", "dog  sun"), (";", "dog; sun"), (None, "A dog: sun!")]
)
def test_separator_splits_text(separator, text):
    vectors = {**VECTORS, "a": [0.0, 0.0, 0.0]}
    found = TagEmbedder(vectors, separator=separator).fit_transform([text])
    n_words = 3 if separator is None else 2
    assert_allclose(found[0, :3] * n_words, [4, 4, 2], rtol=1e-6)
    assert found[0, 3] == 0


def test_case_matters_where_asked():
    found = TagEmbedder(VECTORS, lowercase=False).fit_transform(TAGS[:1])
    assert_allclose(found, [[1, 0, 2, 1, 0]])


PHRASES = {
    "whole": [[3, 4, 0, 1, 0]],
    "joined": [[3.5, 3, 2.5, 0, 0]],
    "words": [[3.5, 3, 2.5, 0, 0]],
}


@pytest.mark.parametrize("phrases", PHRASES)
def test_phrases_are_found_joined(phrases):
    vectors = {"sun": [3.0, 4.0, 0.0], "black_and_white": [4.0, 2.0, 5.0]}
    embedder = TagEmbedder(vectors, phrases=phrases)
    found = embedder.fit_transform(["sun, Black and white"])
    assert_allclose(found, PHRASES[phrases])


def test_caption_counts_as_the_mean_of_its_words():
    captions = [["A dog in the sun", "sun"], ["a dog's sun: dog"], ["nothing known"]]
    dog, sun = (np.array(VECTORS[word]) for word in ("dog", "sun"))
    found = TagEmbedder(VECTORS).fit_transform(captions)
    assert_allclose(found[0], [*((dog + sun) / 2 + sun) / 2, 0, 0])
    assert_allclose(found[1], [*(2 * dog + sun) / 3, 0, 0], rtol=1e-6)
    assert_allclose(found[2], [0, 0, 0, 1, 1])


def test_functions_get_captions_as_they_are():
    asked = []

    def encode(texts):
        asked.extend(texts)
        return np.ones((len(texts), 2))

    TagEmbedder(encode, lowercase=False).fit(["x"]).transform([["A dog, here", "sun"]])
    assert asked[-2:] == ["A dog, here", "sun"]


def test_unknown_tags_are_reported_where_asked():
    embedder = TagEmbedder(VECTORS, report_unknown=False)
    assert_array_equal(embedder.fit_transform(TAGS), EXPECTED[:, :3])
    names = embedder.get_feature_names_out().tolist()
    assert names == ["tag_vector0", "tag_vector1", "tag_vector2"]


def test_vectors_that_know_next_to_nothing_warn_once():
    rows = ["b, b", "dog", *["a, b, c, d, e, f"] * 2]  # 14 of 15
    match = r"^14 of 15 tags have no vector, for example \['b', 'a', 'c', 'd', 'e'\]"
    with pytest.warns(UserWarning, match=match) as caught:
        TagEmbedder(VECTORS).fit_transform(rows)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("rows", [[], ["", None], ["dog", *"abcdefghi"]], ids=str)
def test_tags_that_are_often_unknown_do_not_warn(rows):
    TagEmbedder(VECTORS).fit(rows)
    TagEmbedder(VECTORS, exclude="explor").fit(["explored"] * 99 + rows)


def test_mean_equals_plain_loop():
    rng = np.random.default_rng(0)
    vectors = {f"w{i}": rng.normal(size=7) for i in range(50)}
    rows = [
        [f"w{i}" for i in rng.integers(0, 70, rng.integers(0, 9))] for _ in range(99)
    ]
    expected = []
    for row in rows:
        known = [vectors[word] for word in row if word in vectors]
        mean = np.mean(known, axis=0) if known else np.zeros(7)
        expected.append([*mean, len(row) - len(known), not known])
    embedder = TagEmbedder(vectors).fit(rows)
    assert_allclose(embedder.transform(rows), expected, atol=1e-6)
    for i in range(0, 99, 10):
        assert_allclose(embedder.transform(rows[i : i + 1])[0], expected[i], atol=1e-6)
    assert embedder.transform([]).shape == (0, 9)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("dog, sun", r"one string, 'dog, sun'.*\[X\]"),
        (["dog", 7], "'tags' holds 7 in row 1"),
        (["dog", ["sun", 7]], "'tags' holds .* in row 1"),
        ([b"dog"], "in row 0"),
    ],
)
def test_other_input_is_refused(X, message):
    embedder = TagEmbedder(VECTORS).fit(TAGS)
    for method in (embedder.fit, embedder.transform):
        with pytest.raises(ValueError, match=message):
            method(X)


def test_vectors_of_another_length_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("dog 1 2\n")
    embedder = TagEmbedder(path).fit(["dog"])
    assert len(pickle.dumps(embedder)) < 2000  # the path, not the vectors
    path.write_text("dog 1 2 3\n")
    with pytest.raises(ValueError, match=r"have 3 numbers, but had 2 in fit\."):
        embedder.transform(["dog"])
    assert embedder.fit_transform(["dog"]).shape == (1, 5)


# --- what scikit-learn's checks ask of others


@pytest.mark.parametrize(
    "check",
    [
        check_no_attributes_set_in_init,
        check_param_validation,
        check_parameters_default_constructible,
    ],
)
def test_passes_sklearn_checks_without_input(check):
    check("TagEmbedder", TagEmbedder(VECTORS))


def test_transform_needs_fit():
    with pytest.raises(NotFittedError):
        TagEmbedder(VECTORS).transform(TAGS)
    with pytest.raises(NotFittedError):
        TagEmbedder(VECTORS).get_feature_names_out()


def test_fit_transform_is_fit_then_transform():
    fitted = TagEmbedder(VECTORS).fit(TAGS)
    before = dict(vars(fitted))
    assert_array_equal(fitted.transform(TAGS), TagEmbedder(VECTORS).fit_transform(TAGS))
    assert vars(fitted) == before
    assert_array_equal(fitted.fit(LISTS).transform(TAGS), EXPECTED)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_set_output_names_columns(package):
    pytest.importorskip(package, reason=f"This output needs {package}.")
    frame = TagEmbedder(VECTORS).set_output(transform=package).fit_transform(TAGS)
    names = ["tag_vector0", "tag_vector1", "tag_vector2"]
    assert list(frame.columns) == [*names, "n_unknown_tags", "no_known_tag"]
    assert_allclose(frame.to_numpy(), EXPECTED)


def test_works_in_searches():
    posts = pd.DataFrame({"tags": TAGS * 5})
    y = EXPECTED[:, 0].tolist() * 5
    columns = make_column_transformer((TagEmbedder(VECTORS), "tags"))
    model = make_pipeline(columns, Ridge(alpha=1e-3))
    grid = {"columntransformer__tagembedder__exclude": [None, "sun"]}
    search = GridSearchCV(model, grid, error_score="raise", cv=2).fit(posts, y)
    assert search.best_params_ == {"columntransformer__tagembedder__exclude": None}
