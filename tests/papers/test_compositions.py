"""The papers' compositions: their constants, and that they learn from posts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler

from sklearn_popularity import (
    CNNEmbedder,
    Preprocessing,
    SocialFeatures,
    load_model,
    make_popularity,
    save_model,
    spearman_score,
)
from sklearn_popularity.papers import (
    cappallo2015,
    dufour2015,
    khosla2014,
    lafin,
    memorability2018,
    recommended,
)

TINY = {"image_size": (48, 64), "random_state": 0}
SMALL = {"subsample": (10, 50)}


@pytest.fixture(scope="module")
def posts():
    return make_popularity(90, noise=0.1, **TINY)[0]


@pytest.fixture
def network():
    pytest.importorskip("torch", reason="networks need torch")
    return CNNEmbedder(
        backbone="squeezenet1_1",
        weights="random",
        preprocessing=Preprocessing(size=32),
    )


@pytest.fixture(scope="module")
def vectors(posts):
    words = sorted({word for tags in posts["tags"] for word in tags.split()})
    numbers = np.random.default_rng(0).normal(size=(len(words), 5))
    return dict(zip(words, numbers, strict=True))


def _halves(posts):
    return posts.iloc[::2], posts.iloc[1::2]


@pytest.mark.parametrize(
    ("feature", "n_numbers"),  # sections 4.1 and 4.2
    [
        ("gist", 512),
        ("color_histogram", 50),
        ("texture", 1239),
        ("color_patches", 4200),
        ("gradient", 10752),
    ],
)
def test_khosla_features_have_the_papers_length(posts, feature, n_numbers):
    settings = SMALL if feature in {"color_patches", "gradient"} else {}
    columns = khosla2014.content(feature, **settings)[0]
    assert columns.fit_transform(posts.iloc[:25]).shape == (25, n_numbers)


def test_khosla_searches_the_papers_values():
    search = khosla2014.content("gist")[-1]
    assert search.param_grid == {"C": [0.01, 0.1, 1, 10, 100]}  # footnote 2
    assert search.cv.get_n_splits() == 5


def test_khosla_content_ranks_held_out_posts(posts):
    train, test = _halves(posts)
    model = khosla2014.content("color_histogram").fit(train, train["score"])
    assert spearman_score(test["score"], model.predict(test)) > 0.2


def test_khosla_fuses_content_and_social_cues():
    posts, truth = make_popularity(90, noise=0.1, **TINY)
    posts["contacts"] = 100 * np.exp(truth.effects["uploader"])
    train, test = _halves(posts)
    cues = SocialFeatures(counts=["contacts"], texts=["title"])
    features = ["color_histogram"]
    both = khosla2014.content_and_social(cues, features, groups="user")
    content = khosla2014.content_combined(features, groups="user")
    assert [name for name, _, _ in both.branches] == [*features, "social"]
    scores = [
        spearman_score(test["score"], model.fit(train, train["score"]).predict(test))
        for model in (both, content)
    ]
    assert scores[0] > scores[1] + 0.1


def test_khosla_networks_take_their_layers(network):
    for feature, layer in [("deep", "penultimate"), ("objects", "probabilities")]:
        model = khosla2014.content(feature, network=network, n_jobs=2)
        [(_, transformer, _)] = model[0].transformers
        assert (transformer.layer, transformer.n_jobs) == (layer, 2)
    assert network.n_jobs is None  # what was given is not changed


def test_khosla_networks_are_of_unit_length(posts, network):
    """Numbers of any size: C of 0.01 to 100 suits vectors of length 1 alone."""
    described = khosla2014.content("deep", network=network)[:-1]
    lengths = np.linalg.norm(described.fit_transform(posts[:5]), axis=1)
    assert_allclose(lengths, 1, rtol=1e-5)


def test_khosla_palette_reaches_the_histogram_alone():
    palette = np.eye(3) * 255
    model = khosla2014.content_combined(["gist", "color_histogram"], palette=palette)
    parts = {name: branch[0] for name, branch, _ in model.branches}
    histogram = parts["color_histogram"].transformers[0][1]
    assert_array_equal(histogram.palette, palette)


def test_khosla_refuses_an_unknown_feature():
    with pytest.raises(ValueError, match="Got the feature 'sift', but one of 'gist'"):
        khosla2014.content("sift")


@pytest.mark.parametrize(
    ("variant", "n_senses", "margin", "of_three"),
    [
        ("none", (1, 0), "fixed", (1, 0)),  # equation 1
        ("popular", (10, 0), "fixed", (3, 0)),  # 2
        ("popular_soft", (10, 0), "soft", (3, 0)),  # 3
        ("popular_and_unpopular", (5, 5), "soft", (3, 3)),  # 4 and table 5
    ],
)
def test_cappallo_variants_are_the_papers(variant, n_senses, margin, of_three):
    model = cappallo2015.ranker(variant)[-1].estimator
    assert (model.n_senses, model.n_unpopular_senses) == n_senses
    assert (model.margin, model.min_margin) == (margin, 1.0)
    assert (model.batch_size, model.init) == (100, "k-means")
    model = cappallo2015.ranker(variant, n_senses=3)[-1].estimator
    assert (model.n_senses, model.n_unpopular_senses) == of_three


def test_cappallo_ranks_held_out_posts(posts):
    train, test = _halves(posts)
    features = khosla2014.FEATURES["color_histogram"]
    model = cappallo2015.ranker(n_senses=1, network=features)
    model.fit(train, train["score"])
    assert spearman_score(test["score"], model.predict(test)) > 0.2


def test_cappallo_margin_may_be_the_difference_alone():
    model = cappallo2015.ranker("popular_soft", n_senses=1, min_margin=0)
    model = model[-1].estimator
    X = np.random.default_rng(0).normal(size=(200, 4))
    y = X[:, 0] + np.random.default_rng(1).normal(size=200)
    assert spearman_score(y, model.fit(X, y).predict(X)) > 0.5
    with pytest.raises(ValueError, match=r'min_margin=0 with margin="fixed"'):
        model.set_params(margin="fixed").fit(X, y)


def test_cappallo_engagement_adds_counts_of_a_level():
    posts = pd.DataFrame(
        {"views": [0, 10], "favourites": [1, 5], "comments": [0, 3]}, index=[7, 7]
    )
    targets = cappallo2015.engagement(
        posts, low=["views", "favourites"], high=["comments"]
    )
    assert_allclose(targets["low"], np.log([2, 16]))
    assert_allclose(targets["high"], np.log([1, 4]))
    assert_allclose(targets["combined"], np.log([2, 19]))
    posts.loc[:, "comments"] = [0, -1]
    with pytest.raises(ValueError, match=r"Got -1 in row 1 of 'comments'"):
        cappallo2015.engagement(posts, low=["views"], high=["comments"])


def test_memorability_aggregates_four_classes(posts, network):
    train, test = _halves(posts)
    networks = {"cnn": network, "caption": clone(network).set_params(random_state=1)}
    model = memorability2018.k_class_mlp(top_score=None, networks=networks)
    classifier = model[-1]
    assert (classifier.n_classes, classifier.aggregation) == (4, "upper")
    perceptron = classifier.estimator
    assert (perceptron.batch_size, perceptron.max_epochs) == (16, 10)  # section 2.2
    predicted = model.fit(train, train["score"]).predict(test)
    assert len(np.unique(predicted)) > 10
    assert len(model[-1].estimator_.branches_) == 2


def test_memorability_search_fits_the_model(posts, network):
    networks = {"cnn": network, "caption": network}
    model = memorability2018.k_class_mlp(networks=networks, top_score=None)
    space = memorability2018.mlp_search()
    widths = []
    for chosen in ParameterSampler(space, 8, random_state=0):
        # A name that the model has not is refused.
        assert chosen.items() <= model.set_params(**chosen).get_params().items()
        widths.append(model[-1].estimator.branch_layers)
    assert any(each["cnn"] != each["caption"] for each in widths)
    model[-1].estimator.set_params(max_epochs=1)
    model.fit(posts[:20], posts["score"][:20])
    shapes = {key: value.shape for key, value in model[-1].estimator_.weights_.items()}
    assert (widths[-1]["cnn"][0], 512) in shapes.values()
    with pytest.raises(ImportError, match="mlp_search, a function of the inputs"):
        memorability2018.MLP_SEARCH  # noqa: B018


@pytest.mark.parametrize("regressor", memorability2018.REGRESSORS)
def test_memorability_baselines_can_be_searched(posts, network, regressor):
    model = memorability2018.regression(["cnn"], regressor, networks={"cnn": network})
    _, space = memorability2018.REGRESSORS[regressor]
    [chosen] = ParameterSampler(space, 1, random_state=0)
    chosen |= {name: 3 for name in chosen if name.endswith("n_neighbors")}
    model.set_params(**chosen).fit(posts[:20], posts["score"][:20])
    assert np.ptp(model.predict(posts[:20])) > 0


def test_memorability_captions_have_1024_numbers():
    """The stand-in's tower with random weights: as wide as the paper's embedding."""
    pytest.importorskip("timm", reason="the tower is timm's")
    photo = np.random.default_rng(0).integers(0, 255, (1, 40, 50, 3), dtype=np.uint8)
    caption = clone(memorability2018.INPUTS["caption"]).set_params(weights="random")
    assert caption.fit_transform(photo).shape == (1, 1024)


@pytest.mark.parametrize("inputs", lafin.TABLE_1, ids="+".join)
def test_lafin_rows_classify_posts(posts, network, vectors, inputs):
    vocabulary = dict(
        zip("ab", np.random.default_rng(1).normal(size=(2, 512)), strict=True)
    )
    model = lafin.interestingness(
        inputs,
        vectors=vectors | {"a": np.ones(5), "b": np.zeros(5)},
        vocabulary=vocabulary,
        networks={"cnn": network, "caption": network},
    )
    popular = posts["score"] > posts["score"].median()
    model[-1].set_params(max_epochs=2, branch_layers=(4,), joint_layers=(4,))
    model.fit(posts[:40], popular[:40])
    assert model.predict_proba(posts[40:50]).shape == (10, 2)
    assert [name for name, _ in model[-1].branches_] == list(inputs)


def test_lafin_has_the_papers_constants(vectors):
    perceptron = lafin.interestingness(["tags"], vectors=vectors)[-1]
    assert perceptron.optimizer == "rmsprop"
    assert (perceptron.learning_rate, perceptron.batch_size) == (1e-4, 512)
    assert (perceptron.dropout, perceptron.activation) == (0.5, "relu")
    assert perceptron.branch_width == "narrowest"
    plain = lafin.interestingness(["tags"], vectors=vectors, balanced=False)[-1]
    assert (plain.branch_width, plain.branch_layers) == (None, ())


def test_lafin_drops_tags_of_explore(posts, vectors):
    columns = lafin.interestingness(["tags"], vectors=vectors)[0]
    tagged = posts.assign(tags=["explored"] * len(posts))
    assert not columns.fit_transform(tagged).any(axis=None)


def test_lafin_tags_are_the_plain_average():
    """As wide as the vectors, and captions are the average of their words."""
    words = {"cat": np.r_[1.0, np.zeros(299)], "dog": np.r_[0.0, 1, np.zeros(298)]}
    model = lafin.interestingness(["tags"], vectors=words, separator=";")
    posts = pd.DataFrame({"tags": ["cat;dog", "a cat and a dog", "dog"]})
    columns = model[0].fit_transform(posts).to_numpy()
    assert columns.shape == (3, 300)
    assert_allclose(columns[:, :2], [[0.5, 0.5], [0.5, 0.5], [0, 1]])
    perceptrons = [model[-1], memorability2018.k_class_mlp()[-1].estimator]
    assert {each.alpha for each in perceptrons} == {0}


@pytest.mark.parametrize("name", ["tags", "generated_tags"])
def test_lafin_needs_vectors(name):
    with pytest.raises(ValueError, match="=None, but the input"):
        lafin.interestingness([name])


def test_dufour_has_the_papers_constants():
    models = [dufour2015.regression(), dufour2015.favorite(), dufour2015.binned()]
    for model in models:
        assert (model.head_multiplier, model.dropout) == (20, 0.5)
        network, squares = model.embedder, model.embedder.preprocessing
        assert network.backbone == "alexnet"
        assert (squares.size, squares.crop_share) == (227, 227 / 256)
    assert models[0].learning_rate == 1e-8  # section 4.1
    assert models[2].n_bins == 10  # section 4.3


def test_dufour_learns_numbers_of_bins(posts):
    pytest.importorskip("torch", reason="networks need torch")
    model = dufour2015.binned(
        embedder__backbone="squeezenet1_1",
        embedder__weights="random",
        embedder__preprocessing__size=32,
        max_epochs=1,
        random_state=0,
    )
    model.fit(posts["photo"][:40], posts["score"][:40])
    assert len(model.bin_means_) == 10
    # Little is learned yet, and always saying the mean costs 4.125 (section 5.3).
    assert model.loss_curve_[0] == pytest.approx(4.125, rel=0.1)


def test_compositions_are_read_back_from_files(posts, network, vectors, tmp_path):
    cues = SocialFeatures(texts=["title"])
    choices = {"user": "user", "time": "uploaded", "cues": cues}
    histogram = khosla2014.FEATURES["color_histogram"]
    models = [
        khosla2014.content_and_social(cues, ["color_histogram"]),
        cappallo2015.ranker(n_senses=1, network=histogram),
        memorability2018.k_class_mlp(["cnn"], networks={"cnn": network}),
        recommended(posts, networks=[], tags="tags", vectors=vectors, **choices)[0],
    ]
    models[2].set_params(kclassaggregatingclassifier__top_score=None)
    models[3].estimators = models[3].estimators[-2:]  # photos take long
    for model in models:
        model.fit(posts[:60], posts["score"][:60])
        save_model(model, tmp_path / "model.skops")
        loaded = load_model(tmp_path / "model.skops")
        assert_array_equal(loaded.predict(posts[60:]), model.predict(posts[60:]))
