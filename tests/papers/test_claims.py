"""The check of the papers' claims: verdicts, effects, and each claim in small."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklearn_popularity import spearman_interval, spearman_score

# Few rows leave few of ten senses.
DEAD_SENSES = pytest.mark.filterwarnings(
    "ignore::sklearn_popularity.models.DeadSensesWarning"
)


@pytest.fixture
def findings(benchmark):
    return benchmark("paper_claims._findings")


@pytest.fixture
def tables(benchmark):
    return benchmark("paper_claims._tables")


@pytest.fixture
def numbers():
    return np.random.default_rng(0).normal(size=(60, 4))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.2, "holds"),
        (0.0, 0.2, "does not hold"),
        (-0.1, 0.2, "does not hold"),
        (-0.1, 0.0, "does not hold"),
        (-0.2, -0.1, "does not hold; the reverse does"),
    ],
)
def test_verdict_is_by_the_whole_interval(findings, low, high, verdict):
    assert findings.verdict(low, high) == verdict


@pytest.mark.parametrize(
    ("edge", "verdict"), [(0.019, "holds"), (0.02, "does not hold")]
)
def test_nothing_is_less_than_a_margin(findings, edge, verdict):
    no_gain = findings.Effect(0.0, -0.5, edge, 10)
    assert findings.find_nothing("none", "", no_gain).verdict == verdict
    no_loss = findings.Effect(0.0, -edge, 0.5, 10)
    assert findings.find_no_worse("as good", "", no_loss).verdict == verdict


def test_rank_gain_is_paired_and_by_groups(findings, tables, numbers):
    groups = np.arange(60) // 3
    table = tables.Table("", numbers[:, 0], groups)
    better, worse = numbers[:, :1] + numbers[:, 1:2], numbers[:, 2:3]
    expected = spearman_interval(table.y, better, baseline=worse, groups=groups)
    assert findings.rank_gain(table, better, worse) == (*expected, 60)


def test_easier_compares_two_scores_of_the_same_rows(findings, numbers):
    easy = numbers[:, 0], numbers[:, [0]] + 0.1 * numbers[:, [1]]
    hard = numbers[:, 2], numbers[:, [3]]
    effect = findings.easier(easy, hard)
    gap = spearman_score(easy[0], easy[1]) - spearman_score(hard[0], hard[1])
    assert effect.size == pytest.approx(gap)
    assert 0 < effect.low < effect.size < effect.high
    assert findings.easier(easy, easy)[:3] == (0, 0, 0)


def test_mean_effect_resamples_whole_groups(findings):
    values = np.tile([0.0, 1.0], 50)
    assert findings.mean_effect(values, np.arange(100) // 2)[:3] == (0.5, 0.5, 0.5)
    alone = findings.mean_effect(values)
    # Two standard errors of a share.
    assert alone.high - alone.size == pytest.approx(0.098, abs=0.015)


def test_over_data_sets_is_by_students_t(findings):
    effect = findings.over_data_sets([1.0, 2.0, 3.0], 30)
    assert effect.size == 2
    assert effect.high - 2 == pytest.approx(4.302653 / np.sqrt(3))


def test_predictions_are_kept(tables, tmp_path):
    def fail():
        raise AssertionError("computed twice")

    values = np.arange(3.0)
    np.testing.assert_array_equal(
        tables.kept(tmp_path, "some name", lambda: values), values
    )
    np.testing.assert_array_equal(tables.kept(tmp_path, "some name", fail), values)


def test_features_combined_beat_one(benchmark, tables, numbers):
    table = tables.Table("", numbers.sum(axis=1), None, None, 1)
    blocks = {"MobileNetV2": numbers[:, :2], "other": numbers[:, 2:]}
    finding = benchmark("paper_claims.khosla").compare_combined(table, blocks)
    assert finding.verdict == "holds"
    assert finding.effect.n == 60


def columns(*names):
    return make_pipeline(make_column_transformer(("passthrough", list(names))), Ridge())


def test_both_beat_content_and_social_cues(benchmark, tables, numbers):
    posts = pd.DataFrame(numbers, columns=list("abcd"))
    table = tables.Table("", 2 * numbers[:, 0] + numbers[:, 1], None, None, 1)
    models = {"content": columns("b"), "social": columns("a")}
    both, social = benchmark("paper_claims.khosla").compare_both(
        table, models, posts, np.arange(60) // 2
    )
    assert both.verdict == social.verdict == "holds"
    assert both.effect.size < social.effect.size


def test_user_gain_is_that_of_content(benchmark, numbers):
    posts = pd.DataFrame(numbers, columns=list("abcd"))
    user_gain = benchmark("paper_claims.khosla").user_gain
    a, b = (columns(name)[0] for name in "ab")
    assert user_gain(posts, numbers[:, 0], a, b) > 0.8
    assert user_gain(posts, numbers[:, 0], a, a) == 0


def test_memes_of_authors_with_many_are_compared(benchmark, tmp_path):
    rng = np.random.default_rng(0)
    template = rng.integers(0, 2, 98)
    memes = pd.DataFrame({"template": template, "views": 2.0 ** (5 + 3 * template)})
    memes["author"] = [*np.repeat(["one", "two", "three", "four"], 24), "few", None]
    memes["title"] = ["x" * n for n in rng.integers(1, 9, 98)]
    memes["n_boxes"], memes["text_len"] = 2, rng.integers(5, 50, 98)
    (tmp_path / "tabular").mkdir()
    memes.to_csv(tmp_path / "tabular" / "imgflip_memes_sample.csv", index=False)
    khosla = benchmark("paper_claims.khosla")
    finding = khosla.compare_for_users(khosla.memes(SimpleNamespace(folder=tmp_path)))
    assert finding.verdict == "holds"
    assert finding.effect.n == 4


@DEAD_SENSES
def test_senses_are_compared_on_planted_themes(benchmark, tables):
    cappallo = benchmark("paper_claims.cappallo")
    found = cappallo.planted_senses(SimpleNamespace(keep=None), n_sets=3, n_rows=80)
    assert [finding.claim for finding in found] == list(cappallo.CLAIMS_OF_SENSES)
    assert all(finding.effect.n == 240 for finding in found)


@DEAD_SENSES
def test_engagement_is_of_the_same_photos(benchmark, numbers):
    posts = pd.DataFrame({"views": np.exp(3 + numbers[:, 0]).round(), "likes": 0.0})
    posts["likes"] = np.exp(3 + np.random.default_rng(1).normal(size=60)).round()
    cappallo = benchmark("paper_claims.cappallo")
    finding = cappallo.compare_engagement("site", posts, numbers)
    assert finding.verdict == "holds"


def test_classes_are_compared(benchmark, tables, numbers, monkeypatch):
    pytest.importorskip("torch", reason="The perceptron needs torch.")
    memorability = benchmark("paper_claims.memorability")
    network = {"cnn": benchmark("paper_tables._data").Known(numbers)}
    table = tables.Table("", numbers[:, 0], None, None, 1)
    monkeypatch.setattr(memorability, "OTHER_K", (3,))
    regression, others = memorability.compare_k(table, network, top_score=3.0)
    assert "of K = 3" in others.note
    assert regression.effect.n == others.effect.n == 60


def test_captions_are_compared_where_their_network_is(
    benchmark, tables, numbers, tmp_path, monkeypatch
):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    memorability = benchmark("paper_claims.memorability")
    found = memorability.captions(None)
    assert {finding.verdict for finding in found} == {"not testable"}
    assert "not at hand" in found[0].note
    pytest.importorskip("torch", reason="The perceptron needs torch.")
    table = tables.Table("", numbers[:, 0] + 2, None, None, 1)
    rest = numbers[:, 1:]
    found = memorability.compare_captions(["one", "both"], table, rest, numbers[:, :1])
    assert found[0].verdict == "holds"


def test_words_that_tell_are_right_more_often(benchmark, tables, numbers):
    pytest.importorskip("torch", reason="The perceptron needs torch.")
    lafin = benchmark("paper_claims.lafin")
    table = lafin.binary(tables.Table("", numbers[:, 0], None, None, 1))
    assert table.y.mean() == 0.5
    posts = pd.DataFrame({"tags": np.where(table.y, "cat new", "spatula new")})
    blocks = {"cnn": numbers[:, 1:]}
    right = {
        name: lafin.is_right(table, name, (name,), posts, blocks)
        for name in ("tags", "cnn")
    }
    assert right["cnn"].mean() < 0.7 < 0.95 < right["tags"].mean()


def test_objects_are_tags(benchmark, tmp_path):
    names = ["background", "tabby cat", *(f"thing {i}" for i in range(999))]
    (tmp_path / "imagenet_labels.txt").write_text("\n".join(names), encoding="utf-8")
    likely = np.zeros((1, 1000))
    likely[0, [0, 5]] = 0.6, 0.4
    sources = SimpleNamespace(weights=tmp_path, squeezenet=lambda name, layer: likely)
    (tags,) = benchmark("paper_claims.lafin").object_names(sources)
    assert tags.split()[:2] == ["tabby_cat", "thing_4"]
    assert len(tags.split()) == 10


def test_counts_are_compared_raw_and_in_bins(benchmark, numbers):
    dufour = benchmark("paper_claims.dufour")
    views = np.exp(2 * numbers[:, 0]) * 1000
    raw, binned, gain = dufour.compare_counts("", views, numbers)
    assert binned.verdict == "holds"
    assert raw.effect.size < binned.effect.size
    assert gain.effect.n == 60


def test_balanced_bins_hold_as_many(benchmark):
    dufour = benchmark("paper_claims.dufour")
    bins = dufour.balanced_bins(np.arange(50.0))
    np.testing.assert_array_equal(bins, np.arange(50) // 5)
    constant = np.full((50, 1), bins.mean())
    assert dufour.half_squared_error(bins, constant).mean() == 99 / 24


def test_majority_is_the_baseline(benchmark, numbers):
    dufour = benchmark("paper_claims.dufour")
    liked = (np.arange(60) % 10 > 0).astype(int)
    finding = dufour.compare_with_majority("", liked, numbers)
    assert finding.effect[:3] == (0, 0, 0)
    assert "against 0.900 right" in finding.note
    assert finding.verdict == "holds"


@DEAD_SENSES
def test_recommended_is_compared_with_each_row(benchmark, tables, numbers, monkeypatch):
    beyond = benchmark("paper_claims.beyond")
    rows = {"SVR": beyond.oasis_rows(None)["SVR"]}  # without the slow perceptron
    monkeypatch.setattr(beyond, "oasis_rows", lambda branches: rows)
    table = tables.Table("", numbers[:, 0], np.arange(60) // 2, None, 1)
    blocks = {"MobileNetV2": numbers[:, :2], "SqueezeNet": numbers[:, 2:]}
    ours = beyond.held_out_recommended(table, blocks)
    assert spearman_score(table.y, ours) > 0.8
    noise = {"MobileNetV2": numbers[:, 1:3], "SqueezeNet": numbers[:, 3:]}
    blind = beyond.held_out_recommended(table, noise)
    told = beyond.held_out_recommended(table, noise, np.exp(table.y))
    assert spearman_score(table.y, told) > 0.5 > spearman_score(table.y, blind)
    others = beyond.other_rows(table, blocks)
    assert list(others)[:2] == ["SVR on MobileNetV2", "SVR with C=4 on MobileNetV2"]
    assert len(others) == 6
    assert all(each.shape == (60, 1) for each in others.values())


def test_rows_are_printed_as_they_are_found(benchmark, tmp_path, monkeypatch, capsys):
    claims, findings = benchmark("claims"), benchmark("paper_claims._findings")

    def claim(sources):
        effect = findings.Effect(0.1234, 0.01, 0.2, 1061)
        return [findings.find("a beats b", "photos", effect)]

    monkeypatch.setattr(benchmark("paper_claims.dufour"), "CLAIMS", [claim])
    interesting = benchmark("paper_claims.memorability").interestingness
    monkeypatch.setattr(benchmark("paper_claims.memorability"), "CLAIMS", [interesting])
    papers = ["--only", "Dufour 2015", "--only", "memorability 2018"]
    claims.main([str(tmp_path), "--keep", str(tmp_path / "kept"), *papers])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert rows[0] == (
        "| Dufour 2015 | a beats b | holds | +0.123 | +0.010 to +0.200 | photos "
        "| 1,061 |  |"
    )
    assert "| not testable |  |  |  |  | no photos at hand" in rows[1]
    assert (tmp_path / "kept").is_dir()
