"""cue_correlations: figure 3 of Khosla et al., with intervals."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import pearsonr, spearmanr

from sklearn_popularity import spearman_interval
from sklearn_popularity.inspection import cue_correlations, plot_cue_correlations


@pytest.fixture(scope="module")
def posts():
    rng = np.random.default_rng(0)
    users = np.arange(120) % 20
    followers = np.exp(3 * rng.normal(size=20))[users]
    tags = rng.integers(0, 9, 120).astype(float)
    tags[::7] = np.nan
    noise = rng.normal(size=120)
    frame = pd.DataFrame(
        {"noise": noise, "followers": followers, "tags": tags, "same": 1},
        index=np.arange(120) // 2,
    )
    frame["flag"] = rng.random(120) < 0.5
    y = np.log(followers) + 0.4 * np.nan_to_num(tags) + rng.normal(size=120)
    return frame, y, users


def test_correlations_are_those_of_scipy(posts):
    frame, y, users = posts
    table = cue_correlations(frame, y, groups=users).set_index("cue")
    for cue in ("noise", "followers", "tags", "flag"):
        known = frame[cue].notna().to_numpy()
        values = frame[cue].to_numpy(float)[known]
        row = table.loc[cue]
        assert row["n_rows"] == known.sum()
        assert_allclose(row["spearman"], spearmanr(values, y[known]).statistic)
        assert_allclose(row["pearson"], pearsonr(values, y[known]).statistic)
        expected = spearman_interval(y[known], values, groups=users[known])
        assert_allclose((row["low"], row["high"]), expected[1:])
    assert table.index[0] == "followers"
    assert table.loc["followers", "pearson"] < table.loc["followers", "spearman"] - 0.2
    assert table.loc["same", "spearman"] == 0 and np.isnan(table.loc["same", "pearson"])


@pytest.mark.parametrize("package", ["polars", "pyarrow"])
def test_other_tables_agree(posts, package):
    frames = pytest.importorskip(package, reason=f"This form needs {package}.")
    frame, y, _ = posts
    frame = frame.reset_index(drop=True)
    table = frames.DataFrame(frame) if package == "polars" else frames.table(frame)
    pd.testing.assert_frame_equal(
        cue_correlations(table, y), cue_correlations(frame, y)
    )


def test_it_is_drawn(posts):
    pytest.importorskip("matplotlib", reason="Plots need matplotlib.")
    frame, y, _ = posts
    ax = plot_cue_correlations(cue_correlations(frame, y))
    assert ax.get_yticklabels()[0].get_text() == "followers"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.to_numpy(), "without named columns"),
        (lambda f: f.assign(title="a"), "Got 'a' in row 0 of the cue 'title'"),
        (lambda f: f.assign(tags=np.inf), "Got inf in row 0 of the cue 'tags'"),
        (lambda f: f.assign(tags=np.nan), "Got 0 numbers in the cue 'tags'"),
        (lambda f: f[:5], "inconsistent numbers"),
    ],
)
def test_wrong_cues_are_one_error(posts, change, message):
    frame, y, _ = posts
    with pytest.raises(ValueError, match=message):
        cue_correlations(change(frame), y)
