"""Tables 1, 2 and 3 and the correlations of figure 3 of Khosla et al. 2014.

Ten random halves; C of each linear SVR by five inner folds, of rows as in the paper.
The settings are the paper's: photos of users with few photos each, all photos of users
with many, and a model for each of these alone. A table without users counts as the
first.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from sklearn_popularity import ColorStatistics, spearman_score
from sklearn_popularity.papers import khosla2014

from ._data import ROW, NotTestableError, known_column
from ._lines import as_table, line, refuse
from ._scores import PAIRED, hasten, in_parallel, on_test_rows, over_splits, splits_of
from ._social import (
    CUES,
    SETTINGS,
    cue_values,
    cues_at_hand,
    samples_of,
    social_cues,
    with_history,
)

CONTENT = {
    "gist": "Gist",
    "color_histogram": "Color histogram",
    "texture": "Texture",
    "color_patches": "Color patches",
    "gradient": "Gradient",
    "deep": "Deep learning",
    "objects": "Objects",
    "combined": "Combined",
}
QUICK = ("color_histogram", "deep")
_NETWORKS = {"deep": "cnn", "objects": "objects"}
_TABLE_1 = {
    "one-per-user": (0.07, 0.12, 0.20, 0.23, 0.26, 0.28, 0.23, 0.31),
    "user-mix": (0.13, 0.15, 0.22, 0.29, 0.32, 0.33, 0.30, 0.36),
    "user-specific": (0.16, 0.23, 0.32, 0.36, 0.34, 0.26, 0.33, 0.40),
}
_TABLE_2 = {
    "one-per-user": (0.75, 0.07, 0.46, 0.27, 0.27, -0.08, 0.22, 0.52, 0.21, 0.45, 0.77),
    "user-mix": (0.62, -0.05, 0.26, 0.24, 0.06, -0.01, 0.07, 0.40, 0.29, 0.35, 0.66),
    "user-specific": (*[None] * 7, 0.19, 0.16, 0.19, 0.21),
}
_TABLE_3 = {
    "one-per-user": (0.31, 0.77, 0.81),
    "user-mix": (0.36, 0.66, 0.72),
    "user-specific": (0.40, 0.21, 0.48),
}
PUBLISHED = {
    "1": {
        setting: dict(zip(CONTENT, figures, strict=True))
        for setting, figures in _TABLE_1.items()
    },
    "2": {
        setting: dict(zip([*CUES, "All"], figures, strict=True))
        for setting, figures in _TABLE_2.items()
    },
    "3": {
        setting: dict(zip(["Content", "Social", "Both"], figures, strict=True))
        for setting, figures in _TABLE_3.items()
    },
    "figure 3": {"mean_saturation": 0.05},
}
# What is scored, by the columns of tables 2 and 3.
_OUTPUTS = {
    "All": "social",
    "Content": "combined",
    "Social": "social",
    "Both": "content and social",
}


def tables(data, photos, plan):
    """All tables, a line per figure.

    Parameters
    ----------
    data : Data
        Posts; users, tags and so on where there are columns of them.
    photos : Photos
        Their features.
    plan : Plan
        How much is computed.

    Returns
    -------
    table : DataFrame
    """
    blocks, reasons = _content(photos, QUICK if plan.quick else khosla2014.FEATURES)
    lines, data = figure_3(data, photos), data.without_photos()
    for setting in SETTINGS:
        scores, missing = {}, {}
        try:
            samples, note = samples_of(data, setting)
            scores = _score_setting(data, samples, blocks, plan, setting)
        except NotTestableError as error:
            note, missing = "", dict.fromkeys(CONTENT, error)
        lines += _lines_of_setting(setting, scores, reasons | missing, note, data)
    return as_table(lines, data)


def figure_3(data, photos):
    """Correlations of the six simple image features, over all posts."""
    table = "Figure 3: simple image features"
    names = ColorStatistics().get_feature_names_out()
    columns = photos.features(ColorStatistics()).T
    return [
        line(
            table,
            name,
            "correlation",
            _absolute(PUBLISHED["figure 3"].get(name)),
            on_test_rows(data.y, column, data.groups),
        )
        for name, column in zip(names, columns, strict=True)
    ]


def _absolute(figure):
    return None if figure is None else f"{figure} (absolute, the largest)"


def _content(photos, features):
    """Features of each kind, and why there are none of some."""
    blocks, reasons = {}, {}
    for name in features:
        transformer = khosla2014.FEATURES[name]
        try:
            if name in _NETWORKS:
                blocks[name] = photos.network(_NETWORKS[name], transformer)
            else:
                blocks[name] = photos.features(transformer)
        except NotTestableError as error:
            reasons[name] = error
    return blocks, reasons


def _score_setting(data, samples, blocks, plan, setting):
    """Figures of each column: means over splits, and before that over users."""
    jobs = []
    for rows in samples:
        groups = None if data.groups is None else data.groups[rows]
        part = _Part.of(data, rows, blocks, setting, plan.quick)
        splits = splits_of(len(rows), 0.5, plan.n_splits, groups)
        jobs += [(part, train, test) for train, test in splits]
    results = in_parallel(_score_split, jobs, plan, f"khosla, {setting}")
    scores = {
        name: np.reshape([result[name] for result in results], (len(samples), -1)).mean(
            axis=0
        )
        for name in results[0]
    }
    scores |= _gains(scores, blocks)
    splits = [job[1:] for job in jobs[: plan.n_splits]]
    return {name: over_splits(each, splits) for name, each in scores.items()}


def _gains(scores, features):
    """What fusions add to the best of their features, split by split."""
    best = max(features, key=lambda name: scores[name].mean())
    gains = {"combined gain": scores["combined"] - scores[best]}
    if "social" in scores:
        both = scores["content and social"]
        gains["gain over content"] = both - scores["combined"]
        gains["gain over social"] = both - scores["social"]
    return gains


class _Part(NamedTuple):
    """Posts that are halved, their features, and where their histories come from."""

    data: object
    rows: np.ndarray
    blocks: dict
    cues: list
    quick: bool

    @classmethod
    def of(cls, data, rows, blocks, setting, quick):
        rotated = {name: rotate(block[rows]) for name, block in blocks.items()}
        return cls(data, rows, rotated, cues_at_hand(data, setting), quick)

    def posts(self, test):
        """Its posts, with histories that do not know the test rows."""
        posts = self.data.posts
        if "Mean Views" in self.cues:
            posts = with_history(self.data, self.rows[test])
        return posts.iloc[self.rows].assign(**{ROW: np.arange(len(self.rows))})


def _score_split(part, train, test):
    """Spearman's correlation of each feature, cue and fusion on the test rows."""
    posts, y = part.posts(test), part.data.y[part.rows]
    group = part.data.group
    fusion = khosla2014.content_combined(tuple(part.blocks), photo=ROW, groups=group)
    scores = _fusion_scores(fusion, part, posts, y, train, test)
    if part.cues:
        cues = social_cues(part.cues, part.data)
        fusion = khosla2014.content_and_social(
            cues, tuple(part.blocks), photo=ROW, groups=group
        )
        both = _fusion_scores(fusion, part, posts, y, train, test)
        scores |= {"social": both["social"], "content and social": both["combined"]}
    return scores | {
        name: spearman_score(y[test], cue_values(name, posts, part.data)[test])
        for name in part.cues
    }


def _fusion_scores(fusion, part, posts, y, train, test):
    fusion.set_params(
        **{
            f"{name}__columntransformer": known_column(block)
            for name, block in part.blocks.items()
        }
    )
    fusion = hasten(fusion).set_params(cv=2) if part.quick else fusion
    fitted = fusion.fit(posts.iloc[train], y[train])
    names = [name for name, _, _ in fitted.branches_]
    outputs = fitted.branch_predictions(posts.iloc[test])
    columns = [*outputs.T, fitted.predict(posts.iloc[test])]
    return {
        name: spearman_score(y[test], column)
        for name, column in zip([*names, "combined"], columns, strict=True)
    }


def rotate(block):
    """Other axes, no more than rows: all inner products, hence linear SVRs, stay."""
    if block.shape[1] <= len(block):
        return block
    left, sizes, _ = np.linalg.svd(block.astype(np.float64), full_matrices=False)
    return (left * sizes).astype(np.float32)


def _lines_of_setting(setting, scores, reasons, note, data):
    without = reasons.get("combined", "no social cues")

    def figure(key, reason=without):
        if key in scores:
            return scores[key]
        return partial(refuse, NotTestableError(reasons.get(key, reason)))

    def missing(title):
        role = CUES.get(title, ("",))[0]
        absent = title in CUES and role not in data.columns
        return f"no column of {role}" if absent else without

    table_1, table_2, table_3 = (PUBLISHED[number][setting] for number in "123")
    content = [
        (title, table_1[key], figure(key, "left out by --quick"), note)
        for key, title in CONTENT.items()
    ]
    social = [
        (title, published, figure(_OUTPUTS.get(title, title), missing(title)), note)
        for title, published in table_2.items()
        if published is not None
    ]
    both = [
        (title, published, figure(_OUTPUTS[title]), note)
        for title, published in table_3.items()
    ]
    content += [("gain over best", None, figure("combined gain"), PAIRED)]
    gains = [f"gain over {each}" for each in ("content", "social")]
    both += [(gain, None, figure(gain), PAIRED) for gain in gains]
    tables = {
        "Table 1: image content": content,
        "Table 2: social cues": social,
        "Table 3: content and social": both,
    }
    return [
        line(table, setting, *row) for table, rows in tables.items() for row in rows
    ]
