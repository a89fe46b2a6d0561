"""Papers reproduced: quick runs of all, and the parts that they share."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import make_popularity, spearman_interval, spearman_score
from sklearn_popularity.cli import main
from sklearn_popularity.evaluation import (
    held_out_predictions,
    make_partitions,
    predict_partitions,
)
from sklearn_popularity.metrics import Estimate
from sklearn_popularity.papers import (
    PAPERS,
    Experiments,
    PaperPosts,
    cappallo2015,
    dufour2015,
    khosla2014,
    lafin,
    make_paper_posts,
    memorability2018,
    reproduce,
)
from sklearn_popularity.papers._claims import Claim, Evidence, adds_nothing, judge
from sklearn_popularity.papers._lines import COLUMNS, as_markdown, lines_of
from sklearn_popularity.papers._posts import NotTestableError
from sklearn_popularity.papers._trial import Trial, columns_of_trials, look_at
from sklearn_popularity.papers.khosla2014 import _settings

#: Rows of each paper that made-up posts and one network allow.
MEASURED = {
    "khosla2014": {
        *("mean_saturation", "Combined", "Both", "Mean Views", "All"),
        "gain over best",  # of two kinds of features
    },
    "cappallo2015": {"10 senses", "k-means", "both", "stable", "this paper"},
    "memorability2018": {"CNN", "IC-based", "CNN + IC-based"},
    "lafin": {"views", "VGG16", "tags", "titles", "majority class"},
    "dufour2015": {"views", "constant", "network, rates that work"},
}


@pytest.fixture(scope="module")
def made_up():
    """Made-up posts: half of users with few, half of two users with many."""
    return make_paper_posts(120, image_size=(32, 32))


@pytest.fixture(scope="module")
def experiments(made_up):
    """Quick experiments, with other scores of the same photos, and other photos."""
    pytest.importorskip("torch", reason="The tables need a network.")
    posts, _ = make_popularity(40, image_size=(32, 32), random_state=5)
    others = [
        PaperPosts(made_up.posts, "views", name="Flickr"),
        PaperPosts(posts, "score", name="new"),
        PaperPosts(posts.assign(score=1.0), "score", name="alike"),
    ]
    return Experiments(made_up, quick=True, others=others)


@pytest.fixture(scope="module")
def found(experiments):
    """All papers in small, from the same experiments."""
    return {paper: reproduce(paper, experiments) for paper in PAPERS}


@pytest.mark.parametrize("paper", PAPERS)
def test_quick_run_measures_what_it_can(found, paper):
    tables = found[paper].tables
    assert list(tables) == COLUMNS
    measured = tables[tables["reproduced"].notna()]
    assert MEASURED[paper] <= set(measured["row"])
    known = measured[measured["low"].notna()]
    assert (known["low"] <= known["reproduced"]).all()
    assert (known["reproduced"] <= known["high"]).all()
    correlations = measured[measured["pearson"].notna()]
    assert (correlations["pearson"].abs() <= 1).all()
    neither = tables[tables["reproduced"].isna() & (tables["published"] == "")]
    assert neither["note"].str.startswith("not testable: ").all()


@pytest.mark.parametrize("paper", PAPERS)
def test_each_claim_has_a_verdict(found, paper):
    claims = found[paper].claims
    tested = claims["verdict"] != "not testable"
    assert tested.any() and claims.loc[~tested, "note"].ne("").all()
    assert claims.loc[tested, "p_value"].between(0, 1).all()
    assert claims.loc[tested, "n"].gt(0).all()


@pytest.mark.parametrize("paper", PAPERS)
def test_published_figures_stand_in_the_tables(found, paper):
    """Every figure of `PUBLISHED` is a line, beside what came out."""

    def numbers(part):
        for value in part.values():
            if isinstance(value, dict):
                yield from numbers(value)
            else:
                yield from value if isinstance(value, tuple) else (value,)

    published = [n for n in numbers(PAPERS[paper].PUBLISHED) if isinstance(n, float)]
    shown = " ".join(found[paper].tables["published"])
    assert published
    for figure in published:
        assert f"{figure:,.2f}" in shown or f"{figure:,}" in shown


def test_each_model_is_fitted_once(made_up, monkeypatch):
    pytest.importorskip("torch", reason="The rankers need a network.")
    experiments = Experiments(made_up, quick=True)
    fitted = []
    run = Experiments._run
    monkeypatch.setattr(
        Experiments,
        "_run",
        lambda self, make, *args: fitted.append(repr(make())) or run(self, make, *args),
    )
    told = [reproduce("cappallo2015", experiments).stand_ins for _ in range(2)]
    assert len(fitted) == len(set(fitted)) > 4
    assert told[0] == told[1] == {"alexnet": "squeezenet1_1"}


def test_stand_ins_are_those_of_the_paper(found):
    assert set(found["cappallo2015"].stand_ins) == {"alexnet"}
    assert "timm/resnet50_clip.openai" in found["lafin"].stand_ins
    assert "Stand-ins: squeezenet1_1 for alexnet." in found["dufour2015"].to_markdown()


def test_results_are_written_as_they_are_printed(found, tmp_path):
    found["khosla2014"].write(tmp_path / "new")
    text = (tmp_path / "new/khosla2014.md").read_text(encoding="utf-8")
    assert text == found["khosla2014"].to_markdown()
    claims = pd.read_csv(tmp_path / "new/khosla2014_claims.csv")
    assert len(claims) == len(found["khosla2014"].claims)
    page = found["khosla2014"]._repr_html_()
    assert "Table 1: image content" in page and "<script" not in page


def test_unknown_paper_is_refused(made_up):
    with pytest.raises(ValueError, match="Got the paper 'alexnet', but one of 'khosla"):
        reproduce("alexnet", Experiments(made_up))


def test_tables_need_no_torch(made_up, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    experiments = Experiments(made_up, n_repeats=1)
    table = cappallo2015.table_5(experiments)
    assert table["reproduced"].isna().all()
    assert table["note"].str.startswith("not testable: no network").all()


def test_missing_columns_are_told():
    posts, _ = make_popularity(48, image_size=(32, 32), random_state=0)
    posts = posts[["photo", "score"]].assign(album=np.arange(48) // 2)
    experiments = Experiments(PaperPosts(posts, "score", group="album"), quick=True)
    notes = khosla2014.table_2(experiments).set_index(["row", "column"])["note"]
    assert notes["Tags", "one-per-user"] == "not testable: no column of tags"
    assert notes["Tags", "user-mix"] == "not testable: no column of users"
    assert notes["All", "one-per-user"] == "not testable: no social cues"


def test_posts_without_photos_have_the_cues_alone(made_up):
    data = PaperPosts(made_up.posts.drop(columns="photo"), "score", separator=None)
    experiments = Experiments(data, n_repeats=1)
    assert khosla2014.table_1(experiments)["reproduced"].isna().all()
    assert khosla2014.table_2(experiments)["reproduced"].notna().sum() > 8


def test_columns_that_describe_photos_are_content():
    rng = np.random.default_rng(0)
    posts = pd.DataFrame(rng.normal(size=(120, 2)), columns=["brightness", "fame"])
    posts["score"] = posts.sum(axis=1) + 0.2 * rng.normal(size=120)
    posts = posts.assign(user=np.arange(120), contacts=100 * np.exp(posts["fame"]))
    posts.loc[3, "brightness"] = np.nan
    data = PaperPosts(posts, "score", content=["brightness"])
    experiments = Experiments(data, n_repeats=1)
    scores, both = (
        table(experiments).query("column == 'one-per-user'").set_index("row")
        for table in (khosla2014.table_1, khosla2014.table_3)
    )
    scores, both = scores["reproduced"], both["reproduced"]
    assert scores["Columns given"] > 0.5
    assert scores["Combined"] > 0.5
    assert both["Both"] > 0.9 > both[["Content", "Social"]].max()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": {"likes": "score"}}, r"Got columns of \['likes'\], but roles"),
        ({"group": "album"}, "Got the column 'album', but the posts have"),
        ({"content": ["hue"]}, "Got the column 'hue'"),
    ],
)
def test_wrong_columns_are_refused(made_up, settings, message):
    with pytest.raises(ValueError, match=message):
        PaperPosts(made_up.posts, "score", **settings)


def test_other_posts_are_predicted_as_new_ones(found, experiments):
    """The same photos by held-out predictions, other ones by a model of all."""
    tables = found["memorability2018"].tables
    table = tables[tables["table"].str.startswith("Tables 2 and 3")].set_index("row")
    same, new = table.loc["Flickr, views"], table.loc["new, score"]
    trial = memorability2018._tables._trial(experiments, ("cnn", "caption"), 4)
    views = experiments.others[0].y
    assert same["reproduced"] == trial.figure(views).value
    assert same["published"] == "-0.05" and "Flickr" not in table.index
    assert -1 < new["low"] < new["reproduced"] < new["high"] < 1
    assert (table.loc["alike, score", ["reproduced", "pearson"]] == 0).all()


def test_counts_that_are_all_equal_have_no_correlation():
    posts = pd.DataFrame({"views": [1, 2, 5], "favorites": 0, "score": range(3)})
    data = PaperPosts(posts.assign(comments=[3, 4, 7]), "score")
    table = dufour2015.table_2(Experiments(data))
    np.testing.assert_allclose(table["reproduced"], [0, 1, 0])


def test_human_consistency_needs_the_ratings_spread(made_up):
    n = len(made_up.posts)
    posts = made_up.posts.assign(score_sd=0.5, score_n=np.full(n, 30))
    data = PaperPosts(posts, "score")
    assert 0.5 < memorability2018._tables._human_consistency(data) < 1
    with pytest.raises(NotTestableError, match="no column of rating deviation"):
        memorability2018._tables._human_consistency(made_up)


# The engine: what is computed from held-out predictions.


@pytest.fixture(scope="module")
def trials():
    """Two models of the same rows in groups, and the rows."""
    rng = np.random.default_rng(0)
    X, groups = rng.normal(size=(90, 3)), np.arange(90) // 3
    y = X @ [1, 0.5, 0] + rng.normal(size=90)
    trials = [
        Trial(
            y,
            groups,
            held_out_predictions(Ridge(), X[:, part], y, groups=groups, n_repeats=3),
        )
        for part in (slice(None), slice(1, None))
    ]
    return X, trials


def test_figures_are_those_of_the_metric(trials):
    _, (one, two) = trials
    settings = {"groups": one.groups, "n_folds": 5}
    expected = spearman_interval(one.y, one.held_out.shares, **settings)
    assert one.figure()[:3] == expected
    assert one.score == pytest.approx(expected.score)
    gain = one.gain(two)
    paired = spearman_interval(
        one.y, one.held_out.shares, baseline=two.held_out.shares, **settings
    )
    np.testing.assert_allclose([gain.value, *gain.ends(0.95)], paired)


def test_pearson_is_within_folds(trials):
    _, (one, _) = trials
    expected = np.mean(
        [
            np.corrcoef(one.y[test], raw[test])[0, 1]
            for raw, folds in zip(
                one.held_out.raw.T, one.held_out.partitions, strict=True
            )
            for _, test in folds
        ]
    )
    assert one.figure().pearson == pytest.approx(expected)


def test_easier_compares_two_targets_of_the_same_rows(trials):
    _, (one, two) = trials
    hard = two._replace(y=np.random.default_rng(1).normal(size=90))
    effect = one.easier(hard)
    expected = one.score - hard.score
    assert effect.value == pytest.approx(expected)
    assert effect.p_value() < 0.05
    # Of the same target it is the paired difference.
    np.testing.assert_allclose(one.easier(two), one.gain(two))


def test_over_folds_is_by_nadeau_and_bengio(trials):
    _, (one, _) = trials
    values = np.random.default_rng(0).normal(size=(3, 5))
    effect = one.over_folds(values)
    half = t.ppf(0.975, 14) * np.sqrt((1 / 15 + 1 / 4) * values.var(ddof=1))
    np.testing.assert_allclose(effect.ends(0.95), values.mean() + half * np.r_[-1, 1])


def test_mean_is_of_groups_that_are_drawn_anew(trials):
    _, (one, _) = trials
    alternating = np.tile([[0.0], [0.5], [1.0]], (30, 2))
    assert one.mean(alternating).error == pytest.approx(0, abs=1e-12)
    alone = one._replace(groups=None).mean(alternating)
    plain = alternating[:, 0].std(ddof=1) / np.sqrt(90)
    assert alone.error == pytest.approx(plain * np.sqrt(1 + 5 / 4))


def test_intervals_of_accuracies_cover_that_of_the_model():
    """The widened interval of a mean covers the expected accuracy of the model."""
    rng, covered = np.random.default_rng(0), 0
    coefficients = np.array([1.0, -1.0, 0.5])
    for _ in range(60):
        X = rng.normal(size=(120, 3))
        y = (X @ coefficients + rng.normal(size=120) > 0).astype(float)
        held_out = held_out_predictions(Ridge(), X, y)
        right = ((held_out.raw > 0.5) == y[:, np.newaxis]).astype(float)
        low, high = Trial(y, None, held_out).mean(right).ends(0.95)
        new = rng.normal(size=(4000, 3))
        truth = new @ coefficients + rng.normal(size=4000) > 0
        model = Ridge().fit(X, y)
        covered += low <= ((model.predict(new) > 0.5) == truth).mean() <= high
    assert covered >= 54  # 90 % of the sets; binomial noise of 95 % is 2.8 points


def test_parts_of_a_model_are_looked_at(trials):
    X, (one, _) = trials
    partitions = make_partitions(90, cv=5, n_repeats=2, groups=one.groups)
    model = make_pipeline(StandardScaler(), Ridge())
    held_out = predict_partitions(
        model, X, one.y, partitions, look=look_at(_columns_and_prediction)
    )
    whole = Trial(one.y, one.groups, held_out)
    first, predicted = columns_of_trials(whole, 2)
    np.testing.assert_allclose(predicted.held_out.raw, held_out.raw)
    np.testing.assert_allclose(predicted.held_out.shares, held_out.shares)
    assert first.score == pytest.approx(spearman_score(one.y, X[:, 0]), abs=0.05)


def _columns_and_prediction(model, X):
    return np.column_stack([X[:, 0], model.predict(X)])


# Verdicts.


def effect(value, error=0.01, df=200):
    return lambda: Evidence(Estimate(value, error, df), 100)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.05, "holds"),
        (0.01, "inconclusive"),
        (-0.01, "inconclusive"),
        (-0.05, "the opposite holds"),
    ],
)
def test_verdict_is_by_the_test_against_the_boundary(value, verdict):
    assert judge([Claim("a", "1", effect(value))])["verdict"][0] == verdict
    nothing = adds_nothing("b", "1", effect(0.02 - value))
    assert judge([nothing])["verdict"][0] == verdict


def test_p_values_are_holms_over_the_claims_of_a_paper():
    one, two = Claim("a", "1", effect(0.021)), Claim("b", "2", effect(0.023))
    assert judge([one])["verdict"][0] == "holds"
    both = judge([one, two])
    alone = [judge([each])["p_value"][0] for each in (one, two)]
    np.testing.assert_allclose(both["p_value"], max(2 * alone[1], alone[0]))


def test_claims_that_cannot_be_tested_cost_nothing():
    def refuse():
        raise NotTestableError("no tags")

    claims = judge([Claim("a", "1", effect(0.021)), Claim("b", "1", refuse)])
    assert claims["verdict"].tolist() == ["holds", "not testable"]
    assert claims["note"][1] == "no tags" and np.isnan(claims["effect"][1])


def test_verdicts_err_seldom_where_nothing_is_true():
    """Of papers without a true claim, at most one in twenty gets any verdict."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(300):
        values = rng.normal(scale=0.01, size=6)
        claims = [Claim(str(i), "1", effect(v, df=1e6)) for i, v in enumerate(values)]
        wrong += (judge(claims)["verdict"] != "inconclusive").any()
    assert wrong <= 24  # 5 % of 300 is 15, with a standard deviation of 4


def test_best_of_several_is_never_refuted():
    """The best of several, by their scores, is better than as good a one by luck."""
    worse = Claim("a", "1", effect(-0.05), is_best_of=True)
    assert judge([worse])["verdict"][0] == "inconclusive"
    better = Claim("a", "1", effect(0.05), is_best_of=True)
    assert judge([better])["verdict"][0] == "holds"


def test_posts_that_never_differ_conclude_nothing():
    table = judge([adds_nothing("a", "1", effect(0.0, error=0.0))])
    assert table["verdict"][0] == "inconclusive" and table["p_value"][0] == 1


def test_lines_share_notes_and_tell_why_there_is_no_figure():
    def refuse():
        raise NotTestableError("no photos")

    rows = [("a", "b", {"VSO": 0.3}, 0.25, "many")] * 3 + [("c", "d", None, refuse)]
    text = as_markdown(lines_of("Table 9", rows))
    assert text.count("many") == 1
    assert "| a | b | 0.30 VSO | 0.250 |" in text
    assert "| c | d |  |  |  | not testable: no photos |" in text


# The papers' own parts.


@pytest.mark.parametrize(
    ("room", "n_folds"),
    [
        (khosla2014, 2),
        (cappallo2015, 5),
        (memorability2018, 5),
        (lafin, 5),
        (dufour2015, 5),
    ],
)
def test_splits_keep_groups_on_one_side(room, n_folds):
    groups = np.arange(60) // 3
    for folds in room.splits(range(60), groups=groups, n_repeats=2):
        assert len(folds) == n_folds
        for train, test in folds:
            assert not set(groups[train]) & set(groups[test])
            assert sorted([*train, *test]) == list(range(60))


def test_paper_splits_are_as_many_as_published():
    assert sum(map(len, khosla2014.splits(range(60)))) == 10  # section 3.2
    assert sum(map(len, dufour2015.splits(range(60)))) == 10


def test_settings_share_out_the_users():
    users = np.random.default_rng(0).permutation([*range(100)] + [*range(4)] * 25)
    posts = pd.DataFrame({"user": users, "score": np.arange(200)})
    experiments = Experiments(PaperPosts(posts, "score"))
    samples = {
        name: _settings.setting_of(experiments, name).samples
        for name in khosla2014.SETTINGS
    }
    (few,), (many,) = samples["one-per-user"], samples["user-mix"]
    assert sorted([*few, *many]) == list(range(200))
    assert pd.Series(users[few]).value_counts().max() < _settings.MIN_PHOTOS
    assert all(len(set(users[rows])) == 1 for rows in samples["user-specific"])
    assert sorted(np.concatenate(samples["user-specific"])) == list(many)


def test_mean_views_know_no_test_scores(made_up):
    cues = _settings.social_cues([_settings.MEAN_VIEWS], made_up)
    test = np.arange(0, 120, 3)
    train = np.setdiff1d(np.arange(120), test)
    posts, y = made_up.posts, made_up.y

    def history(y):
        fitted = cues.fit(posts.iloc[train], y[train])
        return fitted.transform(posts.iloc[test])

    before, raised = history(y), y.copy()
    raised[test] += 100
    np.testing.assert_array_equal(history(raised), before)
    raised[train[::2]] += 100
    assert (history(raised) != before).any()


def test_mean_views_of_hidden_users_are_no_cue(made_up):
    """Users on one side leave test posts without a history."""
    data = PaperPosts(made_up.posts, "score", group="user", separator=None)
    setting = _settings.setting_of(Experiments(data, n_repeats=1), "one-per-user")
    assert _settings.MEAN_VIEWS not in setting.cues and "Tags" in setting.cues


def test_posts_of_a_user_are_no_independent_evidence():
    """Intervals of a cue of users hold 0, whatever their posts have in common."""
    rng, told = np.random.default_rng(0), 0
    for _ in range(40):
        users = np.repeat(np.arange(60), rng.integers(1, 15, 60))
        score = rng.normal(size=60)[users] + rng.normal(size=len(users))
        posts = pd.DataFrame({"user": users, "score": score})
        posts["contacts"] = rng.integers(0, 1000, 60)[users]
        experiments = Experiments(PaperPosts(posts, "score"), n_repeats=1)
        figure = _settings.setting_of(experiments, "one-per-user").cue("Contacts")
        told += figure.low > 0 or figure.high < 0
    assert told <= 6  # 2 of 40 are expected; by posts it is a third


def test_figure_3_takes_posts_of_a_user_together(made_up):
    by_user, alone = (
        khosla2014.figure_3(Experiments(PaperPosts(posts, "score")))
        for posts in (made_up.posts, made_up.posts.drop(columns="user"))
    )
    assert (by_user["reproduced"] == alone["reproduced"]).all()
    assert (by_user["low"] != alone["low"]).all()


def test_posts_of_nobody_known_are_alone():
    posts = pd.DataFrame({"user": ["a", "a", None, None], "score": range(4)})
    data = PaperPosts(posts, "score")
    assert data.clusters_of(np.arange(4)).tolist() == [0, 0, 1, 2]
    assert data.clusters_of(np.arange(2)) is None


def test_scores_must_be_there(made_up):
    posts = made_up.posts.assign(score=np.nan)
    with pytest.raises(ValueError, match="score"):
        PaperPosts(posts, "score")


def test_bad_columns_cost_their_table_alone():
    """With counts below 0, all else is still computed."""
    posts = pd.DataFrame({"views": [-1, 3, 3] * 20, "score": [0, 1, 1] * 20})
    experiments = Experiments(PaperPosts(posts, "score"), n_repeats=1)
    tables = reproduce("lafin", experiments).tables.set_index("row")
    assert tables["note"]["all"].startswith("not testable: ")
    assert tables["reproduced"]["majority class"] == pytest.approx(100 * 2 / 3)


def test_photo_count_is_that_of_the_table(made_up):
    values = _settings.cue_values("Photo Count", made_up)
    users = made_up.posts["user"]
    expected = np.log1p(users.map(users.value_counts()))
    np.testing.assert_allclose(values, expected)


def test_random_vectors_belong_to_words():
    vectors = lafin._tables.random_vectors(["dog", "cat", "dog"])
    assert vectors.shape == (3, 300)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert (vectors[0] != vectors[1]).all()


def test_ten_equal_bins_cost_what_the_paper_says():
    y = np.arange(1000.0)
    assert dufour2015._trials._mean_bin_loss(None, None, y, y).mean() == pytest.approx(
        4.125
    )
    assert dufour2015.PUBLISHED["Section 5.3"]["constant"] == 4.125


def test_diverging_network_leaves_the_constant(made_up):
    pytest.importorskip("torch", reason="The network needs it.")
    experiments = Experiments(made_up, quick=True)
    trials, rates = dufour2015._trials, {"learning_rate": 1e30}
    model = trials._EXPERIMENTS["5.3"].model
    experiment = trials._EXPERIMENTS["5.3"]._replace(
        model=lambda **settings: model(**settings | rates)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trials._EXPERIMENTS, "5.3", experiment)
        rows = dufour2015.section_53(experiments)
    rows = rows[rows["column"] == "half squared error"].set_index("row")
    assert rows["reproduced"]["constant"] > 0
    told = rows["note"]["network, the paper's rates"]
    assert told.startswith("not testable: Got learning_rate=")


def test_metadata_are_those_of_the_classes():
    posts = pd.DataFrame(
        {"views": [30, 10, 0, 10], "tags": [["a"], [], ["b", "c"], []]}
    )
    table = lafin.metadata_by_class(
        posts, [1, 1, 0, 0], counts=["views"], tags=["tags"]
    ).set_index("field")
    assert table["share_1"]["views"] == pytest.approx(0.8)
    assert table.loc["tags", ["filled_0", "filled_1"]].tolist() == [0.5, 0.5]
    assert table.loc["tags", ["mean_0", "mean_1"]].tolist() == [1, 0.5]
    with pytest.raises(ValueError, match="but 0 and 1, both of which"):
        lafin.metadata_by_class(posts, [2, 1, 0, 0], counts=["views"])


def test_tagged_posts_are_kept_in_equal_numbers():
    posts = pd.DataFrame({"tags": ["a", "", "b,c", "d", None, "e"]})
    rows = lafin.keep_tagged(posts, [1, 1, 1, 1, 0, 0])
    assert 5 in rows and len(rows) == 2 and set(rows) <= {0, 2, 3, 5}
    with pytest.raises(ValueError, match="Got a class without any tag in 'tags'"):
        lafin.keep_tagged(posts.iloc[:5], [1, 1, 1, 1, 0])


# The command.


def test_command_prints_and_writes(tmp_path, capsys):
    pytest.importorskip("torch", reason="The tables need a network.")
    make_popularity(60, folder=tmp_path / "in", image_size=(32, 32), random_state=0)
    given = ["paper", "dufour2015", str(tmp_path / "in"), "--label", "score"]
    given += ["--quick", "--separator", "", "--n-jobs", "1"]
    assert main([*given, "-o", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out/dufour2015.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == text.strip()
    assert "| network, rates that work |" in text and "### Claims" in text


def test_command_reads_a_table_without_photos(tmp_path, capsys):
    posts, _ = make_popularity(60, image_size=(32, 32), random_state=0)
    path = tmp_path / "posts.csv"
    posts["tags_count"] = posts.pop("tags").str.split().str.len()
    posts.drop(columns="photo").rename(columns={"user": "author"}).to_csv(path)
    given = ["paper", "khosla2014", str(path), "--label", "views", "--log", "--quick"]
    given += ["--column", "user=author", "--column", "tags=tags_count"]
    assert main([*given, "--n-jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "not testable: no photos" in out and "Posts: posts.csv. Score: views." in out
    tags = next(line for line in out.splitlines() if line.startswith("| Tags | one"))
    assert "0.000" not in tags  # a column of their number is one of numbers


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["khosla2014", "."], "Got no --label. Name the column of scores"),
        (["khosla2014", "made-up", "--column", "likes=x"], "ROLE=NAME was expected"),
        (["alexnet", "made-up"], "invalid choice: 'alexnet'"),
    ],
)
def test_command_says_what_is_wrong(capsys, given, message):
    try:
        status = main(["paper", *given])
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert message in capsys.readouterr().err
